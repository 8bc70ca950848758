//! A run without processes: a real core, a real board, workers that are a few fields each, messages that wait in queues
//! until the script lets them through (in order for one worker, in any order between them). What passes compute is
//! computed, and held against what it should be.
mod checks;
pub(super) mod pages;
pub(super) mod rng;
pub(super) mod values;
mod worker;

use crate::board::tests::{board, Memory};
use crate::board::{Board, Control};
use crate::core::{Action, Core, Event, Failure, Loss, LostLease, Outcome, Settings};
use crate::graph::Scope;
use crate::id::{PassId, ResourceId, StageId, WorkerId};
use crate::link::Parts;
use crate::plan::Plan;
use crate::policy::Pace;
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
    pub(super) core: Core,
    pub(super) board: Board,
    _memory: Memory,
    pub(super) plan: Arc<Plan>,
    run: RunSpec,
    natures: Natures,
    workers: Vec<Worker>,
    /// Of the driver's own: copies and hand-overs that end, workers that start.
    pending: Vec<Event>,
    open: BTreeSet<StageId>,
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
    /// Workers that died, and stages that were cut again.
    pub(super) deaths: u32,
    pub(super) recuts: u32,
    stopped: bool,
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
            core: Core::new(plan, settings),
            board,
            _memory: memory,
            plan: Arc::new(plan.clone()),
            run: RunSpec::new(plan, vec![], vec![]),
            natures,
            workers,
            pending: joins.collect(),
            open: BTreeSet::new(),
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
            deaths: 0,
            recuts: 0,
            stopped: false,
            outcome: None,
        }
    }

    /// One event through the core, its actions done, its invariants checked; then what the board says by itself.
    pub(super) fn feed(&mut self, event: Event) {
        if let (Event::ChunkFailed { stage, chunk, spot }, false) = (&event, self.core.is_ended()) {
            self.reported.push(Failure { stage: *stage, chunk: *chunk, spot: *spot });
        }
        let mut out = Vec::new();
        self.core.on_event(event.clone(), self.now, &mut out);
        if let Err(broken) = self.core.sanity_check() {
            panic!("after {event:?}: {broken}");
        }
        for action in out {
            self.act(action);
        }
        assert_eq!(self.board.live_bytes(), self.pages.bytes, "the account, after {event:?}");
        let full = |stage: &&StageId| self.is_done(**stage);
        if let Some(&stage) = self.open.iter().find(full) {
            self.open.remove(&stage);
            self.feed(Event::StageDone { stage });
        }
    }

    fn is_done(&self, stage: StageId) -> bool {
        Some(self.board.done_elements(stage)) == self.board.elements(stage)
    }

    fn act(&mut self, action: Action) {
        assert!(self.outcome.is_none(), "{action:?} after the end");
        match action {
            Action::Share { resource } => {
                assert!(self.touched.insert(resource), "shared twice");
                self.pending.push(Event::Shared { resource });
            }
            Action::Open { stage } => {
                assert!(!self.stopped);
                for &pass in &self.plan.stages()[stage.index()].outputs {
                    let made = self.plan.result_of(pass).expect("an output has a page");
                    assert!(self.touched.insert(made), "opened twice");
                }
                for piece in self.plan.stages()[stage.index()].pieces.iter() {
                    self.board.append(stage, piece.start, piece.end, 0).expect("room for the pieces");
                }
                self.open.insert(stage);
                self.board.open(stage);
            }
            Action::Measure { stage } => {
                let mut pace = self.plan.stages()[stage.index()].pace(&self.board, stage);
                // Now and then the costs turn out to be wrong.
                if self.coins.once_in(2) {
                    pace = Pace { pieces: 1_000, ns: 1e6, astray_ns: 1e6, ..pace };
                }
                self.pending.push(Event::Measured { stage, pace });
            }
            Action::Withdraw { stage } => {
                let ranges = self.board.withdraw(stage);
                self.recuts += u32::from(!ranges.is_empty());
                self.pending.push(Event::Withdrawn { stage, ranges });
            }
            Action::WakeDry(workers) => {
                workers.iter().for_each(|worker| self.workers[worker.index()].asleep = false);
            }
            Action::Append { stage, start, end, attempt } => {
                assert!(!self.stopped);
                let again = &self.done[stage.index()][start as usize..end as usize];
                assert!(again.iter().all(|&times| times == 0), "asked to do again what is done");
                self.board.append(stage, start, end, attempt).expect("the core knows the board's room");
            }
            Action::Stop => {
                self.stopped = true;
                self.board.set_control(Control::Stop);
            }
            Action::Interrupt { worker } => self.interrupt(worker),
            Action::Kill { worker } => self.kill(worker, false, Loss::EndedByUs),
            Action::Replace { worker } => {
                assert!(!self.stopped);
                self.pending.push(Event::WorkerJoined { worker });
            }
            Action::Gather { resource } => {
                assert!(self.gathered.insert(resource), "gathered twice");
                self.check_result(resource);
                self.pending.push(Event::Gathered { resource });
            }
            Action::Free { resource } => {
                assert!(self.freed.insert(resource), "freed twice");
                self.free(resource);
            }
            Action::LetGo { resource } => assert!(self.let_go.insert(resource), "let go twice"),
            Action::EndRun => self.board.set_control(Control::Ended),
            Action::Finish(outcome) => self.finish(outcome),
        }
    }

    /// As `run::Drive` does it: what the caller reads stays.
    fn free(&mut self, resource: ResourceId) {
        if self.is_wanted(resource) {
            return;
        }
        match self.plan.maker_of(resource) {
            None => self.board.give_bytes(self.plan.graph().resources()[resource.index()].bytes),
            Some((stage, nth)) => self.board.close_output(stage, nth),
        }
        self.pages.free(resource);
    }

    /// A worker dies. What it said before arrives first; or, mute, never: then the board knows.
    pub(super) fn kill(&mut self, id: WorkerId, mute: bool, loss: Loss) {
        let worker = &mut self.workers[id.index()];
        if !std::mem::replace(&mut worker.alive, false) {
            return;
        }
        self.deaths += 1;
        if mute {
            worker.said.clear();
        }
        // A place holder: the leases are taken back when the death is noticed.
        let event = Event::WorkerLost { worker: id, leases: vec![], reason: "died".into(), loss };
        worker.said.push_back(event);
    }

    /// The next message of a worker is read.
    pub(super) fn hear(&mut self, id: WorkerId) {
        match self.workers[id.index()].said.pop_front() {
            None => {}
            Some(Event::WorkerLost { worker, reason, loss, .. }) => {
                let leases = self.recover(worker);
                for stage in (0..self.board.stages()).map(StageId) {
                    for chunk in self.board.failures(stage) {
                        let spot = chunk.failed.expect("it failed");
                        self.feed(Event::ChunkFailed { stage, chunk: chunk.chunk, spot });
                    }
                }
                self.feed(Event::WorkerLost { worker, leases, reason, loss });
            }
            Some(event) => self.feed(event),
        }
    }

    /// Takes back what a dead worker held, which is what it was at; whatever it does afterwards counts for nothing.
    fn recover(&mut self, id: WorkerId) -> Vec<LostLease> {
        let back = self.board.recover(id);
        let Worker { at, dropped, .. } = std::mem::take(&mut self.workers[id.index()]);
        let held = at.held();
        let dropped = dropped.map(|lease| (lease, back.first().and_then(|back| back.spot)));
        let found: Vec<_> = back.iter().map(|back| (back.lease, back.spot)).collect();
        assert_eq!(found, Vec::from_iter(held.or(dropped)), "what a dead worker held");
        if let Some((lease, _)) = held.or(dropped) {
            assert!(!self.board.complete(&lease, &Default::default()), "a ghost's results count");
        }
        back.into_iter().map(LostLease::from).collect()
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
        self.now += ns;
        self.feed(Event::Tick);
    }

    fn coin(&mut self) -> bool {
        self.coins.once_in(2)
    }
}
