//! The pool's workers in a run: they get a place, are told things, and are sent off.

use super::WorkerPool;
use crate::engine::Loss;
use crate::id::WorkerId;
use crate::pool::processes::Processes;
use crate::pool::worker::{State, Worker};
use crate::wire::ToWorker;

/// Whose workers take part in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum External {
    /// The pool's own.
    None,
    /// Those of the user's cluster.
    Only,
}

impl<P: Processes> WorkerPool<P> {
    /// Gives an idle worker of the kind asked for a place in a run, which it is yet to be told; gives its process.
    pub(crate) fn join(
        &mut self,
        external: External,
        (run, slot): (u64, WorkerId),
        now_ns: u64,
    ) -> Option<Option<u32>> {
        let WorkerPool { workers, processes, .. } = self;
        let wanted = external == External::Only;
        let is_it = |w: &mut Worker| w.is_external() == wanted && w.is_ready(processes, now_ns);
        let place = workers.iter_mut().position(is_it)?;
        let worker = &mut workers[place];
        worker.state = State::Busy { slot };
        processes.joins(worker.key, run, slot);
        tracing::debug!(worker = slot.0 + 1, pid = worker.pid, "joined");
        Some(worker.pid)
    }

    /// Says something to the worker under `slot` in the present run. Of one that is gone an event tells.
    pub(crate) fn tell(&mut self, slot: WorkerId, message: &ToWorker, now_ns: u64) {
        let WorkerPool { workers, processes, .. } = self;
        if let Some(worker) = workers.iter_mut().find(|w| w.state == State::Busy { slot }) {
            if matches!(message, ToWorker::Run { .. }) {
                worker.asked_ns.get_or_insert(now_ns);
            }
            processes.send(worker.key, message, now_ns);
        }
    }

    /// Interrupts the worker under `slot` in the present run.
    pub(crate) fn interrupt(&mut self, slot: WorkerId) {
        let WorkerPool { workers, processes, .. } = self;
        let at = workers.iter().find(|w| w.state == State::Busy { slot });
        at.into_iter().for_each(|worker| processes.interrupt(worker.key));
    }

    /// Ends the worker under `slot` in the present run.
    pub(crate) fn end(&mut self, slot: WorkerId) {
        let WorkerPool { workers, processes, .. } = self;
        let at = workers.iter_mut().find(|w| w.state == State::Busy { slot });
        at.into_iter().for_each(|worker| worker.end(Loss::EndedByUs, processes));
    }

    /// Ends the run for everyone in it. They are told by [`WorkerPool::send_off`].
    pub(crate) fn dismiss(&mut self) {
        for worker in &mut self.workers {
            if matches!(worker.state, State::Busy { .. }) {
                worker.state = State::Leaving;
            }
        }
    }

    /// Tells those who were dismissed: our own workers are idle again, those of the user's cluster leave. A step of its own, to be
    /// taken when the session has its results: a worker that is woken may take the core that the session needs.
    pub(crate) fn send_off(&mut self, now_ns: u64) {
        let WorkerPool { workers, processes, .. } = self;
        workers.retain_mut(|worker| {
            if worker.state == State::Leaving {
                processes.send(worker.key, &ToWorker::EndRun, now_ns);
                worker.state = State::Idle { since_ns: now_ns };
                tracing::debug!(key = worker.key.0, pid = worker.pid, "idle");
            }
            if worker.is_external() {
                processes.send(worker.key, &ToWorker::Exit, now_ns);
                processes.let_go(worker.key);
            }
            !worker.is_external()
        });
    }
}
