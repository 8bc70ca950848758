//! How the next worker is started: forked by the fork server where forking is safe, or by the mirror of a generation, which that one
//! forked; launched elsewhere. Here this is decided; [`Processes`] do it.

mod given_up;

use crate::error::Result;
use crate::pool::processes::{Fork, ProcessKey, Processes, Role};
use crate::pool::worker::Kind;
use crate::pool::{Generation, PoolConfig};
use crate::wire::FromForkServer;

/// What starts workers.
#[derive(Debug)]
pub(crate) struct Spawner {
    base: Base,
    mirror: Option<Mirror>,
    /// Packages that no mirror can load: each worker does that for itself.
    deferred: Vec<String>,
    failures: u32,
    /// How many fork servers died before they came, one after the other.
    stillborn: u32,
    /// Since when what is to fork the next worker is known to be stopped.
    stopped_ns: Option<u64>,
    /// Given up because they were stopped. Workers die with what forked them, so these are kept for the workers' sake.
    set_aside: Vec<ProcessKey>,
}

/// The process that was launched to fork.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Base {
    /// Forking is allowed, but nothing was started yet.
    Unused,
    /// It is on its way; workers wait for it.
    Opening { key: ProcessKey, since_ns: u64 },
    /// It takes requests.
    Forking { key: ProcessKey },
    /// It died: each worker is launched, until a run begins with another one.
    Lost,
    /// There is none: each worker is launched.
    Launching,
}

/// The fork server of a generation.
#[derive(Debug)]
struct Mirror {
    key: ProcessKey,
    /// Whether it said which process it is.
    is_known: bool,
    /// While it is on its way: the package it loads, and since when.
    loading: Option<(String, u64)>,
}

/// What a fork server's word means for the pool's workers.
#[derive(Debug)]
pub(crate) enum ServerWord {
    /// How workers are started is another matter now, or as it was.
    Noted,
    /// The mirror is further, having loaded a package for so long.
    Loaded { package: String, ns: u64 },
    /// It cannot fork, and is a worker itself now.
    Converted,
    /// This worker could not be forked.
    ForkFailed { worker: ProcessKey, reason: String },
}

/// Whether a worker waits for what is to fork it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needed {
    /// One does.
    Now,
    /// None does.
    Later,
}

impl Spawner {
    pub(crate) fn new(config: &PoolConfig) -> Self {
        let base = if config.fork { Base::Unused } else { Base::Launching };
        Spawner {
            base,
            mirror: None,
            deferred: Vec::new(),
            failures: 0,
            stillborn: 0,
            stopped_ns: None,
            set_aside: Vec::new(),
        }
    }

    /// A run is to come: starts, under `key`, what is to fork its workers, where nothing was started yet.
    ///
    /// # Errors
    /// When the system refuses a process.
    pub(crate) fn open<P: Processes>(
        &mut self,
        key: ProcessKey,
        config: &PoolConfig,
        processes: &mut P,
        now_ns: u64,
    ) -> Result<()> {
        if self.base == Base::Unused {
            processes.launch(key, Role::ForkServer, config)?;
            self.base = Base::Opening { key, since_ns: now_ns };
        }
        Ok(())
    }

    /// Starts a worker under `key`, or under this key what is to fork it (`None`: ask again when that spoke).
    ///
    /// # Errors
    /// When the system refuses a process, or what is to fork it cannot be asked.
    pub(crate) fn start_next<P: Processes>(
        &mut self,
        key: ProcessKey,
        (config, generation): (&PoolConfig, &Generation),
        processes: &mut P,
        now_ns: u64,
    ) -> Result<Option<Kind>> {
        let server = match (self.base, &self.mirror) {
            (Base::Unused, _) => {
                self.open(key, config, processes, now_ns)?;
                return Ok(None);
            }
            (Base::Lost | Base::Launching, _) => {
                processes.launch(key, Role::Worker, config)?;
                return Ok(Some(Kind::Launched));
            }
            (Base::Opening { .. }, _) | (_, Some(Mirror { loading: Some(_), .. })) => return Ok(None),
            (Base::Forking { .. }, Some(mirror)) => mirror.key,
            (Base::Forking { key: base }, None) => match &generation.state {
                None => base,
                Some(state) => {
                    let what = Fork::Mirror { generation: generation.id, state, deferred: &self.deferred };
                    processes.fork(base, key, what, config, now_ns)?;
                    let loading = Some((String::new(), now_ns));
                    self.mirror = Some(Mirror { key, is_known: false, loading });
                    return Ok(None);
                }
            },
        };
        processes.fork(server, key, Fork::Worker, config, now_ns)?;
        Ok(Some(Kind::Forked))
    }

    /// The next worker is of another generation: its mirror is to be made.
    pub(crate) fn turn<P: Processes>(&mut self, processes: &mut P) {
        self.let_mirror_go(processes);
        self.failures = 0;
        self.stopped_ns = None;
        end_all(self.set_aside.drain(..), processes);
    }

