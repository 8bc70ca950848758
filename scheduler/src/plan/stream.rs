//! Variables that stages read while they are still copied into shared memory, from their first element on.
use super::{Plan, Source, Stage};
use crate::graph::{Scope, TaskKind};
use crate::id::{ResourceId, TaskId};
use crate::policy::Schedule;

/// A variable comes in so many steps at most. A chunk may end where one does, and is then smaller than it would be.
pub const ADVANCES: u32 = 16;

impl Plan {
    /// The same plan for a run in which these variables come into shared memory element by element (each has so many), in
    /// [`ADVANCES`] steps at most. A stage that reads one in step with its own elements, and nothing else of it, begins at once and reads
    /// what is there. Any other stage waits for all of it; and so does one whose chunks end where numbers alone say, or where those of
    /// results do that it consumes.
    pub fn streamed(mut self, data: &[(ResourceId, u64)]) -> Plan {
        let free = |stage: &&mut Stage| {
            let by_number = matches!(
                stage.board.policy.schedule,
                Schedule::Static | Schedule::Guided | Schedule::Factoring
            );
            stage.consumes.is_empty() && !by_number
        };
        for stage in self.stages.iter_mut().filter(free) {
            let comes = |(resource, elements): &&(ResourceId, u64)| {
                let calls = || stage.passes.iter().map(|pass| &self.spec.passes[pass.index()]);
                let scope = self.spec.resources.get(resource.index()).map(|resource| resource.scope);
                let source = Source::Data(*resource);
                scope == Some(Scope::Scoped)
                    && *elements == stage.board.elements
                    && *elements > 0
                    && calls().any(|call| call.inputs.contains(&source))
                    && !calls().any(|call| call.sides.contains(&source))
            };
            stage.streams = data.iter().filter(comes).map(|(resource, _)| *resource).collect();
        }
        self
    }

    /// How many elements a variable has that stages read as it comes.
    pub fn streamed_elements(&self, resource: ResourceId) -> Option<u64> {
        let reads = |stage: &&Stage| stage.streams.contains(&resource);
        self.stages.iter().find(reads).map(|stage| stage.board.elements)
    }

    /// Whether a stage reads a variable as it comes, so that its task does not wait for the one that shares it.
    pub(crate) fn streams_between(&self, share: TaskId, map: TaskId) -> bool {
        let kind = |task: TaskId| self.graph.tasks()[task.index()].kind;
        match (kind(share), kind(map)) {
            (TaskKind::Share(resource), TaskKind::Map(stage)) => {
                self.stage(stage).is_some_and(|stage: &Stage| stage.streams.contains(&resource))
            }
            _ => false,
        }
    }
}
