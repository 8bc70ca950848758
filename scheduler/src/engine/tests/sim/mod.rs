//! Simulated runs of the engine's tests: [`crate::simulate`]'s world under conditions that take times and faults from a seed, compute what
//! passes compute, and hold it against what it should be.
//!
//! | file | what stands there |
//! |---|---|
//! | `fun` | FUN, and what a chunk hands in |
//! | `pace` | how long everything takes |
//! | `checks` | what must hold |
//! | `pages`, `values`, `rng` | pages, what passes compute, random numbers |
mod checks;
mod fun;
pub(super) mod pace;
pub(super) mod pages;
pub(super) mod rng;
pub(super) mod values;

use crate::board::{Board, Control, Lease};
use crate::engine::{Engine, Event, Failure, Loss, Outcome, Settings, What};
use crate::graph::TaskKind;
use crate::id::{PassId, ResourceId, WorkerId};
use crate::link::drains::Drains;
use crate::link::work::{At, Work};
use crate::link::Parts;
use crate::plan::Plan;
use crate::simulate::conditions::{Conditions, Run};
use crate::simulate::queue::Happening;
use crate::simulate::world::{Ground, Simulation};
use pace::Pace;
use pages::Pages;
use std::collections::{BTreeMap, BTreeSet};

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

/// Moments in which a worker may be lost, two of which chance hardly meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Any,
    /// The worker has a chunk and is at no element of it, so that none is to blame.
    Holds,
    /// It is about to claim.
    Aims,
}

/// Natures of elements of passes; all others are good.
pub(super) type Natures = BTreeMap<(PassId, u64), Nature>;

/// A run, checked whenever the engine took a step.
pub(super) struct Driver {
    sim: Simulation<Checked>,
}

/// The conditions, and what was seen of the run.
pub(super) struct Checked {
    natures: Natures,
    pub(super) pace: Pace,
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
    /// Workers that were cut off: they live on, and nobody can end them.
    ghosts: BTreeSet<WorkerId>,
    /// Failures that the core heard of before the end.
    pub(super) reported: Vec<Failure>,
    /// Why a worker cannot be started that comes next.
    pub(super) refused: Option<String>,
}

impl Driver {
    /// A run whose workers are being started.
    pub(super) fn new(plan: &Plan, settings: Settings, natures: Natures, pace: Pace) -> Driver {
        let done = plan.stages().iter().map(|stage| vec![0; stage.board.elements as usize]).collect();
        let conditions = Checked {
            natures,
            pace,
            done,
            pages: Pages::default(),
            expected: values::interpret(plan.spec()),
            parts: BTreeMap::new(),
            wholes: BTreeMap::new(),
            touched: BTreeSet::new(),
            freed: BTreeSet::new(),
            let_go: BTreeSet::new(),
            gathered: BTreeSet::new(),
            ghosts: BTreeSet::new(),
            reported: Vec::new(),
            refused: None,
        };
        let mut sim = Simulation::new(plan, settings, conditions).expect("a board");
        let (ground, pages) = (&sim.world.ground, &mut sim.world.conditions.pages);
        ground.shared().for_each(|resource| pages.share(resource, ground.bytes(resource)));
        sim.launch();
        Driver { sim }
    }

    pub(super) fn engine(&self) -> &Engine {
        self.sim.engine()
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.sim.world.ground.plan
    }

    pub(super) fn board(&self) -> &Board {
        self.sim.world.ground.board()
    }

    pub(super) fn seen(&mut self) -> &mut Checked {
        &mut self.sim.world.conditions
    }

    /// How the run ended.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.sim.world.ended.as_ref().map(|(_, outcome)| outcome.clone())
    }

    pub(super) fn now(&self) -> u64 {
        self.sim.world.ground.now
    }

    /// Workers that were lost.
    pub(super) fn losses(&self) -> u32 {
        self.sim.world.losses
    }

    /// Failures that the core heard of before the end.
    pub(super) fn reported(&self) -> &[Failure] {
        &self.sim.world.conditions.reported
    }

    /// What comes next; `false` when nothing will.
    pub(super) fn next(&mut self) -> bool {
        let was_over = self.sim.world.ended.is_some();
        let happened = self.sim.next();
        if !matches!(happened, None | Some(Happening::Step(_))) {
            self.check(was_over, &happened);
        }
        happened.is_some()
    }

    /// The engine hears of something from outside.
    pub(super) fn feed(&mut self, event: Event) {
        let was_over = self.sim.world.ended.is_some();
        self.sim.tell(event.clone(), self.now());
        self.check(was_over, &event);
    }

    /// Time passes in which nothing else happens.
    pub(super) fn pass(&mut self, ns: u64) {
        let now = &mut self.sim.world.ground.now;
        *now = now.saturating_add(ns);
        self.feed(Event::Tick);
    }

    pub(super) fn lose(&mut self, worker: WorkerId, mute: bool, loss: Loss) -> bool {
        let lost = self.sim.world.lose(worker, mute, loss);
        if lost && loss == Loss::CutOff {
            self.seen().ghosts.insert(worker);
        }
        lost
    }

    /// Whether this is such a moment for a worker.
    pub(super) fn is_at(&self, id: WorkerId, moment: Moment) -> bool {
        let work = &self.sim.world.workers[id.index()].work;
        match moment {
            Moment::Any => true,
            Moment::Holds => work.held().is_some_and(|(_, spot)| spot.is_none()),
            Moment::Aims => matches!(work.at(), At::Aims(_)),
        }
    }

    /// A worker that was cut off.
    pub(super) fn ghost(&self) -> Option<WorkerId> {
        self.sim.world.conditions.ghosts.first().copied()
    }

    /// The run is over, and whoever was cut off does not know: it goes on.
    pub(super) fn haunt(&mut self) {
        let ghosts = self.seen().ghosts.len() as u64;
        (0..500 * ghosts).all(|_| self.next());
    }

    /// From here on all is fair: every worker works, every message arrives, time passes. Must end.
    pub(super) fn finish(&mut self) -> Outcome {
        self.feed(Event::Started);
        self.seen().pace.calm();
        for nth in 1..200_000 {
            if let Some(outcome) = self.outcome() {
                return outcome;
            }
            if !self.next() || nth % 1_000 == 0 {
                self.pass(1_000_000_000);
            }
        }
        panic!("the run does not end: {:?}", self.engine());
    }
}

