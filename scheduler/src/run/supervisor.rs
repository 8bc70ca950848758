//! The supervisor: a thread of the session that never touches R. It waits for news from workers, fork server and the
//! session, and is the one writer of the state of runs. What it does with the news is [`RunQueue`]'s to say; here are the clock, the wait
//! and the channels.

use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::os::{self, now_ns, Channel, Interest, Received};
use crate::pool::{HostProcesses, PoolConfig, State, WorkerPool};
use crate::run::order::{Command, RunQueue};
use crate::store::sweep_cache;

/// Who is in the pool.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PoolStatus {
    /// The workers' process ids.
    pub pids: Vec<u32>,
    /// How many of them wait for a run.
    pub idle: usize,
    /// The fork server's process id, where there is one.
    pub fork_server: Option<u32>,
}

pub(crate) struct Supervisor {
    runs: RunQueue<HostProcesses>,
    commands: Receiver<Command>,
    wakeup: Channel,
    status: Arc<Mutex<PoolStatus>>,
    /// Where messages of `wakeup` are received.
    frame: Vec<u8>,
}

impl Supervisor {
    pub(crate) fn new(
        config: PoolConfig,
        commands: Receiver<Command>,
        wakeup: Channel,
        status: Arc<Mutex<PoolStatus>>,
    ) -> Self {
        let runs = RunQueue::new(WorkerPool::new(config, HostProcesses::default()));
        Supervisor { runs, commands, wakeup, status, frame: Vec::new() }
    }

    /// Runs until the session lets go of its end of the command queue.
    pub(crate) fn work(mut self) {
        while self.take_commands() {
            while self.runs.advance(now_ns()) {}
            self.report();
            let ready = self.wait();
            self.take_news(&ready);
        }
    }

    /// Waits for news; of which of the processes' descriptors there are any.
    fn wait(&mut self) -> Vec<bool> {
        let now = now_ns();
        let tick = self.runs.tick_within(now);
        let tick = sweep_cache(now).map_or(tick, |sweep| tick.min(sweep));
        self.runs.pool_mut().running(now, tick);
        let tick = if self.runs.pool().processes().has_heard() { Duration::ZERO } else { tick };
        let listener = self.runs.active().and_then(|active| active.listener());
        let mut fds: Vec<_> =
            listener.map(|listener| (listener.as_fd(), Interest::Read)).into_iter().collect();
        fds.push((self.wakeup.as_fd(), Interest::Read));
        let own = fds.len();
        fds.extend(self.runs.pool().processes().descriptors());
        let ready = os::poll_each(&fds, Some(tick)).unwrap_or_else(|e| {
            tracing::error!(%e, "waiting for news");
            vec![true; fds.len()]
        });
        if ready[own - 1] {
            while let Ok(Received::Message(..)) = self.wakeup.try_receive(&mut self.frame) {}
        }
        self.runs.pool_mut().running(now_ns(), Duration::ZERO);
        ready[own..].to_vec()
    }

    /// `false` when the session is done with us.
    fn take_commands(&mut self) -> bool {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.runs.take(command, now_ns()),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Each event has a time of its own: what it tells of was before.
    fn take_news(&mut self, ready: &[bool]) {
        let events = self.runs.pool_mut().processes_mut().events(ready, now_ns());
        while let Some(channel) = self.next_external() {
            let key = self.runs.pool_mut().add_external(now_ns());
            self.runs.pool_mut().processes_mut().add_external(key, channel);
        }
        for (key, event) in events {
            self.runs.on_event(key, event, now_ns());
        }
        self.runs.tick(now_ns());
    }

    /// The next node of the user's cluster that comes.
    fn next_external(&self) -> Option<Channel> {
        self.runs.active()?.listener()?.accept().ok().flatten()
    }

    fn report(&self) {
        let pool = self.runs.pool();
        let server = pool.fork_server();
        let fork_server = server.and_then(|key| pool.processes().child_pid(key));
        let workers = pool.workers();
        let pids = workers.iter().filter_map(|w| w.pid).collect();
        let idle = workers.iter().filter(|w| matches!(w.state, State::Idle { .. })).count();
        let mut status = self.status.lock().unwrap_or_else(|e| e.into_inner());
        *status = PoolStatus { pids, idle, fork_server };
    }
}
