//! The automatic rule. Self-scheduling with shrinking chunks is within some percent of the best whatever the elements
//! cost, as long as chunks are neither so small that their own cost shows nor so large that the last one is waited for;
//! both bounds are times, so the first chunks measure.
use super::factor::factor;
use super::rule::{Policy, Stats};

/// A worker holds a chunk's results until all are there; more than this at a time is memory that it would have to get anew
/// from the system, which takes longer than to compute on it.
const CHUNK_BYTES: f64 = (4 << 20) as f64;
/// A chunk lasts that many times a chunk's own cost: 5 % of the time goes into chunks.
const WORTH: f64 = 20.0;
/// The last chunks may last only that many times it: each halving of the end then costs less than it saves.
const WORTH_AT_LAST: f64 = 4.0;
/// The measured shortest chunk is at most that many times the one taken before the measurement, and at least one part in as
/// many: what a fit says of very uneven elements is not believed further.
const BELIEVED: f64 = 10.0;

/// The chunk that `Auto` would like, before the log's room is considered.
pub(super) fn chunk(policy: &Policy, stats: &Stats) -> u64 {
    let workers = stats.workers.max(1);
    let Some(fit) = stats.timed.fit().filter(|_| stats.claimed_chunks >= workers) else { return 1 };
    let mean_ns = stats.timed.mean_ns().unwrap_or(fit.each_ns);
    let lasting = |ns: f64| ((ns / mean_ns) as u64).max(1);
    let longest = lasting(policy.longest_ns as f64).min(fitting(stats));
    let believed = policy.shortest_ns as f64;
    let overhead = fit.overhead_ns.map_or(believed, |a| a * WORTH);
    let shortest_ns = overhead.clamp(believed / BELIEVED, believed * BELIEVED);
    let shortest = lasting(shortest_ns).min(longest);
    let at_last = lasting(shortest_ns * WORTH_AT_LAST / WORTH).min(longest);
    let factoring = stats.remaining.div_ceil(workers.saturating_mul(2));
    let varied = match stats.timed.is_trusted() {
        true => factor(&fit, stats.remaining, workers),
        false => factoring,
    };
    let chunk = factoring.min(varied).max(factoring.min(shortest)).max(at_last).min(longest);
    // The first elements may have been cheap by chance: until chunks are known to last, they only grow fourfold a round.
    let grown = grown(stats.claimed_chunks / workers);
    if (grown as f64) * mean_ns < policy.probe_ns as f64 {
        chunk.min(grown)
    } else {
        chunk
    }
}

/// How many elements give [`CHUNK_BYTES`] of results.
fn fitting(stats: &Stats) -> u64 {
    let mean_bytes = stats.done_bytes as f64 / stats.done_elements.max(1) as f64;
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
