//! The world around the core: workers that are a lease each, a clock, and messages that travel.
use super::load::Load;
use super::memory::Private;
use super::{Model, Simulated};
use crate::board::{Board, Control, Delivered, Lease, Opened, Span};
use crate::core::{Action, Core, Event, Settings};
use crate::error::Result;
use crate::graph::TaskKind;
use crate::id::{ResourceId, StageId, WorkerId};
use crate::plan::Plan;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What happens at some time. The order of the variants decides between those at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// A worker has the board.
    Join(WorkerId),
    /// A worker hands in its chunk, if it has one, and takes the next.
    Free(WorkerId),
    /// The supervisor reads that a worker found nothing.
    Dry(WorkerId),
    /// A worker reads that there may be something.
    Wake(WorkerId),
    /// The core wanted to be asked.
    Tick,
}

#[derive(Clone, Copy, Debug, Default)]
struct Worker {
    lease: Option<(Lease, Span)>,
    busy_ns: f64,
    chunks: u64,
}

pub(super) struct World<'a> {
    plan: &'a Plan,
    model: &'a Model,
    loads: Vec<Load>,
    board: Private,
    core: Core,
    workers: Vec<Worker>,
    /// What is to come: time, then in the order in which it came up.
    agenda: BinaryHeap<Reverse<(u64, u64, Happening)>>,
    asked: u64,
    opened: Opened,
    /// The supervisor is busy until then.
    supervised_ns: u64,
    tick_ns: Option<u64>,
    recuts: u32,
    ended_ns: Option<u64>,
}

