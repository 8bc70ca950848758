//! A simulated run of the tests, driven from one entry of its queue to the next.
use super::pace::Pace;
use super::{Checked, Natures};
use crate::board::SupervisorBoard;
use crate::engine::{Engine, Event, Failure, Loss, Outcome, Settings};
use crate::id::{PassId, WorkerId};
use crate::link::work::At;
use crate::plan::Plan;
use crate::simulate::queue::Entry;
use crate::simulate::run::Simulation;

/// When a worker may be lost; two of these times chance hardly meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::tests) enum When {
    Any,
    /// The worker has a chunk and is at no element of it, so that none is to blame.
    Holds,
    /// It is about to claim.
    Aims,
}

/// A run, checked whenever the engine took a step.
pub(in crate::engine::tests) struct Driver {
    pub(super) sim: Simulation<Checked>,
}

impl Driver {
    /// A run whose workers are being started.
    pub(in crate::engine::tests) fn new(
        plan: &Plan,
        settings: Settings,
        natures: Natures,
        pace: Pace,
    ) -> Driver {
        let conditions = Checked::new(plan, natures, pace);
        let mut sim = Simulation::new(plan, settings, conditions).expect("a board");
        let (context, pages) = (&sim.world.context, &mut sim.world.conditions.pages);
        context.shared().for_each(|resource| pages.share(resource, context.bytes(resource)));
        sim.launch();
        Driver { sim }
    }

    pub(in crate::engine::tests) fn engine(&self) -> &Engine {
        self.sim.engine()
    }

    pub(in crate::engine::tests) fn plan(&self) -> &Plan {
        &self.sim.world.context.plan
    }

    pub(in crate::engine::tests) fn board(&self) -> &SupervisorBoard {
        self.sim.world.context.board()
    }

    pub(in crate::engine::tests) fn seen(&mut self) -> &mut Checked {
        &mut self.sim.world.conditions
    }

    /// How the run ended.
    pub(in crate::engine::tests) fn outcome(&self) -> Option<Outcome> {
        self.sim.world.ended.as_ref().map(|(_, outcome)| outcome.clone())
    }

    /// Whether an element took too long.
    pub(in crate::engine::tests) fn is_late(&self, pass: PassId, element: u64) -> bool {
        self.sim.world.conditions.late.contains(&(pass, element))
    }

    /// Whether any did.
    pub(in crate::engine::tests) fn has_late(&self) -> bool {
        !self.sim.world.conditions.late.is_empty()
    }

    pub(in crate::engine::tests) fn now(&self) -> u64 {
        self.sim.world.context.now
    }

    /// Workers that were lost.
    pub(in crate::engine::tests) fn losses(&self) -> u32 {
        self.sim.world.losses
    }

    /// Chunks that were claimed before all of a variable was there that they read.
    pub(in crate::engine::tests) fn early(&self) -> u64 {
        self.sim.world.conditions.early
    }

    /// Failures that the core heard of before the end.
    pub(in crate::engine::tests) fn reported(&self) -> &[Failure] {
        &self.sim.world.conditions.reported
    }

    /// What comes next; `false` when nothing will.
    pub(in crate::engine::tests) fn next(&mut self) -> bool {
        let was_over = self.sim.world.ended.is_some();
        let happened = self.sim.next();
        if !matches!(happened, None | Some(Entry::Step(_))) {
            self.check(was_over, &happened);
        }
        happened.is_some()
    }

    /// The engine hears of something from outside.
    pub(in crate::engine::tests) fn feed(&mut self, event: Event) {
        let was_over = self.sim.world.ended.is_some();
        self.sim.tell(event.clone(), self.now());
        self.check(was_over, &event);
    }

    /// Time passes in which nothing else happens.
    pub(in crate::engine::tests) fn pass(&mut self, ns: u64) {
        let now = &mut self.sim.world.context.now;
        *now = now.saturating_add(ns);
        self.feed(Event::Tick);
    }

    /// What a worker said is not heard.
    pub(in crate::engine::tests) fn silence(&mut self, worker: WorkerId) {
        self.sim.world.silence(worker);
    }

    pub(in crate::engine::tests) fn lose(&mut self, worker: WorkerId, loss: Loss) -> bool {
        let lost = self.sim.world.lose(worker, loss);
        if lost && loss == Loss::CutOff {
            self.seen().cut_off.insert(worker);
        }
        lost
    }

    /// Whether this is such a time for a worker.
    pub(in crate::engine::tests) fn is_at(&self, id: WorkerId, when: When) -> bool {
        let work = &self.sim.world.workers[id.index()].work;
        match when {
            When::Any => true,
            When::Holds => work.held().is_some_and(|(_, position)| position.is_none()),
            When::Aims => matches!(work.at(), At::Aims(_)),
        }
    }

    /// A worker that was cut off.
    pub(in crate::engine::tests) fn cut_off(&self) -> Option<WorkerId> {
        self.sim.world.conditions.cut_off.first().copied()
    }

    /// The run is over, and whoever was cut off does not know: it goes on.
    pub(in crate::engine::tests) fn after_the_end(&mut self) {
        let cut_off = self.seen().cut_off.len() as u64;
        (0..500 * cut_off).all(|_| self.next());
    }

    /// From here on all is fair: every worker works, every message arrives, time passes. Must end.
    pub(in crate::engine::tests) fn finish(&mut self) -> Outcome {
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
