//! The one place where decisions of the core are applied: to the board, which is the same in every world, and to the world.
use super::event::{Action, Event, Loss, LostLease};
use super::log::EventKind;
use super::{Engine, World};
use crate::board::{ChunkRecord, Control, Lease, Recovered, SupervisorBoard};
use crate::graph::TaskKind;
use crate::id::{ResourceId, StageId, TaskId, WorkerId};
use crate::plan::Stage;

impl Engine {
    /// One event through the core, and all that follows from it.
    pub(super) fn handle<W: World>(&mut self, event: Event, world: &mut W, now_ns: u64) {
        if self.is_ended() {
            return;
        }
        match event {
            Event::ChunkFailed { stage, chunk, position } => {
                world.log(now_ns, EventKind::Failed(stage, chunk, position.element));
            }
            Event::Shared { resource } if self.core.shares(resource) => {
                self.log_task(world, now_ns, TaskKind::Share(resource), EventKind::Ended)
            }
            _ => {}
        }
        self.events.push_back(event);
        let mut actions = std::mem::take(&mut self.actions);
        while let Some(event) = self.events.pop_front() {
            tracing::trace!(?event, "engine");
            self.core.on_event(event, now_ns, &mut actions);
            for action in actions.drain(..) {
                tracing::trace!(?action, "engine");
                self.apply(action, world, now_ns);
            }
        }
        self.actions = actions;
    }

    /// Tells the core which stages are through on the board.
    pub(super) fn notice_ended<W: World>(&mut self, world: &mut W, now_ns: u64) {
        while !self.is_ended() {
            let ended = self.opened.ended(world.board());
            if ended.is_empty() {
                return;
            }
            for stage in ended {
                tracing::debug!(stage = stage.0, "done");
                self.log_stage(world, now_ns, stage, EventKind::Ended);
                self.handle(Event::StageDone { stage }, world, now_ns);
            }
        }
    }

    /// A worker is lost: what it held is taken from it on the board before the core hears of it, so that nothing it may still have in
    /// flight counts.
    pub(super) fn lost<W: World>(
        &mut self,
        world: &mut W,
        now_ns: u64,
        worker: WorkerId,
        reason: String,
        loss: Loss,
    ) {
        let held = if loss == Loss::CutOff {
            self.cut_off.push(worker);
            world.board().shut_out(worker)
        } else {
            world.board().recover(worker)
        };
        let leases = self.count_retries(held, world.board());
        tracing::debug!(worker = worker.0 + 1, chunks = leases.len(), ?loss, "lost");
        // It may be lost between an error's record and its word about it.
        self.look_for_failures(world, now_ns);
        self.handle(Event::WorkerLost { worker, leases, reason, loss }, world, now_ns);
    }

    /// Tells the core which chunks have failed, whether their workers said so or not.
    fn look_for_failures<W: World>(&mut self, world: &mut W, now_ns: u64) {
        for stage in self.opened.stages().to_vec() {
            for failure in world.board().failures(stage) {
                let ChunkRecord { chunk, failed: Some(position), .. } = failure else { continue };
                self.handle(Event::ChunkFailed { stage, chunk, position }, world, now_ns);
            }
        }
    }

    /// Takes back what workers claimed just when they were cut off. If it failed, nobody else will say so.
    pub(super) fn recover_cut_off<W: World>(&mut self, world: &mut W, now_ns: u64) {
        for worker in self.cut_off.clone() {
            let leases = self.count_retries(world.board().shut_out(worker), world.board());
            if !leases.is_empty() {
                let reason = "it claimed a chunk while it was cut off".to_owned();
                self.handle(Event::WorkerLost { worker, leases, reason, loss: Loss::CutOff }, world, now_ns);
            }
        }
        if !self.cut_off.is_empty() && !self.core.is_stopping() {
            self.look_for_failures(world, now_ns);
        }
    }

    /// Counts what was taken back.
    fn count_retries(&mut self, held: Vec<Recovered>, board: &SupervisorBoard) -> Vec<LostLease> {
        self.retries += held.len() as u32;
        let expired = |held: &Recovered| {
            let Lease { stage, start, end, .. } = held.lease;
            board.expired(stage, start, end)
        };
        held.into_iter().map(|held| LostLease { expired: expired(&held), ..held.into() }).collect()
    }

    fn apply<W: World>(&mut self, action: Action, world: &mut W, now_ns: u64) {
        match action {
            Action::Share { resource } => self.share(resource, world, now_ns),
            Action::Open { stage } => self.open(stage, world, now_ns),
            Action::Advance { stage, there } => {
                world.board().set_there(stage, there);
                self.append_there(world, stage);
            }
            Action::WakeDry(workers) => workers.into_iter().for_each(|worker| world.wake(worker)),
            Action::Append { stage, start, end, attempt } => {
                queue(world, now_ns, stage, (start, end, attempt));
            }
            Action::Measure { stage } => {
                let deviation = self.plan.stages()[stage.index()].cost_deviation(world.board(), stage);
                self.events.push_back(Event::Measured { stage, deviation });
            }
            Action::Withdraw { stage } => self.withdraw(stage, world, now_ns),
            Action::Stop => {
                tracing::debug!("stopping");
                world.log(now_ns, EventKind::Stopped);
                world.board().set_control(Control::Stop);
            }
            Action::Interrupt { worker } => {
                tracing::debug!(worker = worker.0 + 1, "interrupted");
                world.interrupt(worker);
            }
            Action::Kill { worker } => {
                tracing::debug!(worker = worker.0 + 1, "killed");
                world.kill(worker);
            }
            Action::Spawn { worker } => world.spawn(worker),
            Action::Gather { resource } => self.gather(resource, world, now_ns),
            Action::Free { resource } => self.free(resource, world, now_ns),
            Action::LetGo { resource } => self.let_go(resource, world, now_ns),
            Action::EndRun => {
                world.board().set_control(Control::Ended);
                world.dismiss();
            }
            Action::Finish(outcome) => world.finish(now_ns, outcome),
        }
    }

