//! What a simulated run is told, and what comes of it.
use crate::plan::{Costs, ResultSize};

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
