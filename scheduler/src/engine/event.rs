//! What happens in a run, what is to be done, and how it ends.
use crate::board::ElementPosition;
use crate::id::{ChunkId, ResourceId, StageId, WorkerId};
use crate::policy::CostDeviation;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The board is there and workers may be asked for: begin.
    Started,
    /// So many elements of a variable, from the first on, are in shared memory; more are on their way.
    SharedTo {
        /// Which.
        resource: ResourceId,
        /// How many.
        elements: u64,
    },
    /// A variable is in shared memory.
    Shared {
        /// Which.
        resource: ResourceId,
    },
    /// A worker gets the board and begins to claim; to be said before it can.
    WorkerJoined {
        /// Its place.
        worker: WorkerId,
    },
    /// A worker found nothing to claim, or saw `Stop`, and sleeps.
    WorkerDry {
        /// Its place.
        worker: WorkerId,
    },
    /// All elements of a stage are done on the board.
    StageDone {
        /// Which.
        stage: StageId,
    },
    /// FUN failed on an element; the chunk is `Failed` on the board.
    ChunkFailed {
        /// The stage.
        stage: StageId,
        /// The chunk.
        chunk: ChunkId,
        /// The step and the element.
        position: ElementPosition,
    },
    /// A worker is lost to the run; what it held was taken back on the board.
    WorkerLost {
        /// Its place.
        worker: WorkerId,
        /// What it held, as far as it had not ended it; to be left empty for the engine, which takes it back on the board.
        leases: Vec<LostLease>,
        /// How it ended, for people.
        reason: String,
        /// By what.
        loss: Loss,
    },
    /// A worker could not be started; its place stays empty.
    LaunchFailed {
        /// Its place.
        worker: WorkerId,
        /// Why, for people.
        reason: String,
    },
    /// How a stage's pieces compare with what they should have cost: the answer to [`Action::Measure`].
    Measured {
        /// Which.
        stage: StageId,
        /// How they compare.
        deviation: CostDeviation,
    },
    /// Ranges of a stage that nobody had taken were withdrawn: the answer to [`Action::Withdraw`].
    Withdrawn {
        /// Which.
        stage: StageId,
        /// Start, end and attempt of each.
        ranges: Vec<(u64, u64, u32)>,
    },
    /// The run is no longer wanted.
    Cancel {
        /// By whom.
        cause: Cause,
    },
    /// Time passed; see [`super::Engine::step`].
    Tick,
}

/// What a worker was lost by. Only of a death its elements may be the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Its process ended by itself.
    Died,
    /// Its process is stopped, or does not read what it is sent.
    Stalled,
    /// It may be alive, but it cannot be reached.
    CutOff,
    /// We ended it, or let it go.
    EndedByUs,
}

/// A lease that its worker's death ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostLease {
    /// The stage.
    pub stage: StageId,
    /// The chunk, which is `Lost` on the board.
    pub chunk: ChunkId,
    /// Its first element.
    pub start: u64,
    /// The element after its last.
    pub end: u64,
    /// How often its elements were tried before.
    pub attempt: u32,
    /// Where FUN was, if anywhere.
    pub position: Option<ElementPosition>,
    /// Elements whose time is over, in their order.
    pub expired: Vec<ElementPosition>,
}

