//! A mapping of a whole segment, with memmap2; of one whose data lies in a file, of both (`joined`).
//!
//! Views map privately: what is written through one stays in its process, in the one page that was touched. Boards map
//! shared. A mapping keeps the memory for as long as it lives, whatever becomes of the name.

use std::os::fd::AsFd;

use memmap2::{MmapOptions, MmapRaw};
use rustix::fd::AsRawFd;

use super::access::Access;
use super::data_file::{DataFile, FilePart};
use super::file::{damaged, SegmentFile};
use super::joined::Joined;
use super::pagemap;
use crate::error::{Error, Result};

/// A mapped segment; unmapped when dropped.
#[derive(Debug)]
pub struct Mapping {
    map: Map,
}

#[derive(Debug)]
enum Map {
    Segment(MmapRaw),
    WithFile(Joined),
}

impl Mapping {
    /// Copy-on-write: writable, and nobody else ever sees what is written. The file may be open for reading only.
    ///
    /// # Errors
    /// [`Error::Damaged`] for an empty segment; [`Error::Os`] when the system refuses, for instance for want of addresses.
    pub fn private(file: &SegmentFile) -> Result<Mapping> {
        // No swap is set aside for it: pages that are only read cost nothing, and a system that counts strictly would
        // charge every view in full.
        // SAFETY: memmap2 asks that the file does not change under a slice it hands out. None is: the map becomes raw here,
        // and `bytes` passes the question on to its caller.
        Self::map(file, |options, fd| unsafe { options.no_reserve_swap().map_copy(fd) }.map(MmapRaw::from))
    }

    /// As [`Mapping::private`], and behind the segment, whose length is of whole pages, the file's part: from the page on in
    /// which it begins, to its end.
    ///
    /// # Errors
    /// As [`Mapping::private`], and as [`DataFile::open_part`] where the file is not as it was.
    pub fn private_with(file: &SegmentFile, part: &FilePart) -> Result<Mapping> {
        let data = DataFile::open_part(part, Access::Read)?;
        if part.bytes == 0 {
            return Mapping::private(file);
        }
        Ok(Mapping { map: Map::WithFile(Joined::new(file, &data, part)?) })
    }

    /// Shared and read-only: a store through it is a fault.
    ///
    /// # Errors
    /// As [`Mapping::private`].
    pub fn read_only(file: &SegmentFile) -> Result<Mapping> {
        Self::map(file, |options, fd| options.map_raw_read_only(fd))
    }

    /// Shared and writable, for a segment that was reserved; the file must be open for writing.
    ///
    /// # Errors
    /// As [`Mapping::private`].
    pub fn shared(file: &SegmentFile) -> Result<Mapping> {
        Self::map(file, |options, fd| options.map_raw(fd))
    }

    fn map(
        file: &SegmentFile,
        how: impl FnOnce(&mut MmapOptions, i32) -> std::io::Result<MmapRaw>,
    ) -> Result<Mapping> {
        let len = file.len()?;
        let size = usize::try_from(len).ok().filter(|&size| size > 0);
        let size = size.ok_or_else(|| damaged(&file.handle(), format!("its size is {len} bytes")))?;
        how(MmapOptions::new().len(size), file.as_fd().as_raw_fd())
            .map(|map| Mapping { map: Map::Segment(map) })
            .map_err(|e| {
                Error::os(format!("cannot map {len} bytes of the segment {}", file.handle().name), e)
            })
    }

    /// The first byte. Whether it may be written to depends on how it was mapped.
    pub fn as_ptr(&self) -> *mut u8 {
        match &self.map {
            Map::Segment(map) => map.as_mut_ptr(),
            Map::WithFile(joined) => joined.start(),
        }
    }

    /// The size in bytes, never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match &self.map {
            Map::Segment(map) => map.len(),
            Map::WithFile(joined) => joined.len(),
        }
    }

    /// Whether this process wrote to any of the pages of memory in which these bytes of a private mapping lie, as the kernel
    /// knows it. Where it cannot be told, yes.
    ///
    /// # Complexity
    /// Linear in the pages of memory; some ten nanoseconds each.
    pub fn was_written(&self, at: usize, len: usize) -> bool {
        let end = at.saturating_add(len).min(self.len());
        if at >= end {
            return false;
        }
        let start = self.as_ptr() as usize;
        pagemap::any_own(start + at, start + end).unwrap_or(true)
    }

    /// All of it.
    ///
    /// # Safety
    /// Nobody, in any process, writes to what the caller reads of it while the slice lives: the segment is sealed, and this
    /// mapping's own pointer is not written through. Of a variable that was made to be written into, the plain items may
    /// change all the same (`page::Writing` never touches anything else); who reads them outside a run, in which a lock
    /// forbids it, takes the bytes as they come and concludes nothing from them.
    pub unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: the map is this long and lives as long as `self`; that nobody writes is the caller's promise.
        unsafe { std::slice::from_raw_parts(self.as_ptr(), self.len()) }
    }
}
