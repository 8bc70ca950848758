//! A plan, compiled: what can be asked of it.
use super::call::{CallSpec, TimeLimit};
use super::memory::{self, Ceiling};
use super::stage::Stage;
use crate::board::BoardSpec;
use crate::graph::Graph;
use crate::id::{PassId, ResourceId, StageId};
use crate::lifetime::Lifetime;
use serde::{Deserialize, Serialize};

/// A plan. On disk and on the wire it is its [`CallSpec`], compiled again when read: what was read is checked, and a plan
/// that contradicts itself cannot exist.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "CallSpec", into = "CallSpec")]
pub struct Plan {
    pub(super) spec: CallSpec,
    pub(super) graph: Graph,
    pub(super) stages: Vec<Stage>,
    /// The resource of each pass's results, of those that leave their stage.
    pub(super) results: Vec<Option<ResourceId>>,
    /// The stage that makes each resource, and which of its outputs that is.
    pub(super) makers: Vec<Option<(StageId, u32)>>,
    pub(super) lifetimes: Vec<Lifetime>,
    pub(super) peak_bytes: u64,
    /// The budget, where it binds.
    pub(super) allowance: Option<u64>,
    pub(super) ceiling: Option<Ceiling>,
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

    /// How long FUN may take for an element in each step of a stage; nothing where none is limited.
    pub fn limits(&self, stage: &Stage) -> Vec<Option<TimeLimit>> {
        if !stage.board.timed {
            return Vec::new();
        }
        stage.passes.iter().map(|pass| self.spec.passes[pass.index()].limit).collect()
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

    /// What scoped resources take in each step, with sizes as they were given, when the stages of a step run side by side.
    pub fn bytes_by_step(&self) -> Vec<u64> {
        let gathered = self.spec.gather.iter().filter_map(|&pass| self.result_of(pass));
        let kept = if self.spec.keep { self.spec.resources.len() as u32 } else { 0 };
        let stays: Vec<ResourceId> = gathered.chain((0..kept).map(ResourceId)).collect();
        memory::by_step(&self.graph, &self.stages, &stays)
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

impl From<Plan> for CallSpec {
    fn from(plan: Plan) -> Self {
        plan.spec
    }
}
