//! When the costs by which a stage was cut mislead: how that shows, and how what is left is cut then.

/// How the pieces that are done compare with what they should have cost. All pieces of a stage that were cut by costs count;
/// those that were cut again do not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CostDeviation {
    /// Pieces done.
    pub pieces: u64,
    /// What they should have cost.
    pub cost: f64,
    /// Nanoseconds that they took.
    pub ns: f64,
    /// How far each was from its share of that, added up: the sum of `|ns - cost * (sum of ns / sum of cost)|`.
    pub off_ns: f64,
    /// Elements of them.
    pub elements: u64,
    /// Ranges that nobody has taken yet.
    pub waiting: u32,
}

/// No number of it is NaN.
impl Eq for CostDeviation {}

/// The part of the time that may be off before costs are no longer followed. Costs that are right to a third in every piece
/// balance better than none.
const OFF: f64 = 0.4;
/// Pieces that must be done before they are judged, and this many for each worker.
const JUDGED: u64 = 6;

/// Whether the costs mislead. A sum of absolute differences is not decided by one piece in which a worker collected garbage.
pub fn costs_deviate(deviation: &CostDeviation, workers: u32) -> bool {
    let enough = deviation.pieces >= JUDGED.max(u64::from(workers));
    enough && deviation.waiting > 0 && deviation.ns > 0.0 && deviation.off_ns > OFF * deviation.ns
}

/// Cuts ranges by number alone, each piece a 64th of a worker's share of what is left (factoring, with 64 in place of 2: where
/// the expensive elements are is not known, but that there are some is),
/// down to `shortest` elements. Pieces begin at multiples of `align` where their range does. Never more than
/// [`recut_capacity`], plus one a range.
pub fn recut(ranges: &[(u64, u64)], workers: u32, align: u64, shortest: u64) -> Vec<(u64, u64)> {
    let (parts, align) = (u64::from(workers.max(1)).saturating_mul(PART), align.max(1));
    let mut left: u64 = ranges.iter().map(|(start, end)| end.saturating_sub(*start)).sum();
    let mut pieces = Vec::new();
    for &(mut start, end) in ranges {
        while start < end {
            let size = left.div_ceil(parts).max(shortest).max(1).checked_next_multiple_of(align);
            let next = size.and_then(|size| start.checked_add(size)).unwrap_or(end).min(end);
            pieces.push((start, next));
            left = left.saturating_sub(next - start);
            start = next;
        }
    }
    pieces
}

/// The part of a worker's share that a piece cut again is.
const PART: u64 = 64;

/// Entries that cutting `elements` elements again takes at most, beside one for each range.
pub fn recut_capacity(elements: u64, workers: u32) -> u32 {
    let parts = u64::from(workers.max(1)).saturating_mul(PART);
    // Each piece leaves (1 - 1/parts) of what is left: parts * ln(elements / parts) of them until single elements, then parts.
    let halvings = u64::from((elements / parts).max(1).ilog2()) + 1;
    let pieces = parts.saturating_mul(halvings * 7 / 10 + 2).min(elements).saturating_add(1);
    u32::try_from(pieces).unwrap_or(u32::MAX)
}
