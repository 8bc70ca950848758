//! A simulated session: what it asks for and when, and the supervisor's loop on a virtual clock.
mod checks;
mod script;

use super::faults::Fault;
use super::met::Met;
use super::rng::Rng;
use super::world::{Begun, SimProcesses};
use crate::engine::Settings;
use crate::os::Listener;
use crate::plan::Plan;
use crate::pool::{Generation, Patience, PoolConfig, WorkerPool};
use crate::run::order::{Command, RunQueue};
use crate::run::{Finished, Job, JobSpec, RunHandle};
use crate::store::Store;
use crate::wire::RunSpec;
use checks::check_outcome;
use script::plan;
use std::sync::Arc;
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
/// Once nothing goes wrong any more, all runs end within this.
const ALL_END_WITHIN: u64 = 300 * SECOND;
/// Idle workers stay for so long.
const IDLE_FOR: u64 = 20 * SECOND;

pub(super) use script::{script, Does};

/// A run, as the session knows it.
struct Run {
    number: u64,
    plan: Arc<Plan>,
    handle: Arc<RunHandle>,
    is_cancelled: bool,
    finished: Option<Box<Finished>>,
}

/// A session.
pub(super) struct Session<'a> {
    store: &'a Store,
    now: u64,
    queue: RunQueue<SimProcesses>,
    faults: Vec<Fault>,
    config: PoolConfig,
    runs: Vec<Run>,
    /// Nodes of a cluster that are yet to come, for the run of this number.
    nodes: Vec<u64>,
    /// The most workers that a run wanted.
    most: usize,
    /// The state that the last run had, and the number of its generation.
    state: (u64, u64),
}

