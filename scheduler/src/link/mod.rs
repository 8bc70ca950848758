//! The worker's end: joins runs, claims leases from the board, delivers what came of them.
//!
//! A [`Link`] is a process's tie to its session; a [`Membership`] its part in one run. Between two claims a worker talks
//! to nobody. Only when it finds nothing to claim does it say `Dry` and wait for a word: that word, or the channel's
//! end when the session is gone, is the only thing it ever blocks on.

pub(crate) mod consumption;
mod delivery;
mod fork_server;
mod joining;
mod membership;
mod parts;
mod results;
pub(crate) mod work;

pub use delivery::{Delivery, HandedIn};
pub use fork_server::{Mirror, Role};
pub use membership::Membership;
pub use parts::{Part, Parts};

use std::os::fd::AsFd;
use std::time::Duration;

use crate::error::Result;
use crate::id::StageId;
use crate::os::{self, Channel};
use crate::wire::{self, FromWorker, ToWorker};

/// The environment variable that says what a launched process is to be.
pub const ROLE: &str = "MEMSHARE_ROLE";
/// The variable that tells a process where its temporary files go: a directory of its own, which the session removes once it is gone.
pub const SCRATCH: &str = "TMPDIR";
/// The variable that tells a fork server the session's directory for what has no room in memory, where there is one.
pub const DIRECTORY: &str = "MEMSHARE_SESSION_DIRECTORY";
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
    /// The tie of a process that joins a session by the path of its listener: a node of the user's own cluster.
    ///
    /// # Errors
    /// [`Error::Os`](crate::error::Error::Os) when nobody of this user listens there, or the other end hangs up.
    pub fn join(path: &std::path::Path) -> Result<Link> {
        Link::tied(Channel::connect(path)?, false)
    }

    /// The tie of a process that the pool made.
    pub(crate) fn of_pool(channel: Channel) -> Result<Link> {
        os::keep_freed();
        Link::tied(channel, true)
    }

    /// Says hello.
    fn tied(channel: Channel, ours: bool) -> Result<Link> {
        let hello = FromWorker::Hello {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            boot: os::boot_id(),
        };
        channel.send(&wire::encode(&hello))?;
        Ok(Link { channel, frame: Vec::new(), ours })
    }

    /// Whether the session says nothing for so long: time for a worker to tidy up. A word ends the wait at once, and is
    /// left for [`Link::next_run`].
    ///
    /// # Errors
    /// [`Error::Os`](crate::error::Error::Os) when the system refuses to wait.
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
