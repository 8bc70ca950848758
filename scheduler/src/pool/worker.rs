//! One worker of the pool, as decisions see it.

use super::processes::{ProcessKey, Processes};
use crate::engine::Loss;
use crate::id::WorkerId;

/// A worker that owes us an answer for so long is looked at before it is given another run. A look costs some 10 us.
const ANSWER_NS: u64 = 50_000_000;
/// So is one that was idle for so long: what is asked of it now, nothing else has told.
const IDLE_NS: u64 = 1_000_000_000;

/// Where a worker stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum State {
    /// Made, has not said hello.
    Starting { since_ns: u64 },
    /// Waits for a run.
    Idle { since_ns: u64 },
    /// Takes part in the run, under this slot.
    Busy { slot: WorkerId },
    /// Took part in a run that is over, and has not been told.
    Leaving,
}

/// Where a worker comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// We launched it.
    Launched,
    /// A fork server forked it.
    Forked,
    /// It is a node of the user's cluster.
    External,
}

/// A worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) key: ProcessKey,
    pub(crate) kind: Kind,
    pub(crate) pid: Option<u32>,
    pub(crate) state: State,
    /// Since when it has said nothing though it was given a run.
    pub(crate) asked_ns: Option<u64>,
    /// Since when it is known to be stopped.
    pub(crate) stopped_ns: Option<u64>,
    /// We ended it: its end is nobody else's doing.
    pub(crate) ended_by: Option<Loss>,
}

impl Worker {
    pub(super) fn new(key: ProcessKey, kind: Kind, now_ns: u64) -> Worker {
        let state = State::Starting { since_ns: now_ns };
        Worker { key, kind, pid: None, state, asked_ns: None, stopped_ns: None, ended_by: None }
    }

    pub(crate) fn is_external(&self) -> bool {
        self.kind == Kind::External
    }

    /// Whether it waits for the word of what forks it.
    pub(super) fn is_being_forked(&self) -> bool {
        self.kind == Kind::Forked && matches!(self.state, State::Starting { .. })
    }

    /// It said something.
    pub(super) fn spoke(&mut self) {
        (self.asked_ns, self.stopped_ns) = (None, None);
    }

    /// Looks whether its process is stopped.
    pub(super) fn look<P: Processes>(&mut self, processes: &P, now_ns: u64) {
        let stopped = processes.is_stopped(self.key);
        self.stopped_ns = stopped.then(|| self.stopped_ns.unwrap_or(now_ns));
    }

    /// Whether it is known of nothing that keeps it from taking a run.
    pub(crate) fn responds<P: Processes>(&self, processes: &P) -> bool {
        self.stopped_ns.is_none() && self.ended_by.is_none() && processes.unread_since(self.key).is_none()
    }

    /// Whether it waits for a run and can be given one, as far as a cheap look tells.
    pub(super) fn is_ready<P: Processes>(&mut self, processes: &P, now_ns: u64) -> bool {
        let State::Idle { since_ns } = self.state else { return false };
        let quiet = match self.asked_ns {
            Some(asked_ns) => now_ns.saturating_sub(asked_ns) > ANSWER_NS,
            None => now_ns.saturating_sub(since_ns) > IDLE_NS,
        };
        if quiet {
            self.look(processes, now_ns);
        }
        self.responds(processes)
    }

    /// Ends it.
    pub(super) fn end<P: Processes>(&mut self, loss: Loss, processes: &mut P) {
        let loss = if processes.end(self.key) { loss } else { Loss::CutOff };
        self.ended_by.get_or_insert(loss);
    }
}
