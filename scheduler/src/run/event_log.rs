//! What happened in a run. The supervisor notes an [`Event`] for each thing that the engine was told or decided; the chunks are
//! the board's own entries, read when the run is over. Times are nanoseconds from the run's begin.
use crate::board::Activity;
use crate::engine::EventKind;
use crate::id::{ChunkId, PassId, StageId, WorkerId};
use serde::{Deserialize, Serialize};

/// How much is said of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What its chunks come to.
    Totals,
    /// Each chunk too.
    Chunks,
}

/// The log of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventLog {
    /// When the run began, in nanoseconds since 1970.
    pub begun: u64,
    /// From its begin to its end.
    pub wall_ns: u64,
    /// How it ended.
    pub ended: Ended,
    /// What the supervisor saw, in order.
    pub events: Vec<Event>,
    /// Who took part, in the order in which they came.
    pub workers: Vec<WorkerLife>,
    /// Nanoseconds that each worker's place spent on each [`Activity`].
    pub activities: Vec<[u64; Activity::ALL.len()]>,
    /// Chunks by stage, first element and attempt; none where the run kept no trace.
    pub chunks: Vec<Chunk>,
    /// Bytes that chunks wrote: of each chunk one number for each output of its stage.
    pub outputs: Vec<u64>,
    /// What the steps of chunks did, where a stage has several: of each chunk that is done one for each pass of its stage.
    pub steps: Vec<ChunkStep>,
    /// What is known of each stage as a whole, by its id.
    pub stages: Vec<StageTotal>,
    /// What is known of each pass as a whole, by its id.
    pub passes: Vec<PassTotal>,
    /// Bytes of data that lay in the run's own pages when it began.
    pub data_bytes: u64,
    /// How long data was copied into shared memory before the run began, and how many bytes that were.
    pub copied: (u64, u64),
    /// The most bytes that the run's own pages held; of a run over several hosts those of the host that held most.
    pub peak_bytes: u64,
    /// The hosts of a run over several; none of any other.
    pub hosts: Vec<HostLife>,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// All results are with the caller.
    #[default]
    Done,
    /// FUN failed.
    Failed(FailedElement),
    /// An element killed each worker that ran it.
    WorkerDied {
        /// The element.
        position: FailedElement,
        /// How many workers it killed.
        deaths: u32,
        /// Who the last of them was, how it ended, and what it said last.
        reason: String,
    },
    /// The user cancelled it.
    Cancelled,
    /// Its time was over.
    Timeout,
    /// Nobody was left to run it.
    NoWorkers {
        /// Why.
        reason: String,
    },
    /// FUN did not end at an element within the time it had.
    ElementTimeout(FailedElement),
}

/// An element of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedElement {
    /// The pass.
    pub pass: PassId,
    /// The element, from 0 on.
    pub element: u64,
}

/// Something that happened at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at_ns: u64,
    /// What.
    pub what: EventKind,
}

/// A worker's part in the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerLife {
    /// Its place; a replacement has its predecessor's.
    pub worker: WorkerId,
    /// Its process, where it is known.
    pub pid: Option<u32>,
    /// When it joined.
    pub joined_ns: u64,
    /// When it left: at the end, or by dying.
    pub left_ns: u64,
    /// How it died, if it did.
    pub died: Option<Died>,
}

/// A host's part in a run over several, under one leader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostLife {
    /// Its leader, for people.
    pub name: String,
    /// The first of its workers' places.
    pub first: u32,
    /// How many places these are.
    pub workers: u32,
    /// When it was first spoken to.
    pub joined_ns: u64,
    /// When it was lost, or the run's end.
    pub left_ns: u64,
    /// Why it was lost, if it was.
    pub lost: Option<String>,
    /// Elements that it handed in, of all phases.
    pub elements: u64,
    /// The most bytes that the pages of its blocks held.
    pub peak_bytes: u64,
    /// What it was sent for the run: data, and what to do.
    pub sent: Vec<Moved>,
    /// What it sent back: values, and what FUN said.
    pub received: Vec<Moved>,
}

/// Bytes on their way between the session and a host: one message, or several that followed each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// When the first was sent.
    pub from_ns: u64,
    /// When the last had come.
    pub until_ns: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// How a worker died.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Died {
    /// How its process ended, or why it was given up, in words.
    pub how: String,
    /// The signal that ended its process, if one did.
    pub signal: Option<i32>,
    /// The last lines that it, or R for it, wrote.
    pub last_words: Vec<String>,
}

/// A chunk as its entry on the board says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its stage.
    pub stage: StageId,
    /// Its entry.
    pub chunk: ChunkId,
    /// Its first element.
    pub start: u64,
    /// The element after its last.
    pub end: u64,
    /// Who had it.
    pub worker: WorkerId,
    /// How often its elements were tried before.
    pub attempt: u32,
    /// How it ended.
    pub state: State,
    /// When its first element began.
    pub started_ns: u64,
    /// When its results were written, or its lease ended.
    pub ended_ns: u64,
    /// How long FUN ran in it; all of its time where that was not measured.
    pub fun_ns: u64,
    /// Where its bytes stand in [`EventLog::outputs`].
    pub outputs_at: u32,
    /// Where its steps stand in [`EventLog::steps`].
    pub steps_at: u32,
}

/// How a chunk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Its results count.
    Done,
    /// FUN failed in it.
    Failed,
    /// Its worker died.
    Lost,
    /// The run was over before it was.
    Stopped,
}

/// What one step of a chunk did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkStep {
    /// The pass.
    pub pass: PassId,
    /// When its first element began.
    pub started_ns: u64,
    /// When its last ended.
    pub ended_ns: u64,
    /// How long FUN ran.
    pub fun_ns: u64,
}

/// A stage as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTotal {
    /// Chunks that are done.
    pub chunks: u64,
    /// Chunks that were lost and queued again.
    pub lost: u64,
    /// When its first chunk began.
    pub began_ns: u64,
    /// When its last ended.
    pub ended_ns: u64,
    /// The time of all chunks, from the end of the worker's chunk before where the worker did not sleep in between.
    pub chunks_ns: u64,
    /// The time of the longest.
    pub longest_ns: u64,
}

/// Elements that are remembered as a pass's slowest.
pub(crate) const SLOWEST: usize = 5;

/// A pass as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PassTotal {
    /// How long FUN ran.
    pub fun_ns: u64,
    /// Bytes of results that were written.
    pub bytes: u64,
    /// Whether it was noted what each element costs.
    pub measured: bool,
    /// The elements that took longest, the longest first, with nanoseconds; a few.
    pub slowest: Vec<(u64, f32)>,
}
