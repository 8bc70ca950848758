//! What lies in files and at the beginning of segments, with a checksum.
use std::hint::black_box;

use crate::os::{FilePart, SessionId};
use crate::plan::ResultSize;
use crate::profile::{file, Profile};
use crate::store::{Header, Kind, Traits};

/// The first block of a segment; shorter bytes stand for a block that is zero behind them.
pub(super) fn header(bytes: &[u8]) {
    if let Ok(header) = Header::of_block(bytes) {
        black_box((header.total(), header.kind.name()));
        let again = Header::of_block(&header.to_block()).expect("what is read can be written");
        assert_eq!(again, header);
    }
}

pub(super) fn header_seeds() -> Vec<Vec<u8>> {
    let file = FilePart { path: "/tmp/data".into(), device: 1, inode: 2, offset: 3, bytes: 1 << 50 };
    let traits = [Traits::default(), Traits { writable: true, file: Some(file) }];
    let header = |traits| Header {
        kind: Kind::Variable,
        bytes: 77,
        session: SessionId(5),
        serial: 9,
        owner_pid: 3,
        uid: 4,
        created_ns: 6,
        namespace: "demo".into(),
        name: "x".into(),
        traits,
    };
    traits.map(|traits| header(traits).to_block()).to_vec()
}

/// A profile: as it is, and as what stands behind a right beginning.
pub(super) fn profile(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), file::FORMAT.summed(bytes)] {
        if let Ok(profile) = file::read(&bytes) {
            black_box(profile.key.len());
        }
    }
}

pub(super) fn profile_seeds() -> Vec<Vec<u8>> {
    let profile = Profile {
        key: "f | list".into(),
        name: "z".into(),
        costs: vec![1.0, 2.5, 0.0],
        workers: 2,
        chunks: 7,
        overhead_ns: 21_000.0,
        made: 1_800_000_000,
        size: ResultSize::measured([(1, 928), (2, 1_728)]),
    };
    vec![file::FORMAT.to_bytes(&profile)]
}
