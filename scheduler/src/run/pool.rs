//! The session's face of the pool: begin a run, wait for it, cancel it, stop everything.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::os::{self, Channel};
use crate::pool::PoolConfig;
use crate::run::supervisor::{Command, Supervisor};
use crate::run::{Finished, Job};

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

/// Where a run's end is waited for.
#[derive(Debug, Default)]
pub struct Ticket {
    finished: Mutex<Option<Box<Finished>>>,
    bell: Condvar,
}

impl Ticket {
    pub(crate) fn ring(&self, finished: Finished) {
        *self.finished.lock().unwrap_or_else(|e| e.into_inner()) = Some(Box::new(finished));
        self.bell.notify_all();
    }

    /// Waits up to `patience` for the end of the run; whether it has ended.
    pub fn wait(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut finished = self.finished.lock().unwrap_or_else(|e| e.into_inner());
        while finished.is_none() {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return false };
            finished = self.bell.wait_timeout(finished, left).unwrap_or_else(|e| e.into_inner()).0;
        }
        true
    }

    /// What came of the run, once.
    pub fn take(&self) -> Option<Box<Finished>> {
        self.finished.lock().unwrap_or_else(|e| e.into_inner()).take()
    }
}

/// A session's pool of workers and the thread that supervises it. Dropping it ends both.
#[derive(Debug)]
pub struct Pool {
    commands: Option<Sender<Command>>,
    bell: Channel,
    status: Arc<Mutex<PoolStatus>>,
    supervisor: Option<JoinHandle<()>>,
    /// The process that made it: a forked child holds a copy that is not its own.
    maker: u32,
    runs: u64,
}

impl Pool {
    /// Starts the supervisor. Workers come with the first run.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses a channel or a thread.
    pub fn start(config: PoolConfig) -> Result<Pool> {
        let (ours, theirs) = Channel::pair()?;
        let (commands, receiver) = std::sync::mpsc::channel();
        let status = Arc::new(Mutex::new(PoolStatus::default()));
        let supervisor = Supervisor::new(config, receiver, theirs, status.clone());
        let builder = std::thread::Builder::new().name("memshare".into());
        // Ctrl-C is for R's own thread, from this one's first instruction on.
        let thread = os::with_signals_blocked(|| builder.spawn(move || supervisor.work()))
            .map_err(|e| Error::os("starting the supervisor's thread", e))?;
        let maker = std::process::id();
        Ok(Pool { commands: Some(commands), bell: ours, status, supervisor: Some(thread), maker, runs: 0 })
    }

    /// Begins a run, or queues it behind the one that goes on.
    pub fn begin(&mut self, job: Job) -> Result<(u64, Arc<Ticket>)> {
        self.runs += 1;
        let ticket = Arc::new(Ticket::default());
        let (run, job) = (self.runs, Box::new(job));
        self.command(Command::Begin { run, job, ticket: ticket.clone() })?;
        Ok((run, ticket))
    }

    /// Asks a run to stop. Its ticket rings when it has.
    pub fn cancel(&self, run: u64) -> Result<()> {
        self.command(Command::Cancel { run })
    }

    /// Who is in the pool.
    pub fn status(&self) -> PoolStatus {
        self.status.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// Whether the supervisor is at work: if it is not, no run will ever end.
    pub fn is_supervised(&self) -> bool {
        self.supervisor.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Whether this process made the pool; in a forked child it is not to be used.
    pub fn is_ours(&self) -> bool {
        self.maker == std::process::id()
    }

    fn command(&self, command: Command) -> Result<()> {
        let gone = || Error::Launch("the pool's supervisor is gone; restart the session".into());
        let commands = self.commands.as_ref().filter(|_| self.is_ours()).ok_or_else(gone)?;
        commands.send(command).map_err(|_| gone())?;
        self.bell.send(b"!")
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if !self.is_ours() {
            // The thread stayed in the parent: joining it here would wait for ever.
            std::mem::forget(self.supervisor.take());
            std::mem::forget(self.commands.take());
            return;
        }
        drop(self.commands.take());
        let _ = self.bell.send(b"!");
        if let Some(thread) = self.supervisor.take() {
            let _ = thread.join();
        }
    }
}
