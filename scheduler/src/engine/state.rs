//! What the engine knows of a run. What it decides stands in `core`, `deviation`, `recover` and `stop`.
use super::event::{Outcome, Settings};
use super::tasks::{TaskState, Tasks};
use super::workers::Workers;
use crate::board::ElementPosition;
use crate::id::{ResourceId, StageId, TaskId};
use crate::plan::{Plan, TimeLimit};
use crate::policy::{Policy, Schedule};
use std::collections::BTreeMap;

/// The state of one run.
#[derive(Clone, Debug)]
pub(super) struct Core {
    pub(super) settings: Settings,
    pub(super) phase: Phase,
    pub(super) tasks: Tasks,
    pub(super) stages: Vec<StageCount>,
    pub(super) workers: Workers,
    /// Running stages that were cut by costs, which may mislead.
    pub(super) watched: Vec<Watch>,
    /// How often each step of each element was being run when its worker died.
    pub(super) deaths: BTreeMap<(StageId, ElementPosition), u32>,
    /// How many elements of each variable are there, by resource; of those that stages read as they come.
    pub(super) there: BTreeMap<ResourceId, u64>,
}

/// A stage, as far as the core keeps count of it.
#[derive(Clone, Debug)]
pub(super) struct StageCount {
    pub(super) task: TaskId,
    pub(super) elements: u64,
    /// Its chunks begin at multiples of this.
    pub(super) align: u64,
    /// The variables that it reads as they come.
    pub(super) streams: Vec<ResourceId>,
    /// How long FUN may take for an element in each step; nothing where none is limited.
    pub(super) limits: Vec<Option<TimeLimit>>,
    pub(super) appended: u32,
    pub(super) appended_capacity: u32,
    /// Whether the plan cut it.
    pub(super) cut: bool,
    pub(super) policy: Policy,
    /// Elements that last as long as a chunk should, once that was measured.
    pub(super) shortest: u64,
}

/// Where the run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    New,
    Running { started_ns: u64 },
    Stopping(Stopping),
    Ended,
}

/// A run on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stopping {
    pub(super) outcome: Outcome,
    pub(super) step: StopStep,
    pub(super) next_ns: u64,
}

/// What was done to make workers stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopStep {
    /// Told on the board; those in an element may finish it.
    Told,
    /// Interrupted.
    Interrupted,
    /// Killed; what is not dead after this is left to the operating system.
    Killed,
}

/// A stage to be looked at.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub(super) stage: StageId,
    pub(super) began_ns: u64,
    pub(super) next_ns: u64,
    pub(super) after_ns: u64,
}

impl Core {
    /// A run of `plan` that has not begun.
    pub(super) fn new(plan: &Plan, settings: Settings) -> Core {
        let stage = |stage: &crate::plan::Stage| StageCount {
            task: stage.task,
            elements: stage.board.elements,
            align: stage.board.align.max(1),
            streams: stage.streams.clone(),
            limits: plan.limits(stage),
            appended: stage.pieces.len() as u32,
            appended_capacity: stage.board.appended_capacity,
            cut: stage.board.policy.schedule == Schedule::Profiled && !stage.pieces.is_empty(),
            policy: stage.board.policy,
            shortest: 1,
        };
        Core {
            settings,
            phase: Phase::New,
            tasks: Tasks::new(plan),
            stages: plan.stages().iter().map(stage).collect(),
            workers: Workers::new(settings.workers),
            watched: Vec::new(),
            deaths: BTreeMap::new(),
            there: BTreeMap::new(),
        }
    }

    /// When the run's time is over.
    pub(super) fn timeout(&self, started_ns: u64) -> Option<u64> {
        self.settings.timeout_ns.map(|after| started_ns.saturating_add(after))
    }

    /// Whether a variable is on its way into shared memory.
    pub(super) fn shares(&self, resource: ResourceId) -> bool {
        let task = self.tasks.share_of(resource);
        task.is_some_and(|task| self.tasks.states()[task.index()] == TaskState::Running)
    }

    pub(super) fn task_of(&self, stage: StageId) -> Option<TaskId> {
        self.stages.get(stage.index()).map(|stage| stage.task)
    }

    pub(super) fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping(_))
    }
}
