//! A run without processes: a real engine, a real board, workers that are a few fields each, messages that wait in queues
//! until the script lets them through (in order for one worker, in any order between them). What passes compute is
//! computed, and held against what it should be.
mod checks;
pub(super) mod pages;
pub(super) mod rng;
pub(super) mod values;
mod worker;

use crate::board::tests::{board, Memory};
use crate::board::{Board, Control};
use crate::engine::{Engine, Event, Failure, Loss, Outcome, Settings, What, World};
use crate::graph::{Scope, TaskKind};
use crate::id::{PassId, ResourceId, StageId, WorkerId};
use crate::link::Parts;
use crate::plan::Plan;
use crate::wire::RunSpec;
use pages::Pages;
use rng::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use worker::Worker;

/// What an element does to its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    Fails,
    Kills,
    /// Runs until it is interrupted.
    Hangs,
    /// Runs until it is killed.
    Deaf,
}

/// Natures of elements of passes; all others are good.
pub(super) type Natures = BTreeMap<(PassId, u64), Nature>;

pub(super) struct Driver {
    /// Taken out while it acts on the rest.
    engine: Option<Engine>,
    pub(super) board: Board,
    _memory: Memory,
    pub(super) plan: Arc<Plan>,
    run: RunSpec,
    natures: Natures,
    workers: Vec<Worker>,
    /// Of the driver's own: copies and hand-overs that end, workers that start.
    pending: Vec<Event>,
    pub(super) now: u64,
    /// What an element costs, as workers report it.
    pub(super) cost: u64,
    coins: Rng,
    /// How often each element of each stage was done.
    done: Vec<Vec<u32>>,
    pub(super) pages: Pages,
    /// What each pass should give.
    expected: Vec<Vec<u64>>,
    parts: BTreeMap<ResourceId, Parts>,
    wholes: BTreeMap<ResourceId, u64>,
    touched: BTreeSet<ResourceId>,
    freed: BTreeSet<ResourceId>,
    let_go: BTreeSet<ResourceId>,
    gathered: BTreeSet<ResourceId>,
    /// Failures that the core heard of before the end.
    pub(super) reported: Vec<Failure>,
    /// Workers that were lost.
    pub(super) losses: u32,
    pub(super) outcome: Option<Outcome>,
}

impl Driver {
    pub(super) fn new(plan: &Plan, settings: Settings, natures: Natures) -> Driver {
        let stages = plan.stages().iter().map(|stage| stage.board).collect();
        let (board, memory) = board(plan.workers(), stages, b"");
        let joins = (0..plan.workers()).map(|id| Event::WorkerJoined { worker: WorkerId(id) });
        let done = plan.stages().iter().map(|stage| vec![0; stage.board.elements as usize]).collect();
        let mut workers = Vec::new();
        workers.resize_with(plan.workers() as usize, Worker::default);
        let mut pages = Pages::default();
        // The session copies variables in before the run begins.
        for (index, resource) in plan.spec().resources.iter().enumerate() {
            let id = ResourceId(index as u32);
            if resource.scope == Scope::Scoped && plan.graph().consumers(id).next().is_some() {
                pages.share(id, resource.bytes);
            }
        }
        board.take_bytes(pages.bytes);
        Driver {
            engine: Some(Engine::new(Arc::new(plan.clone()), settings, &board)),
            board,
            _memory: memory,
            plan: Arc::new(plan.clone()),
            run: RunSpec::new(plan, vec![], vec![]),
            natures,
            workers,
            pending: joins.collect(),
            now: 0,
            cost: 1_000,
            coins: Rng::new(1),
            done,
            pages,
            expected: values::interpret(plan.spec()),
            parts: BTreeMap::new(),
            wholes: BTreeMap::new(),
            touched: BTreeSet::new(),
            freed: BTreeSet::new(),
            let_go: BTreeSet::new(),
            gathered: BTreeSet::new(),
            reported: Vec::new(),
            losses: 0,
            outcome: None,
        }
    }

