//! The fork server: a worker process that was launched, loaded everything, and forks ready workers on request.
//!
//! A launched R takes some 150 ms, a forked one about five. It is the parent of its workers, so it reaps them and tells
//! the session how each ended; it dies with the session (end of file, parent-death signal), and they with it.

use std::os::fd::{AsFd, IntoRawFd};
use std::time::Duration;

use crate::error::Result;
use crate::link::Link;
use crate::os::{self, Channel, Forked, Peer, Received};
use crate::trace;
use crate::wire::{self, FromForkServer, ToForkServer};

/// How often children are looked after that cannot be watched (an old kernel).
const REAP_EVERY: Duration = Duration::from_millis(20);

/// Serves fork requests. Returns in each forked child with its link, and in the server itself with `None` at the end.
pub(crate) fn serve(channel: Channel) -> Result<Option<Link>> {
    // With their watches: the session waits for the word on how one ended.
    let mut children: Vec<(u32, Option<Peer>)> = Vec::new();
    let mut frame = Vec::new();
    channel.send(&wire::encode(&FromForkServer::Serving))?;
    loop {
        let wait = children.iter().any(|(_, watch)| watch.is_none()).then_some(REAP_EVERY);
        let watches = children.iter().filter_map(|(_, watch)| watch.as_ref());
        let fds: Vec<_> = std::iter::once(channel.as_fd()).chain(watches.map(Peer::pidfd)).collect();
        os::poll(&fds, wait)?;
        let mut exited = Vec::new();
        children.retain(|&(pid, _)| match os::reap(pid) {
            Some(exit) => {
                exited.push(FromForkServer::Exited { pid, exit });
                false
            }
            None => true,
        });
        for news in exited {
            channel.send(&wire::encode(&news))?;
        }
        let (length, descriptor) = match channel.try_receive(&mut frame)? {
            Received::Nothing => continue,
            Received::Closed => return Ok(None),
            Received::Message(length, descriptor) => (length, descriptor),
        };
        let ToForkServer::Fork { token, log } = wire::decode(&frame[..length], "the session")?;
        let Some(descriptor) = descriptor else { continue };
        match os::fork_worker(&log) {
            Ok(Forked::Parent(pid)) => children.push((pid, Peer::open(pid).ok())),
            Ok(Forked::Child) => {
                drop((channel, children));
                // SAFETY: the descriptor came with the request and is given up here, so the channel is its only owner.
                let channel = unsafe { Channel::from_raw_fd(descriptor.into_raw_fd()) };
                trace::move_in();
                return Link::over(channel, true).map(Some);
            }
            Err(e) => {
                let reason = e.to_string();
                channel.send(&wire::encode(&FromForkServer::ForkFailed { token, reason }))?;
            }
        }
    }
}
