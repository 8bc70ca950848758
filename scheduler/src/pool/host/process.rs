//! One process of this host as the session sees it: its channel, how it can be signalled, how it ended.

use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::outbox::Outbox;
use crate::error::Result;
use crate::os::{self, now_ns, Child, Peer, Received};
use crate::pool::logs;
use crate::pool::processes::{ProcessEvent, ProcessKey};
use crate::wire::{self, FromForkServer, FromWorker};

/// How long the parent's word on how a worker ended is waited for, once its end is known.
const LAST_WORD: Duration = Duration::from_millis(200);

/// Whose messages come over a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpeaksAs {
    Worker,
    /// It was launched to fork.
    Server,
    /// It was forked to fork.
    Mirror,
}

/// What a process can be signalled by.
#[derive(Debug)]
pub(super) enum Handle {
    /// We are its parent.
    Child(Child),
    /// A fork server is; known once it said its pid.
    Forked(Option<Peer>),
    /// A node of the user's cluster: never killed by us.
    External(Option<Peer>),
}

/// A process.
#[derive(Debug)]
pub(super) struct HostProcess {
    pub(super) key: ProcessKey,
    pub(super) speaks: SpeaksAs,
    pub(super) outbox: Outbox,
    pub(super) handle: Handle,
    /// As it said.
    pub(super) pid: Option<u32>,
    pub(super) log: Option<Arc<Path>>,
    /// Where in its log the present run, or the last, begins.
    pub(super) log_from: u64,
    /// Its temporary directory.
    pub(super) scratch: Option<PathBuf>,
}

impl HostProcess {
    /// Sends what waits, and takes all that it said; at last that it is gone, if it is.
    pub(super) fn hear(&mut self, frame: &mut Vec<u8>, now_ns: u64, mut out: impl FnMut(ProcessEvent)) {
        // An error means that it is gone, which what follows tells better.
        let _ = self.outbox.flush(now_ns);
        // Asked first: what it said before it ended is heard.
        let has_exited = self.speaks == SpeaksAs::Worker && self.has_exited();
        let symptom = loop {
            match self.outbox.try_receive(frame) {
                Ok(Received::Nothing) if has_exited => break "it exited".to_owned(),
                Ok(Received::Nothing) => return,
                Ok(Received::Closed) => break "it closed its channel".to_owned(),
                Ok(Received::Message(length, _)) => match self.understand(&frame[..length]) {
                    Ok(event) => out(event),
                    Err(e) if self.speaks == SpeaksAs::Worker => break e.to_string(),
                    Err(e) => tracing::warn!(%e, "a fork server"),
                },
                Err(e) => break e.to_string(),
            }
        };
        if let (false, Some(log)) = (self.speaks == SpeaksAs::Worker, &self.log) {
            tracing::warn!(log = %log.display(), "a fork server is gone");
        }
        out(ProcessEvent::Gone { symptom });
    }

    fn understand(&mut self, frame: &[u8]) -> Result<ProcessEvent> {
        if self.speaks == SpeaksAs::Worker {
            return Ok(match wire::decode(frame, "a worker")? {
                FromWorker::Hello { pid, version, boot } => self.greet(pid, &version, &boot),
                message => ProcessEvent::Worker(message),
            });
        }
        let message = wire::decode(frame, "a fork server")?;
        match &message {
            FromForkServer::Loading { pid, .. } if self.pid.is_none() => self.meet(Some(*pid)),
            // It goes on as a worker, on this very channel.
            FromForkServer::Unsafe { .. } if self.speaks == SpeaksAs::Server => {
                self.speaks = SpeaksAs::Worker
            }
            _ => {}
        }
        Ok(ProcessEvent::Server(message))
    }

    fn greet(&mut self, pid: u32, version: &str, boot: &str) -> ProcessEvent {
        let unfit = if version != env!("CARGO_PKG_VERSION") {
            Some(format!("it runs memshare {version}, this session {}", env!("CARGO_PKG_VERSION")))
        } else if boot != os::boot_id() {
            Some("it runs on another machine, where this session's pages cannot be mapped".to_owned())
        } else {
            // A node may count processes in a namespace of its own.
            let is_external = matches!(self.handle, Handle::External(_));
            self.meet(if is_external { self.outbox.channel().peer_pid().ok().flatten() } else { Some(pid) });
            None
        };
        ProcessEvent::Hello { pid: self.pid, unfit }
    }

    /// It is this process.
    fn meet(&mut self, pid: Option<u32>) {
        self.pid = pid;
        if let Handle::Forked(peer) | Handle::External(peer) = &mut self.handle {
            *peer = pid.and_then(|pid| Peer::open(pid).ok());
        }
    }

    /// Its process id, where that is known.
    pub(super) fn pid(&self) -> Option<u32> {
        match &self.handle {
            Handle::Child(child) => Some(child.pid()),
            Handle::Forked(_) | Handle::External(_) => self.pid,
        }
    }

    /// What can be read when it has ended.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.handle {
            // Of those that fork the channel's end tells.
            _ if self.speaks != SpeaksAs::Worker => None,
            Handle::Child(child) => child.pidfd(),
            Handle::Forked(peer) | Handle::External(peer) => peer.as_ref().map(Peer::pidfd),
        }
    }

    fn has_exited(&self) -> bool {
        match &self.handle {
            Handle::Child(child) => matches!(child.try_wait(), Ok(Some(_))),
            Handle::Forked(peer) | Handle::External(peer) => {
                peer.as_ref().is_some_and(|peer| peer.has_exited().unwrap_or(true))
            }
        }
    }

    /// SIGINT: R turns it into an interrupt at the next point where it looks.
    pub(super) fn interrupt(&self) {
        match &self.handle {
            Handle::Child(child) => child.interrupt(),
            Handle::Forked(peer) | Handle::External(peer) => peer.iter().for_each(Peer::interrupt),
        }
    }

    /// Whether it is ours to kill, and can be.
    pub(super) fn can_be_killed(&self) -> bool {
        !matches!(self.handle, Handle::External(_) | Handle::Forked(None))
    }

    /// Kills it, if it is ours.
    pub(super) fn kill(&self) {
        match &self.handle {
            Handle::Child(child) => {
                child.kill();
                let _ = wait_briefly(|| child.try_wait().ok().flatten());
            }
            Handle::Forked(peer) => peer.iter().for_each(Peer::kill),
            Handle::External(_) => {}
        }
    }

    /// The last lines that its log got in the present run, or in the last.
    pub(super) fn last_words(&self) -> Vec<String> {
        self.log.as_ref().map(|log| logs::since(log, self.log_from, logs::KEPT)).unwrap_or_default()
    }

    /// Its log gets nothing any more. That of the fork server is one for all.
    pub(super) fn close_log(&self) {
        if self.speaks != SpeaksAs::Server {
            self.log.iter().for_each(logs::closed);
        }
    }
}

/// Asks `look` for up to [`LAST_WORD`]: the end of a process is certain here, and its report a moment away.
pub(super) fn wait_briefly<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
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
