//! The fork server: a process that was launched, loaded everything, and forks ready workers on request.
//!
//! A launched R takes some 150 ms, a forked one about five. It is the parent of its workers, so it reaps them and tells
//! the session how each ended; they die with it (parent-death signal), and it ends when the session does. What a session that was killed
//! leaves in shared memory it clears away then.
//!
//! Asked for a *mirror* it forks a process that first brings itself into a state of the session, and is then a fork server of its
//! own. The first server never changes, so a new generation has nothing to undo.

use std::os::fd::{AsFd, IntoRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::link::{Link, DIRECTORY, ROLE, ROLE_FORK_SERVER, SCRATCH};
use crate::os::{self, Channel, Forked, Peer, Place, Received, CHANNEL_VARIABLE};
use crate::store::{clear_away, clear_away_after};
use crate::trace;
use crate::wire::{self, FromForkServer, ToForkServer};

/// How often children are looked after that cannot be watched (an old kernel).
const REAP_EVERY: Duration = Duration::from_millis(20);

/// What a process that a fork server is in comes out as.
#[derive(Debug)]
pub enum Role {
    /// A worker: forked, or launched where forking is not safe.
    Worker(Link),
    /// A process that is to become a generation's fork server.
    Mirror(Mirror),
    /// Nobody needs the process any more.
    Over,
}

/// A process on its way to a generation's state.
#[derive(Debug)]
pub struct Mirror {
    channel: Channel,
    /// What tells the state.
    pub state: PathBuf,
    /// Packages that it must not load: each worker does that for itself.
    pub deferred: Vec<String>,
}

impl Mirror {
    /// Says which package is loaded next.
    ///
    /// # Errors
    /// [`Error::Os`] when the session is gone.
    pub fn loading(&self, package: &str) -> Result<()> {
        let package = package.to_owned();
        self.channel.send(&wire::encode(&FromForkServer::Loading { pid: std::process::id(), package }))
    }

    /// The state is reached: forks workers from here on. Returns in each of them.
    ///
    /// # Errors
    /// [`Error::Launch`] when other threads run in this process; the session was told.
    pub fn serve(self) -> Result<Role> {
        match refuse_threads(&self.channel)? {
            None => serve(self.channel, None),
            Some(reason) => Err(Error::Launch(reason)),
        }
    }
}

impl Link {
    /// What a process is that a pool launched, by the channel it inherited. A process whose role is fork server
    /// stays in here, and what returns is each child it forks.
    ///
    /// # Errors
    /// [`Error::Launch`] in a process that no pool launched; [`Error::Os`] when the session is gone.
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
        let place = std::env::var_os(DIRECTORY).map_or(Place::Memory, |path| Place::Directory(path.into()));
        std::env::remove_var(DIRECTORY);
        os::disarm_worker_signals();
        os::end_hanging_crashes(os::CRASH_WITHIN);
        if role != ROLE_FORK_SERVER {
            return Link::of_pool(channel).map(Role::Worker);
        }
        match refuse_threads(&channel)? {
            None => serve_and_clear(channel, &place),
            Some(_) => Link::of_pool(channel).map(Role::Worker),
        }
    }
}

/// Why this process must not fork, if other threads run in it; the session is told.
fn refuse_threads(channel: &Channel) -> Result<Option<String>> {
    let threads = os::thread_count();
    if threads == 1 {
        return Ok(None);
    }
    let reason = format!("{threads} threads run in it; forking would lose all but one");
    channel.send(&wire::encode(&FromForkServer::Unsafe { reason: reason.clone() }))?;
    Ok(Some(reason))
}

/// Serves, and where the server's own end has come, clears away what the session left, if that did not do so itself.
fn serve_and_clear(channel: Channel, place: &Place) -> Result<Role> {
    // Before Linux 5.3 the server dies with the session.
    let session = os::outlive_parent().ok();
    let role = serve(channel, session.as_ref());
    if !matches!(role, Ok(Role::Worker(_) | Role::Mirror(_))) {
        // Whatever told of the end, a channel that closed or an answer that nobody takes, the session may be dying yet.
        session.map_or_else(|| clear_away(place), |session| clear_away_after(&session, place));
    }
    role
}

