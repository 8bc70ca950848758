//! A segment and a part of a file, side by side in memory: to who reads them, one slice.
//!
//! ```text
//! room:  | segment, whole pages                      | file, from the page in which the part begins |
//! what:  | header | nodes, attributes, padding       | (before) | the part                          |
//! ```
//!
//! The room is reserved first, as address space without access, and then mapped over piece by piece; so nothing of another
//! thread's can come to lie between the two.

use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::null_mut;

use rustix::mm::{mmap, mmap_anonymous, munmap, MapFlags, ProtFlags};

use super::data_file::{DataFile, FilePart};
use super::file::{damaged, SegmentFile};
use super::host::page_size;
use crate::error::{Error, Result};

/// Both, mapped privately: writable, and nobody else ever sees what is written. Unmapped when dropped.
#[derive(Debug)]
pub(super) struct Joined {
    start: *mut u8,
    len: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread; the pointer leads to nothing else.
unsafe impl Send for Joined {}
// SAFETY: as above; what is reached through a shared reference is the start and the length alone.
unsafe impl Sync for Joined {}

impl Joined {
    /// Maps the segment and behind it `part` of `data`, which was checked to have it.
    pub(super) fn new(segment: &SegmentFile, data: &DataFile, part: &FilePart) -> Result<Joined> {
        let wrong = |reason: String| damaged(&segment.handle(), reason);
        let first = segment.len()?;
        if first == 0 || first % page_size() != 0 {
            return Err(wrong(format!("its size is {first} bytes, no whole pages before a file's")));
        }
        let before = part.offset % page_size();
        let second = part.bytes.checked_add(before);
        let all =
            second.and_then(|second| first.checked_add(second)).and_then(|all| usize::try_from(all).ok());
        let (Some(second), Some(len)) = (second, all) else {
            return Err(wrong(format!("its file's part has {} bytes", part.bytes)));
        };
        let joined = Joined::reserve(len).map_err(|e| no_room(segment, len, e))?;
        joined
            .put(0, first as usize, segment.as_fd(), 0)
            .and_then(|()| joined.put(first as usize, second as usize, data.as_fd(), part.offset - before))
            .map_err(|e| no_room(segment, len, e))?;
        Ok(joined)
    }

    fn reserve(len: usize) -> rustix::io::Result<Joined> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping at a place of the kernel's choice.
        let start = unsafe { mmap_anonymous(null_mut(), len, ProtFlags::empty(), flags)? };
        Ok(Joined { start: start.cast(), len })
    }

    /// Maps `len` bytes of a file from `offset` on to the room from `at` on; both are multiples of a page.
    fn put(&self, at: usize, len: usize, file: BorrowedFd<'_>, offset: u64) -> rustix::io::Result<()> {
        debug_assert!(at + len <= self.len);
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        // SAFETY: the place lies within the room, which `reserve` got for this value alone, and nothing points into it yet.
        unsafe {
            let place = self.start.add(at).cast();
            mmap(place, len, ProtFlags::READ | ProtFlags::WRITE, flags, file, offset)?;
        }
        Ok(())
    }

    pub(super) fn start(&self) -> *mut u8 {
        self.start
    }

    /// To the end of the file's part.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        // SAFETY: exactly the room that `reserve` got, which nothing outside this value unmaps.
        if let Err(e) = unsafe { munmap(self.start.cast(), self.len) } {
            tracing::warn!(error = %e, "a mapping could not be given back");
        }
    }
}

fn no_room(segment: &SegmentFile, len: usize, e: rustix::io::Errno) -> Error {
    Error::os(format!("cannot map {len} bytes of the segment {} and its file", segment.handle().name), e)
}
