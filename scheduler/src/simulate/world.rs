//! The world of a simulated run: workers that are a lease each, a clock, and messages that travel.
use super::load::Load;
use super::memory::Private;
use super::{Model, Simulated};
use crate::board::{Board, Delivered, Lease, Span};
use crate::engine::{Engine, Event, Outcome, Settings, What, World};
use crate::error::Result;
use crate::graph::TaskKind;
use crate::id::{ResourceId, WorkerId};
use crate::plan::Plan;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// What happens at some time. The order of the variants decides between those at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// A worker has the board.
    Join(WorkerId),
    /// A worker hands in its chunk, if it has one, and takes the next.
    Free(WorkerId),
    /// The supervisor reads that a worker ended a stage.
    Ended,
    /// The supervisor reads that a worker found nothing.
    Dry(WorkerId),
    /// A worker reads that there may be something.
    Wake(WorkerId),
    /// The engine wanted to be asked.
    Tick,
}

#[derive(Clone, Copy, Debug, Default)]
struct Worker {
    lease: Option<(Lease, Span)>,
    busy_ns: f64,
    chunks: u64,
}

/// A simulated run.
pub(super) struct Simulation<'a> {
    engine: Engine,
    world: SimWorld<'a>,
}

/// What the engine of a simulated run acts on.
struct SimWorld<'a> {
    plan: &'a Plan,
    model: &'a Model,
    loads: Vec<Load>,
    board: Private,
    workers: Vec<Worker>,
    /// What is to come: time, then in the order in which it came up.
    agenda: BinaryHeap<Reverse<(u64, u64, Happening)>>,
    asked: u64,
    /// The time of the step under way.
    now: u64,
    /// What is known at once of what the engine asked for.
    answers: Vec<Event>,
    /// The supervisor is busy until then.
    supervised_ns: u64,
    tick_ns: Option<u64>,
    ended_ns: Option<u64>,
}

impl<'a> Simulation<'a> {
    pub(super) fn new(plan: &'a Plan, model: &'a Model, loads: Vec<Load>) -> Result<Simulation<'a>> {
        let board = Private::new(&plan.board_spec(b""))?;
        let settings = Settings { workers: plan.workers(), ..Settings::default() };
        let engine = Engine::new(Arc::new(plan.clone()), settings, board.board());
        let world = SimWorld {
            plan,
            model,
            loads,
            board,
            workers: vec![Worker::default(); plan.workers() as usize],
            agenda: BinaryHeap::new(),
            asked: 0,
            now: 0,
            answers: Vec::new(),
            supervised_ns: 0,
            tick_ns: None,
            ended_ns: None,
        };
        for task in plan.graph().tasks() {
            if let TaskKind::Share(resource) = task.kind {
                world.board().take_bytes(world.bytes(resource));
            }
        }
        Ok(Simulation { engine, world })
    }

    pub(super) fn run(mut self, bound_ns: u64) -> Result<Simulated> {
        self.tell(Event::Started, 0);
        let model = self.world.model;
        for worker in (0..self.world.workers.len() as u32).map(WorkerId) {
            let at = model.join_ns + u64::from(worker.0) * model.join_each_ns;
            self.world.at(at, Happening::Join(worker));
        }
        while let (None, Some(Reverse((now, _, happening)))) = (self.world.ended_ns, self.world.agenda.pop())
        {
            self.happen(happening, now);
        }
        Ok(self.world.result(bound_ns, self.engine.withdrawn().len() as u32))
    }

    fn happen(&mut self, happening: Happening, now: u64) {
        match happening {
            Happening::Join(worker) => {
                self.tell(Event::WorkerJoined { worker }, now);
                self.world.claim(worker, now);
            }
            Happening::Free(worker) => {
                self.world.complete(worker, now);
                self.world.claim(worker, now);
            }
            Happening::Wake(worker) => self.world.claim(worker, now),
            Happening::Ended => {
                let now = self.world.supervised(now);
                self.tell(Event::Tick, now);
            }
            Happening::Dry(worker) => {
                let now = self.world.supervised(now);
                self.tell(Event::WorkerDry { worker }, now);
            }
            Happening::Tick => {
                self.world.tick_ns = None;
                self.tell(Event::Tick, now);
            }
        }
    }

    fn tell(&mut self, event: Event, now: u64) {
        let mut events = vec![event];
        let mut deadline = None;
        self.world.now = now;
        while !events.is_empty() {
            deadline = self.engine.step(&mut self.world, now, events);
            events = std::mem::take(&mut self.world.answers);
        }
        if let Some(next) = deadline {
            if self.world.tick_ns.is_none_or(|tick| tick > next) {
                self.world.tick_ns = Some(next);
                self.world.at(next.max(now), Happening::Tick);
            }
        }
    }
}

