//! Which stages are open: the supervisor's list, so that looking for those that ended costs nothing for the others.
use super::supervisor::SupervisorBoard;
use crate::id::StageId;

/// The open stages of a board, and which are through.
#[derive(Clone, Debug)]
pub struct OpenStages {
    open: Vec<StageId>,
    through: Vec<bool>,
    /// All stages before this one are through.
    first: usize,
}

impl OpenStages {
    /// None is open yet; stages over nothing are through.
    pub fn new(board: &SupervisorBoard) -> OpenStages {
        let empty = |stage| board.elements(StageId(stage)) == Some(0);
        OpenStages { open: Vec::new(), through: (0..board.stages()).map(empty).collect(), first: 0 }
    }

    /// Opens a stage.
    pub fn open(&mut self, board: &SupervisorBoard, stage: StageId) {
        board.open(stage);
        self.open.push(stage);
    }

    /// The stages that are open and not through.
    pub fn stages(&self) -> &[StageId] {
        &self.open
    }

    /// Open stages that are through and were not when last asked; workers no longer look at those at the front. O(open stages
    /// x workers).
    pub fn ended(&mut self, board: &SupervisorBoard) -> Vec<StageId> {
        let (ended, open): (Vec<_>, Vec<_>) =
            self.open.iter().copied().partition(|stage| board.is_done(*stage));
        self.open = open;
        ended.iter().for_each(|stage| self.through[stage.index()] = true);
        self.first += self.through[self.first..].iter().take_while(|through| **through).count();
        board.skip_to(StageId(self.first as u32));
        ended
    }
}
