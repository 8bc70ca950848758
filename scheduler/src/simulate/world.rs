//! The world of a simulated run: a virtual clock, workers, and messages that travel. One for all simulated runs; what differs between these
//! stands behind [`Conditions`].
use super::conditions::Conditions;
use super::context::Context;
use super::place::{Life, Worker};
use super::queue::{Entry, Queue};
use crate::board::SupervisorBoard;
use crate::engine::{Event, EventKind, Loss, Outcome, World};
use crate::id::{ResourceId, WorkerId};
use crate::link::consumption::Consumption;

/// What the engine of a simulated run acts on.
pub(crate) struct SimWorld<C: Conditions> {
    pub(crate) context: Context,
    pub(crate) conditions: C,
    pub(crate) workers: Vec<Worker<C::Chunk>>,
    /// All workers' together.
    pub(super) consumes: Consumption,
    pub(crate) queue: Queue,
    /// The time of the engine's step under way: later than now where the supervisor was busy.
    pub(super) step_ns: u64,
    /// The supervisor is busy until then.
    pub(super) supervised_ns: u64,
    pub(super) tick_ns: Option<u64>,
    /// Workers that were lost.
    pub(crate) losses: u32,
    /// How the run ended, and when.
    pub(crate) ended: Option<(u64, Outcome)>,
}

impl<C: Conditions> SimWorld<C> {
    pub(super) fn new(context: Context, conditions: C) -> SimWorld<C> {
        SimWorld {
            workers: (0..context.plan.workers()).map(|id| Worker::absent(WorkerId(id))).collect(),
            context,
            conditions,
            consumes: Consumption::default(),
            queue: Queue::default(),
            step_ns: 0,
            supervised_ns: 0,
            tick_ns: None,
            losses: 0,
            ended: None,
        }
    }

    /// What a worker said and nobody heard yet is never heard: then the board knows.
    pub(crate) fn silence(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id.index()];
        if worker.life == Life::Lives {
            worker.said.clear();
        }
    }

    /// A worker is lost: `false` if there is none. What it said before arrives first. One that is cut off lives on, and nobody hears of it
    /// any more, not even when it dies.
    pub(crate) fn lose(&mut self, id: WorkerId, loss: Loss) -> bool {
        let worker = &mut self.workers[id.index()];
        let before = worker.life;
        worker.life = if loss == Loss::CutOff { before.min(Life::CutOff) } else { Life::Absent };
        if before != Life::Lives {
            return false;
        }
        self.losses += 1;
        self.post(id, Event::WorkerLost { worker: id, leases: vec![], reason: "died".into(), loss });
        true
    }

    /// A worker says something, which somebody hears if it can be reached.
    pub(super) fn say(&mut self, id: WorkerId, event: Event) {
        if self.workers[id.index()].life == Life::Lives {
            self.post(id, event);
        }
    }

    fn post(&mut self, id: WorkerId, event: Event) {
        self.workers[id.index()].said.push_back(event);
        let time = self.context.now.saturating_add(self.conditions.travel_ns());
        self.queue.push(time, Entry::Hear(id));
    }
}

/// Orders take effect at the time of the engine's step.
impl<C: Conditions> World for SimWorld<C> {
    fn board(&self) -> &SupervisorBoard {
        self.context.board()
    }

    fn share(&mut self, resource: ResourceId) -> bool {
        self.conditions.shares(resource);
        let Some(after) = self.conditions.share_ns(resource) else { return true };
        if let Some(elements) = self.context.plan.streamed_elements(resource) {
            for (ns, there) in self.conditions.share_steps(resource, elements, after) {
                self.queue.push(self.step_ns.saturating_add(ns), Entry::SharedTo(resource, there));
            }
        }
        self.queue.push(self.step_ns.saturating_add(after), Entry::Shared(resource));
        false
    }

    fn wake(&mut self, worker: WorkerId) {
        if std::mem::take(&mut self.workers[worker.index()].asleep) {
            let time = self.step_ns.saturating_add(self.conditions.travel_ns());
            self.due(worker, time);
        }
    }

    fn spawn(&mut self, worker: WorkerId) {
        self.conditions.spawns(&self.context);
        let time = self.step_ns.saturating_add(self.conditions.join_ns(worker));
        self.queue.push(time, Entry::Join(worker));
    }

    fn interrupt(&mut self, worker: WorkerId) {
        self.interrupt_worker(worker);
    }

    fn kill(&mut self, worker: WorkerId) {
        // One that is cut off is not reached.
        if self.workers[worker.index()].life == Life::Lives {
            self.lose(worker, Loss::EndedByUs);
        }
    }

    fn gather(&mut self, resource: ResourceId) {
        self.conditions.gathers(&self.context, resource);
    }

    fn free(&mut self, resource: ResourceId) -> Option<u64> {
        self.conditions.frees(&self.context, resource);
        Some(self.context.bytes(resource))
    }

    fn keep(&mut self, resource: ResourceId) {
        self.conditions.keeps(&self.context, resource);
    }

    fn release(&mut self, resource: ResourceId) {
        self.conditions.releases(resource);
    }

    fn log(&mut self, _now_ns: u64, what: EventKind) {
        self.conditions.logs(&self.context, &what);
    }

    fn dismiss(&mut self) {}

    fn finish(&mut self, now_ns: u64, outcome: Outcome) {
        self.ended = Some((now_ns, outcome));
    }
}
