//! The workers of a session, from their start to their end: how many are started, which are let go, who is idle.
//!
//! It decides; [`Processes`] do it, and what becomes of them comes back as events. Time is an argument. So the same code runs on this
//! host's processes and, by seed, in a simulation (`run/tests`).

mod events;
mod losses;
pub(crate) mod runs;
#[cfg(all(test, not(loom)))]
mod tests;

use std::time::Duration;

use crate::engine::Loss;
use crate::id::WorkerId;
use crate::pool::allowance::Allowance;
use crate::pool::logs::Death;
use crate::pool::processes::{ProcessKey, Processes};
use crate::pool::spawner::Spawner;
use crate::pool::worker::{Kind, State, Worker};
use crate::pool::{Generation, PoolConfig};
use crate::wire::{FromWorker, ToWorker};

/// How many starts may fail in a row before we stop trying.
const FAILED_STARTS: u32 = 3;

/// What a run has to know.
#[derive(Debug)]
pub(crate) enum PoolEvent {
    /// A worker in a run spoke.
    Said { slot: WorkerId, message: FromWorker },
    /// A worker in a run is lost to it.
    Lost { loss: Loss, death: Death },
    /// A worker that was given a place in a run left before it began: the run before had changed it.
    Left { slot: WorkerId },
    /// A worker has something to tell the user.
    Note { text: String },
    /// What forks workers loaded a package, for so long.
    Loaded { package: String, ns: u64 },
    /// Workers cannot be started.
    CannotStart { reason: String },
}

/// The workers of a session.
#[derive(Debug)]
pub(crate) struct WorkerPool<P> {
    processes: P,
    config: PoolConfig,
    spawner: Spawner,
    workers: Vec<Worker>,
    /// Starts that failed, in a row.
    failed_starts: u32,
    /// Why the last of them did.
    last_failure: String,
    last_key: u64,
    /// What workers are to have begun as.
    generation: Generation,
    /// How many the last run wanted.
    wanted: usize,
    /// How many left because a run had changed them, and have not been replaced.
    changed: usize,
    /// Since when a run is said to come, as long as none did.
    expected_ns: Option<u64>,
    allowance: Allowance,
    /// When workers are next looked at that may have stalled.
    look_ns: u64,
}

impl<P: Processes> WorkerPool<P> {
    pub(crate) fn new(config: PoolConfig, processes: P) -> Self {
        let spawner = Spawner::new(&config);
        WorkerPool {
            processes,
            config,
            spawner,
            workers: Vec::new(),
            failed_starts: 0,
            last_failure: String::new(),
            last_key: 0,
            generation: Generation::default(),
            wanted: 0,
            changed: 0,
            expected_ns: None,
            allowance: Allowance::default(),
            look_ns: 0,
        }
    }

    pub(crate) fn processes(&self) -> &P {
        &self.processes
    }

    pub(crate) fn processes_mut(&mut self) -> &mut P {
        &mut self.processes
    }

    pub(crate) fn workers(&self) -> &[Worker] {
        &self.workers
    }

    pub(crate) fn fork_server(&self) -> Option<ProcessKey> {
        self.spawner.server()
    }

    /// The session runs, and says so again after `within` at the latest.
    pub(crate) fn running(&mut self, now_ns: u64, within: Duration) {
        self.allowance.running(now_ns, within);
    }

    fn next_key(&mut self) -> ProcessKey {
        self.last_key += 1;
        ProcessKey(self.last_key)
    }

    /// Starts workers until `wanted` of our own exist. Those of the user's cluster do not count. Where starts fail, says so as long as
    /// workers are lacking and none is on its way: the run may come to lack one after others failed.
    pub(crate) fn grow(&mut self, wanted: usize, now_ns: u64, out: &mut Vec<PoolEvent>) {
        if wanted > 0 {
            (self.wanted, self.changed) = (wanted, 0); // this replaces them
        }
        while self.own() < wanted && self.failed_starts < FAILED_STARTS {
            let key = self.next_key();
            let how = (&self.config, &self.generation);
            match self.spawner.start_next(key, how, &mut self.processes, now_ns) {
                Ok(Some(kind)) => self.add(key, kind, now_ns),
                Ok(None) => return,
                Err(e) => {
                    self.failed_starts = FAILED_STARTS;
                    self.last_failure = e.to_string();
                }
            }
        }
        let is_coming = |w: &Worker| !w.is_external() && matches!(w.state, State::Starting { .. });
        if self.own() < wanted && !self.workers.iter().any(is_coming) {
            out.push(PoolEvent::CannotStart { reason: self.last_failure.clone() });
        }
    }

    /// From now on workers are of this generation; those of another one leave. None is in a run.
    pub(crate) fn use_generation(&mut self, generation: &Generation, now_ns: u64) {
        let other = self.generation.id != generation.id;
        if other || generation.fresh || self.generation.fresh {
            tracing::debug!(generation = generation.id, fresh = generation.fresh, "new workers");
            self.let_own_go(now_ns);
        }
        if other {
            self.spawner.turn(&mut self.processes);
            self.generation.state.iter().for_each(|state| self.processes.discard(state));
        }
        self.generation = generation.clone();
    }

