//! The automatic rule. Self-scheduling with shrinking bites is within some percent of the best whatever the elements
//! cost, as long as bites are neither so small that their own cost shows nor so large that the last one is waited for;
//! both bounds are times, so the first bites measure.
use super::{Policy, Stats};

/// A worker holds a chunk's results until all are there; more than this at a time is memory that it would have to get anew
/// from the system, which takes longer than to compute on it.
const CHUNK_BYTES: f64 = (4 << 20) as f64;

/// The bite that `Auto` would like, before the log's room is considered.
pub(super) fn bite(policy: &Policy, stats: &Stats) -> u64 {
    let workers = stats.workers.max(1);
    if stats.claimed_chunks < workers || stats.done_elements == 0 {
        return 1;
    }
    // A clock that saw no time pass says "very short", not "no time": the quotients below stay finite.
    let mean_ns = (stats.done_ns.max(1) as f64) / (stats.done_elements as f64);
    let lasting = |ns: u64| ((ns as f64 / mean_ns) as u64).max(1);
    let shortest = lasting(policy.shortest_ns);
    let longest = lasting(policy.longest_ns).max(shortest).min(fitting(stats));
    let shortest = shortest.min(longest);
    let factoring = stats.remaining.div_ceil(workers.saturating_mul(2));
    let bite = factoring.clamp(shortest, longest);
    // The first elements may have been cheap by chance: until bites are known to last, they only grow fourfold a round.
    let grown = grown(stats.claimed_chunks / workers);
    if (grown as f64) * mean_ns < policy.probe_ns as f64 {
        bite.min(grown)
    } else {
        bite
    }
}

/// How many elements give [`CHUNK_BYTES`] of results.
fn fitting(stats: &Stats) -> u64 {
    let mean_bytes = stats.done_bytes as f64 / stats.done_elements as f64;
    ((CHUNK_BYTES / mean_bytes.max(1.0)) as u64).max(1)
}

/// `4^round`, saturating.
fn grown(round: u64) -> u64 {
    if round >= 31 {
        u64::MAX
    } else {
        1 << (2 * round)
    }
}