impl Conditions for Checked {
    type Chunk = fun::Chunk;

    fn travel_ns(&mut self) -> u64 {
        self.pace.some()
    }

    fn late_ns(&mut self) -> u64 {
        self.pace.some()
    }

    fn join_ns(&mut self, _: WorkerId) -> u64 {
        self.pace.some()
    }

    fn launch(&mut self, _: WorkerId) -> Result<(), String> {
        self.refused.take().map_or(Ok(()), Err)
    }

    fn share_ns(&mut self, _: ResourceId) -> Option<u64> {
        Some(self.pace.some())
    }

    fn step_ns(&mut self, _: &Ground, _: WorkerId, _: At) -> Option<u64> {
        Some(self.pace.some())
    }

    fn claim(&mut self, ground: &Ground, drains: &mut Drains, work: &mut Work) -> Option<Lease> {
        // One that is cut off may have been just before its claim.
        let late = self.ghosts.contains(&work.slot()) && self.pace.coin();
        let shut = late && ground.board().set_shut(work.slot(), false);
        let lease = work.claim(&mut ground.attached(drains));
        if shut {
            ground.board().set_shut(work.slot(), true);
        }
        lease.iter().for_each(|lease| checks::check_inputs(ground, lease));
        lease
    }

    fn run(&mut self, ground: &Ground, work: &mut Work, chunk: &mut fun::Chunk) {
        self.fun(ground, work, chunk);
    }

    fn kills(&self, ground: &Ground, work: &Work) -> bool {
        self.nature(ground, work) == Some(Nature::Kills)
    }

    fn is_mute(&mut self) -> bool {
        self.pace.coin()
    }

    fn hangs(&self, ground: &Ground, work: &Work) -> bool {
        matches!(self.nature(ground, work), Some(Nature::Hangs | Nature::Deaf))
    }

    fn listens(&self, ground: &Ground, work: &Work) -> bool {
        self.nature(ground, work) != Some(Nature::Deaf)
    }

    fn hand_in(&mut self, run: &mut Run<'_>, work: &mut Work, chunk: &mut fun::Chunk) -> bool {
        self.deliver_chunk(run, work, chunk)
    }

    fn shares(&mut self, resource: ResourceId) {
        assert!(self.touched.insert(resource), "shared twice");
    }

    fn spawns(&mut self, ground: &Ground) {
        assert_eq!(ground.board().control(), Control::Go);
    }

    fn delivers(&mut self, ground: &Ground, resource: ResourceId) {
        assert!(self.gathered.insert(resource), "delivered twice");
        self.check_result(ground, resource);
    }

    fn frees(&mut self, ground: &Ground, resource: ResourceId) {
        assert!(self.freed.insert(resource), "freed twice");
        assert!(!ground.plan.is_wanted(resource), "the caller wants it");
        self.pages.free(resource);
    }

    fn keeps(&mut self, ground: &Ground, resource: ResourceId) {
        assert!(self.freed.insert(resource), "freed twice");
        assert!(ground.plan.is_wanted(resource), "nobody wants it");
    }

    fn releases(&mut self, resource: ResourceId) {
        assert!(self.let_go.insert(resource), "released twice");
    }

    fn logs(&mut self, ground: &Ground, what: &What) {
        let board = ground.board();
        assert_ne!(board.control(), Control::Ended, "{what:?} after the end");
        match *what {
            What::Began(task) => {
                let TaskKind::Map(stage) = ground.plan.graph().tasks()[task.index()].kind else { return };
                assert_eq!(board.control(), Control::Go);
                for &pass in &ground.plan.stages()[stage.index()].outputs {
                    let made = ground.plan.result_of(pass).expect("an output has a page");
                    assert!(self.touched.insert(made), "opened twice");
                }
            }
            What::PutUp(stage, start, end, _) => {
                assert_eq!(board.control(), Control::Go);
                let again = &self.done[stage.index()][start as usize..end as usize];
                assert!(again.iter().all(|&times| times == 0), "asked to do again what is done");
            }
            What::Failed(stage, chunk, _) => {
                let failures = board.failures(stage);
                let record = failures.iter().find(|record| record.chunk == chunk).expect("it failed");
                let spot = record.failed.expect("it failed");
                self.reported.push(Failure { stage, spot, chunk });
            }
            _ => {}
        }
    }

    fn lost(&mut self, held: Option<Lease>, taken_back: u32) {
        assert_eq!(taken_back, u32::from(held.is_some()), "what a lost worker held");
    }
}