    /// From now on workers are started by another configuration; those that were started otherwise leave, and so does what
    /// forked them. None is in a run.
    pub(crate) fn configure(&mut self, config: PoolConfig, now_ns: u64) {
        tracing::debug!(workers = self.own(), "another configuration");
        self.let_own_go(now_ns);
        self.changed = 0;
        self.config = config;
        self.begin_spawning_anew();
    }

    fn begin_spawning_anew(&mut self) {
        let before = std::mem::replace(&mut self.spawner, Spawner::new(&self.config));
        before.close(&mut self.processes);
    }

    fn let_own_go(&mut self, now_ns: u64) {
        self.let_go_where(now_ns, |worker| !worker.is_external());
    }

    /// They leave at the end of their channels. Who cannot see that is ended.
    fn let_go_where(&mut self, now_ns: u64, leaves: impl Fn(&Worker) -> bool) {
        let WorkerPool { workers, processes, .. } = self;
        workers.retain(|worker| {
            let leaves = leaves(worker);
            if leaves {
                processes.send(worker.key, &ToWorker::Exit, now_ns);
                if !worker.responds(processes) {
                    processes.end(worker.key);
                }
                processes.let_go(worker.key);
            }
            !leaves
        });
    }

    /// Workers that were to be forked by what is given up are started in another way: that they do not come is not their doing.
    fn forget_forks(&mut self) {
        let WorkerPool { workers, processes, .. } = self;
        workers.retain(|worker| {
            let is_awaited = worker.is_being_forked();
            if is_awaited {
                processes.let_go(worker.key);
            }
            !is_awaited
        });
    }

    /// Starts workers in place of those that a run changed, while nothing runs; no more than the last run wanted.
    pub(crate) fn replace_changed(&mut self, now_ns: u64) {
        let wanted = self.wanted.min(self.own() + std::mem::take(&mut self.changed));
        if self.spawner.forks() {
            self.grow(wanted, now_ns, &mut Vec::new());
        }
    }

    /// Takes in a node of the user's cluster that came to our listener.
    pub(crate) fn add_external(&mut self, now_ns: u64) -> ProcessKey {
        let key = self.next_key();
        self.add(key, Kind::External, now_ns);
        key
    }

    fn add(&mut self, key: ProcessKey, kind: Kind, now_ns: u64) {
        tracing::debug!(key = key.0, ?kind, "started");
        self.workers.push(Worker::new(key, kind, now_ns));
    }

    /// A run is to come that needs workers: what forks them is started meanwhile. Where that fails, the run will say so.
    pub(crate) fn expect_run(&mut self, now_ns: u64) {
        let key = self.next_key();
        if let Err(e) = self.spawner.open(key, &self.config, &mut self.processes, now_ns) {
            tracing::debug!(%e, "the fork server");
        }
        self.expected_ns = Some(now_ns);
    }

    /// A run begins, which may try again what failed for an earlier one.
    pub(crate) fn run_begins(&mut self) {
        self.failed_starts = 0;
        self.expected_ns = None;
        self.spawner.renew();
    }

    /// Workers of our own. One that is idle and does not respond is as good as none: another takes its place.
    pub(crate) fn own(&self) -> usize {
        let is_there = |w: &&Worker| {
            !w.is_external() && (!matches!(w.state, State::Idle { .. }) || w.responds(&self.processes))
        };
        self.workers.iter().filter(is_there).count()
    }

    /// Lets idle workers go that waited for longer than the configuration says, and the fork server after them.
    pub(crate) fn retire(&mut self, now_ns: u64) {
        let idle_ns = u64::try_from(self.config.idle_for.as_nanos()).unwrap_or(u64::MAX);
        let since = now_ns.saturating_sub(idle_ns);
        let is_over = |w: &Worker| matches!(w.state, State::Idle { since_ns } if since_ns < since);
        let count = self.workers.len();
        self.let_go_where(now_ns, is_over);
        if self.workers.len() < count {
            tracing::debug!(workers = count - self.workers.len(), "retired");
        }
        let is_expected = self.expected_ns.is_some_and(|expected_ns| expected_ns >= since);
        if self.workers.is_empty() && self.changed == 0 && !is_expected && self.spawner.forks() {
            self.begin_spawning_anew();
        }
    }

    /// The processes that the pool holds.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> impl Iterator<Item = ProcessKey> + '_ {
        self.workers.iter().map(|worker| worker.key).chain(self.spawner.keys())
    }

    /// Whether what is to fork the next worker is on its way.
    #[cfg(test)]
    pub(crate) fn awaits_server(&self) -> bool {
        self.spawner.is_on_its_way()
    }
}
