//! The invariants, recounted from scratch. Run after every event in tests. What it needs the board for stands in `tests/sim/checks.rs`.
use super::state::{Core, Phase};
use super::tasks::used;
use super::tasks::{ResourceState, TaskState};
use crate::graph::{Access, Scope, TaskKind};
use crate::id::ResourceId;

impl Core {
    /// Checks all that must hold between events.
    ///
    /// # Errors
    /// Says what does not hold. O(tasks x accesses).
    pub(super) fn sanity_check(&self) -> Result<(), String> {
        self.check_tasks()?;
        self.check_resources()?;
        for (index, stage) in self.stages.iter().enumerate() {
            ensure(stage.appended <= stage.appended_capacity, || {
                format!("stage {index} has more appended than room")
            })?;
        }
        let allowed = self.settings.retries + 1;
        ensure(self.deaths.values().all(|&deaths| deaths <= allowed), || {
            "an element was tried too often".into()
        })?;
        match self.phase {
            Phase::Running { .. } => {
                ensure(!self.tasks.all_terminal(), || {
                    "all tasks are terminal, but the run is not over".into()
                })?;
                let coming = self.tasks.any_stage_runs() || self.tasks.any_share_runs();
                let starved = self.tasks.any_held_back() && !coming;
                ensure(!starved, || "stages wait for room that nothing will make".into())?;
                let stuck = self.workers.all_gone() && self.tasks.any_map_left();
                ensure(!stuck, || "a stage is open and nobody will run it".into())
            }
            Phase::Stopping(_) => {
                ensure(self.workers.busy().next().is_some(), || "stopping for nobody".into())
            }
            Phase::New | Phase::Ended => Ok(()),
        }
    }

    fn check_tasks(&self) -> Result<(), String> {
        let states = self.tasks.states();
        for (index, (task, state)) in self.tasks.entries.iter().zip(states).enumerate() {
            // I1: unfinished dependences, recounted; I2: what waits for nothing is begun at once.
            if let TaskState::Waiting(left) = *state {
                let waits = |before: &&crate::id::TaskId| states[before.index()] != TaskState::Finished;
                let count = task.predecessors.iter().filter(waits).count();
                ensure(count == left as usize, || format!("task {index} waits for {count}, not {left}"))?;
                let held = self.tasks.is_held_back(crate::id::TaskId(index as u32));
                ensure(!held || left == 0, || format!("task {index} is held back and not ready"))?;
                let idle = left == 0 && !held && matches!(self.phase, Phase::Running { .. });
                ensure(!idle, || format!("task {index} is ready and was not begun"))?;
            }
            // I7: a running task's inputs are complete, its outputs are being made.
            if *state == TaskState::Running {
                for &(resource, access) in &task.accesses {
                    let is = self.tasks.resources[resource.index()].state;
                    let should = match access {
                        Access::Read if self.streams(task.kind, resource) => is,
                        Access::Read => ResourceState::Sealed,
                        Access::Write => ResourceState::Building,
                        Access::Free => is,
                    };
                    ensure(is == should, || format!("task {index} runs and resource {resource} is {is:?}"))?;
                }
            }
            let over = self.phase == Phase::Ended && !state.is_terminal();
            ensure(!over, || format!("the run is over and task {index} is {state:?}"))?;
        }
        Ok(())
    }

    /// Whether a stage reads a variable as it comes, and it has begun to.
    fn streams(&self, task: TaskKind, resource: ResourceId) -> bool {
        let TaskKind::Map(stage) = task else { return false };
        self.stages[stage.index()].streams.contains(&resource) && self.shares(resource)
    }

    fn check_resources(&self) -> Result<(), String> {
        // I4: uses, recounted.
        let mut counted = vec![0usize; self.tasks.resources.len()];
        let both = self.tasks.entries.iter().zip(self.tasks.states());
        for (task, _) in both.filter(|(_, state)| !state.is_terminal()) {
            used(&task.accesses).for_each(|resource| counted[resource.index()] += 1);
        }
        for ((index, held), &uses) in self.tasks.resources.iter().enumerate().zip(&counted) {
            let id = ResourceId(index as u32);
            ensure(uses == held.uses as usize, || {
                format!("resource {index} has {uses} uses, not {}", held.uses)
            })?;
            // I5, I6: freed exactly when the last use is gone, and the release with it.
            if held.scope == Scope::Scoped && held.release.is_some() {
                let freed = held.state == ResourceState::Freed;
                ensure(freed == (uses == 0), || {
                    format!("resource {index} is {:?} with {uses} uses", held.state)
                })?;
            }
            if let Some(release) = held.release {
                let done = self.tasks.states()[release.index()] == TaskState::Finished;
                let freed = held.state == ResourceState::Freed;
                ensure(done == freed, || format!("resource {index} and its release do not agree"))?;
                let kind = self.tasks.entries[release.index()].kind;
                ensure(kind == TaskKind::Release(id), || format!("task {release} does not release {index}"))?;
            }
        }
        Ok(())
    }
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(otherwise())
    }
}
