//! The worker's end: joins runs, claims leases from the board, delivers what came of them.
//!
//! A [`Link`] is a process's tie to its session; a [`Membership`] its part in one run. Between two claims a worker talks
//! to nobody. Only when it finds nothing to claim does it say `Dry` and wait for a word: that word, or the channel's
//! end when the session is gone, is the only thing it ever blocks on.

pub(crate) mod consumption;
mod fork_server;
mod joining;
mod membership;
mod parts;
mod results;
pub(crate) mod work;

pub use fork_server::{Mirror, Role};
pub use membership::{Delivery, HandedIn, Membership};
pub use parts::{Part, Parts};

use std::os::fd::AsFd;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::id::StageId;
use crate::os::{self, Channel, CHANNEL_VARIABLE};
use crate::trace;
use crate::wire::{self, FromForkServer, FromWorker, ToWorker};

/// The environment variable that says what a launched process is to be.
pub const ROLE: &str = "MEMSHARE_ROLE";
/// [`ROLE`]'s value for a process that forks workers on request.
pub const ROLE_FORK_SERVER: &str = "fork-server";

/// A worker process's tie to its session.
#[derive(Debug)]
pub struct Link {
    channel: Channel,
    frame: Vec<u8>,
    /// Whether the pool made this process. Of a node of the user's own cluster, standard error is the user's.
    ours: bool,
}

/// What the session said to a waiting worker.
pub(crate) enum Word {
    Said(ToWorker),
    /// The session is gone, or let go of us.
    Gone,
}

impl Link {
    /// What a process is that a pool launched, by the channel it inherited. A process whose role is fork server
    /// stays in here, and what returns is each child it forks.
    pub fn inherited() -> Result<Role> {
        let refuse = |why: &str| Error::Launch(format!("{CHANNEL_VARIABLE} {why}"));
        let number =
            std::env::var(CHANNEL_VARIABLE).map_err(|_| refuse("is not set: not a process of a pool"))?;
        let number: i32 = number.parse().map_err(|_| refuse("is not a descriptor's number"))?;
        // SAFETY: the pool's launch passed this descriptor to us alone and set the variable; it is removed below, so
        // that nothing in this process takes the same descriptor twice.
        let channel = unsafe { Channel::from_raw_fd(number) };
        std::env::remove_var(CHANNEL_VARIABLE);
        let role = std::env::var(ROLE).unwrap_or_default();
        std::env::remove_var(ROLE);
        if role != ROLE_FORK_SERVER {
            return Link::over(channel, true).map(Role::Worker);
        }
        match os::thread_count() {
            1 => fork_server::serve(channel),
            threads => {
                let reason = format!("{threads} threads run in it; forking would lose all but one");
                channel.send(&wire::encode(&FromForkServer::Unsafe { reason }))?;
                Link::over(channel, true).map(Role::Worker)
            }
        }
    }

    /// The tie of a process that joins a session by the path of its listener: a node of the user's own cluster.
    pub fn join(path: &std::path::Path) -> Result<Link> {
        Link::over(Channel::connect(path)?, false)
    }

    fn over(channel: Channel, ours: bool) -> Result<Link> {
        let hello = FromWorker::Hello {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            boot: os::boot_id(),
        };
        channel.send(&wire::encode(&hello))?;
        Ok(Link { channel, frame: Vec::new(), ours })
    }

    /// Waits for the next run. `None` when the worker should leave: it was told so, or the session is gone.
    pub fn next_run(&mut self) -> Result<Option<Membership>> {
        loop {
            match self.wait()? {
                Word::Said(ToWorker::Run { run, slot, board, log }) => {
                    if self.ours {
                        self.log_by(log.as_ref());
                    }
                    // The session may have died, or ended the run, between its word and our look.
                    match Membership::enter(run, slot, &board)? {
                        Some(membership) => return Ok(Some(membership)),
                        None => continue,
                    }
                }
                Word::Said(ToWorker::Wake | ToWorker::EndRun) => continue,
                Word::Said(ToWorker::Exit) | Word::Gone => return Ok(None),
            }
        }
    }

    /// Logs as the session says. A filter that the session could read, this process can; and no run fails for its log.
    fn log_by(&self, setting: Option<&trace::Setting>) {
        if let Err(e) = trace::set(setting, None) {
            eprintln!("memshare: no log: {e}");
        }
    }

    /// Whether the session says nothing for so long: time for a worker to tidy up. A word ends the wait at once, and is
    /// left for [`Link::next_run`].
    pub fn is_idle(&self, patience: Duration) -> Result<bool> {
        Ok(!os::poll(&[self.channel.as_fd()], Some(patience))?.contains(&true))
    }

    /// Tells the user something that is no error.
    ///
    /// # Errors
    /// When the session is gone.
    pub fn note(&self, text: &str) -> Result<()> {
        self.say(&FromWorker::Note { text: text.to_owned() })
    }

    /// Says which packages were loaded in this worker for the run at hand, and how long that took; in an element of which stage, if in one.
    ///
    /// # Errors
    /// When the session is gone.
    pub fn loaded(&self, packages: &str, stage: Option<StageId>, ns: u64) -> Result<()> {
        self.say(&FromWorker::Loaded { packages: packages.to_owned(), stage, ns })
    }

    /// Says that this process was changed by a run and is to end, so that another one takes its place. Returns when the session let
    /// go of it, which may have called it to the next run meanwhile: an end before that would look like a death in that run.
    ///
    /// # Errors
    /// When the session is gone.
    pub fn changed(&mut self, what: &str) -> Result<()> {
        self.say(&FromWorker::Changed { what: what.to_owned() })?;
        while let Word::Said(_) = self.wait()? {}
        Ok(())
    }

    pub(crate) fn wait(&mut self) -> Result<Word> {
        match self.channel.receive(&mut self.frame)? {
            None => Ok(Word::Gone),
            Some((length, _)) => wire::decode(&self.frame[..length], "the session").map(Word::Said),
        }
    }

    pub(crate) fn say(&self, message: &FromWorker) -> Result<()> {
        self.channel.send(&wire::encode(message))
    }
}
