//! The world of a simulated run: a virtual clock, workers, and messages that travel. One for all simulated runs; what differs between these
//! stands behind [`Conditions`].
use super::conditions::Conditions;
use super::memory::Private;
use super::queue::{Entry, Queue};
use super::worker::{Life, Worker};
use crate::board::Board;
use crate::engine::{Engine, Event, Loss, Outcome, Settings, What, World};
use crate::error::Result;
use crate::graph::TaskKind;
use crate::id::{ResourceId, WorkerId};
use crate::link::drains::Drains;
use crate::link::work::Attached;
use crate::plan::Plan;
use crate::wire::RunSpec;
use std::sync::Arc;

/// A simulated run.
pub(crate) struct Simulation<C: Conditions> {
    engine: Engine,
    pub(crate) world: SimWorld<C>,
}

/// What all of a run's parts look at.
pub(crate) struct Context {
    pub(crate) plan: Arc<Plan>,
    pub(crate) spec: RunSpec,
    board: Private,
    /// The time.
    pub(crate) now: u64,
}

/// What the engine of a simulated run acts on.
pub(crate) struct SimWorld<C: Conditions> {
    pub(crate) context: Context,
    pub(crate) conditions: C,
    pub(crate) workers: Vec<Worker<C::Chunk>>,
    /// All workers' together.
    pub(super) drains: Drains,
    pub(crate) queue: Queue,
    /// The time of the engine's step under way: later than now where the supervisor was busy.
    pub(super) step_ns: u64,
    /// The supervisor is busy until then.
    supervised_ns: u64,
    tick_ns: Option<u64>,
    /// Workers that were lost.
    pub(crate) losses: u32,
    /// How the run ended, and when.
    pub(crate) ended: Option<(u64, Outcome)>,
}

impl<C: Conditions> Simulation<C> {
    /// A run that has not begun, whose workers are being started. The session copied in what is scoped.
    pub(crate) fn new(plan: &Plan, settings: Settings, conditions: C) -> Result<Simulation<C>> {
        let board = Private::new(&plan.board_spec(b""))?;
        let plan = Arc::new(plan.clone());
        let engine = Engine::new(Arc::clone(&plan), settings, board.board());
        let spec = RunSpec::new(&plan, vec![], vec![]);
        let world = SimWorld {
            workers: (0..plan.workers()).map(|id| Worker::absent(WorkerId(id))).collect(),
            context: Context { plan, spec, board, now: 0 },
            conditions,
            drains: Drains::default(),
            queue: Queue::default(),
            step_ns: 0,
            supervised_ns: 0,
            tick_ns: None,
            losses: 0,
            ended: None,
        };
        let context = &world.context;
        context.shared().for_each(|resource| context.board().take_bytes(context.bytes(resource)));
        Ok(Simulation { engine, world })
    }

    /// Has the first workers come.
    pub(crate) fn launch(&mut self) {
        (0..self.world.context.plan.workers()).for_each(|id| self.world.spawn(WorkerId(id)));
    }

    /// Whatever comes next comes; says what, or `None` when nothing will.
    pub(crate) fn next(&mut self) -> Option<Entry> {
        let (time, number, entry) = self.world.queue.pop()?;
        // What is late does not turn the clock back.
        self.world.context.now = self.world.context.now.max(time);
        let now = self.world.context.now;
        match entry {
            Entry::Join(worker) => self.join(worker, now),
            Entry::Step(worker) => self.world.step(worker, number),
            Entry::Hear(worker) => self.hear(worker, now),
            Entry::SharedTo(resource, elements) => {
                self.world.conditions.shared_to(resource, elements);
                self.tell(Event::SharedTo { resource, elements }, now);
            }
            Entry::Shared(resource) => {
                self.world.conditions.shared_to(resource, u64::MAX);
                self.tell(Event::Shared { resource }, now);
            }
            Entry::Tick => {
                self.world.tick_ns = None;
                self.tell(Event::Tick, now);
            }
        }
        Some(entry)
    }

    /// The engine hears of an event.
    pub(crate) fn tell(&mut self, event: Event, now: u64) {
        let world = &mut self.world;
        world.step_ns = now;
        if let Some(next) = self.engine.step(world, now, [event]) {
            if world.tick_ns.is_none_or(|tick| tick > next) {
                world.tick_ns = Some(next);
                let late = world.conditions.late_ns();
                world.queue.push(next.max(now).saturating_add(late), Entry::Tick);
            }
        }
    }

    fn join(&mut self, worker: WorkerId, now: u64) {
        match self.world.conditions.launch(worker) {
            Ok(()) => {
                self.world.workers[worker.index()].life = Life::Lives;
                self.tell(Event::WorkerJoined { worker }, now);
                self.world.go_on(worker);
            }
            Err(reason) => self.tell(Event::LaunchFailed { worker, reason }, now),
        }
    }

    fn hear(&mut self, id: WorkerId, now: u64) {
        let world = &mut self.world;
        let worker = &mut world.workers[id.index()];
        let Some(event) = worker.said.pop_front() else { return };
        world.supervised_ns = now.max(world.supervised_ns).saturating_add(world.conditions.event_ns());
        let now = world.supervised_ns;
        if !matches!(event, Event::WorkerLost { .. }) {
            return self.tell(event, now);
        }
        let held = worker.holds().filter(|_| world.ended.is_none());
        if worker.life != Life::CutOff {
            *worker = Worker::absent(id);
        }
        let before = self.engine.retries();
        self.tell(event, now);
        self.world.conditions.lost(held, self.engine.retries() - before);
    }

    /// What the engine knows.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Context {
    pub(crate) fn board(&self) -> &Board {
        self.board.board()
    }

    pub(crate) fn bytes(&self, resource: ResourceId) -> u64 {
        self.plan.graph().resources()[resource.index()].bytes
    }

    /// The variables that are copied in for the run.
    pub(crate) fn shared(&self) -> impl Iterator<Item = ResourceId> + '_ {
        self.plan.graph().tasks().iter().filter_map(|task| match task.kind {
            TaskKind::Share(resource) => Some(resource),
            _ => None,
        })
    }

    /// The run, as a worker is attached to it.
    pub(crate) fn attached<'a>(&'a self, drains: &'a mut Drains) -> Attached<'a> {
        Attached { board: self.board(), spec: &self.spec, drains }
    }
}

impl<C: Conditions> SimWorld<C> {
    /// A worker is lost: `false` if there is none. What it said before arrives first; or, mute, never: then the board knows. One that is cut
    /// off lives on, and nobody hears of it any more, not even when it dies.
    pub(crate) fn lose(&mut self, id: WorkerId, mute: bool, loss: Loss) -> bool {
        let worker = &mut self.workers[id.index()];
        let before = worker.life;
        worker.life = if loss == Loss::CutOff { before.min(Life::CutOff) } else { Life::Absent };
        if before != Life::Lives {
            return false;
        }
        self.losses += 1;
        if mute {
            worker.said.clear();
        }
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
    fn board(&self) -> &Board {
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
            self.lose(worker, false, Loss::EndedByUs);
        }
    }

    fn deliver(&mut self, resource: ResourceId) {
        self.conditions.delivers(&self.context, resource);
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

    fn log(&mut self, _now_ns: u64, what: What) {
        self.conditions.logs(&self.context, &what);
    }

    fn dismiss(&mut self) {}

    fn finish(&mut self, now_ns: u64, outcome: Outcome) {
        self.ended = Some((now_ns, outcome));
    }
}
