//! What a document says of a run, in plain numbers; see [`super::Document`] for how they count.
use serde::Serialize;

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunView {
    /// How it ended.
    pub ended: Outcome,
    /// When it began, in seconds since 1970.
    pub begun: f64,
    /// The run as a whole.
    pub figures: RunFigures,
    /// Who took part, in the order in which they came.
    pub workers: Vec<WorkerView>,
    /// Seconds that each worker's place spent on what.
    pub activities: Vec<Activities>,
    /// Packages that were loaded meanwhile, in the order of their ends; those alone that took long.
    pub loads: Vec<LoadView>,
    /// The chunks, in columns of equal length; empty where no trace was kept.
    pub chunks: Chunks,
    /// What passes did within the chunks of stages that have several.
    pub steps: Steps,
    /// Bytes of the run's own pages over time; empty of a run over several hosts, each of which has its own.
    pub memory: Memory,
    /// The hosts of a run over several; none of any other.
    pub hosts: Vec<HostView>,
    /// What the supervisor saw, in order.
    pub events: Vec<EventView>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// `"done"`, `"failed"`, `"worker_died"`, `"element_timeout"`, `"cancelled"`, `"timeout"` or `"no_workers"`.
    pub kind: &'static str,
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
    /// Seconds that all places together spent on what.
    pub spent: Activities,
    /// Workers that died.
    pub deaths: u32,
    /// Chunks that were lost and done again.
    pub retries: u32,
    /// Bytes that came into shared memory for the run: data and results.
    pub shared_bytes: u64,
    /// The most bytes that the run's own pages held; of a run over several hosts those of the host that held most.
    pub peak_bytes: u64,
    /// Bytes that hosts were sent for the run.
    pub sent_bytes: u64,
    /// Bytes that they sent back.
    pub received_bytes: u64,
    /// How long something was on its way between the session and any host.
    pub network_seconds: f64,
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
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    /// The signal that ended its process, if one did.
    pub signal: Option<i32>,
    /// Of one that died, the last lines that it wrote.
    pub last_words: Vec<String>,
}

/// Seconds of a worker's place, which add up to the run's.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Activities {
    /// Nothing was there to claim.
    pub wait: f64,
    /// Opening data, making FUN ready.
    pub map: f64,
    /// Loading packages, in the worker or, for it, in the process that forks workers.
    pub load: f64,
    /// FUN.
    pub run: f64,
    /// What comes with calls of FUN: cutting elements, calling it, claiming chunks.
    pub call: f64,
    /// Writing results.
    pub serialize: f64,
    /// R's garbage collection while FUN ran.
    pub collect: f64,
    /// Not in the run.
    pub idle: f64,
}

/// Packages that were loaded while the run went on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LoadView {
    /// The worker, from 1 on; `null` for the process that forks workers.
    pub worker: Option<u32>,
    /// Their names, with commas between.
    pub packages: String,
    /// Whether FUN loaded them, in an element. How long that took is then estimated by what its other elements took.
    pub in_fun: bool,
    /// From.
    pub from: f64,
    /// Until.
    pub until: f64,
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

/// A host's part in a run over several, under one leader.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HostView {
    /// Its number, from 1 on.
    pub host: u32,
    /// Its leader.
    pub name: String,
    /// The first of its workers, from 1 on.
    pub first_worker: u32,
    /// How many it has.
    pub workers: u32,
    /// When it was first spoken to.
    pub joined: f64,
    /// When it was lost, or the run's end.
    pub left: f64,
    /// Why it was lost, if it was.
    pub lost: Option<String>,
    /// Elements that it handed in, of all phases.
    pub elements: u64,
    /// How long FUN ran on it, over its workers.
    pub fun_seconds: f64,
    /// FUN's part of its workers' time.
    pub utilisation: f64,
    /// The most bytes that the pages of its blocks held.
    pub peak_bytes: u64,
    /// What it was sent: data, and what to do.
    pub sent: Moves,
    /// What it sent back.
    pub received: Moves,
}

/// Messages that carried something, or several that followed each other, in columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Moves {
    /// When the first was sent.
    pub from: Vec<f64>,
    /// When the last had come.
    pub until: Vec<f64>,
    /// Their bytes.
    pub bytes: Vec<u64>,
}

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EventView {
    /// When.
    pub at: f64,
    /// `"began"`, `"ended"`, `"freed"`, `"let_go"`, `"joined"`, `"died"`, `"not_started"`, `"queued"`, `"taken_back"`,
    /// `"failed"`, `"late"`, `"killed"`, `"stopped"`, `"loaded"` or `"host_lost"`.
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
    /// The first element that it happened to, from 1 on.
    pub first: Option<u64>,
    /// The last.
    pub last: Option<u64>,
    /// Of elements that are queued, which attempt at them that is, 1 for the first.
    pub attempt: Option<u32>,
    /// How a worker died, or why it could not be started.
    pub how: Option<String>,
}

/// Nanoseconds of a log as documents have them.
pub(crate) fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// A part of a whole, 0 where there is no whole.
pub(crate) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        (part / whole).clamp(0.0, 1.0)
    } else {
        0.0
    }
}
