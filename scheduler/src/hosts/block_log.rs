//! The log of a block, as its host handed it in.
use crate::id::PassId;
use crate::plan::Plan;
use crate::run::{Ended, EventLog, FailedElement};

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

    /// How its run ended, said of the call.
    pub(super) fn ended(&self) -> Ended {
        let at = |of: &FailedElement| {
            let pass = self.passes.get(of.pass.index()).copied()?;
            Some(FailedElement { pass, element: of.element + self.before })
        };
        match &self.log.ended {
            Ended::Failed(of) => at(of).map_or(Ended::Done, Ended::Failed),
            Ended::ElementTimeout(of) => at(of).map_or(Ended::Done, Ended::ElementTimeout),
            Ended::WorkerDied { position, deaths, reason } => at(position).map_or(Ended::Done, |position| {
                Ended::WorkerDied { position, deaths: *deaths, reason: reason.clone() }
            }),
            other => other.clone(),
        }
    }
}
