//! The crew: every worker process of the session, from birth to death.

mod losses;

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Loss;
use crate::error::Error;
use crate::id::WorkerId;
use crate::os::{now_ns, Channel, Exit, Interest, Received};
use crate::pool::allowance::Allowance;
use crate::pool::logs::{self, Death};
use crate::pool::nursery::{Newborn, Nursery, ServerNews};
use crate::pool::outbox::Outbox;
use crate::pool::worker::{Process, State, Worker};
use crate::pool::{Generation, PoolConfig};
use crate::wire::{self, FromForkServer, FromWorker, ToWorker};

/// How many births may fail in a row before we stop trying.
const STILLBIRTHS: u32 = 3;
/// How many ends of workers are remembered until somebody asks.
const EXITS_KEPT: usize = 64;

/// What the supervisor has to know.
#[derive(Debug)]
pub(crate) enum News {
    /// A worker is ready for a run.
    Ready,
    /// A worker in a run spoke.
    Said { slot: WorkerId, message: FromWorker },
    /// A worker in a run is lost to it.
    Lost { loss: Loss, death: Death },
    /// A worker that was given a place in a run left before it began: the run before had changed it.
    Left { slot: WorkerId },
    /// A worker has something to tell the user.
    Note { text: String },
    /// What forks workers loaded a package.
    Loaded { package: String, ns: u64 },
    /// Workers cannot be made.
    Barren { reason: String },
}

/// Every worker process of the session.
#[derive(Debug)]
pub(crate) struct Crew {
    config: PoolConfig,
    nursery: Nursery,
    workers: Vec<Worker>,
    stillbirths: u32,
    births: u64,
    /// What workers are to have begun as.
    generation: Generation,
    /// How many left because a run had changed them, and have not been replaced.
    changed: usize,
    exits: Vec<(u32, Exit)>,
    allowance: Allowance,
    /// When workers are next looked at that may have stalled.
    look_ns: u64,
    /// Where messages are received.
    frame: Vec<u8>,
}

impl Crew {
    pub(crate) fn new(config: PoolConfig) -> Self {
        let nursery = Nursery::new(&config);
        Crew {
            config,
            nursery,
            workers: Vec::new(),
            stillbirths: 0,
            births: 0,
            generation: Generation::default(),
            changed: 0,
            exits: Vec::new(),
            allowance: Allowance::default(),
            look_ns: 0,
            frame: Vec::new(),
        }
    }

    /// Another crew, without workers.
    pub(crate) fn of_nobody(&self) -> Self {
        Crew::new(self.config.clone())
    }

    pub(crate) fn workers(&self) -> &[Worker] {
        &self.workers
    }

    pub(crate) fn fork_server_pid(&self) -> Option<u32> {
        self.nursery.server_pid()
    }

    /// The session runs, and says so again after `within` at the latest.
    pub(crate) fn running(&mut self, within: Duration) {
        self.allowance.running(now_ns(), within);
    }

    /// Everything whose readiness means news, in the order in which [`Crew::listen`] is told of it.
    pub(crate) fn descriptors(&self) -> Vec<(BorrowedFd<'_>, Interest)> {
        let mut fds = Vec::with_capacity(2 * self.workers.len() + 2);
        fds.extend(self.nursery.outboxes().map(Outbox::interest));
        for worker in &self.workers {
            fds.push(worker.outbox.interest());
            fds.extend(worker.process.descriptor().map(|fd| (fd, Interest::Read)));
        }
        fds
    }

    /// Gets workers under way until `wanted` of our own exist. Guests do not count.
    pub(crate) fn grow(&mut self, wanted: usize, news: &mut Vec<News>) {
        while self.own() < wanted && self.stillbirths < STILLBIRTHS {
            self.births += 1;
            let log = logs::next(&self.config.dir);
            match self.nursery.birth(&self.config, &self.generation, self.births, log) {
                Ok(Some(newborn)) => self.adopt(newborn),
                Ok(None) => return,
                Err(e) => {
                    self.stillbirths = STILLBIRTHS;
                    news.push(News::Barren { reason: e.to_string() });
                }
            }
        }
    }

    /// From now on workers are of this generation; those of another one leave. None is in a run.
    pub(crate) fn turn_to(&mut self, generation: &Generation) {
        let other = self.generation.id != generation.id;
        if other || generation.fresh || self.generation.fresh {
            tracing::debug!(generation = generation.id, fresh = generation.fresh, "new workers");
            self.let_own_go();
        }
        if other {
            self.nursery.turn();
        }
        self.generation = generation.clone();
    }

