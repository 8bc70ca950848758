//! The workers of a session, from their start to their end: how many are started, which are let go, who is idle.
//!
//! It decides; [`Processes`] do it, and what becomes of them comes back as events. Time is an argument. So the same code runs on this
//! host's processes and, by seed, in a simulation (`run/tests`).

mod losses;

use std::time::Duration;

use crate::engine::Loss;
use crate::id::WorkerId;
use crate::pool::allowance::Allowance;
use crate::pool::logs::Death;
use crate::pool::processes::{ProcessEvent, ProcessKey, Processes};
use crate::pool::spawner::{ServerWord, Spawner};
use crate::pool::worker::{Kind, State, Worker};
use crate::pool::{Generation, PoolConfig};
use crate::wire::{FromForkServer, FromWorker, ToWorker};

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
    pub(crate) fn turn_to(&mut self, generation: &Generation, now_ns: u64) {
        let other = self.generation.id != generation.id;
        if other || generation.fresh || self.generation.fresh {
            tracing::debug!(generation = generation.id, fresh = generation.fresh, "new workers");
            self.let_own_go(now_ns);
        }
        if other {
            self.spawner.turn(&mut self.processes);
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

    /// A new run may try again what failed for an earlier one.
    pub(crate) fn forget_failures(&mut self) {
        self.failed_starts = 0;
    }

    /// Workers of our own. One that is idle and does not respond is as good as none: another takes its place.
    pub(crate) fn own(&self) -> usize {
        let is_there = |w: &&Worker| {
            !w.is_external() && (!matches!(w.state, State::Idle { .. }) || w.responds(&self.processes))
        };
        self.workers.iter().filter(is_there).count()
    }

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
            ServerWord::Converted => self.add(key, Kind::Launched, now_ns),
            ServerWord::ForkFailed { worker, reason } => self.lose(worker, Loss::Died, reason, out),
        }
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
        if self.workers.is_empty() && self.changed == 0 && self.spawner.forks() {
            self.begin_spawning_anew();
        }
    }

    /// Ends the run for everyone in it. They are told by [`WorkerPool::send_off`].
    pub(crate) fn dismiss(&mut self) {
        for worker in &mut self.workers {
            if matches!(worker.state, State::Busy { .. }) {
                worker.state = State::Leaving;
            }
        }
    }

    /// Tells those who were dismissed: our own workers are idle again, those of the user's cluster go home. A step of its own, to be
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

/// Whose workers take part in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum External {
    /// The pool's own.
    None,
    /// Those of the user's cluster.
    Only,
}