    pub(super) fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("it acts only within `feed`")
    }

    /// One event through the engine; then its invariants.
    pub(super) fn feed(&mut self, event: Event) {
        let was_over = self.outcome.is_some();
        let mut engine = self.engine.take().expect("one event at a time");
        let now = self.now;
        engine.step(self, now, [event.clone()]);
        if let Err(broken) = engine.sanity_check() {
            panic!("after {event:?}: {broken}");
        }
        self.engine = Some(engine);
        assert_eq!(self.board.live_bytes(), self.pages.bytes, "the account, after {event:?}");
        match self.outcome.clone() {
            Some(outcome) if !was_over => self.check_finish(&outcome),
            None => self.check_work(&event),
            Some(_) => {}
        }
    }

    fn is_done(&self, stage: StageId) -> bool {
        Some(self.board.done_elements(stage)) == self.board.elements(stage)
    }

    /// A worker dies. What it said before arrives first; or, mute, never: then the board knows.
    pub(super) fn lose(&mut self, id: WorkerId, mute: bool, loss: Loss) {
        let worker = &mut self.workers[id.index()];
        if !std::mem::replace(&mut worker.alive, false) {
            return;
        }
        self.losses += 1;
        if mute {
            worker.said.clear();
        }
        let event = Event::WorkerLost { worker: id, leases: vec![], reason: "died".into(), loss };
        worker.said.push_back(event);
    }

    /// The next message of a worker is read.
    pub(super) fn hear(&mut self, id: WorkerId) {
        match self.workers[id.index()].said.pop_front() {
            None => {}
            Some(event @ Event::WorkerLost { .. }) => {
                let Worker { at, dropped, .. } = std::mem::take(&mut self.workers[id.index()]);
                let held = at.held().map(|(lease, _)| lease).or(dropped);
                let held = held.filter(|_| self.outcome.is_none());
                let before = self.engine().retries();
                self.feed(event);
                let taken_back = self.engine().retries() - before;
                assert_eq!(taken_back, u32::from(held.is_some()), "what a lost worker held");
                if let Some(lease) = held {
                    assert!(!self.board.complete(&lease, &Default::default()), "a ghost's results count");
                }
            }
            Some(event) => self.feed(event),
        }
    }

    /// One of the driver's own ends; a launch fails if `fail`.
    pub(super) fn settle(&mut self, nth: usize, fail: bool) {
        if self.pending.is_empty() {
            return;
        }
        let event = self.pending.swap_remove(nth % self.pending.len());
        match event {
            Event::WorkerJoined { worker } if fail => {
                self.feed(Event::LaunchFailed { worker, reason: "no room".into() });
            }
            Event::WorkerJoined { worker } => {
                self.workers[worker.index()] = Worker { alive: true, ..Worker::default() };
                self.feed(event);
            }
            event => self.feed(event),
        }
    }

    /// Time passes.
    pub(super) fn tick(&mut self, ns: u64) {
        self.now = self.now.saturating_add(ns);
        self.feed(Event::Tick);
    }

    fn coin(&mut self) -> bool {
        self.coins.once_in(2)
    }
}

impl World for Driver {
    fn board(&self) -> &Board {
        &self.board
    }

    fn share(&mut self, resource: ResourceId) -> bool {
        assert!(self.touched.insert(resource), "shared twice");
        self.pending.push(Event::Shared { resource });
        false
    }

    fn wake(&mut self, worker: WorkerId) {
        self.workers[worker.index()].asleep = false;
    }

    fn spawn(&mut self, worker: WorkerId) {
        assert_eq!(self.board.control(), Control::Go);
        self.pending.push(Event::WorkerJoined { worker });
    }

    fn interrupt(&mut self, worker: WorkerId) {
        self.interrupt_worker(worker);
    }

    fn kill(&mut self, worker: WorkerId) {
        self.lose(worker, false, Loss::EndedByUs);
    }

    fn deliver(&mut self, resource: ResourceId) {
        assert!(self.gathered.insert(resource), "delivered twice");
        self.check_result(resource);
    }

    fn free(&mut self, resource: ResourceId) -> Option<u64> {
        assert!(self.freed.insert(resource), "freed twice");
        assert!(!self.plan.is_wanted(resource), "the caller wants it");
        self.pages.free(resource);
        Some(self.plan.graph().resources()[resource.index()].bytes)
    }

    fn keep(&mut self, resource: ResourceId) {
        assert!(self.freed.insert(resource), "freed twice");
        assert!(self.plan.is_wanted(resource), "nobody wants it");
    }

    fn release(&mut self, resource: ResourceId) {
        assert!(self.let_go.insert(resource), "released twice");
    }

    fn log(&mut self, _now_ns: u64, what: What) {
        assert!(self.outcome.is_none(), "{what:?} after the end");
        match what {
            What::Began(task) => {
                let TaskKind::Map(stage) = self.plan.graph().tasks()[task.index()].kind else { return };
                assert_eq!(self.board.control(), Control::Go);
                for &pass in &self.plan.stages()[stage.index()].outputs {
                    let made = self.plan.result_of(pass).expect("an output has a page");
                    assert!(self.touched.insert(made), "opened twice");
                }
            }
            What::PutUp(stage, start, end, _) => {
                assert_eq!(self.board.control(), Control::Go);
                let again = &self.done[stage.index()][start as usize..end as usize];
                assert!(again.iter().all(|&times| times == 0), "asked to do again what is done");
            }
            What::Failed(stage, chunk, _) => {
                let failures = self.board.failures(stage);
                let record = failures.iter().find(|record| record.chunk == chunk).expect("it failed");
                let spot = record.failed.expect("it failed");
                self.reported.push(Failure { stage, spot, chunk });
            }
            _ => {}
        }
    }

    fn dismiss(&mut self) {}

    fn finish(&mut self, _now_ns: u64, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}
