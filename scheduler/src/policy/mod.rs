//! The sizes of chunks: how many elements a worker takes from a pass when it asks.
//!
//! Pure arithmetic on a handful of numbers, so that the same function serves the workers (which call it at every claim,
//! on the board's shared statistics), the plan (which must know how many chunks there can be) and the simulation in the
//! tests. It costs some nanoseconds and never allocates.
mod adaptive;
mod auto;
mod capacity;
mod factor;
mod fit;
mod recut;
mod rule;
#[cfg(all(test, not(loom)))]
mod simulate;
#[cfg(all(test, not(loom)))]
mod tests;

pub use capacity::{appended_capacity, log_capacity};
pub use fit::{Fit, Timed};
pub use recut::{costs_deviate, recut, recut_capacity, CostDeviation};
pub use rule::{Policy, Schedule, Stats};

/// The size of the next chunk: between 1 and `remaining` (0 only when nothing remains), and such that the log's entries
/// suffice for the rest. O(1).
pub fn next_chunk(policy: &Policy, stats: &Stats) -> u64 {
    let remaining = stats.remaining;
    let workers = stats.workers.max(1);
    let wanted = match policy.schedule {
        Schedule::Auto => auto::chunk(policy, stats),
        Schedule::Static => remaining.div_ceil(workers.saturating_sub(stats.claimed_chunks).max(1)),
        Schedule::Guided => remaining.div_ceil(workers).max(policy.chunk),
        Schedule::Factoring => remaining.div_ceil(workers.saturating_mul(2)).max(policy.chunk),
        Schedule::Fixed => policy.chunk,
        Schedule::Adaptive => adaptive::chunk(policy, stats).max(policy.chunk),
        // There is no log to take from.
        Schedule::Profiled => remaining,
    };
    wanted.max(1).max(least(policy, stats)).min(remaining)
}

/// The smallest chunk after which the log's remaining entries still suffice. Where the log is too short for the chunks
/// that a schedule would like, `2R / E` lets chunks shrink linearly to the end (as trapezoid self-scheduling does, Tzen
/// and Ni 1993) instead of all being `R / E` large.
fn least(policy: &Policy, stats: &Stats) -> u64 {
    let entries = stats.entries_left.max(1);
    // The first rounds grow from single elements whatever room there is: they measure.
    let probing = stats.claimed_chunks < stats.workers.saturating_mul(8) && entries > stats.workers;
    match policy.schedule {
        _ if stats.remaining <= entries => 1,
        Schedule::Auto | Schedule::Adaptive if probing => 1,
        Schedule::Fixed | Schedule::Static => stats.remaining.div_ceil(entries),
        _ => stats.remaining.saturating_mul(2).div_ceil(entries),
    }
}
