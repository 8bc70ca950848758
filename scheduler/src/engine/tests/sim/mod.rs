//! Simulated runs of the engine's tests: [`crate::simulate`]'s world under conditions that take times and faults from a seed, compute what
//! passes compute, and hold it against what it should be.
//!
//! | file | what stands there |
//! |---|---|
//! | `driver` | such a run, and what may be done to it |
//! | `fun` | FUN, and what a chunk hands in |
//! | `pace` | how long everything takes |
//! | `checks` | what must hold |
//! | `pages`, `values`, `rng` | pages, what passes compute, random numbers |
mod checks;
mod driver;
mod fun;
pub(super) mod pace;
pub(super) mod pages;
pub(crate) mod rng;
pub(super) mod values;

use crate::board::{Control, Lease};
use crate::engine::{EventKind, Failure};
use crate::graph::TaskKind;
use crate::id::{PassId, ResourceId, StageId, WorkerId};
use crate::link::consumption::Consumption;
use crate::link::work::{At, Work};
use crate::link::Parts;
use crate::plan::Plan;
use crate::simulate::conditions::{Conditions, Run};
use crate::simulate::context::Context;
pub(super) use driver::{Driver, When};
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

/// Natures of elements of passes; all others are good.
pub(super) type Natures = BTreeMap<(PassId, u64), Nature>;

/// A chunk in a checkpoint: its stage, its first element, the one after its last, and the numbers of each output.
pub(super) type LoggedChunk = (StageId, u64, u64, Vec<Vec<u64>>);

/// The conditions, and what was seen of the run.
pub(super) struct Checked {
    natures: Natures,
    pub(super) pace: Pace,
    /// How often each element of each stage was done.
    done: Vec<Vec<u32>>,
    pub(super) pages: Pages,
    /// What each pass should give.
    expected: Vec<Vec<u64>>,
    /// Elements whose time was over.
    late: BTreeSet<(PassId, u64)>,
    /// Since when each worker's FUN is at its element.
    called: BTreeMap<WorkerId, (PassId, u64, u64)>,
    parts: BTreeMap<ResourceId, Parts>,
    wholes: BTreeMap<ResourceId, u64>,
    touched: BTreeSet<ResourceId>,
    freed: BTreeSet<ResourceId>,
    let_go: BTreeSet<ResourceId>,
    gathered: BTreeSet<ResourceId>,
    /// How many elements of each variable are there.
    there: BTreeMap<ResourceId, u64>,
    /// Chunks that were claimed before all of a variable was there that they read.
    pub(super) early: u64,
    /// Workers that were cut off: they live on, and nobody can end them.
    cut_off: BTreeSet<WorkerId>,
    /// What the engine wrote down.
    pub(super) log: Vec<(u64, EventKind)>,
    /// Failures that the core heard of before the end.
    pub(super) reported: Vec<Failure>,
    /// Chunks that were written down, in a run with a checkpoint.
    pub(super) logged: Option<Vec<LoggedChunk>>,
    /// Why a worker cannot be started that comes next.
    pub(super) refused: Option<String>,
}

impl Checked {
    /// Nothing was seen yet.
    fn new(plan: &Plan, natures: Natures, pace: Pace) -> Checked {
        Checked {
            natures,
            pace,
            done: plan.stages().iter().map(|stage| vec![0; stage.board.elements as usize]).collect(),
            pages: Pages::default(),
            expected: values::interpret(plan.spec(), |_, _| false),
            late: BTreeSet::new(),
            called: BTreeMap::new(),
            parts: BTreeMap::new(),
            wholes: BTreeMap::new(),
            touched: BTreeSet::new(),
            freed: BTreeSet::new(),
            let_go: BTreeSet::new(),
            gathered: BTreeSet::new(),
            there: BTreeMap::new(),
            early: 0,
            cut_off: BTreeSet::new(),
            log: Vec::new(),
            reported: Vec::new(),
            logged: None,
            refused: None,
        }
    }

