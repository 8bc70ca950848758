//! A place for a worker in a simulated run.
use crate::board::Lease;
use crate::engine::Event;
use crate::id::WorkerId;
use crate::link::work::Work;
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
    pub(super) dropped: Option<Lease>,
    /// Its next step's number in the queue.
    pub(super) due: Option<u64>,
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
