//! What processes write to each other: frames, the run's spec on the board, lines of logs.
use std::hint::black_box;

use crate::board::ElementPosition;
use crate::id::{ChunkId, ResourceId, StageId, WorkerId};
use crate::os::{Exit, Place, SegmentHandle};
use crate::store::PageAddress;
use crate::trace;
use crate::wire::{decode, encode, FromForkServer, FromWorker, RunSpec, RunStage, ToForkServer, ToWorker};

/// A frame, read by whichever end it may come to.
pub(super) fn wire(bytes: &[u8]) {
    let _ = black_box(decode::<ToWorker>(bytes, "a session"));
    let _ = black_box(decode::<FromWorker>(bytes, "a worker"));
    let _ = black_box(decode::<ToForkServer>(bytes, "a session"));
    let _ = black_box(decode::<FromForkServer>(bytes, "a fork server"));
}

pub(super) fn wire_seeds() -> Vec<Vec<u8>> {
    let position = ElementPosition { step: 1, element: 41 };
    let (run, stage, chunk) = (7, StageId(0), ChunkId(3));
    vec![
        encode(&ToWorker::Run { run, slot: WorkerId(1), board: handle(), log: None }),
        encode(&ToWorker::Wake),
        encode(&FromWorker::Hello { pid: 1, version: "0.1.0".into(), boot: "boot".into() }),
        encode(&FromWorker::Failed { run, stage, chunk, position, unwritten: None }),
        encode(&FromWorker::Loaded { packages: "stats".into(), stage: Some(stage), ns: 5 }),
        encode(&FromWorker::Note { text: "a note".into() }),
        encode(&ToForkServer::Fork { token: 3, log: "/tmp/log".into(), scratch: "/tmp/tmp-1".into() }),
        encode(&ToForkServer::Mirror {
            log: "/tmp/log".into(),
            scratch: "/tmp/tmp-2".into(),
            state: "/tmp/s".into(),
            deferred: vec!["a".into()],
        }),
        encode(&FromForkServer::Loading { pid: 4, package: "stats".into() }),
        encode(&FromForkServer::Exited { pid: 5, exit: Exit::Code(1) }),
    ]
}

/// What a board says that its run is about.
pub(super) fn run_spec(bytes: &[u8]) {
    let Ok(spec) = RunSpec::from_bytes(bytes) else { return };
    for resource in (0..spec.pages.len() as u32 + 1).map(ResourceId) {
        black_box((spec.segment(resource, Default::default()), spec.maker_of(resource)));
    }
}

pub(super) fn run_spec_seeds() -> Vec<Vec<u8>> {
    let address = PageAddress { handle: handle(), device: 3, pid: 4, descriptor: 5 };
    let stage = RunStage {
        key: 0,
        outputs: vec![ResourceId(1)],
        elements_per_result: vec![1],
        consumes: vec![ResourceId(0)],
        passes: vec!["f".into(), "g".into()],
        after: vec![StageId(0)],
    };
    let spec = RunSpec {
        log: None,
        title: "memLapply".into(),
        pages: vec![Some(handle()), None],
        overflow: vec![(ResourceId(1), handle())],
        refers: vec![(ResourceId(0), vec![address])],
        stages: vec![stage],
        notes: (StageId(0), 0),
        program: vec![1, 2, 3],
        session: vec![4, 5],
    };
    vec![spec.to_bytes()]
}

fn handle() -> SegmentHandle {
    SegmentHandle::named("memshare-sabcdefghijklmaaaaaab", Place::Directory("/tmp".into()))
}

/// A line of a worker's log, among which FUN prints what it likes.
pub(super) fn log_line(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        if let Some(said) = trace::parse(line) {
            black_box((trace::seconds(said.time), said.level, said.room, said.run));
        }
        black_box(trace::seconds(line));
    }
}

pub(super) fn log_line_seeds() -> Vec<Vec<u8>> {
    vec![
        b"2026-11-25T01:36:52.000001Z  INFO scheduler::run: a run began run=7 title=f".to_vec(),
        br#"{"timestamp":"2026-11-25T01:36:52.000001Z","level":"WARN","target":"pool","run":12,"message":"m"}"#.to_vec(),
    ]
}
