//! Runs that go on, in any session of this user: what their boards say now.
//!
//! A board is mapped read-only and only looked at: atomic loads of what the workers and the supervisor store in any case, so that
//! the run notices nothing. A snapshot is of no single instant; each number in it was true at some time while it was made, and
//! what contradicts another (a chunk that ended meanwhile) is left out.
mod snapshot;
#[cfg(all(test, not(loom)))]
mod tests;

use serde::Serialize;

use crate::board::{Board, Control};
use crate::error::{Error, Result};
use crate::os::maps::command_line;
use crate::os::{now_ns, Mapping, Place, SegmentFile, SessionId};
use crate::store::{self, Listed, CONTENT};
use crate::wire::RunSpec;

/// A run that goes on. Times are seconds; elements, workers and attempts count from 1, stages from 0, as in a
/// [`super::Document`].
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

/// The runs of this user's living sessions that go on, the one that began first at the front. Boards that vanish meanwhile, are
/// damaged, or are of another version are left out; so are runs that wait to begin, and those that are over.
///
/// # Complexity
/// O(chunks) of each run, some 10 ns each.
pub fn runs(place: &Place) -> Result<Vec<LiveRun>> {
    let mut found: Vec<LiveRun> = Vec::new();
    for page in store::boards(place)?.into_iter().filter(|page| page.alive) {
        match look(&page) {
            Ok(run) => found.extend(run),
            Err(e) => tracing::debug!(segment = page.handle.name, error = %e, "left out"),
        }
    }
    found.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    Ok(found)
}

/// Those of one session.
pub fn runs_of(session: SessionId, place: &Place) -> Result<Vec<LiveRun>> {
    let mut found = runs(place)?;
    found.retain(|run| run.session == session.to_string());
    Ok(found)
}

/// The run of a board; `None` when it does not go on.
fn look(page: &Listed) -> Result<Option<LiveRun>> {
    let Some(file) = SegmentFile::open_read(&page.handle)? else { return Ok(None) };
    // The name may be taken away at any time: the mapping keeps the memory. Nothing of ours ever makes a board shorter, and all
    // of it was reserved before it had a header; so no load here can meet a page that is not there. One that somebody cut off
    // before was refused when it was listed, and is refused here again.
    let mapping = Mapping::read_only(&file)?;
    let skip = CONTENT as usize;
    let cut_off = || Error::Damaged { segment: page.handle.name.clone(), reason: "it was cut off".into() };
    let length = mapping.len().checked_sub(skip).filter(|&length| length as u64 == page.header.bytes);
    let length = length.ok_or_else(cut_off)?;
    // SAFETY: the mapping is `length` bytes long from its content on and outlives the board; its header, which carries a
    // checksum, says that a session of this user made it a board, and those change boards through `Board` alone. It is not
    // writable: only methods that look are called below and in `snapshot`. What these do are relaxed and acquire loads of at
    // most 64 bits, which Rust permits on read-only memory.
    let board = unsafe { Board::look(mapping.as_ptr().add(skip), length) }?;
    let Some(board) = board.filter(|board| board.control() != Control::Ended) else { return Ok(None) };
    let spec = RunSpec::from_bytes(board.payload())?;
    let pid = page.header.owner_pid;
    let who = (page.header.session.to_string(), pid, command_line(pid));
    Ok(snapshot::of(&board, &spec, who, now_ns()))
}
