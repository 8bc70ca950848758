//! One worker process as the session sees it: its channel, how it can be signalled, how it ended.

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::id::WorkerId;
use crate::os::{self, now_ns, Channel, Child, Peer};
use crate::pool::logs;
use crate::wire::{self, ToWorker};

/// How long the parent's word on how a worker ended is waited for, once its end is known.
const LAST_WORD: Duration = Duration::from_millis(200);

/// Where a worker stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum State {
    /// Made, has not said hello.
    Starting { since_ns: u64 },
    /// Waits for a run.
    Idle { since_ns: u64 },
    /// Takes part in the run, under this slot.
    Busy { slot: WorkerId },
    /// Took part in a run that is over, and has not been told.
    Leaving,
}

#[derive(Debug)]
pub(crate) enum Process {
    /// We are its parent.
    Ours(Child),
    /// The fork server is; known once it said its pid.
    Forked(Option<Peer>),
    /// A node of the user's cluster: never killed by us.
    Guest(Option<Peer>),
}

/// One worker process.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) key: u64,
    pub(crate) pid: Option<u32>,
    pub(crate) state: State,
    pub(crate) channel: Channel,
    pub(crate) process: Process,
    pub(crate) log: Option<Arc<Path>>,
    /// Where in its log the present run, or the last, begins.
    pub(crate) log_from: u64,
    pub(crate) token: Option<u64>,
}

impl Worker {
    pub(crate) fn tell(&self, message: &ToWorker) -> Result<()> {
        self.channel.send(&wire::encode(message))
    }

    /// What its log gets from now on is of this run.
    pub(crate) fn mark_log(&mut self, run: u64, slot: WorkerId) {
        self.log_from = self.log.as_ref().map_or(0, |log| logs::joined(run, slot, self.pid, log));
    }

    /// The last lines that its log got in the present run, or in the last.
    pub(crate) fn last_words(&self) -> Vec<String> {
        self.log.as_ref().map(|log| logs::since(log, self.log_from, logs::KEPT)).unwrap_or_default()
    }

    /// SIGINT: R turns it into an interrupt at the next point where it looks.
    pub(crate) fn interrupt(&self) {
        match &self.process {
            Process::Ours(child) => child.interrupt(),
            Process::Forked(peer) | Process::Guest(peer) => peer.iter().for_each(Peer::interrupt),
        }
    }

    /// SIGKILL, for workers of our own.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    pub(crate) fn greet(&mut self, pid: u32, version: &str, boot: &str) -> std::result::Result<(), String> {
        if version != env!("CARGO_PKG_VERSION") {
            return Err(format!("it runs memshare {version}, this session {}", env!("CARGO_PKG_VERSION")));
        }
        if boot != os::boot_id() {
            return Err("it runs on another machine, where this session's pages cannot be mapped".into());
        }
        self.pid = Some(pid);
        if let Process::Forked(peer) | Process::Guest(peer) = &mut self.process {
            *peer = Peer::open(pid).ok();
        }
        self.state = State::Idle { since_ns: now_ns() };
        Ok(())
    }
}

impl Process {
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Process::Ours(child) => child.pidfd(),
            Process::Forked(peer) | Process::Guest(peer) => peer.as_ref().map(Peer::pidfd),
        }
    }

    /// Where it comes from, in a word.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Process::Ours(_) => "launched",
            Process::Forked(_) => "forked",
            Process::Guest(_) => "guest",
        }
    }

    pub(crate) fn has_exited(&mut self) -> bool {
        match self {
            Process::Ours(child) => matches!(child.try_wait(), Ok(Some(_))),
            Process::Forked(peer) | Process::Guest(peer) => {
                peer.as_ref().is_some_and(|peer| peer.has_exited().unwrap_or(true))
            }
        }
    }

    pub(crate) fn kill(&mut self) {
        match self {
            Process::Ours(child) => {
                child.kill();
                let _ = wait_briefly(|| child.try_wait().ok().flatten());
            }
            Process::Forked(peer) => peer.iter().for_each(Peer::kill),
            Process::Guest(_) => {}
        }
    }
}

/// Asks `look` for up to [`LAST_WORD`]: the end of a process is certain here, and its report a moment away.
pub(crate) fn wait_briefly<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let until = now_ns() + LAST_WORD.as_nanos() as u64;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if now_ns() >= until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
