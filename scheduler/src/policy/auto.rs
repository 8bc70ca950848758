//! The automatic rule. Self-scheduling with shrinking bites is within some percent of the best whatever the elements
//! cost, as long as bites are neither so small that their own cost shows nor so large that the last one is waited for;
//! both bounds are times, so the first bites measure.
use super::{Policy, Stats};

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
    let longest = lasting(policy.longest_ns).max(shortest);
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

/// `4^round`, saturating.
fn grown(round: u64) -> u64 {
    if round >= 31 {
        u64::MAX
    } else {
        1 << (2 * round)
    }
}
