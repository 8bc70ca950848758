//! A simulated worker: its steps are those of every worker ([`crate::link::work`]), and after each it could die.
use super::conditions::{Conditions, Run};
use super::queue::Entry;
use super::world::SimWorld;
use crate::board::Lease;
use crate::engine::{Event, Loss};
use crate::id::WorkerId;
use crate::link::work::{At, Report, Work};
use std::collections::VecDeque;

/// Whether there is a worker in a place; what is left of it, from nothing on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Life {
    /// None, or a dead one.
    Absent,
    /// One that is not reached and reaches nobody, but for the board.
    CutOff,
    Lives,
}

/// A place for a worker.
#[derive(Debug)]
pub(crate) struct Worker<C> {
    pub(crate) work: Work,
    /// What came of its chunk so far.
    pub(crate) chunk: C,
    pub(crate) life: Life,
    /// It found nothing, and waits to be woken.
    pub(crate) asleep: bool,
    /// What it said and nobody has read.
    pub(crate) said: VecDeque<Event>,
    /// What it dropped when the run was stopped: nobody asks for that any more.
    dropped: Option<Lease>,
    /// Its next step's number in the queue.
    due: Option<u64>,
}

impl<C: Default> Worker<C> {
    pub(super) fn absent(id: WorkerId) -> Worker<C> {
        Worker {
            work: Work::new(id),
            chunk: C::default(),
            life: Life::Absent,
            asleep: false,
            said: VecDeque::new(),
            dropped: None,
            due: None,
        }
    }

    /// The chunk that the board says it has.
    pub(super) fn holds(&self) -> Option<Lease> {
        self.work.held().map(|(lease, _)| lease).or(self.dropped)
    }
}

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
        let SimWorld { context, drains, workers, conditions, .. } = self;
        let Worker { work, chunk, asleep, dropped, .. } = &mut workers[id.index()];
        match work.at() {
            At::Idle => {
                *asleep = work.aim(context.board()).is_none();
                if *asleep {
                    self.say(id, Event::WorkerDry { worker: id });
                    return false;
                }
            }
            At::Aims(_) => {
                conditions.claim(context, drains, work);
            }
            At::Claimed(_) => {
                *chunk = C::Chunk::default();
                work.begin(context.board(), context.now.saturating_add(conditions.chunk_ns()));
            }
            At::Begun(lease) | At::Runs(lease, _) => {
                if conditions.kills(context, work) {
                    let mute = conditions.is_mute();
                    self.lose(id, mute, Loss::Died);
                    return false;
                }
                if conditions.hangs(context, work) {
                    return false;
                }
                conditions.run(context, work, chunk);
                *dropped = matches!(work.at(), At::Idle).then_some(lease);
            }
            At::HandsIn(..) | At::Done(_) => {
                if conditions.hand_in(&mut Run { context, drains }, work, chunk) {
                    self.say(id, Event::Tick);
                }
            }
            At::Failed(_) => {
                if let Some(Report { stage, chunk, spot, .. }) = work.report() {
                    self.say(id, Event::ChunkFailed { stage, chunk, spot });
                }
            }
        }
        true
    }

    /// As Ctrl-C would: the chunk is dropped. Who is not in FUN does not hear it, nor does who is not reached.
    pub(super) fn interrupt_worker(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id.index()];
        let Some((lease, Some(_))) = worker.work.held() else { return };
        if worker.life == Life::Lives && self.conditions.listens(&self.context, &worker.work) {
            worker.work.drop_chunk();
            worker.dropped = Some(lease);
            self.due(id, self.step_ns);
        }
    }
}
