//! All that views show, in plain numbers. As JSON it is the exchange format (`docs/record.schema.json`), and what the page reads.
//!
//! Ids are places in the lists, from 0 on. Elements, workers, attempts and a chunk's number in its stage count from 1, as people
//! do. Times are seconds from the run's begin, sizes bytes, shares between 0 and 1.
use serde::Serialize;

use crate::run_view::{PassFigures, RunView};

/// The version of the format: goes up when a reader of the last one would misunderstand.
pub const VERSION: u32 = 1;

/// A record as numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// `"memshare-record"`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The version of the package that made the record.
    pub package: String,
    /// `"plan"` or `"run"`.
    pub kind: &'static str,
    /// What was called.
    pub title: String,
    /// When the record was made, in seconds since 1970.
    pub made: u64,
    /// Places for workers.
    pub workers: u32,
    /// The predicted peak of the run's own memory.
    pub peak_bytes: u64,
    /// The bytes of the run's own memory in each step, as predicted, when the stages of a step run side by side.
    pub bytes_by_step: Vec<u64>,
    /// The budget, if there is one.
    pub budget: Option<u64>,
    /// Whether stages wait for each other to stay within the budget.
    pub held_back: bool,
    /// How long FUN is expected to take in all, where costs in seconds are known for all passes.
    pub predicted_fun_seconds: Option<f64>,
    /// The passes.
    pub passes: Vec<PassView>,
    /// The stages, in the order in which workers prefer them.
    pub stages: Vec<StageView>,
    /// What lies in shared memory.
    pub resources: Vec<ResourceView>,
    /// The nodes of the graph.
    pub tasks: Vec<TaskView>,
    /// The longest way through the graph.
    pub critical_path: CriticalPath,
    /// What happened; `null` of a plan.
    pub run: Option<RunView>,
    /// What follows from the figures, a sentence each, the most important first.
    pub advice: Vec<String>,
}

/// A pass.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PassView {
    /// Its place.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// What it does, in a line; may be empty.
    pub about: String,
    /// `"map"` for what the user asked for; `"fold"`, `"last"`, `"bind"` and `"value"` bring results together.
    pub part: String,
    /// How many elements it goes over.
    pub elements: u64,
    /// The stage it runs in.
    pub stage: u32,
    /// The resource that its results are; `null` where they never leave the stage.
    pub result: Option<u32>,
    /// How its chunks are cut: `"auto"`, `"fixed"` ….
    pub schedule: &'static str,
    /// Resources that it reads.
    pub reads: Vec<u32>,
    /// Passes of its own stage whose elements it takes.
    pub after: Vec<u32>,
    /// How long FUN is expected to take in all, where that is known.
    pub predicted_fun_seconds: Option<f64>,
    /// Bytes of the names that each of its results carries, where these are the same; 0 otherwise.
    pub repeated_names: u64,
    /// What it did.
    pub figures: Option<PassFigures>,
}

/// Passes that run together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageView {
    /// Its place.
    pub id: u32,
    /// Its task.
    pub task: u32,
    /// Its passes, in the order of an element's steps.
    pub passes: Vec<u32>,
    /// Its elements.
    pub elements: u64,
    /// Pieces that the plan cut it into; 0 where workers cut it themselves.
    pub pieces: u64,
    /// Chunks that were run; of a plan 0.
    pub chunks: u64,
}

/// Something in shared memory.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResourceView {
    /// Its place.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// `"registered"` (the user's, stays), `"shared"` (copied in for the run) or `"result"`.
    pub scope: &'static str,
    /// Its bytes: as predicted; of a run the bytes that were written.
    pub bytes: u64,
    /// Whether the prediction is none: nobody knows how large its results will be, and 8 bytes are counted for each.
    pub guessed: bool,
    /// Whether it outlives the run: the user's own, wanted, or kept by the plan for its next run.
    pub stays: bool,
    /// The step in which it is made.
    pub born: Option<u32>,
    /// The last step that reads it.
    pub last_use: Option<u32>,
    /// The task that makes it.
    pub made_by: Option<u32>,
    /// The tasks that read it.
    pub read_by: Vec<u32>,
    /// When it lived in the run.
    pub life: Option<Life>,
}

/// When something in memory lived.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Life {
    /// From.
    pub from: f64,
    /// Until; `null` when it outlived the run.
    pub until: Option<f64>,
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskView {
    /// Its place.
    pub id: u32,
    /// `"share"`, `"map"`, `"gather"` or `"release"`.
    pub kind: &'static str,
    /// Its name.
    pub label: String,
    /// The number of tasks on the longest way to it.
    pub step: u32,
    /// Of a map: its stage.
    pub stage: Option<u32>,
    /// Of any other: its resource.
    pub resource: Option<u32>,
    /// Resources it reads.
    pub reads: Vec<u32>,
    /// Resources it makes.
    pub writes: Vec<u32>,
    /// Resources it ends.
    pub frees: Vec<u32>,
    /// The tasks it waits for.
    pub waits_for: Vec<Wait>,
    /// What became of it in the run.
    pub life: Option<TaskLife>,
}

/// A dependence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wait {
    /// The task that is waited for.
    pub task: u32,
    /// `"reads"`, `"frees"` or `"overwrites"`.
    pub why: &'static str,
}

/// A task in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskLife {
    /// `"done"`, `"failed"`, `"stopped"` (begun and not ended) or `"waiting"` (never begun).
    pub state: &'static str,
    /// When nothing was in its way any more.
    pub ready: Option<f64>,
    /// When it began; later than `ready` where memory held it back.
    pub began: Option<f64>,
    /// When it ended.
    pub ended: Option<f64>,
}

/// The longest way through the graph: no number of workers makes a run shorter.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CriticalPath {
    /// Its tasks, in order.
    pub tasks: Vec<u32>,
    /// How long it takes at least: the longest element of each stage on it, one after the other; of a run as measured, of a plan
    /// as expected, `null` where nothing is known of the costs.
    pub seconds: Option<f64>,
}
