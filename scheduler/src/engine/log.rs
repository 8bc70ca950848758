//! What is written down of a run: a few entries a stage and worker, none a chunk, for chunks write themselves down on the board.
use serde::{Deserialize, Serialize};

use crate::board::ElementPosition;
use crate::id::{ChunkId, ResourceId, StageId, TaskId, WorkerId};

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EventKind {
    /// A task began.
    Began(TaskId),
    /// A task ended as it should.
    Ended(TaskId),
    /// A resource's memory was given back: nobody needed it any more.
    Freed(ResourceId),
    /// A registered variable is no longer read by this run.
    LetGo(ResourceId),
    /// A worker has the board and begins to claim.
    Joined(WorkerId),
    /// A worker died; in words, how.
    Died(WorkerId, String),
    /// A worker could not be started; in words, why.
    NotStarted(WorkerId, String),
    /// Elements `[start, end)` of a stage were queued to be run (again), as attempt so-and-so (0 is the first).
    Queued(StageId, u64, u64, u32),
    /// What nobody had taken of a stage, so many ranges, was taken back, because its costs misled.
    TakenBack(StageId, u64),
    /// FUN failed: stage, chunk, element.
    Failed(StageId, ChunkId, u64),
    /// The run was stopped: nobody begins another element.
    Stopped,
    /// So many chunks of a stage, with so many elements, were done before the run began.
    Reused(StageId, u64, u64),
    /// Packages are loaded, by a worker or (`None`) by what forks workers; in an element of a stage or (`None`) before any; after so
    /// many nanoseconds.
    Loaded(Option<WorkerId>, Option<StageId>, String, u64),
    /// FUN did not end within its time: which worker's, at which step and element of a stage. It is interrupted.
    Late(WorkerId, StageId, ElementPosition),
    /// A worker that was interrupted for that is still at it, and is killed.
    Killed(WorkerId, StageId, ElementPosition),
}