impl From<crate::board::Recovered> for LostLease {
    fn from(held: crate::board::Recovered) -> Self {
        let crate::board::Lease { stage, chunk, start, end, attempt, .. } = held.lease;
        LostLease { stage, chunk, start, end, attempt, position: held.position, expired: Vec::new() }
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Copy a variable into shared memory, say [`Event::SharedTo`] on the way, then [`Event::Shared`].
    Share {
        /// Which.
        resource: ResourceId,
    },
    /// Put the plan's pieces of the stage on the board, if it has any, and let workers claim from it.
    Open {
        /// Which.
        stage: StageId,
    },
    /// Let workers claim these elements of the stage too, once it is open; more comes. Before the stage is opened, where not all of its
    /// data is there.
    Advance {
        /// Which.
        stage: StageId,
        /// So many elements from the first on.
        there: u64,
    },
    /// Wake these: there may be something to claim.
    WakeDry(Vec<WorkerId>),
    /// Compare the pieces of a stage that are done with what they should have cost, then say [`Event::Measured`].
    Measure {
        /// Which.
        stage: StageId,
    },
    /// Withdraw what nobody has taken of a stage, then say [`Event::Withdrawn`].
    Withdraw {
        /// Which.
        stage: StageId,
    },
    /// Put a range on the board to be run, or run again.
    Append {
        /// The stage.
        stage: StageId,
        /// Its first element.
        start: u64,
        /// The element after its last.
        end: u64,
        /// How often its elements were tried.
        attempt: u32,
    },
    /// Tell all workers to begin no further element.
    Stop,
    /// Interrupt a worker's element, as Ctrl-C would.
    Interrupt {
        /// Whose.
        worker: WorkerId,
    },
    /// End a worker that does not listen. It is still to be reported lost.
    Kill {
        /// Which.
        worker: WorkerId,
    },
    /// Start a worker in the place of a lost one; then [`Event::WorkerJoined`] or [`Event::LaunchFailed`].
    Spawn {
        /// The place.
        worker: WorkerId,
    },
    /// A result that the caller wants is complete.
    Gather {
        /// Which.
        resource: ResourceId,
    },
    /// Give a scoped resource's memory back. One that is still being copied in is dropped when the copy ends; one that has
    /// no page (a stage over nothing) needs nothing.
    Free {
        /// Which.
        resource: ResourceId,
    },
    /// Nobody reads a pinned variable any more in this run: it may go for all that the run cares.
    LetGo {
        /// Which.
        resource: ResourceId,
    },
    /// The run is over for all workers: they leave the board.
    EndRun,
    /// The last action of a run.
    Finish(Outcome),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All results are with the caller.
    Done,
    /// FUN failed; of the failures seen, the one of the lowest element.
    Failed(Failure),
    /// An element killed each worker that ran it.
    WorkerKilled {
        /// The stage.
        stage: StageId,
        /// The step and the element.
        position: ElementPosition,
        /// How many workers it killed.
        deaths: u32,
        /// How the last of them ended.
        reason: String,
    },
    /// FUN did not end at an element within the time it had, and its worker had to be killed. (One that could still say so has failed.)
    ElementTimeout {
        /// The stage.
        stage: StageId,
        /// The step and the element.
        position: ElementPosition,
    },
    /// The run was cancelled.
    Cancelled {
        /// By whom.
        cause: Cause,
    },
    /// Nobody is left to run it.
    NoWorkers {
        /// Why, for people.
        reason: String,
    },
}

impl Outcome {
    /// How a run ended, in a word.
    pub const fn name(&self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Failed(_) => "failed",
            Outcome::WorkerKilled { .. } => "worker_died",
            Outcome::ElementTimeout { .. } => "element_timeout",
            Outcome::Cancelled { cause: Cause::User } => "cancelled",
            Outcome::Cancelled { cause: Cause::Timeout } => "timeout",
            Outcome::NoWorkers { .. } => "no_workers",
        }
    }
}

/// FUN's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stage.
    pub stage: StageId,
    /// The step and the element.
    pub position: ElementPosition,
    /// The chunk, whose record says where the condition lies.
    pub chunk: ChunkId,
}

/// Who cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The user, with Ctrl-C.
    User,
    /// The run's time was over.
    Timeout,
}

/// What the user set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Places for workers. Each is taken to be starting until it joins.
    pub workers: u32,
    /// How many workers an element may kill and still be tried again.
    pub retries: u32,
    /// After a failure: how long workers may take to finish the element they are at, so that a lower one can still report.
    pub grace_ns: u64,
    /// After an interrupt: how long until the worker is killed.
    pub kill_after_ns: u64,
    /// After the interrupt of an element whose time is over: how long until its worker is killed.
    pub late_ns: u64,
    /// The run's time, if it has one.
    pub timeout_ns: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            workers: 1,
            retries: 2,
            grace_ns: 200_000_000,
            kill_after_ns: 600_000_000,
            late_ns: 1_000_000_000,
            timeout_ns: None,
        }
    }
}
