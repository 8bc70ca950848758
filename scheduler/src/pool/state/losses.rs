//! Workers that are lost: they died, they stalled, or they never came. None is waited for without end.

use std::time::Duration;

use super::{PoolEvent, WorkerPool};
use crate::engine::Loss;
use crate::os::Exit;
use crate::pool::logs::{self, Death};
use crate::pool::processes::{ProcessKey, Processes};
use crate::pool::spawner::Needed;
use crate::pool::worker::{Kind, State, Worker};

/// How often workers are looked at that may have stalled. A look is a read of a small file for each worker of the run.
const LOOK_EVERY_NS: u64 = 1_000_000_000;

/// How a worker ended of which nobody says it.
const ORPHAN: &str = "it ended, and the fork server, which would say how, ended too or does not answer";

impl<P: Processes> WorkerPool<P> {
    /// Looks for those that time has shown to be lost.
    pub(crate) fn tick(&mut self, now_ns: u64, out: &mut Vec<PoolEvent>) {
        self.end_late_starters(now_ns, out);
        if now_ns >= self.look_ns {
            self.look_ns = now_ns + LOOK_EVERY_NS;
            self.replace_stopped_server(now_ns);
            self.end_stalled(now_ns, out);
        }
    }

    /// Takes a dead or useless worker out of the pool and says what is known of its end.
    pub(super) fn lose(&mut self, key: ProcessKey, loss: Loss, symptom: String, out: &mut Vec<PoolEvent>) {
        let Some(place) = self.workers.iter().position(|w| w.key == key) else { return };
        let mut worker = self.workers.swap_remove(place);
        if loss != Loss::Died {
            worker.end(loss, &mut self.processes); // first: it will not end by itself
        }
        let loss = worker.ended_by.unwrap_or(loss);
        let remains = self.processes.remains(key);
        let signal = match remains.exit {
            Some(Exit::Signal(signal)) if matches!(loss, Loss::Died | Loss::EndedByUs) => Some(signal),
            _ => None,
        };
        let how = match (loss, remains.exit) {
            (Loss::Died | Loss::EndedByUs, Some(exit)) => exit.to_string(),
            // How a forked process ended, its parent would say.
            (Loss::Died, None) if worker.kind == Kind::Forked => ORPHAN.to_owned(),
            _ => symptom,
        };
        tracing::warn!(key = key.0, pid = worker.pid, how, ?loss, "lost");
        let reason = logs::reason(worker.pid, &how, &remains.log);
        match worker.state {
            State::Busy { slot } => {
                let death = Death { worker: slot, pid: worker.pid, how, signal, log: remains.log };
                out.push(PoolEvent::Lost { loss, death });
            }
            State::Idle { .. } | State::Leaving => {}
            State::Starting { .. } if worker.is_external() => out.push(PoolEvent::CannotStart { reason }),
            State::Starting { .. } => {
                self.failed_starts += 1;
                self.last_failure = reason;
            }
        }
    }

    /// Gives up workers, and what is to fork them, that take too long to come.
    fn end_late_starters(&mut self, now_ns: u64, out: &mut Vec<PoolEvent>) {
        let WorkerPool { spawner, config, allowance, processes, .. } = self;
        spawner.end_overdue(config, allowance, processes, now_ns);
        let within = config.start_within;
        let is_late = |w: &&Worker| matches!(w.state, State::Starting { since_ns } if allowance.spent(since_ns, now_ns) > within);
        for key in self.workers.iter().filter(is_late).map(|w| w.key).collect::<Vec<_>>() {
            let symptom = format!("it was started, and said nothing for {}", seconds(within));
            self.lose(key, Loss::Stalled, symptom, out);
        }
    }

    /// Whether nodes of the user's cluster had their time to join a run that began then; in words, if so.
    pub(crate) fn external_are_late(&self, begun_ns: u64, now_ns: u64) -> Option<String> {
        let within = self.config.start_within;
        let late = self.allowance.spent(begun_ns, now_ns) > within;
        late.then(|| format!("a node of the cluster did not join within {}", seconds(within)))
    }

    /// Gives up workers that are needed and do nothing at all: their process is stopped, or they read none of their messages.
    fn end_stalled(&mut self, now_ns: u64, out: &mut Vec<PoolEvent>) {
        let WorkerPool { workers, processes, allowance, config, .. } = self;
        let patience = config.patience;
        let mut stalled = Vec::new();
        for worker in workers {
            let is_busy = matches!(worker.state, State::Busy { .. } | State::Leaving);
            if is_busy || !worker.responds(processes) {
                worker.look(processes, now_ns);
            }
            let longer = |since: Option<u64>, than: Duration| {
                since.is_some_and(|since_ns| allowance.spent(since_ns, now_ns) >= than)
            };
            if longer(worker.stopped_ns, patience.stopped) {
                let symptom = format!("its process was stopped for {}", seconds(patience.stopped));
                stalled.push((worker.key, symptom));
            } else if longer(processes.unread_since(worker.key), patience.unread) {
                let symptom = format!("it read none of its messages for {}", seconds(patience.unread));
                stalled.push((worker.key, symptom));
            }
        }
        for (key, symptom) in stalled {
            self.lose(key, Loss::Stalled, symptom, out);
        }
    }

    /// Workers that a stopped fork server was to fork are made in another way. Those that it has forked go on.
    fn replace_stopped_server(&mut self, now_ns: u64) {
        let WorkerPool { spawner, workers, processes, allowance, config, .. } = self;
        let needed = if workers.iter().any(Worker::is_being_forked) { Needed::Now } else { Needed::Later };
        let patience = (&*allowance, config.patience.stopped);
        if spawner.set_aside_stopped(needed, patience, processes, now_ns) {
            self.forget_forks();
        }
    }
}

/// "10 s", "0.5 s".
fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
