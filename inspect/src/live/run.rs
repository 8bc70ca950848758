//! A run that goes on, in plain numbers.
use serde::Serialize;

/// A run that goes on. Times are seconds; elements, workers and attempts count from 1, stages from 0, as in a
/// [`crate::Document`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveRun {
    /// The session that called.
    pub session: String,
    /// Its process.
    pub pid: u32,
    /// That process's program and arguments.
    pub command: String,
    /// What was called.
    pub title: String,
    /// `"running"`, or `"stopping"` when no further element is begun.
    pub state: &'static str,
    /// Since it began.
    pub seconds: f64,
    /// Elements of all passes, and how many of them have their results.
    pub elements: u64,
    /// See `elements`.
    pub done: u64,
    /// Elements a second, over all of the run; `null` before the first is done.
    pub rate: Option<f64>,
    /// Seconds that are left, if the rate stays.
    pub left: Option<f64>,
    /// Bytes of the run's own pages.
    pub live_bytes: u64,
    /// The most that they were.
    pub peak_bytes: u64,
    /// The stages, in the order in which workers prefer them.
    pub stages: Vec<LiveStage>,
    /// The places for workers.
    pub workers: Vec<LiveWorker>,
}

/// A stage of a run that goes on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveStage {
    /// Its place.
    pub id: u32,
    /// The names of its passes, in the order of an element's steps.
    pub passes: Vec<String>,
    /// Its elements.
    pub elements: u64,
    /// Those whose results are there.
    pub done: u64,
    /// `"waiting"`, `"open"` or `"through"`.
    pub state: &'static str,
    /// While it waits: the passes whose results it needs and that are not through. None: it waits for memory.
    pub waits_for: Vec<String>,
}

/// A worker's place in a run that goes on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveWorker {
    /// The place.
    pub worker: u32,
    /// The process that has it, or had it last.
    pub pid: Option<u32>,
    /// `"absent"` (nobody has come, or has come again), `"asleep"` (nothing is there to claim), `"opening"` (its data, FUN),
    /// `"running"` or `"writing"` (results).
    pub state: &'static str,
    /// For how long: of one that runs, since its chunk began.
    pub seconds: Option<f64>,
    /// The part of its time since it joined in which it ran FUN.
    pub busy: Option<f64>,
    /// What it has claimed.
    pub chunk: Option<LiveChunk>,
}

/// A chunk that is out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveChunk {
    /// Its stage.
    pub stage: u32,
    /// Its first element.
    pub first: u64,
    /// Its last.
    pub last: u64,
    /// 1 for the first.
    pub attempt: u32,
    /// The pass whose FUN is at work; `null` before the first element and while results are written.
    pub pass: Option<String>,
    /// The element it is at.
    pub element: Option<u64>,
}
