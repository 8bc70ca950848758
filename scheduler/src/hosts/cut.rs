//! How many elements a block has. It depends on nothing that is measured, so that the same call has the same blocks again, and a host finds
//! the data of its blocks where it left it.

/// A host's even share of what is left is halved this often, as it were: a block is a quarter of it, so that a slow host that takes one
/// of the first does not hold up the rest, and the last are small.
const PARTS: u64 = 4;

/// The ends of blocks of `elements`, for so many hosts, which shrink to `least` elements, but for the last. Each end but the last is a multiple of
/// `unit`: that many elements are folded to one value, which must not depend on the blocks.
#[must_use]
pub fn cut(elements: u64, hosts: u64, least: u64, unit: u64) -> Vec<u64> {
    let parts = hosts.max(1).saturating_mul(PARTS);
    let mut ends = Vec::new();
    let mut end = 0;
    while end < elements {
        let left = elements - end;
        let size = left.div_ceil(parts).max(least).max(1).checked_next_multiple_of(unit.max(1));
        end += size.map_or(left, |size| size.min(left));
        ends.push(end);
    }
    ends
}