    fn share<W: World>(&mut self, resource: ResourceId, world: &mut W, now_ns: u64) {
        self.log_task(world, now_ns, TaskKind::Share(resource), EventKind::Began);
        if world.share(resource) {
            self.log_task(world, now_ns, TaskKind::Share(resource), EventKind::Ended);
            self.events.push_back(Event::Shared { resource });
        }
    }

    fn open<W: World>(&mut self, stage: StageId, world: &mut W, now_ns: u64) {
        self.log_stage(world, now_ns, stage, EventKind::Began);
        let about = &self.plan.stages()[stage.index()];
        let Stage { pieces, given, .. } = about;
        self.awaited.extend(pieces.iter().map(|piece| (stage, *piece)));
        if !given.is_empty() {
            world.log(now_ns, EventKind::Reused(stage, given.len() as u64, about.given_elements()));
        }
        self.append_there(world, stage);
        self.opened.open(world.board(), stage);
        tracing::debug!(stage = stage.0, elements = world.board().elements(stage), "opened");
    }

    /// What nobody took of a stage comes back to the core, to be cut anew.
    fn withdraw<W: World>(&mut self, stage: StageId, world: &mut W, now_ns: u64) {
        let ranges = world.board().withdraw(stage);
        tracing::info!(stage = stage.0, ranges = ranges.len(), "costs misled, withdrawn");
        if !ranges.is_empty() {
            world.log(now_ns, EventKind::TakenBack(stage, ranges.len() as u64));
            self.withdrawn.push((stage, ranges.iter().map(|(start, ..)| *start).collect()));
        }
        self.events.push_back(Event::Withdrawn { stage, ranges });
    }

    fn gather<W: World>(&mut self, resource: ResourceId, world: &mut W, now_ns: u64) {
        for what in [EventKind::Began, EventKind::Ended] {
            self.log_task(world, now_ns, TaskKind::Gather(resource), what);
        }
        world.gather(resource);
    }

    fn let_go<W: World>(&mut self, resource: ResourceId, world: &mut W, now_ns: u64) {
        tracing::debug!(resource = self.name_of(resource), "released");
        world.log(now_ns, EventKind::LetGo(resource));
        world.release(resource);
    }

    /// Puts up the pieces of a stage whose data is there.
    fn append_there<W: World>(&mut self, world: &mut W, stage: StageId) {
        let there = world.board().there(stage);
        self.awaited.retain(|(of, piece)| {
            let stays = *of != stage || piece.end > there;
            if !stays {
                append(world, stage, (piece.start, piece.end, 0));
            }
            stays
        });
    }

    /// The last consumer is done. A page that the caller reads stays; any other goes now.
    fn free<W: World>(&mut self, resource: ResourceId, world: &mut W, now_ns: u64) {
        if self.plan.is_wanted(resource) {
            return world.keep(resource);
        }
        let Some(bytes) = world.free(resource) else { return };
        tracing::debug!(resource = self.name_of(resource), "freed");
        world.log(now_ns, EventKind::Freed(resource));
        match self.plan.maker_of(resource) {
            None => world.board().give_bytes(bytes),
            Some((stage, nth)) => world.board().close_output(stage, nth),
        }
    }

    fn log_stage<W: World>(&self, world: &mut W, now_ns: u64, stage: StageId, what: fn(TaskId) -> EventKind) {
        if let Some(stage) = self.plan.stage(stage) {
            world.log(now_ns, what(stage.task));
        }
    }

    /// The task that shares or gathers a resource.
    fn log_task<W: World>(&self, world: &mut W, now_ns: u64, kind: TaskKind, what: fn(TaskId) -> EventKind) {
        let (TaskKind::Share(resource) | TaskKind::Gather(resource)) = kind else { return };
        let graph = self.plan.graph();
        let mut tasks = graph.producers(resource).chain(graph.consumers(resource));
        if let Some(task) = tasks.find(|task| graph.tasks()[task.index()].kind == kind) {
            world.log(now_ns, what(task));
        }
    }

    fn name_of(&self, resource: ResourceId) -> &str {
        self.plan.graph().resources().get(resource.index()).map_or("", |resource| &resource.name)
    }
}

/// Queues a range that the core asked for.
fn queue<W: World>(world: &mut W, now_ns: u64, stage: StageId, (start, end, attempt): (u64, u64, u32)) {
    if attempt > 0 {
        tracing::debug!(stage = stage.0, start = start + 1, end, attempt, "queued again");
    }
    world.log(now_ns, EventKind::Queued(stage, start, end, attempt));
    append(world, stage, (start, end, attempt));
}

fn append<W: World>(world: &mut W, stage: StageId, (start, end, attempt): (u64, u64, u32)) {
    let appended = world.board().append(stage, start, end, attempt);
    appended.expect("the core counts the entries that the board has for this");
}
