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
//! | room | what stands there |
//! |---|---|
//! | `world` | what the engine acts on: clock, workers, messages. The engine's tests use it too |
//! | `worker` | a worker's steps |
//! | `queue` | what is to come, by time |
//! | `conditions` | what differs between runs: times, faults, what FUN gives |
//! | `modelled` | the conditions that a model says |
//! | `load` | how long the elements of each stage take, and the bound that no schedule beats |
//! | `memory` | the memory of a board that nobody else sees |
pub(crate) mod conditions;
mod load;
mod memory;
pub(crate) mod modelled;
pub(crate) mod queue;
#[cfg(all(test, not(loom)))]
pub(crate) mod tests;
pub(crate) mod worker;
pub(crate) mod world;

use crate::error::Result;
use crate::plan::{compile_sized, CallSpec, Costs, Plan, ResultSize};
use crate::policy::Policy;

/// What is taken to be true of the machine and of FUN.
#[derive(Clone, Debug)]
pub struct Model {
    /// How long the elements of each pass take, by pass. Where it is shorter than the call the rest takes
    /// [`Work::Uniform`] of 1 ms.
    pub work: Vec<Work>,
    /// How large the results of each pass are, by pass, where that is known; else the call's bytes count.
    pub sizes: Vec<Option<ResultSize>>,
    /// What a chunk costs besides its elements: claim, results, bookkeeping.
    pub chunk_ns: u64,
    /// When the first worker has the board.
    pub join_ns: u64,
    /// How much later each of the others has it: the supervisor tells one after the other.
    pub join_each_ns: u64,
    /// How long a word travels between a worker and the supervisor, until it is acted on.
    pub message_ns: u64,
    /// How long the supervisor is busy with a worker's word.
    pub event_ns: u64,
}

/// How long the elements of a pass take.
#[derive(Clone, Debug)]
pub enum Work {
    /// Each so many nanoseconds.
    Uniform(f64),
    /// Each its cost, times the costs' unit (1 ns where they have none).
    Each(Costs),
}

impl Default for Model {
    /// A warm pool on one host, as measured here: a chunk costs 20 us with R in it, a message 15 us.
    fn default() -> Self {
        Model {
            work: Vec::new(),
            sizes: Vec::new(),
            chunk_ns: 20_000,
            join_ns: 150_000,
            join_each_ns: 10_000,
            message_ns: 15_000,
            event_ns: 3_000,
        }
    }
}

impl Model {
    /// The defaults, with one pass whose elements take these costs.
    pub fn of(costs: Costs) -> Model {
        Model { work: vec![Work::Each(costs)], ..Model::default() }
    }
}

/// What came of a simulated run.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// Workers of it.
    pub workers: u32,
    /// From its begin to its end.
    pub makespan_ns: u64,
    /// No schedule ends before this: all work shared evenly, or the longest elements of stages that wait for each other.
    pub bound_ns: u64,
    /// The part of the workers' time in which FUN runs.
    pub efficiency: f64,
    /// The part in which workers have nothing to do, or are not there yet.
    pub idle: f64,
    /// The part that chunks cost besides their elements.
    pub overhead: f64,
    /// Chunks of all stages.
    pub chunks: u64,
    /// Stages whose costs misled, so that what was left was cut again.
    pub recuts: u32,
    /// The most bytes that the run's pages held.
    pub peak_bytes: u64,
    /// How long FUN runs on each worker.
    pub busy_ns: Vec<u64>,
}

impl Simulated {
    /// How many times the bound it takes; 1 is the best there is.
    pub fn ratio(&self) -> f64 {
        self.makespan_ns as f64 / self.bound_ns.max(1) as f64
    }
}

/// A run to be simulated: a call on so many workers, cut by a rule of its own if one is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// How many workers.
    pub workers: u32,
    /// The rule for all passes; `None` leaves each pass its own.
    pub policy: Option<Policy>,
}

/// Runs `plan` on the virtual clock. O((chunks + workers) log workers + elements).
///
/// # Errors
/// [`crate::error::Error::BadPlan`] where a pass's work has not as many elements as the pass.
pub fn simulate(plan: &Plan, model: &Model) -> Result<Simulated> {
    let loads = load::loads(plan, model)?;
    let bound_ns = load::bound(plan, &loads);
    modelled::run(plan, model, loads, bound_ns)
}

/// Simulates a call in several cases, side by side on the cores of this host; results in the order of the cases.
///
/// # Errors
/// What [`compile_sized`] and [`simulate`] say of the first case that cannot be.
pub fn sweep(spec: &CallSpec, cases: &[Case], model: &Model) -> Result<Vec<Simulated>> {
    use rayon::prelude::*;
    let one = |case: &Case| {
        let mut spec = spec.clone();
        spec.workers = case.workers;
        if let Some(policy) = case.policy {
            spec.passes.iter_mut().for_each(|pass| pass.policy = policy);
        }
        simulate(&compile_sized(spec, &model.sizes)?, model)
    };
    // Threads that stayed would be in the way of a process that forks later.
    match rayon::ThreadPoolBuilder::new().build() {
        Ok(pool) => pool.install(|| cases.par_iter().map(one).collect()),
        Err(_) => cases.iter().map(one).collect(),
    }
}
