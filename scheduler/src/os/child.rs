//! A process that we started, and one that another of ours started: whether it lives, how it ended, how to end it.
//!
//! Process ids are used again, so a signal goes to a process that is certainly still the one meant: our own child until we
//! have reaped it, any other through its pidfd.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    kill_process, kill_process_group, pidfd_open, pidfd_send_signal, waitid, waitpid, Pid, PidfdFlags,
    Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus,
};

use super::poll;
use crate::error::{Error, Result};

/// How long the end of a process is waited for that was killed.
const END_WITHIN: Duration = Duration::from_secs(2);

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Somebody else took the answer (the session ignores SIGCHLD, or waits for any child).
    Unknown,
}

impl Exit {
    fn of(status: WaitStatus) -> Exit {
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Exit::Code(code),
            (None, Some(signal)) => Exit::Signal(signal),
            (None, None) => Exit::Unknown,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exited with status {code}"),
            Exit::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "killed by signal {signal} ({name})"),
                None => write!(f, "killed by signal {signal}"),
            },
            Exit::Unknown => write!(f, "ended"),
        }
    }
}

/// A process that this one started. Dropping it kills it and waits for it, in the process that started it.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    pidfd: Option<OwnedFd>,
    creator: u32,
    exit: Mutex<Option<Exit>>,
}

impl Child {
    pub(super) fn of(pid: u32) -> Child {
        let pid = Pid::from_raw(pid as i32).unwrap_or(Pid::INIT); // a child's id is never 0
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok();
        Child { pid, pidfd, creator: std::process::id(), exit: Mutex::new(None) }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_pid() as u32
    }

    /// A descriptor that can be "read" when it has ended; `None` before Linux 5.3, where its channel's end has to tell.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(OwnedFd::as_fd)
    }

    /// How it ended; `None` while it runs. Of a process that was killed, what it had started is killed too.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses to say.
    pub fn try_wait(&self) -> Result<Option<Exit>> {
        let mut exit = self.exit();
        if exit.is_none() {
            *exit = self.reap(WaitIdOptions::NOHANG)?;
        }
        Ok(*exit)
    }

    fn reap(&self, flags: WaitIdOptions) -> Result<Option<Exit>> {
        take_end(self.pid, flags).map_err(|e| Error::os(format!("cannot wait for process {}", self.pid()), e))
    }

    /// Kills it, and all of its process group.
    pub fn kill(&self) {
        self.send(|pid| kill_process_group(pid, Signal::KILL));
    }

    /// What Ctrl-C would send.
    pub fn interrupt(&self) {
        self.send(|pid| kill_process(pid, Signal::INT));
    }

    /// Sends a signal, if it is there to get it.
    fn send(&self, signal: impl FnOnce(Pid) -> rustix::io::Result<()>) {
        let exit = self.exit(); // held, so that nobody reaps it meanwhile
        if exit.is_none() && self.creator == std::process::id() {
            if let Err(e) = signal(self.pid) {
                tracing::debug!(pid = self.pid(), error = %e, "no signal sent");
            }
        }
    }

    fn exit(&self) -> MutexGuard<'_, Option<Exit>> {
        self.exit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.creator == std::process::id() && self.exit().is_none() {
            self.kill();
            match &self.pidfd {
                // One that the kernel cannot end at once, as it waits for a disk, is left to end by itself.
                Some(pidfd) => {
                    let _ = poll::poll(&[pidfd.as_fd()], Some(END_WITHIN));
                    let _ = self.reap(WaitIdOptions::NOHANG);
                }
                None => {
                    let _ = self.reap(WaitIdOptions::empty());
                }
            }
        }
    }
}

/// A process that is not our child: a fork server's, or a cluster's node. Dropping it does nothing to it.
#[derive(Debug)]
pub struct Peer {
    pid: Pid,
    pidfd: OwnedFd,
}

impl Peer {
    /// The process that has this id now: the caller knows that it lives, for instance because it just said hello.
    ///
    /// # Errors
    /// [`Error::Unsupported`] before Linux 5.3; [`Error::Os`] when there is no such process, or no descriptor left.
    pub fn open(pid: u32) -> Result<Peer> {
        let id = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let id = id.ok_or_else(|| Error::os(format!("cannot watch process {pid}"), Errno::SRCH))?;
        match pidfd_open(id, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Peer { pid: id, pidfd }),
            Err(Errno::NOSYS) => Err(Error::Unsupported("watching a process that is no child (Linux 5.3)")),
            Err(e) => Err(Error::os(format!("cannot watch process {pid}"), e)),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_pid() as u32
    }

    /// A descriptor that can be "read" when it has ended.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses to say.
    pub fn has_exited(&self) -> Result<bool> {
        Ok(poll::poll(&[self.pidfd.as_fd()], Some(Duration::ZERO))?[0])
    }

    /// Kills it, and its process group if it leads one.
    pub fn kill(&self) {
        // The group's id is its own: safe while it lives, or is at least not reaped, as a signal that arrives shows.
        let leads = rustix::process::getpgid(Some(self.pid)).is_ok_and(|group| group == self.pid);
        if leads && pidfd_send_signal(&self.pidfd, Signal::STOP).is_ok() {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// What Ctrl-C would send.
    pub fn interrupt(&self) {
        let _ = pidfd_send_signal(&self.pidfd, Signal::INT);
    }
}

/// Whether a process is stopped, by SIGSTOP or the like: it lives and does nothing until somebody continues it. One that a debugger holds
/// is not meant. Some 10 us.
pub fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state stands behind the program's name, which may hold anything.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
}

/// Takes a child's end, if it has ended: for children that came of [`super::fork::fork_worker`]. Of one that was killed, what it had
/// started is killed too.
pub fn reap(pid: u32) -> Option<Exit> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
    take_end(pid, WaitIdOptions::NOHANG).unwrap_or(Some(Exit::Unknown))
}

/// Takes the end of a child that leads a process group; of one that was killed, kills the group first.
fn take_end(pid: Pid, flags: WaitIdOptions) -> rustix::io::Result<Option<Exit>> {
    loop {
        // Looked at first, and taken later: until it is taken, nobody else can get its id, nor its group's.
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | flags) {
            Ok(None) => return Ok(None),
            Ok(Some(status)) => {
                if !status.exited() {
                    let _ = kill_process_group(pid, Signal::KILL);
                }
                let taken = waitpid(Some(pid), WaitOptions::NOHANG).ok().flatten();
                return Ok(Some(taken.map_or(Exit::Unknown, |(_, status)| Exit::of(status))));
            }
            Err(Errno::INTR) => {}
            Err(Errno::CHILD) => return Ok(Some(Exit::Unknown)),
            Err(e) => return Err(e),
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    let names = [
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGXCPU, "SIGXCPU"),
        (libc::SIGXFSZ, "SIGXFSZ"),
        (libc::SIGSYS, "SIGSYS"),
    ];
    names.into_iter().find_map(|(number, name)| (number == signal).then_some(name))
}
