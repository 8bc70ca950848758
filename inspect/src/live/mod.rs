//! Runs that go on, in any session of this user: what their boards say now.
//!
//! A board is mapped read-only and only looked at: atomic loads of what the workers and the supervisor store in any case, so that
//! the run notices nothing. A snapshot is of no single instant; each number in it was true at some time while it was made, and
//! what contradicts another (a chunk that ended meanwhile) is left out.
mod run;
mod snapshot;
#[cfg(test)]
mod tests;
mod text;

pub use run::{LiveChunk, LiveRun, LiveStage, LiveWorker};
pub use text::{lines, Line};

use scheduler::board::{BoardReader, Control};
use scheduler::error::{Error, Result};
use scheduler::os::maps::command_line;
use scheduler::os::{now_ns, Mapping, Place, SegmentFile};
use scheduler::store::{self, Listed, CONTENT};
use scheduler::wire::RunSpec;

/// The runs of this user's living sessions that go on, the one that began first at the front. Boards that vanish meanwhile, are
/// damaged, or are of another version are left out; so are runs that wait to begin, and those that are over.
///
/// # Errors
/// Those of [`store::boards`], when the place cannot be listed.
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
    // checksum, says that a session of this user made it a board, and those change boards through the types of `board` alone. It is not
    // writable: only methods that look are called below and in `snapshot`. What these do are relaxed and acquire loads of at
    // most 64 bits, which Rust permits on read-only memory.
    let board = unsafe { BoardReader::look(mapping.as_ptr().add(skip), length) }?;
    let Some(board) = board.filter(|board| board.control() != Control::Ended) else { return Ok(None) };
    let spec = RunSpec::from_bytes(board.payload())?;
    let pid = page.header.owner_pid;
    let who = (page.header.session.to_string(), pid, command_line(pid));
    Ok(snapshot::of(&board, &spec, who, now_ns()))
}
