//! Pages that are kept for the next call: memory that was written once is written again ten times as fast as new memory.
//!
//! What is kept has no name, so it goes with the process; it is bounded, and given back when it was not used for a while, when memory is
//! short, or when somebody asks. A page is used again only when the kernel says that no process has it open or mapped any more
//! (`os/lease.rs`): the pages of a private mapping that nobody wrote to show what is written to the file later. Its header goes first, so
//! that who comes late by an old handle finds no page, or one of another number ([`open_page`]).
//!
//! The descriptor that is kept must never be mapped: such a mapping would not be seen.

use std::time::Duration;

use super::header::Header;
use super::CONTENT;
use crate::error::Result;
use crate::os::{name, now_ns, space, Access, PerProcess, Place, SegmentFile, SegmentHandle};

/// What is smaller costs more to keep than to make.
pub(super) const WORTH_KEEPING: u64 = 1 << 20;
/// The most bytes that are kept, if nobody says otherwise.
const MOST: u64 = 2 << 30;
/// And of what is free, one in this many.
const SHARE_OF_FREE: u64 = 4;
/// The most pages: each has a descriptor.
const MOST_PAGES: usize = 16;
/// What was not used for so long is given back.
const IDLE: Duration = Duration::from_secs(30);
/// How often it is looked whether memory is short: asking takes tens of microseconds.
const LOOK: Duration = Duration::from_secs(1);

static CACHE: PerProcess<Cache> = PerProcess::new(|| Cache { most: MOST, kept: Vec::new(), looked_ns: 0 });

#[derive(Debug)]
struct Cache {
    most: u64,
    /// The oldest first.
    kept: Vec<Kept>,
    /// When it was looked at last.
    looked_ns: u64,
}

#[derive(Debug)]
struct Kept {
    file: SegmentFile,
    /// What it takes.
    bytes: u64,
    since_ns: u64,
}

/// The descriptor of a page in use, by which it is kept when its owner lets go of it.
#[derive(Debug)]
pub(super) struct Reuse {
    file: Option<SegmentFile>,
    creator: u32,
}

impl Reuse {
    pub(super) fn of(file: SegmentFile) -> Reuse {
        Reuse { file: Some(file), creator: std::process::id() }
    }
}

impl Drop for Reuse {
    fn drop(&mut self) {
        // A forked child's is a copy of its parent's.
        if let Some(file) = self.file.take().filter(|_| self.creator == std::process::id()) {
            CACHE.lock().keep(file, now_ns());
        }
    }
}

impl Cache {
    fn keep(&mut self, file: SegmentFile, now_ns: u64) {
        let Some(bytes) = file.taken().ok().filter(|&bytes| bytes >= WORTH_KEEPING) else { return };
        let room = self.room();
        if bytes > room {
            return;
        }
        self.shrink_to(room - bytes, MOST_PAGES - 1);
        self.kept.push(Kept { file, bytes, since_ns: now_ns });
    }

    /// How many bytes may be kept now; what is kept counts as free.
    fn room(&self) -> u64 {
        let held: u64 = self.kept.iter().map(|kept| kept.bytes).sum();
        let free = space::of(&Place::Memory).map_or(0, |space| space.free.saturating_add(held));
        self.most.min(free / SHARE_OF_FREE)
    }

    fn shrink_to(&mut self, bytes: u64, pages: usize) {
        let mut held = 0;
        // From the newest on.
        let fits = |kept: &&Kept| {
            held += kept.bytes;
            held <= bytes
        };
        let stay = self.kept.iter().rev().take_while(fits).count().min(pages);
        self.kept.drain(..self.kept.len() - stay);
    }

    /// The smallest page that is at least half as big and at most twice, and that nobody has.
    fn take(&mut self, bytes: u64) -> Option<SegmentFile> {
        let fits = bytes / 2..=bytes.saturating_mul(2);
        let mut fitting: Vec<usize> =
            (0..self.kept.len()).filter(|&place| fits.contains(&self.kept[place].bytes)).collect();
        fitting.sort_by_key(|&place| self.kept[place].bytes);
        // The kernel is asked of one after the other.
        let place = fitting.into_iter().find(|&place| self.kept[place].file.is_alone())?;
        Some(self.kept.remove(place).file)
    }
}

/// A page to be written anew for a content of about so many bytes, if one is kept: without a header, as long as it was.
pub(super) fn take(bytes: u64, name: String) -> Option<SegmentFile> {
    let file = CACHE.lock().take(bytes)?;
    // Who came by an old handle since it was looked at has it now, and it is not ours to use.
    file.write_at(0, &[0; CONTENT as usize]).ok()?;
    file.is_alone().then(|| file.renamed(name))
}

/// Gives back what is kept. Whether there was anything.
pub fn clear_cache() -> bool {
    let kept = std::mem::take(&mut CACHE.lock().kept);
    !kept.is_empty()
}

/// The most bytes to keep from now on: 0 for none.
pub fn set_cache(most: u64) {
    let mut cache = CACHE.lock();
    cache.most = most;
    cache.shrink_to(most, MOST_PAGES);
}

/// Gives back what was not used for a while, and what is too much for the memory that is left; says when to come again.
pub fn sweep_cache(now_ns: u64) -> Option<Duration> {
    let mut cache = CACHE.lock();
    if cache.kept.is_empty() {
        return None;
    }
    if now_ns.saturating_sub(cache.looked_ns) >= LOOK.as_nanos() as u64 {
        cache.looked_ns = now_ns;
        cache.kept.retain(|kept| now_ns.saturating_sub(kept.since_ns) < IDLE.as_nanos() as u64);
        let room = cache.room();
        cache.shrink_to(room, MOST_PAGES);
    }
    (!cache.kept.is_empty()).then_some(LOOK)
}

/// Opens a page of a run by its handle: `None` when it is gone. One without a name may be another by now, which its number tells.
///
/// # Errors
/// As [`SegmentFile::open_read`].
pub fn open_page(handle: &SegmentHandle, access: Access) -> Result<Option<SegmentFile>> {
    let file = match access {
        Access::Read => SegmentFile::open_read(handle)?,
        Access::Write => SegmentFile::open_write(handle)?,
    };
    if handle.nameless.is_none() {
        return Ok(file);
    }
    let is_it = |file: &SegmentFile| {
        let header = Header::read(file).ok().flatten();
        header.is_some_and(|header| name::page(header.session, header.serial) == handle.name)
    };
    Ok(file.filter(is_it))
}