impl SimWorld<'_> {
    fn bytes(&self, resource: ResourceId) -> u64 {
        self.plan.graph().resources()[resource.index()].bytes
    }

    fn at(&mut self, time: u64, happening: Happening) {
        self.asked += 1;
        self.agenda.push(Reverse((time, self.asked, happening)));
    }

    /// When the supervisor has read a message that came at `now`.
    fn supervised(&mut self, now: u64) -> u64 {
        self.supervised_ns = now.max(self.supervised_ns) + self.model.event_ns;
        self.supervised_ns
    }

    fn claim(&mut self, id: WorkerId, now: u64) {
        let Some(lease) = self.board().claim(id) else {
            self.board().pause(id);
            return self.at(now + self.model.message_ns, Happening::Dry(id));
        };
        let ns = self.loads[lease.stage.index()].of(lease.start, lease.end);
        let started_ns = now + self.model.chunk_ns;
        let ended_ns = started_ns + ns.round() as u64;
        let worker = &mut self.workers[id.index()];
        worker.lease = Some((lease, Span { started_ns, ended_ns }));
        worker.busy_ns += ns;
        worker.chunks += 1;
        self.at(ended_ns, Happening::Free(id));
    }

    fn complete(&mut self, id: WorkerId, now: u64) {
        let Some((lease, span)) = self.workers[id.index()].lease.take() else { return };
        let stage = &self.plan.stages()[lease.stage.index()];
        let part = |bytes: u64, at: u64| {
            (u128::from(bytes) * u128::from(at) / u128::from(stage.board.elements.max(1))) as u64
        };
        let piece = |resource| {
            let bytes = self.bytes(resource);
            part(bytes, lease.end) - part(bytes, lease.start)
        };
        for (nth, &pass) in stage.outputs.iter().enumerate() {
            if let Some(resource) = self.plan.result_of(pass) {
                self.board().reserve_output(lease.stage, nth as u32, piece(resource));
            }
        }
        let completed = self.board().complete(&lease, &Delivered { span, ..Delivered::default() });
        debug_assert!(completed, "nobody revokes here");
        // What it was the last to read goes with it.
        for &resource in &stage.drains {
            if let Some((maker, nth)) = self.plan.maker_of(resource) {
                self.board().return_output(maker, nth, piece(resource));
            }
        }
        if self.board().done_elements(lease.stage) == stage.board.elements {
            self.at(now + self.model.message_ns, Happening::Ended);
        }
    }

    fn result(self, bound_ns: u64, recuts: u32) -> Simulated {
        let makespan_ns = self.ended_ns.unwrap_or(0);
        let all = (makespan_ns as f64 * self.workers.len() as f64).max(1.0);
        let busy: f64 = self.workers.iter().map(|worker| worker.busy_ns).sum();
        let chunks: u64 = self.workers.iter().map(|worker| worker.chunks).sum();
        let own = chunks as f64 * self.model.chunk_ns as f64;
        Simulated {
            workers: self.plan.workers(),
            makespan_ns,
            bound_ns,
            efficiency: busy / all,
            idle: (1.0 - (busy + own) / all).max(0.0),
            overhead: own / all,
            chunks,
            recuts,
            peak_bytes: self.board().peak_bytes(),
            busy_ns: self.workers.iter().map(|worker| worker.busy_ns.round() as u64).collect(),
        }
    }
}

impl World for SimWorld<'_> {
    fn board(&self) -> &Board {
        self.board.board()
    }

    fn share(&mut self, resource: ResourceId) {
        self.answers.push(Event::Shared { resource });
    }

    fn wake(&mut self, worker: WorkerId) {
        self.at(self.now + self.model.message_ns, Happening::Wake(worker));
    }

    fn free(&mut self, resource: ResourceId) -> Option<u64> {
        Some(self.bytes(resource))
    }

    fn finish(&mut self, now_ns: u64, _outcome: Outcome) {
        self.ended_ns = Some(now_ns);
    }

    // Nobody fails, dies or is cancelled here, and pages are their bytes alone.
    fn spawn(&mut self, _worker: WorkerId) {}
    fn interrupt(&mut self, _worker: WorkerId) {}
    fn kill(&mut self, _worker: WorkerId) {}
    fn deliver(&mut self, _resource: ResourceId) {}
    fn keep(&mut self, _resource: ResourceId) {}
    fn release(&mut self, _resource: ResourceId) {}
    fn log(&mut self, _now_ns: u64, _what: What) {}
    fn dismiss(&mut self) {}
}
