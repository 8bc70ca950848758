//! All that views show, in plain numbers. As JSON it is the exchange format (`docs/record.schema.json`), and what the page reads.
//!
//! Ids are places in the lists, from 0 on. Elements, workers, attempts and a chunk's number in its stage count from 1, as people
//! do. Times are seconds from the run's begin, sizes bytes, shares between 0 and 1.
use super::advice::advice;
use super::{measured, planned, Record};
use crate::graph::TaskKind;
use crate::id::TaskId;
use crate::plan::Plan;
use serde::Serialize;

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
    /// `"reads"`, `"frees"`, `"overwrites"` or `"order"`.
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

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunView {
    /// How it ended.
    pub ended: Verdict,
    /// When it began, in seconds since 1970.
    pub begun: f64,
    /// The run as a whole.
    pub figures: RunFigures,
    /// Who took part, in the order in which they came.
    pub workers: Vec<WorkerView>,
    /// Seconds that each worker's place spent on what.
    pub activities: Vec<Activities>,
    /// The chunks, in columns of equal length; empty where no trace was kept.
    pub chunks: Chunks,
    /// What passes did within the chunks of stages that have several.
    pub steps: Steps,
    /// Bytes of the run's own pages over time.
    pub memory: Memory,
    /// What the supervisor saw, in order.
    pub events: Vec<MomentView>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// `"done"`, `"failed"`, `"worker_died"`, `"cancelled"`, `"timeout"` or `"no_workers"`.
    pub kind: String,
    /// In words; empty when it is done.
    pub words: String,
}

/// A run in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunFigures {
    /// From begin to end.
    pub seconds: f64,
    /// How long data was copied into shared memory before the run began.
    pub copy_seconds: f64,
    /// Passes that the user asked for.
    pub passes: u64,
    /// Their elements.
    pub elements: u64,
    /// Chunks that were done.
    pub chunks: u64,
    /// How long FUN ran, over all workers.
    pub fun_seconds: f64,
    /// FUN's part of the workers' time: of `seconds` times places.
    pub utilisation: f64,
    /// The part of the time at work that was not FUN: claiming, cutting elements, writing results.
    pub overhead: f64,
    /// The rest of the workers' time: nothing to do, or not there yet.
    pub waiting: f64,
    /// Workers that died.
    pub deaths: u32,
    /// Chunks that were lost and done again.
    pub retries: u32,
    /// Bytes that came into shared memory for the run: data and results.
    pub shared_bytes: u64,
    /// The most bytes that the run's own pages held.
    pub peak_bytes: u64,
}

/// A pass in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PassFigures {
    /// Chunks that were done.
    pub chunks: u64,
    /// Its first chunk's begin.
    pub began: f64,
    /// Its last chunk's end.
    pub ended: f64,
    /// How long FUN ran, over all workers.
    pub fun_seconds: f64,
    /// The part of the run's FUN time that was this pass's.
    pub share: f64,
    /// FUN's part of the workers' time from `began` to `ended`. Passes of one stage share it.
    pub utilisation: f64,
    /// As for the run; that of its stage.
    pub overhead: f64,
    /// Mean time of a chunk.
    pub mean_chunk: f64,
    /// Time of the longest chunk.
    pub longest_chunk: f64,
    /// Bytes of results.
    pub bytes: u64,
    /// Chunks that were lost and done again.
    pub retries: u32,
    /// Whether its elements did not cost what was expected, so that what was left was cut anew.
    pub misled: bool,
    /// The elements that took longest, the longest first; none where that was not measured.
    pub slowest: Vec<Slowest>,
}

/// An element that took long.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slowest {
    /// Which, from 1 on.
    pub element: u64,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// How long FUN took.
    pub seconds: f64,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkerView {
    /// Its place, from 1 on; a replacement has its predecessor's.
    pub worker: u32,
    /// Its process.
    pub pid: Option<u32>,
    /// When it joined.
    pub joined: f64,
    /// When it left.
    pub left: f64,
    /// How it died, if it did.
    pub died: Option<String>,
}

/// Seconds of a worker's place, which add up to the run's.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Activities {
    /// Nothing was there to claim.
    pub wait: f64,
    /// Opening data, making FUN ready.
    pub map: f64,
    /// At elements: cutting them, FUN, and what is around it.
    pub run: f64,
    /// Writing results.
    pub serialize: f64,
    /// R's garbage collection while FUN ran.
    pub collect: f64,
    /// Not in the run.
    pub idle: f64,
}

