//! The fork server: a worker process that was launched, loaded everything, and forks ready workers on request.
//!
//! A launched R takes some 150 ms, a forked one about five. It is the parent of its workers, so it reaps them and tells
//! the session how each ended; it dies with the session (end of file, parent-death signal), and they with it.

use std::os::fd::{AsFd, IntoRawFd};
use std::time::Duration;

use crate::error::Result;
use crate::link::Link;
use crate::os::{self, Channel, Forked, Received};
use crate::wire::{self, FromForkServer, ToForkServer};

/// How often children are looked after when the session asks for nothing. A death is known to the session at once by
/// its channel; this only bounds how long a zombie stays.
const REAP_EVERY: Duration = Duration::from_millis(20);

/// Serves fork requests. Returns in each forked child with its link, and in the server itself with `None` at the end.
pub(crate) fn serve(channel: Channel) -> Result<Option<Link>> {
    let mut children: Vec<u32> = Vec::new();
    let mut frame = Vec::new();
    channel.send(&wire::encode(&FromForkServer::Serving))?;
    loop {
        let wait = (!children.is_empty()).then_some(REAP_EVERY);
        os::poll(&[channel.as_fd()], wait)?;
        let mut exited = Vec::new();
        children.retain(|&pid| match os::reap(pid) {
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
            Ok(Forked::Parent(pid)) => children.push(pid),
            Ok(Forked::Child) => {
                drop(channel);
                // SAFETY: the descriptor came with the request and is given up here, so the channel is its only owner.
                let channel = unsafe { Channel::from_raw_fd(descriptor.into_raw_fd()) };
                return Link::over(channel).map(Some);
            }
            Err(e) => {
                let reason = e.to_string();
                channel.send(&wire::encode(&FromForkServer::ForkFailed { token, reason }))?;
            }
        }
    }
}
