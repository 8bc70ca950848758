//! A segment, open: reading and writing at offsets, and the checks that come before.
//!
//! Content is written by `pwrite`, not through a mapping: a full memory then answers with ENOSPC, an error, where a store
//! to a mapping would be killed by SIGBUS; and no page fault is paid.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::{self, FallocateFlags, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::handle::{Place, SegmentHandle};
use super::host::user;
use super::signals::without_size_signal;
use super::space;
use crate::error::{Error, Result};

/// Reserving goes by slices: a signal (R's profiler sends fifty a second) throws away the slice it hits.
const RESERVE_SLICE: u64 = 8 << 20;

/// An open segment of this user.
#[derive(Debug)]
pub struct SegmentFile {
    fd: OwnedFd,
    handle: SegmentHandle,
    device: u64,
}

impl SegmentFile {
    /// Opens a segment for reading; `None` when there is none of this name (and number).
    ///
    /// # Errors
    /// [`Error::Damaged`] for what is no regular file of this user alone; [`Error::Os`] when the system refuses.
    pub fn open_read(handle: &SegmentHandle) -> Result<Option<Self>> {
        Self::open(handle, OFlags::RDONLY)
    }

    /// Opens a segment for reading and writing; `None` as above.
    ///
    /// # Errors
    /// As [`SegmentFile::open_read`].
    pub fn open_write(handle: &SegmentHandle) -> Result<Option<Self>> {
        Self::open(handle, OFlags::RDWR)
    }

    /// Opens for reading what process `pid` of this user has open under this descriptor; `None` when that is not the segment
    /// with the handle's number, or cannot be had. It needs no name.
    ///
    /// # Errors
    /// As [`SegmentFile::open_read`].
    pub fn open_of(handle: &SegmentHandle, pid: u32, descriptor: i32) -> Result<Option<Self>> {
        // The path is a link by its nature; where it leads is checked by the number.
        Self::open_path(handle, format!("/proc/{pid}/fd/{descriptor}").into(), OFlags::RDONLY)
    }

