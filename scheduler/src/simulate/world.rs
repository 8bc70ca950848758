//! The world of a simulated run: workers (`link::work`), a clock, and messages that travel.
use super::load::Load;
use super::memory::Private;
use super::{Model, Simulated};
use crate::board::{Board, Output, StepReport};
use crate::engine::{Engine, Event, Outcome, Settings, What, World};
use crate::error::Result;
use crate::graph::TaskKind;
use crate::id::{PassId, ResourceId, WorkerId};
use crate::link::drains::Drains;
use crate::link::work::{Attached, Outside, Step, Work};
use crate::link::Part;
use crate::plan::Plan;
use crate::wire::RunSpec;
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

#[derive(Debug)]
struct Worker {
    work: Work,
    /// When the chunk at hand ends.
    ended_ns: u64,
    busy_ns: f64,
    chunks: u64,
}

/// Where results go: they are counted, not written.
struct Nowhere;

impl Outside for Nowhere {
    fn write(&mut self, _: usize, _: ResourceId, _: Output) -> Result<()> {
        Ok(())
    }

    fn has_overflow(&self, _: ResourceId) -> bool {
        false
    }

    fn give_back(&mut self, _: ResourceId, _: &Part) -> Result<()> {
        Ok(())
    }

    fn steps(&self) -> &[StepReport] {
        &[]
    }

    fn costs(&self) -> &[Vec<f32>] {
        &[]
    }
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
    spec: RunSpec,
    /// All workers' together.
    drains: Drains,
    workers: Vec<Worker>,
    /// What is to come: time, then in the order in which it came up.
    agenda: BinaryHeap<Reverse<(u64, u64, Happening)>>,
    asked: u64,
    /// The time of the step under way.
    now: u64,
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
        let worker = |id| Worker { work: Work::new(WorkerId(id)), ended_ns: 0, busy_ns: 0.0, chunks: 0 };
        let world = SimWorld {
            plan,
            model,
            loads,
            board,
            spec: RunSpec::new(plan, vec![], vec![]),
            drains: Drains::default(),
            workers: (0..plan.workers()).map(worker).collect(),
            agenda: BinaryHeap::new(),
            asked: 0,
            now: 0,
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
        self.world.now = now;
        if let Some(next) = self.engine.step(&mut self.world, now, [event]) {
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
        let SimWorld { board, spec, drains, workers, .. } = self;
        let (board, worker) = (board.board(), &mut workers[id.index()]);
        let lease = loop {
            if worker.work.aim(board).is_none() {
                return self.at(now + self.model.message_ns, Happening::Dry(id));
            }
            if let Some(lease) = worker.work.claim(&mut Attached { board, spec, drains }) {
                break lease;
            }
        };
        let ns = self.loads[lease.stage.index()].of(lease.start, lease.end);
        let started_ns = now + self.model.chunk_ns;
        worker.work.begin(board, started_ns);
        worker.ended_ns = started_ns + ns.round() as u64;
        worker.busy_ns += ns;
        worker.chunks += 1;
        let ended_ns = worker.ended_ns;
        self.at(ended_ns, Happening::Free(id));
    }

    /// Elements are not entered one by one: nothing happens to them here.
    fn complete(&mut self, id: WorkerId, now: u64) {
        let Some((lease, _)) = self.workers[id.index()].work.held() else { return };
        let stage = &self.plan.stages()[lease.stage.index()];
        let part = |bytes: u64, at: u64| {
            (u128::from(bytes) * u128::from(at) / u128::from(stage.board.elements.max(1))) as u64
        };
        let piece = |pass: &PassId| {
            if let Some(size) = self.model.sizes.get(pass.index()).copied().flatten() {
                let grain = self.plan.spec().passes[pass.index()].grain();
                return size.of_chunk((lease.end - lease.start).div_ceil(grain));
            }
            let bytes = self.plan.result_of(*pass).map_or(0, |resource| self.bytes(resource));
            part(bytes, lease.end) - part(bytes, lease.start)
        };
        let pieces: Vec<u64> = stage.outputs.iter().map(piece).collect();
        let SimWorld { board, spec, drains, workers, .. } = self;
        let (board, worker) = (board.board(), &mut workers[id.index()]);
        worker.work.encoded(board, pieces.into_iter(), 0);
        let mut run = Attached { board, spec, drains };
        let mut ends_stage = false;
        while let Ok(
            step @ (Step::Reserved | Step::Wrote | Step::Costed | Step::Completed { .. } | Step::GaveBack),
        ) = worker.work.step(&mut run, worker.ended_ns, &mut Nowhere)
        {
            ends_stage |= step == Step::Completed { ends_stage: true };
        }
        debug_assert!(worker.work.held().is_none(), "nothing refuses a chunk here");
        if ends_stage {
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

    fn share(&mut self, _resource: ResourceId) -> bool {
        true
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
