//! Headers of NumPy files, which any program may have written.
use std::hint::black_box;

use crate::page::{ItemType, Lowest, NpyHeader};

/// The beginning of a file; or what stands behind the right first bytes of one.
pub(super) fn run(bytes: &[u8]) {
    let length = (bytes.len() as u16).to_le_bytes();
    for bytes in [bytes.to_vec(), [b"\x93NUMPY\x01\x00", length.as_slice(), bytes].concat()] {
        if let Ok(header) = NpyHeader::parse(&bytes) {
            assert!(header.at <= bytes.len() as u64, "the header ends in the file");
            black_box(ItemType::named(&header.descr, Lowest::Number));
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let literal = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }    \n";
    let second = [b"\x93NUMPY\x02\x00", (literal.len() as u32).to_le_bytes().as_slice(), literal].concat();
    vec![literal.to_vec(), second, b"{'descr': '|u1', 'fortran_order': True, 'shape': (), }".to_vec()]
}
