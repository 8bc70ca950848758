//! A simulated worker: its steps are those of every worker ([`crate::link::work`]), and after each it could die.
use super::conditions::{Conditions, Run};
use super::place::{Life, Worker};
use super::queue::Entry;
use super::world::SimWorld;
use crate::board::{Control, Lease};
use crate::engine::{Event, Loss};
use crate::id::WorkerId;
use crate::link::work::{At, Report};

impl<C: Conditions> SimWorld<C> {
    /// A worker's next step is due.
    pub(super) fn step(&mut self, id: WorkerId, number: u64) {
        let worker = &mut self.workers[id.index()];
        if worker.due == Some(number) && worker.life != Life::Absent {
            worker.due = None;
            if self.take_step(id) {
                self.go_on(id);
            }
        }
    }

    /// Steps that are taken at once, up to one that is not.
    pub(super) fn go_on(&mut self, id: WorkerId) {
        loop {
            let at = self.workers[id.index()].work.at();
            if let Some(after) = self.conditions.step_ns(&self.context, id, at) {
                return self.due(id, self.context.now.saturating_add(after));
            }
            if !self.take_step(id) {
                return;
            }
        }
    }

    /// A worker's next step is taken then, and not when it was to be before.
    pub(super) fn due(&mut self, id: WorkerId, time: u64) {
        self.workers[id.index()].due = Some(self.queue.push(time, Entry::Step(id)));
    }

    /// One step. `false` when it takes no further one by itself.
    fn take_step(&mut self, id: WorkerId) -> bool {
        let SimWorld { context, consumes, workers, conditions, .. } = self;
        let Worker { work, chunk, asleep, .. } = &mut workers[id.index()];
        match work.at() {
            At::Idle => {
                *asleep = work.aim(context.worker_board()).is_none();
                if *asleep {
                    self.say(id, Event::WorkerDry { worker: id });
                    return false;
                }
            }
            At::Aims(_) => {
                conditions.claim(context, consumes, work);
            }
            At::Claimed(_) => {
                *chunk = C::Chunk::default();
                work.begin(context.worker_board(), context.now.saturating_add(conditions.chunk_ns()));
            }
            At::Begun(lease) | At::Runs(lease, _) => return self.run(id, lease),
            At::HandsIn(..) | At::Done(_) => {
                if conditions.hand_in(&mut Run { context, consumes }, work, chunk) {
                    self.say(id, Event::Tick);
                }
            }
            At::Failed(_) => {
                if let Some(Report { stage, chunk, position, .. }) = work.report() {
                    self.say(id, Event::ChunkFailed { stage, chunk, position });
                }
            }
        }
        true
    }

    /// FUN's next step. `false` when the worker takes no further one by itself.
    fn run(&mut self, id: WorkerId, lease: Lease) -> bool {
        let SimWorld { context, workers, conditions, .. } = self;
        let Worker { work, chunk, dropped, .. } = &mut workers[id.index()];
        if conditions.kills(context, work) {
            if conditions.is_mute() {
                self.silence(id);
            }
            self.lose(id, Loss::Died);
            return false;
        }
        let late = context.board().is_late(id) && conditions.listens(context, work);
        if conditions.hangs(context, work) && !late {
            return false;
        }
        conditions.run(context, work, chunk);
        *dropped = matches!(work.at(), At::Idle).then_some(lease);
        true
    }

    /// As Ctrl-C would: FUN is left; the chunk is dropped where the run was stopped. Who is not in FUN does not hear it, nor does who is not reached.
    pub(super) fn interrupt_worker(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id.index()];
        let Some((lease, Some(_))) = worker.work.held() else { return };
        if worker.life == Life::Lives && self.conditions.listens(&self.context, &worker.work) {
            if self.context.board().control() != Control::Go {
                worker.work.drop_chunk();
                worker.dropped = Some(lease);
            }
            self.due(id, self.step_ns);
        }
    }
}