/// Serves fork requests. Returns in each forked child, and in the server itself at the end: when the channel closes or `session` has ended, of
/// which a child may still have the channel.
fn serve(channel: Channel, session: Option<&Peer>) -> Result<Role> {
    // With their watches: the session waits for the word on how one ended.
    let mut children: Vec<(u32, Option<Peer>)> = Vec::new();
    let mut frame = Vec::new();
    channel.send(&wire::encode(&FromForkServer::Serving))?;
    loop {
        if wait(&channel, session, &children)? {
            return Ok(Role::Over);
        }
        for exited in reap(&mut children) {
            channel.send(&wire::encode(&exited))?;
        }
        let (length, descriptor) = match channel.try_receive(&mut frame)? {
            Received::Nothing => continue,
            Received::Closed => return Ok(Role::Over),
            Received::Message(length, descriptor) => (length, descriptor),
        };
        let request = wire::decode(&frame[..length], "the session")?;
        let Some(descriptor) = descriptor else { continue };
        match os::fork_worker(log_of(&request)) {
            Ok(Forked::Parent(pid)) => children.push((pid, Peer::open(pid).ok())),
            Ok(Forked::Child) => {
                drop((channel, children));
                return become_of(request, descriptor);
            }
            Err(e) => {
                let ToForkServer::Fork { token, .. } = request else {
                    // The mirror's channel closes, which says enough.
                    tracing::warn!(%e, "no mirror");
                    continue;
                };
                let reason = e.to_string();
                channel.send(&wire::encode(&FromForkServer::ForkFailed { token, reason }))?;
            }
        }
    }
}

/// Waits until something is to be done. Whether the session has ended.
fn wait(channel: &Channel, session: Option<&Peer>, children: &[(u32, Option<Peer>)]) -> Result<bool> {
    let limit = children.iter().any(|(_, watch)| watch.is_none()).then_some(REAP_EVERY);
    let watches = session.into_iter().chain(children.iter().filter_map(|(_, watch)| watch.as_ref()));
    let fds: Vec<_> = std::iter::once(channel.as_fd()).chain(watches.map(Peer::pidfd)).collect();
    let ready = os::poll(&fds, limit)?;
    Ok(session.is_some() && ready[1])
}

/// The children that have ended, which are no longer among the others.
fn reap(children: &mut Vec<(u32, Option<Peer>)>) -> Vec<FromForkServer> {
    let mut exited = Vec::new();
    children.retain(|&(pid, _)| match os::reap(pid) {
        Some(exit) => {
            exited.push(FromForkServer::Exited { pid, exit });
            false
        }
        None => true,
    });
    exited
}

fn log_of(request: &ToForkServer) -> &Path {
    match request {
        ToForkServer::Fork { log, .. } | ToForkServer::Mirror { log, .. } => log,
    }
}

/// In a forked child: what it was forked for.
fn become_of(request: ToForkServer, descriptor: OwnedFd) -> Result<Role> {
    // SAFETY: the descriptor came with the request and is given up here, so the channel is its only owner.
    let channel = unsafe { Channel::from_raw_fd(descriptor.into_raw_fd()) };
    trace::move_in();
    let (ToForkServer::Fork { scratch, .. } | ToForkServer::Mirror { scratch, .. }) = &request;
    std::env::set_var(SCRATCH, scratch);
    match request {
        ToForkServer::Fork { .. } => Link::of_pool(channel).map(Role::Worker),
        ToForkServer::Mirror { state, deferred, .. } => {
            let mirror = Mirror { channel, state, deferred };
            mirror.loading("")?;
            Ok(Role::Mirror(mirror))
        }
    }
}