    /// Makes an empty segment of this name, exclusively and for this user alone. Linux shows shared memory as a directory, so it is made
    /// like a file in either place.
    pub(super) fn create(handle: &SegmentHandle) -> Result<Self> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let refused =
            |e: Errno| Error::os(format!("cannot create the segment {}", handle.path().display()), e);
        let fd = fs::open(handle.path(), flags, Mode::RUSR | Mode::WUSR).map_err(|e| {
            space::no_place(e, &handle.place)
                .or_else(|| no_space(&e.into(), 0, &handle.place))
                .unwrap_or_else(|| refused(e))
        })?;
        let stat = fs::fstat(&fd).map_err(refused)?;
        Ok(Self::opened(fd, handle, &stat))
    }

    /// Makes an empty file of this name that is no segment's, exclusively and for this user alone.
    ///
    /// # Errors
    /// [`Error::NoSpace`] for a full disk; [`Error::Os`] when the system refuses, with `AlreadyExists` for a name that is taken.
    pub(crate) fn create_new(name: &str, place: &Place) -> Result<Self> {
        Self::create(&SegmentHandle::named(name, place.clone()))
    }

    /// Brings its content to the disk.
    pub(crate) fn sync(&self) -> Result<()> {
        fs::fdatasync(&self.fd).map_err(|e| self.error("sync", e))
    }

    /// The same open segment, known by another name that does not stand in its place: others open it through this process.
    pub fn renamed(self, name: String) -> Self {
        let nameless = Some((std::process::id(), self.descriptor()));
        SegmentFile { handle: SegmentHandle { name, nameless, ..self.handle.clone() }, ..self }
    }

    /// The bytes that it takes, which are fewer than its size where nothing was written.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses to say.
    pub fn taken(&self) -> Result<u64> {
        let stat = fs::fstat(&self.fd).map_err(|e| self.error("examine", e))?;
        Ok(stat.st_blocks as u64 * 512)
    }

    /// Gives it this size; what is added is zeros, for which nothing is reserved.
    ///
    /// # Errors
    /// [`Error::NoSpace`] for a limit on files; [`Error::Os`] when the system refuses.
    pub fn resize(&self, bytes: u64) -> Result<()> {
        without_size_signal(|| fs::ftruncate(&self.fd, bytes)).map_err(|e| {
            no_space(&e.into(), bytes, &self.handle.place).unwrap_or_else(|| self.error("resize", e))
        })
    }

    fn open(handle: &SegmentHandle, access: OFlags) -> Result<Option<Self>> {
        // A link must not lead us elsewhere. That of a descriptor is one by its nature: where it leads is checked by the number.
        let follow = if handle.nameless.is_some() { OFlags::empty() } else { OFlags::NOFOLLOW };
        Self::open_path(handle, handle.path(), access | follow)
    }

    fn open_path(handle: &SegmentHandle, path: PathBuf, access: OFlags) -> Result<Option<Self>> {
        // A pipe that someone planted under the name must not hold us.
        let flags = access | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = match fs::open(path, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(damaged(handle, "it is a link")),
            Err(Errno::ACCESS) => return Err(damaged(handle, no_access(handle))),
            Err(e) => return Err(Error::os(format!("cannot open the segment {}", handle.name), e)),
        };
        let stat = fs::fstat(&fd).map_err(|e| Error::os(format!("cannot examine {}", handle.name), e))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(damaged(handle, "it is not a regular file"));
        }
        if stat.st_uid != user() {
            return Err(damaged(handle, "it belongs to another user"));
        }
        if stat.st_mode & 0o077 != 0 {
            return Err(damaged(handle, "other users can open it"));
        }
        if handle.inode != 0 && handle.inode != stat.st_ino {
            return Ok(None);
        }
        Ok(Some(Self::opened(fd, handle, &stat)))
    }

    fn opened(fd: OwnedFd, handle: &SegmentHandle, stat: &Stat) -> Self {
        SegmentFile {
            fd,
            handle: SegmentHandle { inode: stat.st_ino, ..handle.clone() },
            device: stat.st_dev,
        }
    }

    /// What it was opened by, with its number.
    pub fn handle(&self) -> SegmentHandle {
        self.handle.clone()
    }

    /// The file's number.
    pub fn inode(&self) -> u64 {
        self.handle.inode
    }

    /// The number of the file system that it lies in.
    pub fn device(&self) -> u64 {
        self.device
    }

    /// What tells it from all other files that are open.
    pub fn number(&self) -> (u64, u64) {
        (self.device, self.inode())
    }

    /// Whether it still has a name by which a process can open it.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses to say.
    pub fn has_name(&self) -> Result<bool> {
        Ok(fs::fstat(&self.fd).map_err(|e| self.error("examine", e))?.st_nlink > 0)
    }

    /// The number of its descriptor in this process.
    pub fn descriptor(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    /// Its size in bytes.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses to say.
    #[allow(clippy::len_without_is_empty)] // no segment is empty
    pub fn len(&self) -> Result<u64> {
        let stat = fs::fstat(&self.fd).map_err(|e| self.error("examine", e))?;
        Ok(stat.st_size as u64)
    }

    /// Writes all of `bytes` at `at`.
    ///
    /// # Errors
    /// [`Error::NoSpace`] for a full memory or disk; [`Error::Os`] for any other refusal. A part may be written.
    pub fn write_at(&self, at: u64, bytes: &[u8]) -> Result<()> {
        write_all(&self.fd, at, bytes).map_err(|e| self.write_error(e, bytes.len() as u64))
    }

    /// Fills `buf` from `at`.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it ends before; [`Error::Os`] when the system refuses.
    pub fn read_at(&self, mut at: u64, mut buf: &mut [u8]) -> Result<()> {
        while !buf.is_empty() {
            match rustix::io::pread(&self.fd, &mut *buf, at) {
                Ok(0) => return Err(damaged(&self.handle, "it ends too early")),
                Ok(n) => {
                    at += n as u64;
                    buf = &mut buf[n..];
                }
                Err(Errno::INTR) => {}
                Err(e) => return Err(self.error("read", e)),
            }
        }
        Ok(())
    }

    /// Reserves all of it. Where the file system cannot, it is filled with zeros, which does the same; so this comes
    /// before any content.
    ///
    /// # Errors
    /// [`Error::NoSpace`] for a full memory or disk; [`Error::Os`] for any other refusal.
    pub fn reserve(&self) -> Result<()> {
        let end = self.len()?;
        let mut at = 0;
        while at < end {
            let slice = RESERVE_SLICE.min(end - at);
            match without_size_signal(|| fs::fallocate(&self.fd, FallocateFlags::empty(), at, slice)) {
                Ok(()) => at += slice,
                Err(Errno::INTR) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                    self.write_at(at, &vec![0; slice as usize])?;
                    at += slice;
                }
                Err(e) => return Err(self.write_error(e, end)),
            }
        }
        Ok(())
    }

    /// Gives the memory of these bytes back, as far as they fill whole pages of memory; they read as zeros from then on. The
    /// size stays.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses, or the file system cannot do it.
    pub fn punch(&self, at: u64, len: u64) -> Result<()> {
        let page = rustix::param::page_size() as u64;
        let start = at.next_multiple_of(page);
        let end = at.saturating_add(len) / page * page;
        if start >= end {
            return Ok(());
        }
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        loop {
            match fs::fallocate(&self.fd, flags, start, end - start) {
                Ok(()) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(e) => return Err(self.error("give back a part of", e)),
            }
        }
    }

    /// Takes away the name of a segment whose owner is dead. `false` when the name was no longer this segment's, or another
    /// process is at it: look again.
    ///
    /// Of several processes that do this at once, the lock on the segment itself lets in one at a time, and each looks
    /// whether the name is still this segment's before it unlinks; so nobody's new segment is hit.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses the lock or the removal.
    pub fn remove_orphan(&self) -> Result<bool> {
        match fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK | Errno::INTR) => {
                std::thread::sleep(Duration::from_millis(1));
                return Ok(false);
            }
            Err(e) => return Err(self.error("lock", e)),
        }
        if !names(&self.handle) {
            return Ok(false);
        }
        match fs::unlink(self.handle.path()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) => Err(self.error("remove", e)),
        }
    }

    /// The error of a write, for which so many bytes were needed.
    fn write_error(&self, e: Errno, needed: u64) -> Error {
        no_space(&e.into(), needed, &self.handle.place).unwrap_or_else(|| self.error("write", e))
    }

    fn error(&self, verb: &str, e: Errno) -> Error {
        Error::os(format!("cannot {verb} the segment {}", self.handle.name), e)
    }
}

