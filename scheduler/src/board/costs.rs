//! What each element cost: a number of nanoseconds a step and element, for those stages that are measured. Written by the
//! worker that holds the chunk, before it ends the lease: who sees the chunk done sees its costs. An element that was tried twice
//! has the cost of the later try.
use super::reader::BoardReader;
use super::stage::BoardStage;
use super::sync::{AtomicU32, Ordering};
use super::worker::WorkerBoard;
use super::Lease;
use crate::id::StageId;

impl WorkerBoard {
    /// Puts down what a step's elements cost, from the chunk's first on; to be called before the lease is ended.
    pub fn put_costs(&self, lease: &Lease, step: u32, costs: &[f32]) {
        let Some(stage) = self.stage(lease.stage) else { return };
        let Some(all) = self.costs_of(stage, step) else { return };
        let chunk = all.get(lease.start as usize..lease.end as usize).unwrap_or_default();
        for (place, cost) in chunk.iter().zip(costs) {
            place.store(cost.to_bits(), Ordering::Relaxed);
        }
    }
}

impl BoardReader {
    /// What a step's elements cost, in nanoseconds; 0 for those that were not done. `None` where nothing was measured.
    pub fn costs(&self, stage: StageId, step: u32) -> Option<Vec<f32>> {
        let costs = self.costs_of(self.stage(stage)?, step)?;
        Some(costs.iter().map(|cost| f32::from_bits(cost.load(Ordering::Relaxed))).collect())
    }

    /// Whether the elements of a stage are measured.
    pub fn is_measured(&self, stage: StageId) -> bool {
        self.stage(stage).is_some_and(|stage| stage.spec.measured)
    }

    fn costs_of(&self, stage: &BoardStage, step: u32) -> Option<&[AtomicU32]> {
        let elements = stage.spec.elements as usize;
        let start = (step as usize).checked_mul(elements)?;
        self.all_costs(stage).get(start..start.checked_add(elements)?).filter(|costs| !costs.is_empty())
    }
}