    /// A run begins: where the fork server died, another one is to come.
    pub(crate) fn renew(&mut self) {
        if self.base == Base::Lost {
            self.base = Base::Unused;
        }
    }

    /// Nobody is to be started in this way any more.
    pub(crate) fn close<P: Processes>(mut self, processes: &mut P) {
        self.let_mirror_go(processes);
        let all = self.set_aside.drain(..).chain(self.base.key());
        end_all(all, processes);
    }

    /// It leaves at the end of its channel, once it looks there.
    fn let_mirror_go<P: Processes>(&mut self, processes: &mut P) {
        let Some(mirror) = self.mirror.take() else { return };
        if mirror.loading.is_some() || self.stopped_ns.is_some() {
            processes.end(mirror.key);
        }
        processes.let_go(mirror.key);
    }

    /// The fork server, where there is one.
    pub(crate) fn server(&self) -> Option<ProcessKey> {
        self.base.key()
    }

    /// Whether workers are forked.
    pub(crate) fn forks(&self) -> bool {
        matches!(self.base, Base::Forking { .. })
    }

    /// Whether this is one of its processes.
    pub(crate) fn knows(&self, key: ProcessKey) -> bool {
        self.keys().any(|one| one == key)
    }

    /// Its processes.
    pub(crate) fn keys(&self) -> impl Iterator<Item = ProcessKey> + '_ {
        let mirror = self.mirror.as_ref().map(|mirror| mirror.key);
        self.base.key().into_iter().chain(mirror).chain(self.set_aside.iter().copied())
    }

    /// Whether what is to fork the next worker is on its way.
    pub(crate) fn is_on_its_way(&self) -> bool {
        let loads = self.mirror.as_ref().is_some_and(|mirror| mirror.loading.is_some());
        loads || matches!(self.base, Base::Opening { .. })
    }

    /// One of its processes said something.
    pub(crate) fn heard<P: Processes>(
        &mut self,
        key: ProcessKey,
        message: FromForkServer,
        processes: &mut P,
        now_ns: u64,
    ) -> ServerWord {
        match message {
            FromForkServer::ForkFailed { token, reason } => {
                return ServerWord::ForkFailed { worker: ProcessKey(token), reason }
            }
            FromForkServer::Exited { .. } => {}
            message if self.base == (Base::Forking { key }) => tracing::warn!(?message, "out of turn"),
            message if self.base.key() == Some(key) => return self.base_came(key, message),
            message => return self.heard_mirror(key, message, processes, now_ns),
        }
        ServerWord::Noted
    }

    /// The fork server's first word.
    fn base_came(&mut self, key: ProcessKey, message: FromForkServer) -> ServerWord {
        match message {
            FromForkServer::Serving => (self.base, self.stillborn) = (Base::Forking { key }, 0),
            FromForkServer::Unsafe { reason } => {
                tracing::info!(reason, "workers are launched, not forked");
                self.base = Base::Launching;
                return ServerWord::Converted;
            }
            message => tracing::warn!(?message, "out of turn"),
        }
        ServerWord::Noted
    }

    fn heard_mirror<P: Processes>(
        &mut self,
        key: ProcessKey,
        message: FromForkServer,
        processes: &mut P,
        now_ns: u64,
    ) -> ServerWord {
        let Some(mirror) = self.mirror.as_mut().filter(|mirror| mirror.key == key) else {
            return ServerWord::Noted;
        };
        match message {
            FromForkServer::Loading { pid, package } => {
                tracing::debug!(pid, package, "mirror");
                mirror.is_known = true;
                return loaded(mirror.loading.replace((package, now_ns)), now_ns);
            }
            FromForkServer::Serving => return loaded(mirror.loading.take(), now_ns),
            FromForkServer::Unsafe { reason } => self.give_up_mirror(&reason, processes),
            message => tracing::warn!(?message, "out of turn"),
        }
        ServerWord::Noted
    }
}

/// What is known now that something else is done than loading this package, since then.
fn loaded(before: Option<(String, u64)>, now_ns: u64) -> ServerWord {
    match before {
        Some((package, since_ns)) if !package.is_empty() => {
            ServerWord::Loaded { package, ns: now_ns.saturating_sub(since_ns) }
        }
        _ => ServerWord::Noted,
    }
}

impl Base {
    fn key(self) -> Option<ProcessKey> {
        match self {
            Base::Opening { key, .. } | Base::Forking { key } => Some(key),
            Base::Unused | Base::Lost | Base::Launching => None,
        }
    }
}

/// Ends processes, and lets go of them.
fn end_all<P: Processes>(keys: impl IntoIterator<Item = ProcessKey>, processes: &mut P) {
    for key in keys {
        processes.end(key);
        processes.let_go(key);
    }
}