    /// From now on workers are started by another configuration; those that were started otherwise leave, and so does what
    /// forked them. None is in a run.
    pub(crate) fn configure(&mut self, config: PoolConfig) {
        tracing::debug!(workers = self.own(), "another configuration");
        self.let_own_go();
        self.changed = 0;
        self.nursery = Nursery::new(&config);
        self.config = config;
    }

    fn let_own_go(&mut self) {
        self.workers.retain_mut(|worker| {
            let guest = worker.is_guest();
            if !guest {
                worker.let_go();
            }
            guest
        });
    }

    /// Makes workers in place of those that a run changed, while nothing runs.
    pub(crate) fn replace_changed(&mut self) {
        let wanted = self.own() + std::mem::take(&mut self.changed);
        if self.nursery.forks() {
            self.grow(wanted, &mut Vec::new());
        }
    }

    /// Takes in a node of the user's cluster that came to our listener.
    pub(crate) fn welcome(&mut self, channel: Channel) {
        self.enlist(channel, Process::Guest(None), None, None);
    }

    /// A new run may try again what failed for an earlier one.
    pub(crate) fn forget_failures(&mut self) {
        self.stillbirths = 0;
    }

    /// Workers of our own. One that is idle and does not respond is as good as none: another takes its place.
    fn own(&self) -> usize {
        let is_there =
            |w: &&Worker| !w.is_guest() && (w.responds() || !matches!(w.state, State::Idle { .. }));
        self.workers.iter().filter(is_there).count()
    }

    fn adopt(&mut self, newborn: Newborn) {
        let Newborn { channel, child, log, token } = newborn;
        let process = child.map_or(Process::Forked(None), Process::Ours);
        self.enlist(channel, process, Some(log.into()), token);
    }

    fn enlist(&mut self, channel: Channel, process: Process, log: Option<Arc<Path>>, token: Option<u64>) {
        self.births += 1;
        let file = log.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        tracing::debug!(key = self.births, kind = process.kind(), log = file, "started");
        let state = State::Starting { since_ns: now_ns() };
        self.workers.push(Worker {
            key: self.births,
            pid: None,
            state,
            outbox: Outbox::new(channel),
            process,
            log,
            log_from: 0,
            token,
            asked_ns: None,
            stopped_ns: None,
            ended_by: None,
        });
    }

    /// Takes what workers and the fork server said, and notices who is gone. `ready` tells of each of the
    /// [`Crew::descriptors`] whether it is: one worker that speaks must not cost a look at all of them.
    pub(crate) fn listen(&mut self, ready: &[bool], news: &mut Vec<News>) {
        let mut ready = ready.iter().copied();
        let mut next = || ready.next().unwrap_or(false);
        let servers = self.nursery.outboxes().count();
        let server_spoke = (0..servers).fold(false, |spoke, _| next() || spoke);
        let mut speaking = Vec::new();
        for worker in &self.workers {
            let spoke = next();
            // Without a descriptor (an old kernel) only a look tells of an end.
            let ended = worker.process.descriptor().is_none_or(|_| next());
            if spoke || ended {
                speaking.push(worker.key);
            }
        }
        if server_spoke {
            self.hear_server(news);
        }
        for key in speaking {
            self.hear_worker(key, news);
        }
        self.end_late_starters(news);
        self.end_stalled(news);
    }

    fn hear_server(&mut self, news: &mut Vec<News>) {
        self.nursery.flush(now_ns());
        loop {
            match self.nursery.listen(&mut self.frame) {
                Ok(None) => return,
                Ok(Some(ServerNews::Changed)) => news.push(News::Ready),
                Ok(Some(ServerNews::Loaded { package, ns })) => news.push(News::Loaded { package, ns }),
                Ok(Some(ServerNews::Converted(newborn))) => {
                    self.adopt(newborn);
                    news.push(News::Ready);
                }
                Ok(Some(ServerNews::Said(FromForkServer::Exited { pid, exit }))) => {
                    // Of those that were let go nobody asks.
                    if self.exits.len() >= EXITS_KEPT {
                        self.exits.remove(0);
                    }
                    self.exits.push((pid, exit))
                }
                Ok(Some(ServerNews::Said(FromForkServer::ForkFailed { token, reason }))) => {
                    let born = self.workers.iter().find(|w| w.token == Some(token)).map(|w| w.key);
                    if let Some(key) = born {
                        self.lose(key, Loss::Died, reason, news);
                    }
                }
                Ok(Some(ServerNews::Said(other))) => tracing::warn!(?other, "out of turn"),
                Err(e) => return tracing::warn!(%e, "the fork server"),
            }
        }
    }

