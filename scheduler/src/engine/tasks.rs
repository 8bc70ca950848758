//! Tasks and resources of a run: their states and counts. The plan is only read.
use super::event::Action;
use crate::graph::{Access, Scope, Task, TaskKind};
use crate::id::{ResourceId, StageId, TaskId};
use crate::plan::{Ceiling, Plan};
use std::collections::BTreeSet;

/// What a task is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// Waits for that many others.
    Waiting(u32),
    /// Its action was given.
    Running,
    /// It did what it should.
    Finished,
    /// FUN failed in it, or killed its workers.
    Failed,
    /// The run ended before it did, by the failure of this task.
    Aborted(TaskId),
    /// The run ended before it did, by somebody's wish or for want of workers.
    Cancelled,
}

impl TaskState {
    /// Whether it never changes again.
    pub const fn is_terminal(self) -> bool {
        !matches!(self, TaskState::Waiting(_) | TaskState::Running)
    }
}

/// What a resource is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceState {
    /// Takes no memory yet.
    Declared,
    /// Its task runs.
    Building,
    /// Complete; may be read.
    Sealed,
    /// Gone.
    Freed,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: TaskKind,
    pub(super) accesses: Vec<(ResourceId, Access)>,
    /// What it waits for. A stage does not wait for variables that it reads as they come.
    pub(super) predecessors: Vec<TaskId>,
    successors: Vec<TaskId>,
}

#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) scope: Scope,
    pub(super) state: ResourceState,
    /// Tasks that are not terminal and read or write it.
    pub(super) uses: u32,
    share: Option<TaskId>,
    pub(super) release: Option<TaskId>,
}

impl Entry {
    fn new(plan: &Plan, id: TaskId) -> Entry {
        let graph = plan.graph();
        let Task { kind, accesses, .. } = &graph.tasks()[id.index()];
        let before = graph.predecessors(id).map(|(task, _)| task);
        let after = graph.successors(id).map(|(task, _)| task);
        let mut successors: Vec<TaskId> = after.filter(|&task| !plan.streams_between(id, task)).collect();
        successors.sort_unstable();
        Entry {
            kind: *kind,
            accesses: accesses.clone(),
            predecessors: before.filter(|&task| !plan.streams_between(task, id)).collect(),
            successors,
        }
    }
}

impl Held {
    fn declared(scope: Scope) -> Held {
        let state = if scope == Scope::Pinned { ResourceState::Sealed } else { ResourceState::Declared };
        Held { scope, state, uses: 0, share: None, release: None }
    }
}

/// The arrays.
#[derive(Clone, Debug)]
pub(super) struct Tasks {
    pub(super) entries: Vec<Entry>,
    pub(super) states: Vec<TaskState>,
    pub(super) resources: Vec<Held>,
    /// Tasks that are not terminal.
    unfinished: usize,
    /// What the run is held to; each stage's task; and stages that wait for room.
    pub(super) ceiling: Option<Ceiling>,
    pub(super) maps: Vec<TaskId>,
    /// Stages that run; and the first that did not end.
    pub(super) running: usize,
    pub(super) lowest: usize,
    pub(super) held_back: BTreeSet<TaskId>,
}

impl Tasks {
    pub(super) fn new(plan: &Plan) -> Tasks {
        let graph = plan.graph();
        let mut resources: Vec<Held> =
            graph.resources().iter().map(|resource| Held::declared(resource.scope)).collect();
        let mut entries = Vec::with_capacity(graph.tasks().len());
        for (index, task) in graph.tasks().iter().enumerate() {
            let id = TaskId(index as u32);
            match task.kind {
                TaskKind::Share(resource) => resources[resource.index()].share = Some(id),
                TaskKind::Release(resource) => resources[resource.index()].release = Some(id),
                TaskKind::Map(_) | TaskKind::Gather(_) => {}
            }
            for resource in used(&task.accesses) {
                resources[resource.index()].uses += 1;
            }
            entries.push(Entry::new(plan, id));
        }
        Tasks {
            states: entries.iter().map(|entry| TaskState::Waiting(entry.predecessors.len() as u32)).collect(),
            unfinished: entries.len(),
            entries,
            resources,
            ceiling: plan.ceiling().cloned(),
            maps: plan.stages().iter().map(|stage| stage.task).collect(),
            running: 0,
            lowest: 0,
            held_back: BTreeSet::new(),
        }
    }

    pub(super) fn states(&self) -> &[TaskState] {
        &self.states
    }

    pub(super) fn resource_states(&self) -> Vec<ResourceState> {
        self.resources.iter().map(|resource| resource.state).collect()
    }

    pub(super) fn all_terminal(&self) -> bool {
        self.unfinished == 0
    }

    /// Whether a stage is not through.
    pub(super) fn any_map_left(&self) -> bool {
        let both = self.entries.iter().zip(&self.states);
        both.into_iter().any(|(task, state)| matches!(task.kind, TaskKind::Map(_)) && !state.is_terminal())
    }

