//! Which of the ready stages may begin, where a run is held to an amount of memory.
use super::tasks::{TaskState, Tasks};
use crate::id::{StageId, TaskId};
use crate::plan::Progress;

impl Tasks {
    /// Whether a ready task may begin now: a stage waits if, with it, the run could pass what it is held to before all is
    /// done. The lowest stage never waits when no other runs: that is the order in which the plan fits.
    pub(super) fn admit(&mut self, task: TaskId) -> bool {
        while self.maps.get(self.lowest).is_some_and(|map| self.states[map.index()].is_terminal()) {
            self.lowest += 1;
        }
        let in_order = self.running == 0 && self.maps.get(self.lowest) == Some(&task);
        let (Some(ceiling), Some(_), false) = (&self.ceiling, self.stage_of(task), in_order) else {
            self.held_back.remove(&task);
            return true;
        };
        let progress = |stage: StageId| match self.maps[stage.index()] {
            map if map == task => Progress::Running,
            map => match self.states[map.index()] {
                TaskState::Waiting(_) => Progress::Ahead,
                TaskState::Running => Progress::Running,
                _ => Progress::Ended,
            },
        };
        let fits = ceiling.forecast.peak(progress) <= ceiling.bytes;
        if fits {
            self.held_back.remove(&task);
        } else {
            self.held_back.insert(task);
        }
        fits
    }

    /// A stage that was held back and now may begin.
    pub(super) fn admitted(&mut self) -> Option<TaskId> {
        let held_back: Vec<TaskId> = self.held_back.iter().copied().collect();
        held_back.into_iter().find(|&task| self.admit(task))
    }

    /// Whether any task waits for room.
    pub(super) fn any_held_back(&self) -> bool {
        !self.held_back.is_empty()
    }

    /// Whether a task waits for room.
    pub(super) fn is_held_back(&self, task: TaskId) -> bool {
        self.held_back.contains(&task)
    }

    pub(super) fn any_stage_runs(&self) -> bool {
        self.running > 0
    }
}
