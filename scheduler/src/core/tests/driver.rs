//! A driver without processes: a real board, workers that are a few fields each, messages that wait in queues until the
//! script lets them through (in order for one worker, in any order between them).
use crate::board::tests::{board, Memory};
use crate::board::{Board, Control, Lease, Output};
use crate::core::{Action, Core, Event, LostLease, Outcome, Settings};
use crate::id::{ResourceId, StageId, WorkerId};
use crate::plan::Plan;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

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

#[derive(Clone, Debug, Default)]
struct Worker {
    alive: bool,
    asleep: bool,
    lease: Option<(Lease, u64)>,
    said: VecDeque<Event>,
}

pub(super) struct Driver {
    pub(super) core: Core,
    pub(super) board: Board,
    _memory: Memory,
    plan: Plan,
    natures: BTreeMap<(u32, u64), Nature>,
    workers: Vec<Worker>,
    /// Of the driver's own: copies and hand-overs that end, workers that start.
    pending: Vec<Event>,
    open: BTreeSet<StageId>,
    pub(super) now: u64,
    pub(super) done: BTreeMap<(u32, u64), u32>,
    touched: BTreeSet<ResourceId>,
    freed: BTreeSet<ResourceId>,
    let_go: BTreeSet<ResourceId>,
    gathered: BTreeSet<ResourceId>,
    pub(super) reported: Vec<(u32, u64)>,
    stopped: bool,
    pub(super) outcome: Option<Outcome>,
}

impl Driver {
    pub(super) fn new(plan: &Plan, settings: Settings, natures: BTreeMap<(u32, u64), Nature>) -> Driver {
        let stages = plan.stages().iter().map(|stage| stage.board).collect();
        let (board, memory) = board(plan.workers(), stages, b"");
        let joins = (0..plan.workers()).map(|id| Event::WorkerJoined { worker: WorkerId(id) });
        Driver {
            core: Core::new(plan, settings),
            board,
            _memory: memory,
            plan: plan.clone(),
            natures,
            workers: vec![Worker::default(); plan.workers() as usize],
            pending: joins.collect(),
            open: BTreeSet::new(),
            now: 0,
            done: BTreeMap::new(),
            touched: BTreeSet::new(),
            freed: BTreeSet::new(),
            let_go: BTreeSet::new(),
            gathered: BTreeSet::new(),
            reported: Vec::new(),
            stopped: false,
            outcome: None,
        }
    }

