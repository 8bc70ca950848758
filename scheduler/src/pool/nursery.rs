//! Where workers come from: the fork server where forking is safe, or the mirror of a generation, which it forked; plain launches
//! elsewhere.

mod given_up;

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::link::{ROLE, ROLE_FORK_SERVER};
use crate::os::{self, now_ns, Channel, Child, Launch, Peer, Received};
use crate::pool::outbox::Outbox;
use crate::pool::{Generation, PoolConfig};
use crate::wire::{self, FromForkServer, ToForkServer};

/// The way new workers are made.
#[derive(Debug)]
pub(crate) struct Nursery {
    base: Base,
    mirror: Option<MirrorServer>,
    /// Packages that no mirror can load: each worker does that for itself.
    deferred: Vec<String>,
    failures: u32,
    /// Since when what is to fork the next worker is known to be stopped.
    stopped_ns: Option<u64>,
    /// Given up because they were stopped. Workers die with what forked them, so these are kept for the workers' sake.
    aside: Vec<Aside>,
}

/// The process that was launched to fork.
#[derive(Debug)]
enum Base {
    /// Forking is allowed, but nothing was started yet.
    Unused,
    /// It is on its way, since then; births wait for it.
    Opening(Server, u64),
    /// It takes requests.
    Forking(Server),
    /// There is none: each worker is launched.
    Launching,
}

/// A fork server that was given up. What it holds goes when it is dropped.
#[derive(Debug)]
enum Aside {
    Base { _server: Server },
    Mirror(MirrorServer),
}

/// The fork server as the session sees it.
#[derive(Debug)]
pub(crate) struct Server {
    outbox: Outbox,
    child: Child,
    log: PathBuf,
}

/// The fork server of a generation.
#[derive(Debug)]
struct MirrorServer {
    outbox: Outbox,
    log: PathBuf,
    /// Known once it said its pid.
    process: Option<Peer>,
    /// While it is on its way: the package it loads, and since when.
    loading: Option<(String, u64)>,
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

/// What a fork server had to say.
#[derive(Debug)]
pub(crate) enum ServerNews {
    /// It serves; or it is gone and births go on in another way.
    Changed,
    /// It is further, having loaded a package.
    Loaded { package: String, ns: u64 },
    /// It cannot fork, and is a worker itself now.
    Converted(Newborn),
    /// It answered.
    Said(FromForkServer),
}

/// What is known now that something else is done than loading this package, since then.
fn loaded(before: Option<(String, u64)>) -> ServerNews {
    match before {
        Some((package, since)) if !package.is_empty() => {
            ServerNews::Loaded { package, ns: now_ns().saturating_sub(since) }
        }
        _ => ServerNews::Changed,
    }
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
        channel_fd: theirs.as_fd(),
    })?;
    Ok((ours, child))
}

/// Has a fork server fork: the new process's end of its channel goes with the request.
fn fork(server: &mut Outbox, request: &ToForkServer) -> Result<Channel> {
    let (ours, theirs) = Channel::pair()?;
    server.send(wire::encode(request), Some(theirs.into()), now_ns())?;
    Ok(ours)
}

impl Nursery {
    pub(crate) fn new(config: &PoolConfig) -> Self {
        let base = if config.fork { Base::Unused } else { Base::Launching };
        Nursery { base, mirror: None, deferred: Vec::new(), failures: 0, stopped_ns: None, aside: Vec::new() }
    }

    /// Makes a worker that logs to `log`, or gets under way first what is to fork it (`None`: ask again at its news).
    pub(crate) fn birth(
        &mut self,
        config: &PoolConfig,
        generation: &Generation,
        token: u64,
        log: PathBuf,
    ) -> Result<Option<Newborn>> {
        let server = match (&mut self.base, &mut self.mirror) {
            (Base::Opening(..), _) | (_, Some(MirrorServer { loading: Some(_), .. })) => return Ok(None),
            (Base::Unused, _) => {
                let log = config.dir.join("fork-server.log");
                let (channel, child) = start(config, ROLE_FORK_SERVER, &log)?;
                self.base = Base::Opening(Server { outbox: Outbox::new(channel), child, log }, now_ns());
                return Ok(None);
            }
            (Base::Launching, _) => {
                let (channel, child) = start(config, "worker", &log)?;
                return Ok(Some(Newborn { channel, child: Some(child), log, token: None }));
            }
            (Base::Forking(_), Some(mirror)) => &mut mirror.outbox,
            (Base::Forking(base), None) => match &generation.state {
                None => &mut base.outbox,
                Some(state) => {
                    let log = config.dir.join(format!("mirror-{}.log", generation.id));
                    let (state, deferred) = (state.clone(), self.deferred.clone());
                    let request = ToForkServer::Mirror { log: log.clone(), state, deferred };
                    let outbox = Outbox::new(fork(&mut base.outbox, &request)?);
                    let loading = Some((String::new(), now_ns()));
                    self.mirror = Some(MirrorServer { outbox, log, process: None, loading });
                    return Ok(None);
                }
            },
        };
        let channel = fork(server, &ToForkServer::Fork { token, log: log.clone() })?;
        Ok(Some(Newborn { channel, child: None, log, token: Some(token) }))
    }

