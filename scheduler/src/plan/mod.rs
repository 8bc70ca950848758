//! Plans: a call made concrete. Which passes run together, in which order, what is copied in, when each resource dies, and
//! how much memory the run needs at most.
//!
//! | room | what stands there |
//! |---|---|
//! | `call` | what is asked for: data, passes over it, wanted results |
//! | `check` | what cannot run is refused, by name |
//! | `fuse` | passes that meet element by element become one stage |
//! | `order` | the stages in the order in which workers prefer them |
//! | `costs` | what elements are expected to cost |
//! | `pieces` | where that is known: pieces of equal cost, the costliest first |
//! | `sizes` | what results take in their pages, where their sizes are known |
//! | `pace` | whether they cost in a run what they should |
//! | `compile` | from a call to a plan, through the rooms above |
//! | `memory` | lives, the peak, and what to do when it is too high |
//! | `forecast` | the peak from any point of a run on: what may begin now |
//!
//! Edges are *elementwise* or *whole*. Passes joined by elementwise edges run in one stage: a worker that takes a chunk runs
//! each pass on each element of it, so that an intermediate lives for one element and never leaves the worker. A whole edge
//! separates stages: the later one begins when the earlier is through.
mod call;
mod check;
mod compile;
mod costs;
mod forecast;
mod fuse;
mod memory;
mod order;
mod pace;
mod pieces;
mod sizes;
mod stream;
#[cfg(all(test, not(loom)))]
mod tests;

pub use call::{CallSpec, PassCall, Source};
pub use compile::{compile, compile_sized};
pub use costs::{Costs, Origin};
pub(crate) use forecast::Progress;
pub(crate) use memory::Ceiling;
pub use memory::Lifetime;
pub use pieces::Piece;
pub use sizes::ResultSize;
pub use stream::ADVANCES;

use crate::board::{BoardSpec, StageSpec};
use crate::error::Error;
use crate::graph::Graph;
use crate::id::{PassId, ResourceId, StageId, TaskId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Values that are folded to one at a time: a fold's tree has this many branches, whatever runs it.
pub const FOLD: u64 = 16;

/// Passes that run together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its passes, each after those whose elements it reads: the steps of an element.
    pub passes: Vec<PassId>,
    /// Those whose results leave it, in the order of `passes`; each has a page.
    pub outputs: Vec<PassId>,
    /// Resources that nothing needs once this stage has read them, element by element: a chunk of them may go with the
    /// chunk that read it.
    pub drains: Vec<ResourceId>,
    /// Variables that it reads as they come into shared memory, see [`Plan::streamed`].
    pub streams: Vec<ResourceId>,
    /// Its `Map` task.
    pub task: TaskId,
    /// What its elements are expected to cost: the costs of its passes, added up.
    pub costs: Option<Costs>,
    /// How it is cut, where its costs decide that: what stands on the board when it opens, the costliest first.
    /// Empty where workers cut it themselves.
    pub pieces: Arc<[Piece]>,
    /// The room it gets on the board.
    pub board: StageSpec,
}

/// A plan. On disk and on the wire it is its [`CallSpec`], compiled again when read: what was read is checked, and a plan
/// that contradicts itself cannot exist.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "CallSpec", into = "CallSpec")]
pub struct Plan {
    spec: CallSpec,
    graph: Graph,
    stages: Vec<Stage>,
    /// The resource of each pass's results, of those that leave their stage.
    results: Vec<Option<ResourceId>>,
    /// The stage that makes each resource, and which of its outputs that is.
    makers: Vec<Option<(StageId, u32)>>,
    lifetimes: Vec<Lifetime>,
    peak_bytes: u64,
    /// The budget, where it binds.
    allowance: Option<u64>,
    ceiling: Option<Ceiling>,
}

impl Stage {
    /// What certainly goes as fast as the stage's own results come: results that are drained in the order of elements. Pieces
    /// are taken out of order, and of many parts a little stays unread for long.
    pub(crate) fn eased_by(&self) -> &[ResourceId] {
        if self.pieces.is_empty() {
            &self.drains
        } else {
            &[]
        }
    }
}

impl Plan {
    /// The call it was made from.
    pub fn spec(&self) -> &CallSpec {
        &self.spec
    }

    /// The tasks and what they wait for. Its resources are the call's, then the results that leave their stage.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The stages, by id.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// A stage by its id.
    pub fn stage(&self, stage: StageId) -> Option<&Stage> {
        self.stages.get(stage.index())
    }

    /// The resource that a pass's results are; `None` where they never leave their stage.
    pub fn result_of(&self, pass: PassId) -> Option<ResourceId> {
        self.results.get(pass.index()).copied().flatten()
    }

    /// Whether the caller wants a resource: it is the results of a pass that is to be gathered.
    pub fn is_wanted(&self, resource: ResourceId) -> bool {
        self.spec().gather.iter().any(|&pass| self.result_of(pass) == Some(resource))
    }

    /// The stage that makes a resource, and which of its outputs it is; `None` for data.
    pub fn maker_of(&self, resource: ResourceId) -> Option<(StageId, u32)> {
        self.makers.get(resource.index()).copied().flatten()
    }

    /// Workers of the run.
    pub fn workers(&self) -> u32 {
        self.spec.workers
    }

    /// When each resource lives, by id.
    pub fn lifetimes(&self) -> &[Lifetime] {
        &self.lifetimes
    }

    /// The most bytes that scoped resources take at the same time, with sizes as they were given; the run is held to it.
    /// Pinned variables and the board are not in it, nor what chunks at work hold of results that go as they are read.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    /// The budget, where it makes stages wait for each other.
    pub fn allowance(&self) -> Option<u64> {
        self.allowance
    }

    /// What the engine holds the run to, where not all of it could be there at the same time.
    pub(crate) fn ceiling(&self) -> Option<&Ceiling> {
        self.ceiling.as_ref()
    }

    /// What the board of a run is made from.
    pub fn board_spec<'a>(&self, payload: &'a [u8]) -> BoardSpec<'a> {
        let stages = self.stages.iter().map(|stage| stage.board).collect();
        BoardSpec { workers: self.spec.workers, stages, payload }
    }
}

impl PartialEq for Plan {
    /// All of a plan follows from its call.
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec
    }
}

impl TryFrom<CallSpec> for Plan {
    type Error = Error;

    fn try_from(spec: CallSpec) -> Result<Self, Error> {
        compile(spec)
    }
}

impl From<Plan> for CallSpec {
    fn from(plan: Plan) -> Self {
        plan.spec
    }
}
