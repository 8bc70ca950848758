//! How many elements a block has. It depends on nothing that is measured, so that the same call has the same blocks again, and a host finds
//! the data of its blocks where it left it.

/// A host's even share of what is left is halved this often, as it were: a block is a quarter of it, so that a slow host that takes one
/// of the first does not hold up the rest, and the last are small.
const PARTS: u64 = 4;

/// The ends of blocks of `elements`, for so many hosts, which shrink to `least` elements, but for the last.
#[must_use]
pub fn cut(elements: u64, hosts: u64, least: u64) -> Vec<u64> {
    let parts = hosts.max(1).saturating_mul(PARTS);
    let mut ends = Vec::new();
    let mut end = 0;
    while end < elements {
        let left = elements - end;
        end += left.div_ceil(parts).max(least).clamp(1, left);
        ends.push(end);
    }
    ends
}
