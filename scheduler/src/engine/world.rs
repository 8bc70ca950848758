//! What an engine acts on. Nothing comes back this way: what becomes of an order arrives as an event later.
use super::log::EventKind;
use super::Outcome;
use crate::board::SupervisorBoard;
use crate::id::{ResourceId, WorkerId};

/// What an engine acts on: this host's processes and pages, or a simulation of them. No method blocks.
pub trait World {
    /// The run's board.
    fn board(&self) -> &SupervisorBoard;

    /// A variable is to come into shared memory. True when it is there already; else [`super::Event::Shared`] says when, and
    /// [`super::Event::SharedTo`] may say how far it is.
    fn share(&mut self, resource: ResourceId) -> bool;

    /// A worker that sleeps is to look at the board again. One that cannot be reached is reported lost.
    fn wake(&mut self, worker: WorkerId);

    /// A worker is to be started in this place; then [`super::Event::WorkerJoined`] or [`super::Event::LaunchFailed`].
    fn spawn(&mut self, worker: WorkerId);

    /// A worker's element is to be interrupted, as by Ctrl-C.
    fn interrupt(&mut self, worker: WorkerId);

    /// A worker is to be ended. It is still to be reported lost.
    fn kill(&mut self, worker: WorkerId);

    /// A result that the caller wants is complete. It stays where it is.
    fn gather(&mut self, resource: ResourceId);

    /// Nobody in the run needs a scoped resource any more, and the caller does not want it: its page goes. Gives the bytes of its content
    /// where it is a variable, nothing where there is no page of the run's own. A variable that is still being copied in is dropped when the
    /// copy ends.
    fn free(&mut self, resource: ResourceId) -> Option<u64>;

    /// The same of a result that the caller wants: its page is the caller's from now on.
    fn keep(&mut self, resource: ResourceId);

    /// Nobody in the run reads a pinned variable any more.
    fn release(&mut self, resource: ResourceId);

    /// Something to be written down.
    fn log(&mut self, now_ns: u64, what: EventKind);

    /// The run is over for all workers: they leave the board.
    fn dismiss(&mut self);

    /// The run is over. Nothing comes after this.
    fn finish(&mut self, now_ns: u64, outcome: Outcome);
}
