//! The log of a block, as its host handed it in.
use crate::id::PassId;
use crate::plan::Plan;
use crate::run::EventLog;

/// What a host did of the elements of a phase.
#[derive(Clone, Debug)]
pub struct BlockLog {
    /// The host, as [`CallLog::host`] numbers them.
    pub host: usize,
    /// Elements before it.
    pub before: u64,
    /// Its passes, by their numbers in the call.
    pub passes: Vec<PassId>,
    /// What it ran.
    pub plan: Plan,
    /// What its engine wrote down.
    pub log: EventLog,
}

impl BlockLog {
    /// Elements that each of its passes goes over.
    pub(super) fn elements(&self) -> u64 {
        self.plan.spec().passes.first().map_or(0, |pass| pass.elements)
    }
}
