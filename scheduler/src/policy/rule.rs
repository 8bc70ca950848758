//! The rules by which chunks are sized, and what they go by.

use serde::{Deserialize, Serialize};

use super::fit::Timed;

/// How chunks are sized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u32)]
pub enum Schedule {
    /// Probe with single elements, grow until a chunk lasts, then shrink towards the end; see [`Policy::auto`].
    Auto = 0,
    /// One chunk a worker, all of about the same size.
    Static = 1,
    /// `ceil(R / P)`: guided self-scheduling (Polychronopoulos and Kuck 1987).
    Guided = 2,
    /// `ceil(R / 2P)`: factoring without statistics, "FAC2" (Hummel, Schonberg and Flynn 1992).
    Factoring = 3,
    /// Chunks of [`Policy::chunk`] elements.
    Fixed = 4,
    /// From mean and variance of the elements' times so far (Banicescu and Liu 2000); see [`Policy::auto`] for the first chunks.
    Adaptive = 5,
    /// Workers cut nothing: the plan has cut pieces by the elements' costs.
    Profiled = 6,
}

impl Schedule {
    /// The schedule of a number read from a board; `None` for one that no version wrote.
    pub const fn from_u32(value: u32) -> Option<Self> {
        match value {
            0 => Some(Schedule::Auto),
            1 => Some(Schedule::Static),
            2 => Some(Schedule::Guided),
            3 => Some(Schedule::Factoring),
            4 => Some(Schedule::Fixed),
            5 => Some(Schedule::Adaptive),
            6 => Some(Schedule::Profiled),
            _ => None,
        }
    }
}

/// A pass's rule for chunks. The times are read by `Auto`, `Adaptive` and `Profiled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The rule.
    pub schedule: Schedule,
    /// `Fixed`: the size of a chunk. `Guided`, `Factoring`, `Adaptive`: no chunk is smaller (0: no such bound).
    pub chunk: u64,
    /// No chunk shall last less, in nanoseconds, as long as a chunk's own cost is not measured: it is taken to be a twentieth.
    pub shortest_ns: u64,
    /// No chunk shall last longer: what a cancel waits for, what a death costs, how often progress shows.
    pub longest_ns: u64,
    /// Chunks grow fourfold a round until they are known to last this long.
    pub probe_ns: u64,
}

impl Policy {
    /// The rule that needs no knowledge of the elements. Single elements first, then chunks that grow fourfold a round until
    /// they last 2 ms; then `ceil(R / 2P)`, or less where elements vary so much that this would be waited for (adaptive
    /// factoring). A chunk lasts 20 times as long as a chunk's own measured cost, less only for the last ones, and 50 ms at
    /// most.
    pub const fn auto() -> Self {
        Policy {
            schedule: Schedule::Auto,
            chunk: 0,
            shortest_ns: 300_000,
            longest_ns: 50_000_000,
            probe_ns: 2_000_000,
        }
    }

    /// Chunks of `chunk` elements (at least one).
    pub const fn fixed(chunk: u64) -> Self {
        Policy { schedule: Schedule::Fixed, chunk: if chunk == 0 { 1 } else { chunk }, ..Policy::auto() }
    }

    /// Another schedule, without a lower bound on chunks.
    pub const fn of(schedule: Schedule) -> Self {
        Policy { schedule, ..Policy::auto() }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Policy::auto()
    }
}

/// What is known about a pass when a worker asks for a chunk. The `done` numbers may lag: they steer, nothing is counted
/// by them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// Elements that nobody has taken.
    pub remaining: u64,
    /// Workers of the run.
    pub workers: u64,
    /// Chunks taken so far.
    pub claimed_chunks: u64,
    /// Chunks that the log still has room for.
    pub entries_left: u64,
    /// Elements done.
    pub done_elements: u64,
    /// Bytes of results that these gave, and that are being written.
    pub done_bytes: u64,
    /// What is known of their times.
    pub timed: Timed,
}
