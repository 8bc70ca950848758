//! Adaptive factoring, as the rule of the `Adaptive` schedule.
use super::auto;
use super::factor::factor;
use super::rule::{Policy, Stats};

/// The chunk of the `Adaptive` schedule: factoring until the times are trusted, then by the formula alone, within what
/// [`auto`] allows at the start.
pub(super) fn chunk(policy: &Policy, stats: &Stats) -> u64 {
    let workers = stats.workers.max(1);
    match stats.timed.fit().filter(|_| stats.timed.is_trusted()) {
        Some(fit) => factor(&fit, stats.remaining, workers).max(1),
        None => auto::chunk(policy, stats),
    }
}
