//! How many chunks a pass can have. The board is a fixed piece of memory, so the number of log entries is decided when
//! the plan is made; [`super::next_chunk`] keeps to it.
use super::rule::{Policy, Schedule};

/// The most entries any log has: 64 MiB of records.
const MOST: u64 = 1 << 20;
/// The most entries of a log whose schedule chooses its chunks: beyond, more entries would not balance better. Many workers
/// need that many each.
const MOST_CHOSEN: u64 = 1 << 16;
const MOST_A_WORKER: u64 = 64;

/// Entries that the log of a pass of `elements` elements needs on `workers` workers. At least 1 and at most `elements`
/// (1 for none). None where the plan cuts.
pub fn log_capacity(policy: &Policy, elements: u64, workers: u32) -> u32 {
    let workers = u64::from(workers.max(1));
    let chunks = match policy.schedule {
        Schedule::Static => workers,
        Schedule::Fixed => elements.div_ceil(policy.chunk.max(1)).min(MOST),
        Schedule::Profiled => return 0,
        // Chunks that follow the elements' cost: enough for single elements where these are few, then a part of them.
        Schedule::Auto | Schedule::Adaptive | Schedule::Guided | Schedule::Factoring => {
            let most = MOST_CHOSEN.max(MOST_A_WORKER * workers).min(MOST);
            (1024 + 64 * workers + elements / 16).min(most)
        }
    };
    // `chunks` is at most MOST, so the conversion cannot fail.
    u32::try_from(chunks.min(elements).max(1)).unwrap_or(u32::MAX)
}

/// Entries for what must be run again after deaths: each death costs at most three, and a run in which more workers die
/// than fit here is given up.
pub fn appended_capacity(workers: u32) -> u32 {
    256u32.saturating_add(workers.saturating_mul(4))
}