/// Chunks in columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Chunks {
    /// The stage.
    pub stage: Vec<u32>,
    /// The chunk's number in its stage, from 1 on, by first element and attempt.
    pub number: Vec<u64>,
    /// Its first element, from 1 on.
    pub first: Vec<u64>,
    /// Its last.
    pub last: Vec<u64>,
    /// The worker, from 1 on.
    pub worker: Vec<u32>,
    /// 1 for the first.
    pub attempt: Vec<u32>,
    /// `"done"`, `"failed"`, `"lost"` (its worker died) or `"stopped"` (the run was over before it was).
    pub state: Vec<&'static str>,
    /// When it began.
    pub started: Vec<f64>,
    /// When it ended.
    pub ended: Vec<f64>,
    /// How long FUN ran in it.
    pub fun: Vec<f64>,
    /// Bytes that it wrote.
    pub bytes: Vec<u64>,
}

/// Passes within chunks, in columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Steps {
    /// The chunk: its place in the columns of [`Chunks`].
    pub chunk: Vec<u32>,
    /// The pass.
    pub pass: Vec<u32>,
    /// When its first element began.
    pub started: Vec<f64>,
    /// When its last ended.
    pub ended: Vec<f64>,
    /// How long FUN ran.
    pub fun: Vec<f64>,
}

/// A step function: from `at[i]` on there are `bytes[i]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Memory {
    /// When it changed.
    pub at: Vec<f64>,
    /// To what.
    pub bytes: Vec<u64>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MomentView {
    /// When.
    pub at: f64,
    /// `"began"`, `"ended"`, `"freed"`, `"let_go"`, `"joined"`, `"died"`, `"not_started"`, `"put_up"`, `"taken_back"`,
    /// `"failed"` or `"stopped"`.
    pub kind: &'static str,
    /// In words.
    pub words: String,
    /// The task that it happened to.
    pub task: Option<u32>,
    /// The resource.
    pub resource: Option<u32>,
    /// The worker, from 1 on.
    pub worker: Option<u32>,
    /// The stage.
    pub stage: Option<u32>,
}

impl Document {
    /// The document of a record. O(tasks + edges + chunks log chunks).
    pub fn of(record: &Record) -> Document {
        let plan = &record.plan;
        let passes = planned::passes(record);
        let predicted: Option<f64> = passes.iter().map(|pass| pass.predicted_fun_seconds).sum();
        let mut document = Document {
            format: "memshare-record",
            version: VERSION,
            package: record.package.clone(),
            kind: if record.log.is_some() { "run" } else { "plan" },
            title: record.title.clone(),
            made: record.made,
            workers: plan.workers(),
            peak_bytes: plan.peak_bytes(),
            budget: plan.spec().budget,
            held_back: plan.allowance().is_some(),
            predicted_fun_seconds: predicted,
            passes,
            stages: planned::stages(plan),
            resources: planned::resources(record),
            tasks: planned::tasks(plan),
            critical_path: CriticalPath::default(),
            run: None,
            advice: Vec::new(),
        };
        if let Some(log) = &record.log {
            measured::measure(&mut document, record, log);
        }
        document.critical_path = critical_path(plan, &document);
        document.advice = advice(&document);
        document
    }
}

/// The longest way: by the longest elements as measured, else as expected; where nothing is known, by the number of elements.
fn critical_path(plan: &Plan, document: &Document) -> CriticalPath {
    let measured = |stage: &StageView| -> Option<f64> {
        let longest = |pass: &u32| {
            let figures = document.passes[*pass as usize].figures.as_ref()?;
            let even = figures.fun_seconds / document.passes[*pass as usize].elements.max(1) as f64;
            Some(figures.slowest.first().map_or(even, |slowest| slowest.seconds))
        };
        stage.passes.iter().map(longest).sum()
    };
    let expected = planned::longest(plan);
    let known: Vec<Option<f64>> =
        document.stages.iter().zip(expected).map(|(stage, expected)| measured(stage).or(expected)).collect();
    let all = known.iter().all(Option::is_some);
    let cost = |task: TaskId| match plan.graph().tasks()[task.index()].kind {
        // One more than nothing, so that a way through more stages is longer.
        TaskKind::Map(stage) if all => (known[stage.index()].unwrap_or(0.0) * 1e9) as u64 + 1,
        TaskKind::Map(stage) => plan.stages()[stage.index()].board.elements + 1,
        _ => 0,
    };
    let (tasks, _) = plan.graph().critical_path(cost);
    let on_way = tasks.iter().filter_map(|&task| planned::stage_of_task(plan, task));
    let seconds = on_way.map(|stage| known[stage.index()].unwrap_or(0.0)).sum();
    CriticalPath { tasks: tasks.into_iter().map(|task| task.0).collect(), seconds: all.then_some(seconds) }
}
