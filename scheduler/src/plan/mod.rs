//! Plans: a call made concrete. What is copied in, which passes run when, how many chunks each can have, when each
//! resource dies, and how much memory the run needs at most.
//!
//! Edges are *whole*: a pass that reads another's result waits for all of it.
mod compile;
#[cfg(all(test, not(loom)))]
mod tests;

pub use compile::compile;

use crate::board::{BoardSpec, PassSpec};
use crate::error::Error;
use crate::graph::{Graph, Resource};
use crate::id::{PassId, ResourceId, TaskId};
use crate::policy::Policy;
use serde::{Deserialize, Serialize};

/// What the user asked for: resources, passes over them, and which results they want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSpec {
    /// Variables and results. Scoped ones that no pass makes are copied in when the run begins.
    pub resources: Vec<Resource>,
    /// The passes, in any order; what a pass reads decides when it runs.
    pub passes: Vec<PassCall>,
    /// The results that go to the caller.
    pub gather: Vec<ResourceId>,
    /// Workers of the run.
    pub workers: u32,
}

/// One apply over one collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassCall {
    /// Its name, for people.
    pub name: String,
    /// What it goes over.
    pub collection: ResourceId,
    /// What each of its elements may read besides.
    pub sides: Vec<ResourceId>,
    /// What it makes.
    pub output: ResourceId,
    /// How many elements the collection has.
    pub elements: u64,
    /// How its bites are sized.
    pub policy: Policy,
}

/// A pass with its place in the graph and on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPass {
    /// The pass as it was asked for.
    pub call: PassCall,
    /// Its `Map` task.
    pub task: TaskId,
    /// The room it gets on the board.
    pub board: PassSpec,
}

/// The steps of the graph during which a resource takes memory, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// The step in which it is made; `None` where it was there before (pinned) or is never used.
    pub born: Option<u32>,
    /// The last step that uses it; `None` where nothing does.
    pub last_use: Option<u32>,
}

/// A plan. On disk and on the wire it is its [`CallSpec`], compiled again when read: what was read is checked, and a plan
/// that contradicts itself cannot exist.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "CallSpec", into = "CallSpec")]
pub struct Plan {
    spec: CallSpec,
    graph: Graph,
    passes: Vec<PlannedPass>,
    lifetimes: Vec<Lifetime>,
    peak_bytes: u64,
}

impl Plan {
    /// The call it was made from.
    pub fn spec(&self) -> &CallSpec {
        &self.spec
    }

    /// The tasks and what they wait for.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The passes, by id.
    pub fn passes(&self) -> &[PlannedPass] {
        &self.passes
    }

    /// A pass by its id.
    pub fn pass(&self, pass: PassId) -> Option<&PlannedPass> {
        self.passes.get(pass.index())
    }

    /// Workers of the run.
    pub fn workers(&self) -> u32 {
        self.spec.workers
    }

    /// When each resource lives, by id.
    pub fn lifetimes(&self) -> &[Lifetime] {
        &self.lifetimes
    }

    /// The most bytes that scoped resources take at the same time, if all tasks of a step run together and sizes are
    /// as they were given. Pinned variables and the board are not in it.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    /// What the board of a run is made from.
    pub fn board_spec<'a>(&self, payload: &'a [u8]) -> BoardSpec<'a> {
        let passes = self.passes.iter().map(|pass| pass.board).collect();
        BoardSpec { workers: self.spec.workers, passes, payload }
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
