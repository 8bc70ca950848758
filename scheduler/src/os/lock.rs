//! Locks on ranges of a segment's bytes: who reads a variable for a run and who writes into it keep out of each other's way.
//!
//! They are open-file-description locks. A plain POSIX lock goes as soon as its process closes *any* descriptor of the file,
//! and never refuses the process that holds it; these belong to one opening of the file, keep out every other one, this
//! process's too, and go with it, by whatever cause. They stop only those who ask: a mapping knows nothing of them. A range
//! may lie beyond the segment's end, so what follows it in a mapping is locked by the same numbers.

use std::ops::Range;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::fd::AsRawFd;
use rustix::io::Errno;

use super::access::Access;
use super::file::SegmentFile;
use crate::error::{Error, Result};

/// The first pause before a lock that was refused is asked for again; each is twice the one before ...
const FIRST_PAUSE: Duration = Duration::from_micros(20);
/// ... up to this one.
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

/// A range of which all bytes, and those that the segment does not have, are part.
pub const ALL: Range<u64> = 0..u64::MAX;

/// A lock that is held. Dropping it gives it up, in the process that took it: a forked child shares the opening, and with it
/// the lock, which is not the child's to give up.
#[derive(Debug)]
pub struct RangeLock {
    file: SegmentFile,
    range: Range<u64>,
    taker: u32,
}

/// What came of asking.
#[derive(Debug)]
pub enum Locked {
    /// It is held now.
    Held(RangeLock),
    /// Somebody else's lock is in the way, and this is what that one is for.
    Refused(Access),
}

impl RangeLock {
    /// Takes the lock. A writer is waited for up to `patience`, for a write is short; a reader is not, for a run is not.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses: for writing, also when the segment is open for reading only.
    pub fn take(file: SegmentFile, access: Access, range: Range<u64>, patience: Duration) -> Result<Locked> {
        let deadline = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            if set(&file, access_code(access), &range)? {
                return Ok(Locked::Held(RangeLock { file, range, taker: std::process::id() }));
            }
            match in_the_way(&file, access, &range)? {
                Some(Access::Read) => return Ok(Locked::Refused(Access::Read)),
                _ if Instant::now() >= deadline => return Ok(Locked::Refused(Access::Write)),
                _ => std::thread::sleep(pause),
            }
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    /// The file it was taken through.
    pub fn file(&self) -> &SegmentFile {
        &self.file
    }
}

impl Drop for RangeLock {
    fn drop(&mut self) {
        // By name, not by closing: a child that was forked meanwhile may keep the opening for long.
        if self.taker == std::process::id() {
            if let Err(e) = set(&self.file, libc::F_UNLCK, &self.range) {
                tracing::warn!(error = %e, "a lock could not be given up");
            }
        }
    }
}

fn access_code(access: Access) -> libc::c_int {
    match access {
        Access::Read => libc::F_RDLCK,
        Access::Write => libc::F_WRLCK,
    }
}

/// Sets or gives up a lock; `false` when another one is in the way.
fn set(file: &SegmentFile, code: libc::c_int, range: &Range<u64>) -> Result<bool> {
    match call(file, libc::F_OFD_SETLK, &mut request(code, range)) {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        Err(e) => Err(refused(file, e)),
    }
}

/// What the lock is for that is in the way; `None` when none is any more.
fn in_the_way(file: &SegmentFile, access: Access, range: &Range<u64>) -> Result<Option<Access>> {
    let mut lock = request(access_code(access), range);
    call(file, libc::F_OFD_GETLK, &mut lock).map_err(|e| refused(file, e))?;
    Ok(match libc::c_int::from(lock.l_type) {
        libc::F_RDLCK => Some(Access::Read),
        libc::F_WRLCK => Some(Access::Write),
        _ => None,
    })
}

/// The kernel's request; a length of 0 means all that follows.
fn request(code: libc::c_int, range: &Range<u64>) -> libc::flock {
    // SAFETY: plain numbers, for which zeros are a value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    let end = range.end.min(i64::MAX as u64);
    lock.l_type = code as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = range.start.min(end) as libc::off_t;
    lock.l_len = if range.end > end { 0 } else { (end - range.start.min(end)) as libc::off_t };
    lock
}

fn call(file: &SegmentFile, command: libc::c_int, lock: &mut libc::flock) -> rustix::io::Result<()> {
    loop {
        // SAFETY: an open descriptor, and a whole request that lives through the call.
        let code = unsafe { libc::fcntl(file.as_fd().as_raw_fd(), command, std::ptr::from_mut(lock)) };
        if code != -1 {
            return Ok(());
        }
        let e = std::io::Error::last_os_error();
        match Errno::from_io_error(&e) {
            Some(Errno::INTR) => {}
            other => return Err(other.unwrap_or(Errno::IO)),
        }
    }
}

fn refused(file: &SegmentFile, e: Errno) -> Error {
    Error::os(format!("cannot lock the segment {}", file.handle().name), e)
}

#[cfg(test)]
#[path = "lock_tests.rs"]
mod tests;