impl AsFd for SegmentFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Writes all of `bytes` at `at`, in as many calls as it takes.
pub(super) fn write_all(fd: impl AsFd, mut at: u64, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match without_size_signal(|| rustix::io::pwrite(&fd, bytes, at)) {
            Ok(0) => return Err(Errno::IO),
            Ok(n) => {
                at += n as u64;
                bytes = &bytes[n..];
            }
            Err(Errno::INTR) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Whether the name is (still) that of the very segment the handle was made for.
pub(crate) fn names(handle: &SegmentHandle) -> bool {
    handle.nameless.is_none() && fs::lstat(handle.path()).is_ok_and(|stat| stat.st_ino == handle.inode)
}

fn no_access(handle: &SegmentHandle) -> String {
    handle.nameless.map_or("it belongs to another user".into(), |(pid, _)| {
        format!("the system lets no other process open what process {pid} has open, so no memory can be kept for reuse")
    })
}

/// The error for a refusal that means a full place; `None` for any other.
pub(crate) fn no_space(source: &io::Error, needed: u64, place: &Place) -> Option<Error> {
    let code = Errno::from_io_error(source)?;
    if code == Errno::FBIG {
        return Some(space::file_limit(needed));
    }
    if !matches!(code, Errno::NOSPC | Errno::DQUOT | Errno::NOMEM) {
        return None;
    }
    let space = space::of(place).unwrap_or_default();
    Some(space.too_small(needed, place))
}

pub(crate) fn damaged(handle: &SegmentHandle, reason: impl Into<String>) -> Error {
    Error::Damaged { segment: handle.name.clone(), reason: reason.into() }
}
