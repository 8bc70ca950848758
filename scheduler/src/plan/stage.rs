//! A stage: passes that run together.
use super::costs::Costs;
use super::pieces::Piece;
use crate::board::{GivenChunk, StageSpec};
use crate::id::{PassId, ResourceId, TaskId};
use std::sync::Arc;

/// Passes that run together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its passes, each after those whose elements it reads: the steps of an element.
    pub passes: Vec<PassId>,
    /// Those whose results leave it, in the order of `passes`; each has a page.
    pub outputs: Vec<PassId>,
    /// Resources that nothing needs once this stage has read them, element by element: a chunk of them may go with the
    /// chunk that read it.
    pub consumes: Vec<ResourceId>,
    /// Variables that it reads as they come into shared memory, see [`Plan::streamed`].
    pub streams: Vec<ResourceId>,
    /// Its `Map` task.
    pub task: TaskId,
    /// What its elements are expected to cost: the costs of its passes, added up.
    pub costs: Option<Costs>,
    /// What stands on the board when it opens: where its costs decide how it is cut, its pieces, the costliest first; and what lies
    /// between chunks that are given. Workers cut the rest themselves.
    pub pieces: Arc<[Piece]>,
    /// Elements of chunks that are done before the run begins, see [`Plan::with_given`](super::Plan::with_given).
    pub given: Arc<[GivenChunk]>,
    /// The room it gets on the board.
    pub board: StageSpec,
}

impl Stage {
    /// What tells its results from those of other stages, of any plan for the same passes: which passes they are of.
    pub fn key(&self) -> u32 {
        // FNV-1a.
        self.outputs.iter().fold(0x811c_9dc5, |hash, pass| (hash ^ pass.0).wrapping_mul(0x0100_0193))
    }

    /// What certainly goes as fast as the stage's own results come: results that are consumed in the order of elements. Pieces
    /// are taken out of order, and of many parts a little stays unread for long.
    pub(crate) fn eased_by(&self) -> &[ResourceId] {
        if self.pieces.is_empty() {
            &self.consumes
        } else {
            &[]
        }
    }
}