impl<'a> World<'a> {
    pub(super) fn new(plan: &'a Plan, model: &'a Model, loads: Vec<Load>) -> Result<World<'a>> {
        let board = Private::new(&plan.board_spec(b""))?;
        let settings = Settings { workers: plan.workers(), ..Settings::default() };
        let world = World {
            plan,
            model,
            loads,
            core: Core::new(plan, settings),
            workers: vec![Worker::default(); plan.workers() as usize],
            agenda: BinaryHeap::new(),
            asked: 0,
            opened: Opened::new(board.board()),
            supervised_ns: 0,
            tick_ns: None,
            recuts: 0,
            ended_ns: None,
            board,
        };
        for task in plan.graph().tasks() {
            if let TaskKind::Share(resource) = task.kind {
                world.board().take_bytes(world.bytes(resource));
            }
        }
        Ok(world)
    }

    pub(super) fn run(mut self, bound_ns: u64) -> Result<Simulated> {
        self.tell(Event::Started, 0);
        for worker in (0..self.workers.len() as u32).map(WorkerId) {
            let at = self.model.join_ns + u64::from(worker.0) * self.model.join_each_ns;
            self.at(at, Happening::Join(worker));
        }
        while let (None, Some(Reverse((now, _, happening)))) = (self.ended_ns, self.agenda.pop()) {
            self.happen(happening, now);
        }
        Ok(self.result(bound_ns))
    }

    fn board(&self) -> &Board {
        self.board.board()
    }

    fn bytes(&self, resource: ResourceId) -> u64 {
        self.plan.graph().resources()[resource.index()].bytes
    }

    fn at(&mut self, time: u64, happening: Happening) {
        self.asked += 1;
        self.agenda.push(Reverse((time, self.asked, happening)));
    }

    fn happen(&mut self, happening: Happening, now: u64) {
        match happening {
            Happening::Join(worker) => {
                self.tell(Event::WorkerJoined { worker }, now);
                self.claim(worker, now);
            }
            Happening::Free(worker) => {
                self.complete(worker);
                self.claim(worker, now);
            }
            Happening::Wake(worker) => self.claim(worker, now),
            Happening::Dry(worker) => {
                let now = now.max(self.supervised_ns) + self.model.event_ns;
                self.supervised_ns = now;
                for stage in self.opened.ended(self.board.board()) {
                    self.tell(Event::StageDone { stage }, now);
                }
                self.tell(Event::WorkerDry { worker }, now);
            }
            Happening::Tick => {
                self.tick_ns = None;
                self.tell(Event::Tick, now);
            }
        }
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

    fn complete(&mut self, id: WorkerId) {
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
                let results =
                    (lease.end - lease.start).div_ceil(self.plan.spec().passes[pass.index()].grain());
                let bytes = match self.model.sizes.get(pass.index()).copied().flatten() {
                    Some(size) => size.of_chunk(results),
                    None => piece(resource),
                };
                self.board().reserve_output(lease.stage, nth as u32, bytes);
            }
        }
        let completed = self.board().complete(&lease, &Delivered { span, ..Delivered::default() });
        debug_assert!(completed, "nobody revokes here");
        // What it was the last to read goes with it.
        for &resource in &stage.drains {
            if let Some((maker, nth)) = self.plan.maker_of(resource) {
                let pass = self.plan.stages()[maker.index()].outputs[nth as usize];
                let bytes = match self.model.sizes.get(pass.index()).copied().flatten() {
                    // Without the heads, which are the makers'; whole lines only, so that never more is returned than was taken.
                    Some(size) => (lease.end - lease.start) * size.mean() / 64 * 64,
                    None => piece(resource),
                };
                self.board().return_output(maker, nth, bytes);
            }
        }
    }

    /// Tells the core, and does what it says, as `run::drive` does.
    fn tell(&mut self, event: Event, now: u64) {
        let mut events = VecDeque::from([event]);
        let mut actions = Vec::new();
        while let Some(event) = events.pop_front() {
            self.core.on_event(event, now, &mut actions);
            for action in actions.drain(..) {
                self.apply(action, now, &mut events);
            }
        }
        if let Some(next) = self.core.next_deadline() {
            if self.tick_ns.is_none_or(|tick| tick > next) {
                self.tick_ns = Some(next);
                self.at(next.max(now), Happening::Tick);
            }
        }
    }

    fn apply(&mut self, action: Action, now: u64, events: &mut VecDeque<Event>) {
        match action {
            Action::Share { resource } => events.push_back(Event::Shared { resource }),
            Action::Open { stage } => {
                for piece in self.plan.stages()[stage.index()].pieces.iter() {
                    self.append(stage, piece.start, piece.end, 0);
                }
                self.opened.open(self.board.board(), stage);
            }
            Action::WakeDry(workers) => {
                for worker in workers {
                    self.at(now + self.model.message_ns, Happening::Wake(worker));
                }
            }
            Action::Append { stage, start, end, attempt } => self.append(stage, start, end, attempt),
            Action::Measure { stage } => {
                let pace = self.plan.stages()[stage.index()].pace(self.board(), stage);
                events.push_back(Event::Measured { stage, pace });
            }
            Action::Withdraw { stage } => {
                self.recuts += 1;
                let ranges = self.board().withdraw(stage);
                events.push_back(Event::Withdrawn { stage, ranges });
            }
            Action::Gather { resource } => events.push_back(Event::Gathered { resource }),
            Action::Free { resource } => match self.plan.maker_of(resource) {
                None => self.board().give_bytes(self.bytes(resource)),
                Some((stage, nth)) => self.board().close_output(stage, nth),
            },
            Action::EndRun => self.board().set_control(Control::Ended),
            Action::Finish(_) => self.ended_ns = Some(now),
            // Nobody fails, dies or is cancelled here; pinned variables are not the run's.
            Action::LetGo { .. }
            | Action::Stop
            | Action::Interrupt { .. }
            | Action::Kill { .. }
            | Action::Replace { .. } => {}
        }
    }

    fn append(&self, stage: StageId, start: u64, end: u64, attempt: u32) {
        let appended = self.board().append(stage, start, end, attempt);
        appended.expect("the core counts the entries that the board has for this");
    }

    fn result(self, bound_ns: u64) -> Simulated {
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
            recuts: self.recuts,
            peak_bytes: self.board().peak_bytes(),
            busy_ns: self.workers.iter().map(|worker| worker.busy_ns.round() as u64).collect(),
        }
    }
}
