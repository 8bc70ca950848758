//! What a run would take: the very core, board and policies on a virtual clock.
//!
//! Nothing is modelled but what lies outside of the scheduler: how long FUN takes on each element, what a chunk costs besides,
//! when workers come and how long messages travel. All decisions are made by the code that makes them in a run: workers claim
//! from a real board (in private memory), the engine gets the events it would get. So the answer to "what would 64 cores bring?"
//! holds as far as the model does, and the schedules that tests compare are the ones that run.
//!
//! Deterministic: the same plan and model give the same result. It leaves out what workers do to each other's speed (memory
//! bandwidth, shared caches, cores that are fewer than workers) and deaths.
//!
//! | file | what stands there |
//! |---|---|
//! | `run` | a run from begin to end. The engine's tests use it too |
//! | `world` | what the engine acts on: clock, workers, messages |
//! | `context` | what all parts look at: plan, board, time |
//! | `place`, `worker` | a place for a worker, and its steps |
//! | `queue` | what is to come, by time |
//! | `conditions` | what differs between runs: times, faults, what FUN gives |
//! | `modelled` | the conditions that a model says |
//! | `model` | what a run is told, and what comes of it |
//! | `load` | how long the elements of each stage take, and the bound that no schedule beats |
//! | `hosts`, `link` | runs over several hosts, and the network between them |
//! | `memory` | the memory of a board that nobody else sees |
pub(crate) mod conditions;
pub(crate) mod context;
mod hosts;
mod link;
mod load;
mod memory;
mod model;
pub(crate) mod modelled;
pub(crate) mod place;
pub(crate) mod queue;
pub(crate) mod run;
#[cfg(all(test, not(loom)))]
pub(crate) mod tests;
pub(crate) mod worker;
pub(crate) mod world;

pub use hosts::{over_hosts, OverHosts};
pub use link::Network;
pub use model::{Model, Simulated, Work};

use crate::error::Result;
use crate::plan::{compile_sized, CallSpec, Plan};
use crate::policy::Policy;

/// A run to be simulated: a call on so many workers, cut by a rule of its own if one is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// How many workers.
    pub workers: u32,
    /// The rule for all passes; `None` leaves each pass its own.
    pub policy: Option<Policy>,
}

impl Case {
    /// The call in this case.
    #[must_use]
    pub fn of(self, call: &CallSpec) -> CallSpec {
        let mut spec = CallSpec { workers: self.workers, ..call.clone() };
        if let Some(policy) = self.policy {
            spec.passes.iter_mut().for_each(|pass| pass.policy = policy);
        }
        spec
    }
}

/// Runs `plan` on the virtual clock. O((chunks + workers) log workers + elements).
///
/// # Errors
/// [`crate::error::Error::BadPlan`] where a pass's work has not as many elements as the pass.
pub fn simulate(plan: &Plan, model: &Model) -> Result<Simulated> {
    let loads = load::loads(plan, model)?;
    let bound_ns = load::bound(plan, &loads, plan.workers().into());
    modelled::run(plan, model, loads, bound_ns)
}

/// Simulates a call in several cases, side by side on the cores of this host; results in the order of the cases.
///
/// # Errors
/// What [`compile_sized`] and [`simulate`] say of the first case that cannot be.
pub fn sweep(spec: &CallSpec, cases: &[Case], model: &Model) -> Result<Vec<Simulated>> {
    use rayon::prelude::*;
    let one = |case: &Case| simulate(&compile_sized(case.of(spec), &model.sizes)?, model);
    // Threads that stayed would be in the way of a process that forks later.
    match rayon::ThreadPoolBuilder::new().build() {
        Ok(pool) => pool.install(|| cases.par_iter().map(one).collect()),
        Err(_) => cases.iter().map(one).collect(),
    }
}