    pub(super) fn share_of(&self, resource: ResourceId) -> Option<TaskId> {
        self.resources.get(resource.index())?.share
    }

    pub(super) fn is_gather(&self, task: TaskId) -> bool {
        matches!(self.entries[task.index()].kind, TaskKind::Gather(_))
    }

    pub(super) fn stage_of(&self, task: TaskId) -> Option<StageId> {
        match self.entries[task.index()].kind {
            TaskKind::Map(stage) => Some(stage),
            _ => None,
        }
    }

    /// Tasks that wait for nothing and were not begun; the last is to be begun first.
    pub(super) fn ready(&self) -> Vec<TaskId> {
        let ids = (0..self.states.len() as u32).rev().map(TaskId);
        ids.filter(|task| self.states[task.index()] == TaskState::Waiting(0)).collect()
    }

    /// Begins a ready task; gives what is to be done for it outside.
    pub(super) fn begin(&mut self, task: TaskId) -> Option<Action> {
        if self.states[task.index()] != TaskState::Waiting(0) {
            return None;
        }
        self.states[task.index()] = TaskState::Running;
        self.running += usize::from(self.stage_of(task).is_some());
        for index in 0..self.entries[task.index()].accesses.len() {
            if let (resource, Access::Write) = self.entries[task.index()].accesses[index] {
                self.resources[resource.index()].state = ResourceState::Building;
            }
        }
        match self.entries[task.index()].kind {
            TaskKind::Share(resource) => Some(Action::Share { resource }),
            TaskKind::Map(stage) => Some(Action::Open { stage }),
            TaskKind::Gather(resource) => Some(Action::Gather { resource }),
            // Ended by `free`, before anything could make it ready.
            TaskKind::Release(_) => None,
        }
    }

    /// Whether a variable is on its way into shared memory.
    pub(super) fn any_share_runs(&self) -> bool {
        let mut both = self.entries.iter().zip(&self.states);
        both.any(|(task, state)| matches!(task.kind, TaskKind::Share(_)) && *state == TaskState::Running)
    }

    /// The one way into a terminal state, and the one place where a resource's uses drop. Gives the tasks that wait for
    /// nothing any more, the last to be begun first. A task that is terminal already is left alone.
    pub(super) fn end_task(&mut self, task: TaskId, state: TaskState, out: &mut Vec<Action>) -> Vec<TaskId> {
        if self.states[task.index()].is_terminal() {
            return Vec::new();
        }
        let ran = self.states[task.index()] == TaskState::Running && self.stage_of(task).is_some();
        self.running -= usize::from(ran);
        self.states[task.index()] = state;
        self.unfinished -= 1;
        self.held_back.remove(&task);
        let accesses = std::mem::take(&mut self.entries[task.index()].accesses);
        if state == TaskState::Finished {
            for (resource, _) in accesses.iter().filter(|(_, access)| *access == Access::Write) {
                self.resources[resource.index()].state = ResourceState::Sealed;
            }
        }
        for resource in used(&accesses) {
            let held = &mut self.resources[resource.index()];
            held.uses -= 1;
            match (held.uses, held.scope) {
                (0, Scope::Scoped) => self.free(resource, out),
                (0, Scope::Pinned) => out.push(Action::LetGo { resource }),
                _ => {}
            }
        }
        self.entries[task.index()].accesses = accesses;
        self.ready_after(task, state)
    }

    /// Counts down what waits for a finished task.
    fn ready_after(&mut self, task: TaskId, state: TaskState) -> Vec<TaskId> {
        let mut ready = Vec::new();
        if state == TaskState::Finished {
            for &next in self.entries[task.index()].successors.iter().rev() {
                if let TaskState::Waiting(left) = &mut self.states[next.index()] {
                    *left -= 1;
                    if *left == 0 {
                        ready.push(next);
                    }
                }
            }
        }
        ready
    }

    /// Nobody uses the resource any more: its memory goes, and with it its `Release` task is done.
    fn free(&mut self, resource: ResourceId, out: &mut Vec<Action>) {
        let held = &mut self.resources[resource.index()];
        let before = std::mem::replace(&mut held.state, ResourceState::Freed);
        if matches!(before, ResourceState::Building | ResourceState::Sealed) {
            out.push(Action::Free { resource });
        }
        if let Some(release) = held.release {
            self.states[release.index()] = TaskState::Finished;
            self.unfinished -= 1;
        }
    }
}

/// The resources that count a task among their uses, each once.
pub(super) fn used(accesses: &[(ResourceId, Access)]) -> impl Iterator<Item = ResourceId> + '_ {
    let first = move |nth: usize, resource: ResourceId| {
        !accesses[..nth].iter().any(|&(other, access)| other == resource && access != Access::Free)
    };
    let counted = accesses.iter().enumerate().filter(|(_, (_, access))| *access != Access::Free);
    counted.filter(move |(nth, (resource, _))| first(*nth, *resource)).map(|(_, (resource, _))| *resource)
}
