//! A simulated run from its begin to its end: what is due comes, and the engine hears of it.
use super::conditions::Conditions;
use super::context::Context;
use super::place::{Life, Worker};
use super::queue::Entry;
use super::world::SimWorld;
use crate::engine::{Engine, Event, Settings, World};
use crate::error::Result;
use crate::id::WorkerId;
use crate::plan::Plan;
use std::sync::Arc;

/// A simulated run.
pub(crate) struct Simulation<C: Conditions> {
    engine: Engine,
    pub(crate) world: SimWorld<C>,
}

impl<C: Conditions> Simulation<C> {
    /// A run that has not begun, whose workers are being started. The session copied in what is scoped.
    pub(crate) fn new(plan: &Plan, settings: Settings, conditions: C) -> Result<Simulation<C>> {
        let context = Context::new(plan)?;
        let engine = Engine::new(Arc::clone(&context.plan), settings, context.board());
        context.shared().for_each(|resource| context.board().take_bytes(context.bytes(resource)));
        Ok(Simulation { engine, world: SimWorld::new(context, conditions) })
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