    fn hear_worker(&mut self, key: u64, news: &mut Vec<News>) {
        while let Some(worker) = self.workers.iter_mut().find(|w| w.key == key) {
            // An error means that it is gone, which what follows tells better.
            let _ = worker.outbox.flush(now_ns());
            let heard = worker.outbox.try_receive(&mut self.frame).and_then(|received| match received {
                Received::Nothing => Ok(None),
                Received::Closed => Err(Error::Launch("it closed its channel".into())),
                Received::Message(length, _) => wire::decode(&self.frame[..length], "a worker").map(Some),
            });
            if let Ok(Some(_)) = heard {
                worker.spoke();
            }
            match (heard, worker.state) {
                (Ok(None), _) if worker.process.has_exited() => {
                    return self.lose(key, Loss::Died, "it exited".into(), news)
                }
                (Ok(None), _) => return,
                (Ok(Some(FromWorker::Hello { pid, version, boot })), State::Starting { .. }) => {
                    match worker.greet(pid, &version, &boot) {
                        Ok(()) => {
                            tracing::debug!(key, pid, "ready");
                            self.stillbirths = 0;
                            news.push(News::Ready);
                        }
                        Err(reason) => return self.lose(key, Loss::Died, reason, news),
                    }
                }
                (Ok(Some(FromWorker::Note { text })), _) => news.push(News::Note { text }),
                (Ok(Some(FromWorker::Changed { what })), _) => return self.changed(key, &what, news),
                (Ok(Some(message)), State::Busy { slot }) => news.push(News::Said { slot, message }),
                (Ok(Some(_)), _) => {} // the tail of a run that is over
                (Err(e), _) => return self.lose(key, Loss::Died, e.to_string(), news),
            }
        }
    }

    /// A run changed the worker, which ends by itself; it may have been given a place in the next run meanwhile.
    fn changed(&mut self, key: u64, what: &str, news: &mut Vec<News>) {
        let Some(place) = self.workers.iter().position(|w| w.key == key) else { return };
        let worker = self.workers.swap_remove(place);
        tracing::debug!(key, pid = worker.pid, what, "changed by a run");
        worker.log.iter().for_each(logs::closed);
        match worker.state {
            // The run that it should have joined gets another one.
            State::Busy { slot } => news.push(News::Left { slot }),
            _ => self.changed += 1,
        }
    }

    /// An idle worker of the kind asked for.
    pub(crate) fn idle(&mut self, guests: bool) -> Option<&mut Worker> {
        let now = now_ns();
        let place = self.workers.iter_mut().position(|w| w.is_guest() == guests && w.is_ready(now))?;
        self.workers.get_mut(place)
    }

    /// The worker under `slot` in the present run.
    pub(crate) fn at(&mut self, slot: WorkerId) -> Option<&mut Worker> {
        self.workers.iter_mut().find(|w| w.state == State::Busy { slot })
    }

    /// Lets idle workers go that waited for longer than the configuration says, and the fork server after them.
    pub(crate) fn retire(&mut self) {
        let idle_ns = u64::try_from(self.config.idle_for.as_nanos()).unwrap_or(u64::MAX);
        let since = now_ns().saturating_sub(idle_ns);
        self.workers.retain_mut(|w| {
            let over = matches!(w.state, State::Idle { since_ns } if since_ns < since);
            if over {
                tracing::debug!(key = w.key, pid = w.pid, "retired");
                w.let_go();
            }
            !over
        });
        if self.workers.is_empty() && self.changed == 0 && self.nursery.forks() {
            self.nursery = Nursery::new(&self.config);
        }
    }

    /// Ends the run for everyone in it. They are told by [`Crew::send_off`].
    pub(crate) fn dismiss(&mut self) {
        for worker in &mut self.workers {
            if matches!(worker.state, State::Busy { .. }) {
                worker.state = State::Leaving;
            }
        }
    }

    /// Tells those who were dismissed: our own workers are idle again, guests go home. A step of its own, to be taken when
    /// the session has its results: a worker that is woken may take the core that the session needs.
    pub(crate) fn send_off(&mut self) {
        self.workers.retain_mut(|worker| {
            if worker.state == State::Leaving {
                let _ = worker.tell(&ToWorker::EndRun);
                worker.state = State::Idle { since_ns: now_ns() };
                tracing::debug!(key = worker.key, pid = worker.pid, "idle");
            }
            let guest = worker.is_guest();
            if guest {
                let _ = worker.tell(&ToWorker::Exit);
            }
            !guest
        });
    }
}

impl Drop for Crew {
    /// Idle workers leave by themselves at the channel's end; the rest is killed, and none is waited for in vain.
    fn drop(&mut self) {
        for worker in &mut self.workers {
            worker.process.kill();
            worker.log.iter().for_each(logs::closed);
        }
    }
}
