//! Which stages are open: the supervisor's list, so that looking for those that ended costs nothing for the others.
use super::Board;
use crate::id::StageId;

/// The open stages of a board, and which are through.
#[derive(Clone, Debug)]
pub struct Opened {
    open: Vec<StageId>,
    done: Vec<bool>,
    /// All stages before this one are through.
    first: usize,
}

impl Opened {
    /// None is open yet; stages over nothing are through.
    pub fn new(board: &Board) -> Opened {
        let empty = |stage| board.elements(StageId(stage)) == Some(0);
        Opened { open: Vec::new(), done: (0..board.stages()).map(empty).collect(), first: 0 }
    }

    /// Opens a stage.
    pub fn open(&mut self, board: &Board, stage: StageId) {
        board.open(stage);
        self.open.push(stage);
    }

    /// The stages that are open.
    pub fn stages(&self) -> &[StageId] {
        &self.open
    }

    /// Open stages that are through and were not when last asked. Stages at the front that are all through are taken out of
    /// the workers' way. O(open stages x workers).
    pub fn ended(&mut self, board: &Board) -> Vec<StageId> {
        let is_done = |stage: &StageId| Some(board.done_elements(*stage)) == board.elements(*stage);
        let (ended, open): (Vec<_>, Vec<_>) = self.open.iter().copied().partition(is_done);
        self.open = open;
        ended.iter().for_each(|stage| self.done[stage.index()] = true);
        self.first += self.done[self.first..].iter().take_while(|done| **done).count();
        board.skip_to(StageId(self.first as u32));
        ended
    }
}
