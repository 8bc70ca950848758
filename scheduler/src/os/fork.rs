//! Forking a warm worker off a fork server: an R process of ours that has loaded everything and has a single thread.
//!
//! The user's own session is never forked.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::io::Errno;

use super::process::{leave_group_and_follow, open_log};
use crate::error::{Error, Result};

/// On which side of the fork this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forked {
    /// The fork server; its new child has this id.
    Parent(u32),
    /// The new worker.
    Child,
}

/// How many threads this process has.
pub fn thread_count() -> usize {
    const TASKS: &str = "/proc/self/task";
    // Linux counts a directory's two links and one for each thread, which is quicker to ask for than their names. Other kernels with
    // such a directory may not.
    let links = std::fs::metadata(TASKS).map_or(0, |tasks| tasks.nlink() as usize);
    if links > 2 {
        links - 2
    } else {
        std::fs::read_dir(TASKS).map_or(0, Iterator::count)
    }
}

/// Forks this process, which must have one thread only: in the child of several, a lock that another thread held would stay
/// locked for ever.
///
/// The child has a process group of its own, dies with the fork server, reads nothing and adds its output to `log`. It has
/// copies of all descriptors, so it must drop the fork server's channels first of all.
///
/// # Errors
/// [`Error::Launch`] when there are more threads, the log cannot be opened, or the system refuses. A child that cannot begin ends at
/// once, and its parent sees it end.
pub fn fork_worker(log: &Path) -> Result<Forked> {
    let threads = thread_count();
    if threads != 1 {
        return Err(Error::Launch(format!("the fork server has {threads} threads, and only one may fork")));
    }
    let log = open_log(log)?;
    let null = File::open("/dev/null").map_err(|e| Error::Launch(format!("/dev/null: {e}")))?;
    let parent = std::process::id();
    // SAFETY: there is no other thread (checked above, and none can have begun meanwhile: only this one could start it), so
    // the child's memory is whole and it may do whatever the parent could.
    match unsafe { libc::fork() } {
        -1 => Err(Error::Launch(format!("fork: {}", std::io::Error::last_os_error()))),
        0 => {
            if settle(parent, &null, &log).is_err() {
                // SAFETY: ends the process at once; its handlers are the parent's and must not run here.
                unsafe { libc::_exit(1) };
            }
            Ok(Forked::Child)
        }
        pid => Ok(Forked::Parent(pid as u32)),
    }
}

/// Ends a forked worker. R's own way out would remove the temporary directory, which is the fork server's and all its
/// workers'; what was printed goes to the log first.
pub fn leave_forked() -> ! {
    // SAFETY: flushes C's streams, and ends the process at once; its exit handlers are the fork server's.
    unsafe {
        libc::fflush(std::ptr::null_mut());
        libc::_exit(0)
    }
}

fn settle(parent: u32, null: &File, log: &File) -> std::io::Result<()> {
    leave_group_and_follow(parent)?;
    // SAFETY: sets a disposition to the default in a process of one thread.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    for (from, to) in [(null, 0), (log, 1), (log, 2)] {
        // SAFETY: both numbers are a descriptor's; nothing in this process owns 0, 1 and 2 as Rust values.
        if unsafe { libc::dup2(from.as_fd().as_raw_fd(), to) } < 0 {
            return Err(Errno::BADF.into());
        }
    }
    Ok(())
}
