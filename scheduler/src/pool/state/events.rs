//! What processes say, and what follows from it for the pool.

use super::{PoolEvent, WorkerPool};
use crate::engine::Loss;
use crate::pool::processes::{ProcessEvent, ProcessKey, Processes};
use crate::pool::spawner::ServerWord;
use crate::pool::worker::{Kind, State, Worker};
use crate::wire::{FromForkServer, FromWorker};

impl<P: Processes> WorkerPool<P> {
    /// Takes what a process said, or that it is gone.
    pub(crate) fn on_event(
        &mut self,
        key: ProcessKey,
        event: ProcessEvent,
        now_ns: u64,
        out: &mut Vec<PoolEvent>,
    ) {
        match event {
            ProcessEvent::Server(message) => self.hear_server(key, message, now_ns, out),
            ProcessEvent::Gone { .. } if self.spawner.knows(key) => {
                self.spawner.gone(key, &mut self.processes);
                self.forget_forks();
            }
            ProcessEvent::Gone { symptom } => self.lose(key, Loss::Died, symptom, out),
            ProcessEvent::Hello { pid, unfit } => self.greet(key, pid, unfit, now_ns, out),
            ProcessEvent::Worker(message) => self.hear_worker(key, message, out),
        }
    }

    fn hear_server(
        &mut self,
        key: ProcessKey,
        message: FromForkServer,
        now_ns: u64,
        out: &mut Vec<PoolEvent>,
    ) {
        match self.spawner.heard(key, message, &mut self.processes, now_ns) {
            ServerWord::Noted => {}
            ServerWord::Loaded { package, ns } => out.push(PoolEvent::Loaded { package, ns }),
            ServerWord::Converted => self.add(key, Kind::Launched, now_ns),
            ServerWord::ForkFailed { worker, reason } => self.lose(worker, Loss::Died, reason, out),
        }
    }

    fn worker(&mut self, key: ProcessKey) -> Option<&mut Worker> {
        self.workers.iter_mut().find(|w| w.key == key)
    }

    /// A worker's first word.
    fn greet(
        &mut self,
        key: ProcessKey,
        pid: Option<u32>,
        unfit: Option<String>,
        now_ns: u64,
        out: &mut Vec<PoolEvent>,
    ) {
        let Some(worker) = self.worker(key) else { return };
        if !matches!(worker.state, State::Starting { .. }) {
            return;
        }
        worker.spoke();
        worker.pid = pid;
        if let Some(reason) = unfit {
            return self.lose(key, Loss::Died, reason, out);
        }
        worker.state = State::Idle { since_ns: now_ns };
        tracing::debug!(key = key.0, pid, "ready");
        self.failed_starts = 0;
    }

    fn hear_worker(&mut self, key: ProcessKey, message: FromWorker, out: &mut Vec<PoolEvent>) {
        let Some(worker) = self.worker(key) else { return };
        worker.spoke();
        match (message, worker.state) {
            (FromWorker::Note { text }, _) => out.push(PoolEvent::Note { text }),
            (FromWorker::Changed { what }, _) => self.left_changed(key, &what, out),
            (message, State::Busy { slot }) => out.push(PoolEvent::Said { slot, message }),
            _ => {} // the tail of a run that is over
        }
    }

    /// A run changed the worker, which ends by itself; it may have been given a place in the next run meanwhile.
    fn left_changed(&mut self, key: ProcessKey, what: &str, out: &mut Vec<PoolEvent>) {
        let Some(place) = self.workers.iter().position(|w| w.key == key) else { return };
        let worker = self.workers.swap_remove(place);
        tracing::debug!(key = key.0, pid = worker.pid, what, "changed by a run");
        self.processes.let_go(key);
        match worker.state {
            // The run that it should have joined gets another one.
            State::Busy { slot } => out.push(PoolEvent::Left { slot }),
            _ => self.changed += 1,
        }
    }
}
