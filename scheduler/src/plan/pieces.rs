//! Pieces: contiguous ranges of elements of about equal cost, for a stage whose costs are known. Workers take the costliest
//! first (longest processing time first, Graham 1969), so that what is left for the end is small.
//!
//! Pieces shrink towards the end of the collection, as the chunks of factoring do: sixteenths of a worker's share at first,
//! hundredths at last; these fill the gaps that measured costs, which are never exact, leave. An element that costs as much as
//! a piece is one alone, and is no part of what is left to be cut: it is done before, wherever it stands. No piece is long in
//! elements, however little they should cost: when the costs mislead, that bounds the harm until the run notices
//! ([`crate::engine`]).
use super::costs::{sum, Costs, Origin, BLOCK};
use crate::policy::Policy;

/// A range of elements to be claimed as one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// Its first element.
    pub start: u64,
    /// The element after its last.
    pub end: u64,
    /// What it should cost.
    pub cost: f64,
}

/// No cost is NaN.
impl Eq for Piece {}

/// The largest pieces are this part of a worker's share, the smallest a 1/[`FINEST`].
const COARSEST: f64 = 16.0;
const FINEST: f64 = 128.0;
/// No piece has more than this part of a worker's share of the elements.
const LONGEST: u64 = 8;
/// No more pieces than about this many are made because they would last long.
const MOST: f64 = 65_536.0;
/// Guessed costs are cut that much finer.
const FINER: u64 = 2;
/// Costs are told apart to one part in about eleven when pieces are ordered; those alike are taken from all over the
/// collection, so that costs that mislead show early.
const STEPS: f64 = 8.0;

/// Where the next piece may end.
struct Limits {
    coarsest: f64,
    finest: f64,
    workers: f64,
    elements: u64,
}

/// Cuts `costs` into pieces that begin at multiples of `align`, the costliest first. Covers every element once.
/// O(n / 64 + pieces x 64), about 0.3 ms for a million elements.
pub(super) fn cut(costs: &Costs, workers: u32, align: u64, policy: &Policy) -> Vec<Piece> {
    let (elements, align) = (costs.each().len() as u64, align.max(1));
    let limits = Limits::of(costs, workers, align, policy);
    let mut pieces = Vec::new();
    let (mut start, mut left) = (0, costs.total() - limits.heavy(costs));
    while start < elements {
        let piece = next(costs, start, align, limits.target(left), limits.elements);
        let heavy = piece.cost >= limits.coarsest && piece.end - piece.start <= align;
        (start, left) = (piece.end, if heavy { left } else { left - piece.cost });
        pieces.push(piece);
    }
    order(&mut pieces, costs.total());
    pieces
}

impl Limits {
    fn of(costs: &Costs, workers: u32, align: u64, policy: &Policy) -> Limits {
        let workers = u64::from(workers.max(1));
        let finer = if costs.origin() == Origin::Known { 1 } else { FINER };
        let share = costs.total() / workers as f64;
        let elements = costs.each().len() as u64 / (LONGEST * finer * workers);
        let (mut coarsest, mut finest) = (share / (COARSEST * finer as f64), share / (FINEST * finer as f64));
        if let Some(unit) = costs.unit_ns() {
            // As for any chunk: not so short that its own cost shows, unless there is little to do in all; not so long that a
            // death costs much, as far as a board has room.
            finest = finest.max((policy.shortest_ns as f64 / unit).min(share / 4.0));
            coarsest = coarsest.max(finest).min((policy.longest_ns as f64 / unit).max(costs.total() / MOST));
            finest = finest.min(coarsest);
        }
        let elements = (elements / align).max(1).saturating_mul(align);
        Limits { coarsest, finest, workers: workers as f64, elements }
    }

    /// What the elements cost that are pieces alone.
    fn heavy(&self, costs: &Costs) -> f64 {
        let blocks = costs.each().chunks(BLOCK).enumerate();
        let blocks = blocks.filter(|&(number, _)| costs.block(number) >= self.coarsest);
        let elements = blocks.flat_map(|(_, block)| block).map(|&cost| f64::from(cost));
        elements.filter(|&cost| cost >= self.coarsest).sum()
    }

    /// What the next piece should cost when `left` is still to be cut.
    fn target(&self, left: f64) -> f64 {
        (left / (2.0 * self.workers)).clamp(self.finest, self.coarsest)
    }
}

/// The piece at `start`: ends where its cost is nearest to `target`, before an element that is a piece alone, or when it is
/// long.
fn next(costs: &Costs, start: u64, align: u64, target: f64, longest: u64) -> Piece {
    let elements = costs.each().len() as u64;
    let last = start.saturating_add(longest).min(elements);
    let block = BLOCK as u64;
    let (mut end, mut cost) = (start, 0.0);
    while end < last {
        let unit = if end % block == 0 && block % align == 0 && end + block <= last {
            let whole = costs.block((end / block) as usize);
            if cost + whole <= target {
                end += block;
                cost += whole;
                continue;
            }
            align
        } else {
            align
        };
        let after = end.saturating_add(unit).min(elements);
        let more = cost_of(costs, end, after);
        if end > start && (more >= target || cost + more / 2.0 > target) && target > 0.0 {
            break;
        }
        (end, cost) = (after, cost + more);
    }
    Piece { start, end, cost }
}

/// The cost of `[start, end)`.
fn cost_of(costs: &Costs, start: u64, end: u64) -> f64 {
    let (start, end) = (start as usize, end as usize);
    if end - start == 1 {
        return f64::from(costs.each()[start]);
    }
    if start % BLOCK == 0 && end - start >= BLOCK {
        let blocks = (end - start) / BLOCK;
        let first = start / BLOCK;
        let whole: f64 = (first..first + blocks).map(|block| costs.block(block)).sum();
        let rest = start + blocks * BLOCK;
        return whole + sum(&costs.each()[rest..end]);
    }
    sum(&costs.each()[start..end])
}

/// The costliest first; among those of about the same cost, none beside its neighbour.
fn order(pieces: &mut [Piece], total: f64) {
    let level = |piece: &Piece| ((piece.cost / total).max(1e-30).log2() * STEPS).round() as i64;
    pieces.sort_by_cached_key(|piece| (std::cmp::Reverse(level(piece)), scattered(piece.start), piece.start));
}

/// A number that has nothing to do with the place (the mixer of SplitMix64).
fn scattered(place: u64) -> u64 {
    let mut word = place.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