    /// Elements of a stage were done before the run began.
    pub(super) fn was_done(&mut self, stage: StageId, (start, end): (u64, u64)) {
        self.done[stage.index()][start as usize..end as usize].fill(1);
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

    fn share_steps(&mut self, _: ResourceId, elements: u64, after: u64) -> Vec<(u64, u64)> {
        let count = self.pace.below(5);
        let mut steps: Vec<u64> = (0..count).map(|_| self.pace.below(after)).collect();
        steps.sort_unstable();
        let mut there: Vec<u64> = (0..count).map(|_| self.pace.below(elements + 1)).collect();
        there.sort_unstable();
        steps.into_iter().zip(there).collect()
    }

    fn shared_to(&mut self, resource: ResourceId, elements: u64) {
        let there = self.there.entry(resource).or_default();
        *there = elements.max(*there);
    }

    fn step_ns(&mut self, context: &Context, worker: WorkerId, at: At) -> Option<u64> {
        self.pace.step(worker, at, context.now)
    }

    fn claim(&mut self, context: &Context, consumes: &mut Consumption, work: &mut Work) -> Option<Lease> {
        // One that is cut off may have been just before its claim.
        let late = self.cut_off.contains(&work.slot()) && self.pace.coin();
        let shut = late && context.board().set_shut(work.slot(), false);
        let lease = work.claim(&mut context.attached(consumes));
        if shut {
            context.board().set_shut(work.slot(), true);
        }
        lease.iter().for_each(|lease| self.check_inputs(context, lease));
        lease
    }

    fn run(&mut self, context: &Context, work: &mut Work, chunk: &mut fun::Chunk) {
        self.fun(context, work, chunk);
    }

    fn kills(&self, context: &Context, work: &Work) -> bool {
        self.nature(context, work) == Some(Nature::Kills)
    }

    fn is_mute(&mut self) -> bool {
        self.pace.coin()
    }

    fn hangs(&self, context: &Context, work: &Work) -> bool {
        matches!(self.nature(context, work), Some(Nature::Hangs | Nature::Deaf))
    }

    fn listens(&self, context: &Context, work: &Work) -> bool {
        match self.nature(context, work) {
            Some(nature) => nature != Nature::Deaf,
            // Some have their time and do not mind.
            None => work.held().is_none_or(|(lease, _)| lease.start % 2 == 0),
        }
    }

    fn hand_in(&mut self, run: &mut Run<'_>, work: &mut Work, chunk: &mut fun::Chunk) -> bool {
        self.deliver_chunk(run, work, chunk)
    }

    fn shares(&mut self, resource: ResourceId) {
        assert!(self.touched.insert(resource), "shared twice");
    }

    fn spawns(&mut self, context: &Context) {
        assert_eq!(context.board().control(), Control::Go);
    }

    fn gathers(&mut self, context: &Context, resource: ResourceId) {
        assert!(self.gathered.insert(resource), "delivered twice");
        self.check_result(context, resource);
    }

    fn frees(&mut self, context: &Context, resource: ResourceId) {
        assert!(self.freed.insert(resource), "freed twice");
        assert!(!context.plan.is_wanted(resource), "the caller wants it");
        self.pages.free(resource);
    }

    fn keeps(&mut self, context: &Context, resource: ResourceId) {
        assert!(self.freed.insert(resource), "freed twice");
        assert!(context.plan.is_wanted(resource), "nobody wants it");
    }

    fn releases(&mut self, resource: ResourceId) {
        assert!(self.let_go.insert(resource), "released twice");
    }

    fn logs(&mut self, context: &Context, what: &EventKind) {
        let board = context.board();
        assert_ne!(board.control(), Control::Ended, "{what:?} after the end");
        self.log.push((context.now, what.clone()));
        match *what {
            EventKind::Began(task) => {
                let TaskKind::Map(stage) = context.plan.graph().tasks()[task.index()].kind else { return };
                assert_eq!(board.control(), Control::Go);
                for &pass in &context.plan.stages()[stage.index()].outputs {
                    let made = context.plan.result_of(pass).expect("an output has a page");
                    assert!(self.touched.insert(made), "opened twice");
                }
            }
            EventKind::Queued(stage, start, end, _) => {
                assert_eq!(board.control(), Control::Go);
                let again = &self.done[stage.index()][start as usize..end as usize];
                assert!(again.iter().all(|&times| times == 0), "asked to do again what is done");
            }
            EventKind::Late(worker, stage, at) => {
                let pass = context.plan.stages()[stage.index()].passes[at.step as usize];
                let limit = context.plan.spec().passes[pass.index()].limit.expect("it has a limit");
                let (called, element, since) = self.called[&worker];
                assert_eq!((called, element), (pass, at.element), "it is at another element");
                // The board has it to 4 ns.
                assert!(context.now + 4 >= since + limit.ns, "its time is not over");
                assert!(self.late.insert((pass, element)), "it was tried again");
            }
            EventKind::Killed(worker, ..) => {
                let (pass, element, _) = self.called[&worker];
                assert!(self.late.contains(&(pass, element)), "it had its time");
            }
            EventKind::Failed(stage, chunk, _) => {
                let failures = board.failures(stage);
                let record = failures.iter().find(|record| record.chunk == chunk).expect("it failed");
                let position = record.failed.expect("it failed");
                self.reported.push(Failure { stage, position, chunk });
            }
            _ => {}
        }
    }

    fn lost(&mut self, held: Option<Lease>, taken_back: u32) {
        assert_eq!(taken_back, u32::from(held.is_some()), "what a lost worker held");
    }
}
