//! Where workers come from: the fork server where forking is safe, plain launches elsewhere.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::link::{ROLE, ROLE_FORK_SERVER};
use crate::os::{self, Channel, Child, Launch, Received};
use crate::pool::PoolConfig;
use crate::wire::{self, FromForkServer, ToForkServer};

/// The way new workers are made.
#[derive(Debug)]
pub(crate) enum Nursery {
    /// Forking is allowed, but nothing was started yet.
    Unused,
    /// The fork server is on its way; births wait for it.
    Opening(Server),
    /// The fork server takes requests.
    Forking(Server),
    /// Each worker is launched.
    Launching,
}

/// The fork server as the session sees it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) channel: Channel,
    pub(crate) child: Child,
    pub(crate) log: PathBuf,
}

/// A worker process that was just made, before its hello.
#[derive(Debug)]
pub(crate) struct Newborn {
    pub(crate) channel: Channel,
    /// Set where we are its parent.
    pub(crate) child: Option<Child>,
    pub(crate) log: PathBuf,
    /// The fork request that it came from.
    pub(crate) token: Option<u64>,
}

/// What the fork server had to say.
#[derive(Debug)]
pub(crate) enum ServerNews {
    /// It serves; or it is gone and workers are launched from now on.
    Changed,
    /// It cannot fork, and is a worker itself now.
    Converted(Newborn),
    /// It answered.
    Said(FromForkServer),
}

/// Launches a process for `role` that logs to `log`.
fn start(config: &PoolConfig, role: &str, log: &Path) -> Result<(Channel, Child)> {
    let (ours, theirs) = Channel::pair()?;
    let mut env = config.env.clone();
    env.push((ROLE.to_owned(), role.to_owned()));
    let child = os::launch(&Launch {
        program: config.program.clone(),
        args: config.args.clone(),
        env,
        log: log.to_owned(),
        env_remove: Vec::new(),
        channel_fd: theirs.as_fd(),
    })?;
    Ok((ours, child))
}

impl Nursery {
    pub(crate) fn new(config: &PoolConfig) -> Self {
        if config.fork {
            Nursery::Unused
        } else {
            Nursery::Launching
        }
    }

    /// Makes a worker that logs to `log`, or gets the fork server under way first (`None`: ask again at its news).
    pub(crate) fn birth(&mut self, config: &PoolConfig, token: u64, log: PathBuf) -> Result<Option<Newborn>> {
        match self {
            Nursery::Opening(_) => Ok(None),
            Nursery::Unused => {
                let log = config.dir.join("fork-server.log");
                let (channel, child) = start(config, ROLE_FORK_SERVER, &log)?;
                *self = Nursery::Opening(Server { channel, child, log });
                Ok(None)
            }
            Nursery::Forking(server) => {
                let (ours, theirs) = Channel::pair()?;
                let request = wire::encode(&ToForkServer::Fork { token, log: log.clone() });
                server.channel.send_with_fd(&request, theirs.as_fd())?;
                Ok(Some(Newborn { channel: ours, child: None, log, token: Some(token) }))
            }
            Nursery::Launching => {
                let (channel, child) = start(config, "worker", &log)?;
                Ok(Some(Newborn { channel, child: Some(child), log, token: None }))
            }
        }
    }

    /// The fork server's channel, where there is one.
    pub(crate) fn server(&self) -> Option<&Server> {
        match self {
            Nursery::Opening(server) | Nursery::Forking(server) => Some(server),
            Nursery::Unused | Nursery::Launching => None,
        }
    }

    /// Takes one message of the fork server, if there is one, by way of `frame`.
    pub(crate) fn listen(&mut self, frame: &mut Vec<u8>) -> Result<Option<ServerNews>> {
        let Some(server) = self.server() else { return Ok(None) };
        let length = match server.channel.try_receive(frame)? {
            Received::Nothing => return Ok(None),
            Received::Closed => {
                // Its workers die with it and are made anew by launches, which need no server.
                tracing::warn!(log = %server.log.display(), "the fork server is gone");
                *self = Nursery::Launching;
                return Ok(Some(ServerNews::Changed));
            }
            Received::Message(length, _) => length,
        };
        let message = wire::decode(&frame[..length], "the fork server")?;
        let before = std::mem::replace(self, Nursery::Launching);
        Ok(Some(match (message, before) {
            (FromForkServer::Serving, Nursery::Opening(server)) => {
                *self = Nursery::Forking(server);
                ServerNews::Changed
            }
            (FromForkServer::Unsafe { reason }, Nursery::Opening(server)) => {
                tracing::info!(reason, "workers are launched, not forked");
                let Server { channel, child, log } = server;
                ServerNews::Converted(Newborn { channel, child: Some(child), log, token: None })
            }
            (message, before) => {
                *self = before;
                ServerNews::Said(message)
            }
        }))
    }
}
