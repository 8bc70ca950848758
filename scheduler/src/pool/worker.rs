//! One worker process as the session sees it: its channel, whether it responds, how it can be signalled, how it ended.

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Loss;
use crate::error::Result;
use crate::id::WorkerId;
use crate::os::{self, now_ns, Child, Peer};
use crate::pool::logs;
use crate::pool::outbox::Outbox;
use crate::wire::{self, ToWorker};

/// How long the parent's word on how a worker ended is waited for, once its end is known.
const LAST_WORD: Duration = Duration::from_millis(200);
/// A worker that owes us an answer for so long is looked at before it is given another run. A look costs some 10 us.
const ANSWER_NS: u64 = 50_000_000;
/// So is one that was idle for so long: what is asked of it now, nothing else has told.
const IDLE_NS: u64 = 1_000_000_000;

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
    pub(crate) outbox: Outbox,
    pub(crate) process: Process,
    pub(crate) log: Option<Arc<Path>>,
    /// Where in its log the present run, or the last, begins.
    pub(crate) log_from: u64,
    pub(crate) token: Option<u64>,
    /// Since when it has said nothing though it was given a run.
    pub(crate) asked_ns: Option<u64>,
    /// Since when it is known to be stopped.
    pub(crate) stopped_ns: Option<u64>,
    /// We ended it: its end is nobody else's doing.
    pub(crate) ended_by: Option<Loss>,
}

impl Worker {
    /// Says something to it, without waiting.
    ///
    /// # Errors
    /// When it is gone, which its channel tells next.
    pub(crate) fn tell(&mut self, message: &ToWorker) -> Result<()> {
        let now = now_ns();
        if matches!(message, ToWorker::Run { .. }) {
            self.asked_ns.get_or_insert(now);
        }
        self.outbox.send(wire::encode(message), None, now)
    }

    /// It said something.
    pub(crate) fn spoke(&mut self) {
        (self.asked_ns, self.stopped_ns) = (None, None);
    }

    /// Looks whether its process is stopped.
    pub(crate) fn look(&mut self, now_ns: u64) {
        let stopped = self.pid.is_some_and(os::is_stopped);
        self.stopped_ns = stopped.then(|| self.stopped_ns.unwrap_or(now_ns));
    }

    /// Whether it is known of nothing that keeps it from taking a run.
    pub(crate) fn responds(&self) -> bool {
        self.outbox.waits_since().is_none() && self.stopped_ns.is_none() && self.ended_by.is_none()
    }

    /// Whether it waits for a run and can be given one, as far as a cheap look tells.
    pub(crate) fn is_ready(&mut self, now_ns: u64) -> bool {
        let State::Idle { since_ns } = self.state else { return false };
        let quiet = match self.asked_ns {
            Some(asked_ns) => now_ns.saturating_sub(asked_ns) > ANSWER_NS,
            None => now_ns.saturating_sub(since_ns) > IDLE_NS,
        };
        if quiet {
            self.look(now_ns);
        }
        self.responds()
    }

    pub(crate) fn is_guest(&self) -> bool {
        matches!(self.process, Process::Guest(_))
    }

    /// Lets it go: it leaves at the end of its channel. One that cannot see that is killed.
    pub(crate) fn let_go(&mut self) {
        let _ = self.tell(&ToWorker::Exit);
        if !self.responds() {
            self.process.kill();
        }
        self.log.iter().for_each(logs::closed);
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

    /// Ends it: by SIGKILL where it is our own. A node of the user's is interrupted and cut off: it stops when it next looks. So is
    /// what cannot be signalled (an old kernel).
    pub(crate) fn end(&mut self, loss: Loss) {
        let lives = matches!(self.process, Process::Guest(_) | Process::Forked(None));
        self.ended_by.get_or_insert(if lives { Loss::CutOff } else { loss });
        if lives {
            self.interrupt();
            self.outbox.channel().shut_down();
        }
        self.process.kill();
    }

    pub(crate) fn greet(&mut self, pid: u32, version: &str, boot: &str) -> std::result::Result<(), String> {
        if version != env!("CARGO_PKG_VERSION") {
            return Err(format!("it runs memshare {version}, this session {}", env!("CARGO_PKG_VERSION")));
        }
        if boot != os::boot_id() {
            return Err("it runs on another machine, where this session's pages cannot be mapped".into());
        }
        // A node may count processes in a namespace of its own.
        self.pid = if self.is_guest() { self.outbox.channel().peer_pid().ok().flatten() } else { Some(pid) };
        if let Process::Forked(peer) | Process::Guest(peer) = &mut self.process {
            *peer = self.pid.and_then(|pid| Peer::open(pid).ok());
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