    /// One event through the core, its actions done, its invariants checked; then what the board says by itself.
    pub(super) fn feed(&mut self, event: Event) {
        if let Event::ChunkFailed { stage, spot, .. } = event {
            self.reported.push((stage.0, spot.element));
        }
        let mut out = Vec::new();
        self.core.on_event(event.clone(), self.now, &mut out);
        if let Err(broken) = self.core.sanity_check() {
            panic!("after {event:?}: {broken}");
        }
        for action in out {
            self.act(action);
        }
        let full = |stage: &&StageId| {
            self.board.done_elements(**stage) == self.board.elements(**stage).expect("a stage")
        };
        if let Some(&stage) = self.open.iter().find(full) {
            self.open.remove(&stage);
            self.feed(Event::StageDone { stage });
        }
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
                let pace = self.plan.stages()[stage.index()].pace(&self.board, stage);
                self.pending.push(Event::Measured { stage, pace });
            }
            Action::Withdraw { stage } => {
                let ranges = self.board.withdraw(stage);
                self.pending.push(Event::Withdrawn { stage, ranges });
            }
            Action::WakeDry(workers) => {
                workers.iter().for_each(|worker| self.workers[worker.index()].asleep = false);
            }
            Action::Append { stage, start, end, attempt } => {
                assert!(!self.stopped);
                let again = (start..end).find(|&element| self.done.contains_key(&(stage.0, element)));
                assert_eq!(again, None, "asked to do again what is done");
                self.board.append(stage, start, end, attempt).expect("the core knows the board's room");
            }
            Action::Stop => {
                self.stopped = true;
                self.board.set_control(Control::Stop);
            }
            Action::Interrupt { worker } => self.leave_element(worker),
            Action::Kill { worker } => self.kill(worker, false),
            Action::Replace { worker } => {
                assert!(!self.stopped);
                self.pending.push(Event::WorkerJoined { worker });
            }
            Action::Gather { resource } => {
                assert!(self.gathered.insert(resource), "gathered twice");
                self.pending.push(Event::Gathered { resource });
            }
            Action::Free { resource } => assert!(self.freed.insert(resource), "freed twice"),
            Action::LetGo { resource } => assert!(self.let_go.insert(resource), "let go twice"),
            Action::EndRun => self.board.set_control(Control::Ended),
            Action::Finish(outcome) => self.finish(outcome),
        }
    }

    fn finish(&mut self, outcome: Outcome) {
        assert_eq!(self.board.control(), Control::Ended);
        assert!(self.touched.is_subset(&self.freed), "{:?} are left", self.touched.difference(&self.freed));
        if outcome == Outcome::Done {
            let results = self.plan.spec().gather.iter().filter_map(|&pass| self.plan.result_of(pass));
            let gather: BTreeSet<ResourceId> = results.collect();
            assert_eq!(self.gathered, gather);
            for (stage, planned) in self.plan.stages().iter().enumerate() {
                for element in 0..planned.board.elements {
                    assert_eq!(
                        self.done.get(&(stage as u32, element)),
                        Some(&1),
                        "stage {stage} element {element}"
                    );
                }
            }
        }
        self.outcome = Some(outcome);
    }

    /// A step of a worker: claim, or run one element.
    pub(super) fn work(&mut self, id: WorkerId) {
        let worker = &self.workers[id.index()];
        if !worker.alive || worker.asleep {
            return;
        }
        let Some((lease, at)) = worker.lease else {
            match self.board.claim(id) {
                Some(lease) => self.begin(id, lease, lease.start),
                None => self.say_dry(id),
            }
            return;
        };
        match self.natures.get(&(lease.stage.0, at)) {
            Some(Nature::Hangs | Nature::Deaf) => {}
            Some(Nature::Kills) => self.kill(id, true),
            Some(Nature::Fails) => {
                self.workers[id.index()].lease = None;
                let spot = super::at(at);
                let nothing = Output::default();
                if self.board.fail(&lease, spot, nothing, nothing, Default::default()) {
                    let event = Event::ChunkFailed { stage: lease.stage, chunk: lease.chunk, spot };
                    self.workers[id.index()].said.push_back(event);
                }
            }
            None if self.board.control() != Control::Go => self.leave_element(id),
            None if at + 1 < lease.end => self.begin(id, lease, at + 1),
            None => {
                self.workers[id.index()].lease = None;
                assert!(self.board.complete(&lease, &Default::default()));
                for element in lease.start..lease.end {
                    *self.done.entry((lease.stage.0, element)).or_insert(0) += 1;
                }
            }
        }
    }

    fn begin(&mut self, id: WorkerId, lease: Lease, at: u64) {
        self.board.element(id, super::at(at));
        self.workers[id.index()].lease = Some((lease, at));
    }

    fn say_dry(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id.index()];
        worker.asleep = true;
        worker.said.push_back(Event::WorkerDry { worker: id });
    }

    /// An interrupt, or the end of an element after `Stop`: the chunk is dropped and the worker sleeps.
    fn leave_element(&mut self, id: WorkerId) {
        let worker = &self.workers[id.index()];
        let deaf = worker
            .lease
            .is_some_and(|(lease, at)| self.natures.get(&(lease.stage.0, at)) == Some(&Nature::Deaf));
        if worker.alive && !worker.asleep && !deaf {
            self.workers[id.index()].lease = None;
            self.say_dry(id);
        }
    }

    /// A worker dies. What it said before arrives first (or, being in a hurry, never: then the board knows).
    pub(super) fn kill(&mut self, id: WorkerId, mute: bool) {
        if !std::mem::replace(&mut self.workers[id.index()].alive, false) {
            return;
        }
        let worker = &mut self.workers[id.index()];
        worker.lease = None;
        if mute {
            worker.said.clear();
        }
        // A place holder: the leases are taken back when the death is noticed.
        let event = Event::WorkerLost { worker: id, leases: vec![], reason: "died".into(), at_fault: mute };
        worker.said.push_back(event);
    }

    /// The next message of a worker is read.
    pub(super) fn hear(&mut self, id: WorkerId) {
        match self.workers[id.index()].said.pop_front() {
            None => {}
            Some(Event::WorkerLost { worker, reason, at_fault, .. }) => {
                let leases = self.board.recover(worker).into_iter().map(LostLease::from).collect();
                for stage in self.open.clone() {
                    for chunk in self.board.failures(stage) {
                        let spot = chunk.failed.expect("it failed");
                        self.feed(Event::ChunkFailed { stage, chunk: chunk.chunk, spot });
                    }
                }
                self.feed(Event::WorkerLost { worker, leases, reason, at_fault });
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
        self.now += ns;
        self.feed(Event::Tick);
    }
}
