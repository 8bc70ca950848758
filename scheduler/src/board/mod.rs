//! The board: a plan's image in shared memory, from which workers take chunks without asking anybody.
//!
//! Works on a piece of memory (base and length) that someone else shared; knows nothing of segments, processes or R.
//! The entry word packs a chunk's end, worker, attempt and state, so that a claim *is* its record and a death at any
//! instruction is recovered by a scan. States, memory ordering and races: `README.md` beside this file.
mod account;
mod activity;
mod calls;
mod costs;
mod entries;
mod given;
mod layout;
mod log;
mod open_stages;
mod presence;
mod progress;
mod reader;
mod record;
mod report;
mod slot;
mod spec;
mod stage;
mod stats;
mod supervisor;
mod sync;
#[cfg(test)]
pub(crate) mod tests;
mod word;
mod worker;

pub use account::reserved;
pub use activity::Activity;
pub use calls::{CallEnd, FunCall};
pub use entries::{ChunkRecord, Recovered};
pub use given::{given_entries, GivenChunk};
pub use layout::StageSpec;
pub use open_stages::OpenStages;
pub use presence::Presence;
pub use reader::BoardReader;
pub use record::{ElementPosition, Output, PageSegment, Span};
pub use report::StepReport;
pub use spec::BoardSpec;
pub use supervisor::SupervisorBoard;
pub use word::{ChunkState, MAX_ATTEMPT, MAX_ELEMENTS, MAX_STEPS, MAX_WORKERS};
pub use worker::{Delivered, WorkerBoard};

use crate::id::{ChunkId, StageId, WorkerId};
use word::Word;

/// A worker's claim of a chunk. It is good until [`WorkerBoard::complete`], [`WorkerBoard::fail`] or
/// [`SupervisorBoard::revoke`], of which exactly one succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The stage.
    pub stage: StageId,
    /// The chunk's number: its place in the log, or past the log's capacity its place among the appended ranges.
    pub chunk: ChunkId,
    /// Who has it.
    pub worker: WorkerId,
    /// Its first element.
    pub start: u64,
    /// The element after its last.
    pub end: u64,
    /// How often its elements were tried before.
    pub attempt: u32,
}

impl Lease {
    /// The word that its entry has while the lease is good.
    fn word(&self) -> Word {
        Word::new(self.end, self.worker, self.attempt, ChunkState::Leased)
    }

    /// The lease as a slot names it.
    fn name(&self) -> u64 {
        (u64::from(self.stage.0) << 32) | u64::from(self.chunk.0)
    }
}

/// What the supervisor wants of all workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Control {
    /// Take chunks.
    Go = 0,
    /// Begin no further element.
    Stop = 1,
    /// The run is over; leave the board.
    Ended = 2,
}
