//! Runs and configurations of the pool, one after the other in the order in which the session asked for them: so a run's workers are
//! started as the session's settings were when it was begun, and a change of these ends no run.
//!
//! It reads no clock and waits for nothing. The supervisor drives it on this host's processes, the tests on simulated ones.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Cause, Event};
use crate::pool::{PoolConfig, PoolEvent, ProcessEvent, ProcessKey, Processes, WorkerPool};
use crate::run::active::ActiveRun;
use crate::run::{Job, RunHandle};

/// How long at most until slow starters are looked at again while a run goes on; the run's own deadlines count besides.
const TICK: Duration = Duration::from_millis(100);
/// The same while nothing runs: only idle workers are to be let go.
const IDLE_TICK: Duration = Duration::from_secs(1);

/// What the session asks for.
pub(crate) enum Command {
    Begin {
        run: u64,
        job: Box<Job>,
        handle: Arc<RunHandle>,
    },
    Cancel {
        run: u64,
    },
    Configure(Box<PoolConfig>),
    /// A run is to come.
    Expect,
}

/// What waits for its turn.
enum Waiting {
    Run(u64, Box<Job>, Arc<RunHandle>),
    Configure(Box<PoolConfig>),
}

/// The run that goes on, what waits behind it, and the workers.
pub(crate) struct RunQueue<P> {
    pool: WorkerPool<P>,
    waiting: VecDeque<Waiting>,
    active: Option<ActiveRun>,
}

impl<P: Processes> RunQueue<P> {
    pub(crate) fn new(pool: WorkerPool<P>) -> Self {
        RunQueue { pool, waiting: VecDeque::new(), active: None }
    }

    pub(crate) fn pool(&self) -> &WorkerPool<P> {
        &self.pool
    }

    pub(crate) fn pool_mut(&mut self) -> &mut WorkerPool<P> {
        &mut self.pool
    }

    /// The run that goes on.
    pub(crate) fn active(&self) -> Option<&ActiveRun> {
        self.active.as_ref()
    }

    /// How long until [`RunQueue::tick`] is wanted.
    pub(crate) fn tick_within(&self, now_ns: u64) -> Duration {
        let Some(active) = &self.active else { return IDLE_TICK };
        let deadline_ns = active.deadline_ns().unwrap_or(u64::MAX);
        Duration::from_nanos(deadline_ns.saturating_sub(now_ns)).min(TICK)
    }

    /// Takes what the session asks for. [`RunQueue::advance`] begins it.
    pub(crate) fn take(&mut self, command: Command, now_ns: u64) {
        match command {
            Command::Begin { run, job, handle } => self.waiting.push_back(Waiting::Run(run, job, handle)),
            Command::Configure(config) => self.waiting.push_back(Waiting::Configure(config)),
            Command::Cancel { run } => self.cancel(run, now_ns),
            Command::Expect => self.pool.expect_run(now_ns),
        }
    }

    fn cancel(&mut self, run: u64, now_ns: u64) {
        let cancel = Event::Cancel { cause: Cause::User };
        if let Some(active) = self.active.as_mut().filter(|active| active.number() == run) {
            let _within = active.span().entered();
            return active.tell(cancel, now_ns, &mut self.pool);
        }
        // Not begun: it is begun and ended at once, without workers, so that there is one way for a run to end.
        let is_it = |waiting: &Waiting| matches!(waiting, Waiting::Run(number, ..) if *number == run);
        let place = self.waiting.iter().position(is_it);
        if let Some(Waiting::Run(run, job, handle)) = place.and_then(|place| self.waiting.remove(place)) {
            let nobody = || None::<&mut WorkerPool<P>>;
            let mut cancelled = ActiveRun::begin((run, *job, handle), now_ns, nobody());
            cancelled.step(cancel, now_ns, nobody());
            cancelled.finish(now_ns);
        }
    }

    /// One step that needs no news: ends the present run, gives it a worker, or begins the next. `false` when there is none; then all
    /// workers that the run lacks are being started. A step is short, so that its time is the time of all that happens in it.
    pub(crate) fn advance(&mut self, now_ns: u64) -> bool {
        match self.active.take_if(|active| active.is_over()) {
            Some(over) => {
                over.finish(now_ns);
                self.pool.send_off(now_ns);
                true
            }
            None if self.active.is_some() => self.find_worker(now_ns),
            None if self.begin_next(now_ns) => true,
            None => {
                self.pool.retire(now_ns);
                self.pool.replace_changed(now_ns);
                false
            }
        }
    }

    /// Whether another run was begun.
    fn begin_next(&mut self, now_ns: u64) -> bool {
        loop {
            match self.waiting.pop_front() {
                None => return false,
                Some(Waiting::Configure(config)) => self.pool.configure(*config, now_ns),
                Some(Waiting::Run(run, job, handle)) => {
                    self.pool.run_begins();
                    if job.external.is_none() {
                        self.pool.use_generation(&job.generation, now_ns);
                    }
                    let run = (run, *job, handle);
                    self.active = Some(ActiveRun::begin(run, now_ns, Some(&mut self.pool)));
                    return true;
                }
            }
        }
    }

    /// Gives the run a worker that is there, or has those started that it lacks. Whether there is more to do.
    fn find_worker(&mut self, now_ns: u64) -> bool {
        let Some(active) = &mut self.active else { return false };
        let _within = active.span().entered();
        active.look_at_copies(now_ns, &mut self.pool);
        if !active.recruit(now_ns, &mut self.pool) {
            let mut events = Vec::new();
            self.pool.grow(active.wants_own(), now_ns, &mut events);
            self.pass_on(events, now_ns);
            return self.active.as_ref().is_some_and(ActiveRun::is_over);
        }
        true
    }

    /// A process said something, or is gone.
    pub(crate) fn on_event(&mut self, key: ProcessKey, event: ProcessEvent, now_ns: u64) {
        let _within = self.active.as_ref().map(|active| active.span().entered());
        let mut events = Vec::new();
        self.pool.on_event(key, event, now_ns, &mut events);
        self.pass_on(events, now_ns);
    }

    /// Time passed.
    pub(crate) fn tick(&mut self, now_ns: u64) {
        let _within = self.active.as_ref().map(|active| active.span().entered());
        let mut events = Vec::new();
        self.pool.tick(now_ns, &mut events);
        self.pass_on(events, now_ns);
        let Some(active) = &mut self.active else { return };
        let since_ns = active.awaits_external_since();
        if let Some(reason) = since_ns.and_then(|since_ns| self.pool.external_are_late(since_ns, now_ns)) {
            active.leave_vacant(&reason, now_ns, &mut self.pool);
        }
        active.look_at_copies(now_ns, &mut self.pool);
        active.tell(Event::Tick, now_ns, &mut self.pool);
    }

    fn pass_on(&mut self, events: Vec<PoolEvent>, now_ns: u64) {
        let Some(active) = &mut self.active else { return };
        for event in events {
            active.on_event(event, now_ns, &mut self.pool);
        }
    }
}
