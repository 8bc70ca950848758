//! Waiting for several descriptors at once.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// What of a descriptor is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// That it can be read.
    Read,
    /// That it can be read, or written to.
    ReadOrWrite,
}

/// Waits until one of `fds` can be read, or its other end is closed, or the time is up; says which. An interruption by a
/// signal is an early "none". A process's descriptor "can be read" when the process has ended.
///
/// # Errors
/// [`Error::Os`] when the system refuses to wait.
pub fn poll(fds: &[BorrowedFd<'_>], timeout: Option<Duration>) -> Result<Vec<bool>> {
    let all: Vec<_> = fds.iter().map(|fd| (*fd, Interest::Read)).collect();
    poll_each(&all, timeout)
}

/// The same, with what of each descriptor is waited for.
///
/// # Errors
/// As [`poll`].
pub fn poll_each(fds: &[(BorrowedFd<'_>, Interest)], timeout: Option<Duration>) -> Result<Vec<bool>> {
    let flags = |interest: Interest| match interest {
        Interest::Read => PollFlags::IN,
        Interest::ReadOrWrite => PollFlags::IN | PollFlags::OUT,
    };
    let mut polled: Vec<PollFd<'_>> =
        fds.iter().map(|(fd, interest)| PollFd::from_borrowed_fd(*fd, flags(*interest))).collect();
    // A time too long for the clock is for ever.
    let timeout = timeout.and_then(|time| Timespec::try_from(time).ok());
    match rustix::event::poll(&mut polled, timeout.as_ref()) {
        Ok(_) => Ok(polled.iter().map(|fd| !fd.revents().is_empty()).collect()),
        Err(Errno::INTR) => Ok(vec![false; fds.len()]),
        Err(e) => Err(Error::os("cannot wait for messages", e)),
    }
}
