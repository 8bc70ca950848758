//! What differs between simulated runs: how long things take, what goes wrong, and what FUN gives. [`crate::simulate`] takes times from
//! a model, and nothing goes wrong. The engine's tests take times and faults from a seed, compute results, and check what they see.
use super::context::Context;
use crate::board::Lease;
use crate::engine::EventKind;
use crate::id::{ResourceId, WorkerId};
use crate::link::consumption::Consumption;
use crate::link::work::{At, Attached, Work};
use std::fmt::Debug;

/// The conditions of a simulated run. Times are in nanoseconds, from now on.
pub(crate) trait Conditions {
    /// What came of a worker's chunk so far.
    type Chunk: Debug + Default;

    /// How long a message travels between a worker and the supervisor.
    fn travel_ns(&mut self) -> u64;

    /// How long the supervisor is busy with a worker's message.
    fn event_ns(&self) -> u64 {
        0
    }

    /// How much later than it wanted the engine is asked.
    fn late_ns(&mut self) -> u64 {
        0
    }

    /// When a worker has the board that is started in this place now.
    fn join_ns(&mut self, worker: WorkerId) -> u64;

    /// Whether it can be started, or why not.
    fn launch(&mut self, _worker: WorkerId) -> Result<(), String> {
        Ok(())
    }

    /// When a variable is in shared memory; `None` when it is there already.
    fn share_ns(&mut self, _resource: ResourceId) -> Option<u64> {
        None
    }

    /// Of one that stages read as it comes and that is there after so long: how many of its elements are there when before.
    fn share_steps(&mut self, _resource: ResourceId, _elements: u64, _after: u64) -> Vec<(u64, u64)> {
        Vec::new()
    }

    /// So many elements of a variable are there; all, where it is complete.
    fn shared_to(&mut self, _resource: ResourceId, _elements: u64) {}

    /// What passes between a claim and its first element.
    fn chunk_ns(&self) -> u64 {
        0
    }

    /// When a worker takes its next step; `None`: at once, before anything else happens.
    fn step_ns(&mut self, context: &Context, worker: WorkerId, at: At) -> Option<u64>;

    /// A worker claims a chunk of the stage that it aims at.
    fn claim(&mut self, context: &Context, consumes: &mut Consumption, work: &mut Work) -> Option<Lease> {
        work.claim(&mut context.attached(consumes))
    }

    /// FUN's next step: it enters an element, or hands in the chunk.
    fn run(&mut self, context: &Context, work: &mut Work, chunk: &mut Self::Chunk);

    /// Whether FUN kills its worker in place of this.
    fn kills(&self, _ground: &Context, _work: &Work) -> bool {
        false
    }

    /// Whether what that worker said is lost with it.
    fn is_mute(&mut self) -> bool {
        false
    }

    /// Whether FUN does not come back, until it is interrupted or killed.
    fn hangs(&self, _ground: &Context, _work: &Work) -> bool {
        false
    }

    /// Whether it listens to an interrupt.
    fn listens(&self, _ground: &Context, _work: &Work) -> bool {
        true
    }

    /// The next step of handing in. True when the stage is through by it.
    fn hand_in(&mut self, run: &mut Run<'_>, work: &mut Work, chunk: &mut Self::Chunk) -> bool;

    /// The engine wants this, see [`crate::engine::World`]; so the next ones.
    fn shares(&mut self, _resource: ResourceId) {}

    fn spawns(&mut self, _ground: &Context) {}

    fn gathers(&mut self, _ground: &Context, _resource: ResourceId) {}

    fn frees(&mut self, _ground: &Context, _resource: ResourceId) {}

    fn keeps(&mut self, _ground: &Context, _resource: ResourceId) {}

    fn releases(&mut self, _resource: ResourceId) {}

    fn logs(&mut self, _ground: &Context, _what: &EventKind) {}

    /// The engine heard of a worker's loss, which held this chunk, and took so many back.
    fn lost(&mut self, _held: Option<Lease>, _taken_back: u32) {}
}

/// A run, as a worker sees it that hands in.
pub(crate) struct Run<'a> {
    pub(crate) context: &'a Context,
    pub(crate) consumes: &'a mut Consumption,
}

impl Run<'_> {
    /// As [`Work`] wants it.
    pub(crate) fn attached(&mut self) -> Attached<'_> {
        self.context.attached(self.consumes)
    }
}
