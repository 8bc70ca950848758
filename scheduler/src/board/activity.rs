//! What each worker did with its time in a run: one counter an activity, in its slot. A worker is always at exactly one of
//! them from the moment it has the board until it leaves it, so that they add up to its time in the run.
use super::memory::Board;
use super::reader::BoardReader;
use super::sync::Ordering;
use crate::id::WorkerId;

/// What a worker can be at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Activity {
    /// Asleep: there was nothing to claim.
    Wait = 0,
    /// Opening pages, making FUN ready.
    Map = 1,
    /// Cutting elements and running FUN.
    Run = 2,
    /// Encoding and writing results.
    Serialize = 3,
    /// R's garbage collection, while it ran FUN.
    Collect = 4,
    /// Loading packages, before FUN is ready.
    Load = 5,
}

impl Activity {
    /// All of them, in the order of their numbers.
    pub const ALL: [Activity; 6] = [
        Activity::Wait,
        Activity::Map,
        Activity::Run,
        Activity::Serialize,
        Activity::Collect,
        Activity::Load,
    ];

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Activity::Wait => "wait",
            Activity::Map => "map",
            Activity::Run => "run",
            Activity::Serialize => "serialize",
            Activity::Collect => "collect garbage",
            Activity::Load => "load packages",
        }
    }
}

impl Board {
    /// Adds to what a place's workers spent on an activity.
    pub fn spend(&self, worker: WorkerId, activity: Activity, ns: u64) {
        if let Some(slot) = self.slot(worker) {
            slot.spent[activity as usize].fetch_add(ns, Ordering::Relaxed);
        }
    }
}

impl BoardReader {
    /// What a place's workers spent on each activity, in nanoseconds.
    pub fn spent(&self, worker: WorkerId) -> Option<[u64; Activity::ALL.len()]> {
        let slot = self.slot(worker)?;
        Some(std::array::from_fn(|nth| slot.spent[nth].load(Ordering::Relaxed)))
    }
}
