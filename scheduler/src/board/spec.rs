//! What a board is made from.
use super::layout::{Layout, StageSpec};
use crate::error::Result;

/// The shape and the payload of a board.
#[derive(Clone, Debug)]
pub struct BoardSpec<'a> {
    /// Places for workers, 1 to [`super::MAX_WORKERS`].
    pub workers: u32,
    /// The stages, in the order of their ids.
    pub stages: Vec<StageSpec>,
    /// What all workers read before they begin: bytes of the caller's own meaning.
    pub payload: &'a [u8],
}

impl BoardSpec<'_> {
    /// Bytes that the board needs.
    ///
    /// # Errors
    /// [`Error::BadPlan`](crate::error::Error::BadPlan) for a shape that no board can have.
    pub fn bytes(&self) -> Result<u64> {
        Ok(self.layout()?.bytes)
    }

    pub(super) fn layout(&self) -> Result<Layout> {
        let mut capacities = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            stage.check()?;
            capacities.push(stage.capacity());
        }
        Layout::of(self.workers, &capacities, self.payload.len() as u64)
    }
}
