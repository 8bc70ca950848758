//! Profiles: what each element of a pass cost and how large its results were, kept so that the next run can be cut by the one and
//! foretell its memory by the other.
//!
//! | file | what stands there |
//! |---|---|
//! | `file` | a profile on disk: versioned, checksummed, read with care |
//! | `cache` | the profiles of a session, by key, within bounds |
mod cache;
pub(crate) mod file;

pub use cache::ProfileCache;
pub use file::{fingerprint, load, save};

use crate::plan::{self, ResultSize};
use serde::{Deserialize, Serialize};

/// What a pass's elements cost in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// What it is a profile of: the function, the kind of collection, the elements, the machine.
    pub key: String,
    /// The pass's name in the run that was measured, for people.
    pub name: String,
    /// Nanoseconds of each element, in the order of the collection; 0 where an element was not done.
    pub costs: Vec<f32>,
    /// Workers of that run.
    pub workers: u32,
    /// Chunks that the pass was cut into.
    pub chunks: u64,
    /// Nanoseconds that a chunk took beside its elements, on average.
    pub overhead_ns: f64,
    /// When it was made, in seconds since 1970.
    pub made: u64,
    /// How large its results were; `None` where they did not leave their stage.
    pub size: Option<ResultSize>,
}

impl Profile {
    /// Nanoseconds of all elements together.
    pub fn total_ns(&self) -> f64 {
        plan::sum(&self.costs)
    }

    /// Nanoseconds of the longest element.
    pub fn longest_ns(&self) -> f64 {
        f64::from(self.costs.iter().copied().fold(0.0, f32::max))
    }
}