    /// The next worker is of another generation: its mirror is to be made.
    pub(crate) fn turn(&mut self) {
        self.mirror = None;
        self.failures = 0;
        self.stopped_ns = None;
        self.end_aside();
    }

    /// The process id of the fork server, where there is one.
    pub(crate) fn server_pid(&self) -> Option<u32> {
        self.base.server().map(|server| server.child.pid())
    }

    /// The channels of those that fork, the first one's first.
    pub(crate) fn outboxes(&self) -> impl Iterator<Item = &Outbox> {
        let base = self.base.server().map(|server| &server.outbox);
        base.into_iter().chain(self.mirror.as_ref().map(|mirror| &mirror.outbox))
    }

    /// Sends those that fork what they had no room for.
    pub(crate) fn flush(&mut self, now_ns: u64) {
        let base = match &mut self.base {
            Base::Opening(server, _) | Base::Forking(server) => Some(&mut server.outbox),
            Base::Unused | Base::Launching => None,
        };
        for outbox in base.into_iter().chain(self.mirror.as_mut().map(|mirror| &mut mirror.outbox)) {
            let _ = outbox.flush(now_ns); // of one that is gone its channel tells
        }
    }

    /// Whether workers are forked.
    pub(crate) fn forks(&self) -> bool {
        matches!(self.base, Base::Forking(_))
    }

    /// Takes one message of those that fork, if there is one, by way of `frame`.
    pub(crate) fn listen(&mut self, frame: &mut Vec<u8>) -> Result<Option<ServerNews>> {
        match self.listen_to_base(frame)? {
            None => self.listen_to_mirror(frame),
            news => Ok(news),
        }
    }

    fn listen_to_base(&mut self, frame: &mut Vec<u8>) -> Result<Option<ServerNews>> {
        let Some(server) = self.base.server() else { return Ok(None) };
        let length = match server.outbox.try_receive(frame)? {
            Received::Nothing => return Ok(None),
            Received::Closed => {
                // Its workers die with it and are made anew by launches, which need no server.
                tracing::warn!(log = %server.log.display(), "the fork server is gone");
                (self.base, self.mirror) = (Base::Launching, None);
                return Ok(Some(ServerNews::Changed));
            }
            Received::Message(length, _) => length,
        };
        let message = wire::decode(&frame[..length], "the fork server")?;
        let before = std::mem::replace(&mut self.base, Base::Launching);
        Ok(Some(match (message, before) {
            (FromForkServer::Serving, Base::Opening(server, _)) => {
                self.base = Base::Forking(server);
                ServerNews::Changed
            }
            (FromForkServer::Unsafe { reason }, Base::Opening(server, _)) => {
                tracing::info!(reason, "workers are launched, not forked");
                let Server { outbox, child, log } = server;
                let channel = outbox.into_channel();
                ServerNews::Converted(Newborn { channel, child: Some(child), log, token: None })
            }
            (message, before) => {
                self.base = before;
                ServerNews::Said(message)
            }
        }))
    }

    fn listen_to_mirror(&mut self, frame: &mut Vec<u8>) -> Result<Option<ServerNews>> {
        let Some(mirror) = &mut self.mirror else { return Ok(None) };
        let length = match mirror.outbox.try_receive(frame)? {
            Received::Nothing => return Ok(None),
            Received::Closed => {
                self.give_up("it ended");
                return Ok(Some(ServerNews::Changed));
            }
            Received::Message(length, _) => length,
        };
        match wire::decode(&frame[..length], "a mirror")? {
            FromForkServer::Loading { pid, package } => {
                tracing::debug!(pid, package, "mirror");
                mirror.process = mirror.process.take().or_else(|| Peer::open(pid).ok());
                let before = mirror.loading.replace((package, now_ns()));
                Ok(Some(loaded(before)))
            }
            FromForkServer::Serving => Ok(Some(loaded(mirror.loading.take()))),
            FromForkServer::Unsafe { reason } => {
                self.give_up(&reason);
                Ok(Some(ServerNews::Changed))
            }
            message => Ok(Some(ServerNews::Said(message))),
        }
    }
}

impl Base {
    fn server(&self) -> Option<&Server> {
        match self {
            Base::Opening(server, _) | Base::Forking(server) => Some(server),
            Base::Unused | Base::Launching => None,
        }
    }
}