impl Run {
    fn is_over(&self) -> bool {
        self.finished.is_some() || self.handle.wait(Duration::ZERO)
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(store: &'a Store, rng: &mut Rng, faults: Vec<Fault>) -> Session<'a> {
        let config = PoolConfig {
            program: "/bin/false".into(),
            args: Vec::new(),
            env: Vec::new(),
            dir: std::env::temp_dir(),
            fork: !rng.once_in(4),
            start_within: Duration::from_secs(10),
            idle_for: Duration::from_nanos(IDLE_FOR),
            patience: Patience::default(),
        };
        let processes = SimProcesses::new(Rng::new(rng.word()), faults.clone());
        let queue = RunQueue::new(WorkerPool::new(config.clone(), processes));
        Session {
            store,
            now: 0,
            queue,
            faults,
            config,
            runs: Vec::new(),
            nodes: Vec::new(),
            most: 0,
            state: (0, 0),
        }
    }

    /// The whole session.
    pub(super) fn play(mut self, script: Vec<(u64, Does)>) -> Met {
        for (at, does) in script {
            while self.now < at {
                self.turn(at);
            }
            self.act(does);
        }
        // Nothing goes wrong from here on. What is stopped or hangs stays so.
        self.processes().faults.clear();
        let until = self.now + ALL_END_WITHIN;
        while self.runs.iter().any(|run| run.finished.is_none()) {
            assert!(self.now < until, "a run never ends: {:?}", self.queue.pool().workers());
            self.turn(until);
        }
        let until = self.now + 3 * IDLE_FOR;
        while self.now < until {
            self.turn(until);
        }
        self.check_end();
        self.processes().met
    }

    fn processes(&mut self) -> &mut SimProcesses {
        self.queue.pool_mut().processes_mut()
    }

    fn act(&mut self, does: Does) {
        let now = self.now;
        match does {
            Does::Cancel(nth) => {
                if let Some(run) = self.runs.get_mut(nth).filter(|run| run.finished.is_none()) {
                    run.is_cancelled = true;
                    self.queue.take(Command::Cancel { run: run.number }, now);
                }
            }
            Does::Expect => self.queue.take(Command::Expect, now),
            Does::Configure { forks } => {
                let number = super::number_of(&self.config) + 1;
                self.config.args = vec![number.to_string().into()];
                self.config.fork = forks;
                self.processes().met.configured += 1;
                self.queue.take(Command::Configure(Box::new(self.config.clone())), now);
            }
            Does::Begin { elements, workers, generation, is_fresh, is_external } => {
                let plan = Arc::new(plan(elements, workers));
                let generation = self.turn_to(generation, is_fresh);
                self.begin(plan, generation, is_external);
            }
        }
        self.advance();
    }

    /// The session is in this state. One to which it comes back is another generation.
    fn turn_to(&mut self, state: u64, fresh: bool) -> Generation {
        if self.state.0 != state {
            self.state = (state, self.state.1 + 1);
        }
        let id = if state > 0 { self.state.1 } else { 0 };
        Generation { id, state: (state > 0).then(|| format!("state-{id}").into()), fresh }
    }

    fn begin(&mut self, plan: Arc<Plan>, generation: Generation, is_external: bool) {
        let number = self.runs.len() as u64 + 1;
        let spec = RunSpec::new(&plan, vec![], vec![]);
        let settings = Settings { workers: plan.workers(), ..Settings::default() };
        let external = is_external.then(|| listener(number));
        if is_external {
            let come = !self.processes().happens(Fault::Starts, 2);
            self.processes().met.failed_starts += u64::from(!come);
            self.nodes.extend((0..plan.workers()).filter(|_| come).map(|_| number));
        } else {
            self.most = self.most.max(plan.workers() as usize);
        }
        let job = JobSpec {
            given: Vec::new(),
            keep: false,
            plan: plan.clone(),
            spec,
            pages: Vec::new(),
            copies: Vec::new(),
            pins: Vec::new(),
            kept_bytes: 0,
            settings,
            external,
            generation: generation.clone(),
        };
        let job = Job::new(self.store, job).expect("a board");
        let begun = Begun {
            board: job.board.clone(),
            config: super::number_of(&self.config),
            generation: generation.id,
            is_fresh: generation.fresh,
            is_external,
        };
        let handle = Arc::new(RunHandle::new(&plan, &job.board));
        let waits = self.runs.iter().any(|run| run.finished.is_none());
        let processes = self.processes();
        processes.runs.insert(number, begun);
        processes.met.runs += 1;
        processes.met.second_runs += u64::from(waits);
        let run = Run { number, plan, handle: handle.clone(), is_cancelled: false, finished: None };
        self.runs.push(run);
        self.queue.take(Command::Begin { run: number, job: Box::new(job), handle }, self.now);
    }

    /// What the supervisor does between two waits, after the wait: it hears what came until then, or until its own next tick.
    fn turn(&mut self, until: u64) {
        let within = self.queue.tick_within(self.now);
        self.queue.pool_mut().running(self.now, within);
        let tick = self.now + u64::try_from(within.as_nanos()).unwrap_or(SECOND);
        self.processes().run_until(tick.min(until));
        if self.processes().happens(Fault::Session, 100) {
            self.processes().met.session_stops += 1;
            let later = self.processes().now + self.processes().rng.below(100 * SECOND);
            while self.processes().now < later {
                let heard = std::mem::take(&mut self.processes().heard);
                self.processes().run_until(later);
                self.processes().heard.splice(0..0, heard);
            }
        }
        let now = self.processes().now;
        self.now = now;
        self.queue.pool_mut().running(now, Duration::ZERO);
        let heard = std::mem::take(&mut self.processes().heard);
        self.take_nodes();
        for (key, event) in heard {
            self.queue.on_event(key, event, now);
            self.check();
        }
        self.queue.tick(now);
        self.check();
        self.advance();
    }

    /// Nodes of a cluster come to the run that goes on.
    fn take_nodes(&mut self) {
        let Some(active) = self.queue.active().map(|active| active.number()) else { return };
        while let Some(place) = self.nodes.iter().position(|&run| run == active) {
            self.nodes.swap_remove(place);
            let key = self.queue.pool_mut().add_external(self.now);
            let config = super::number_of(&self.config);
            self.processes().add_external(key, config);
        }
    }

    /// What the supervisor does before it waits.
    fn advance(&mut self) {
        loop {
            let (started, wanted) = (self.processes().started, self.wanted());
            let goes_on = self.queue.advance(self.now);
            let (own, wanted) = (self.queue.pool().own(), wanted.max(self.wanted()));
            assert!(started == self.processes().started || own <= wanted, "{own} workers, {wanted} wanted");
            self.check();
            if !goes_on {
                break;
            }
        }
        self.check_workers_are_found();
        for run in self.runs.iter_mut().filter(|run| run.finished.is_none()) {
            run.finished = run.handle.take();
            if let Some(finished) = &run.finished {
                let met = &mut self.queue.pool_mut().processes_mut().met;
                check_outcome(finished, run.is_cancelled, &run.plan, &self.faults, met);
            }
        }
    }

    fn wanted(&self) -> usize {
        self.queue.active().map_or(self.most, |active| active.wants_own())
    }
}

fn listener(number: u64) -> Listener {
    let dir = super::listen_dir();
    let nth = super::next_listener();
    Listener::bind(&dir.join(format!("{nth}-{number}"))).expect("a socket")
}
