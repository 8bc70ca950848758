//! The session's face of the pool: begin a run, wait for it, cancel it, stop everything.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::os::{self, Channel};
use crate::pool::PoolConfig;
use crate::run::order::Command;
use crate::run::supervisor::{PoolStatus, Supervisor};
use crate::run::{Job, RunHandle};

/// How long the end of a pool is waited for: workers are killed, and the kernel may take a moment over a big one.
const END_WITHIN: Duration = Duration::from_secs(10);

/// A session's pool of workers and the thread that supervises it. Dropping it ends both.
#[derive(Debug)]
pub struct Pool {
    commands: Option<Sender<Command>>,
    wakeup: Channel,
    status: Arc<Mutex<PoolStatus>>,
    supervisor: Option<JoinHandle<()>>,
    /// Closed when the supervisor has ended.
    ended: Receiver<()>,
    /// The process that made it: a forked child holds a copy that is not its own.
    maker: u32,
}

/// Runs of this process so far: their numbers are the session's, whatever pool they ran in.
static RUNS: AtomicU64 = AtomicU64::new(0);

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
        let (ends, ended) = std::sync::mpsc::channel::<()>();
        let work = move || {
            supervisor.work();
            drop(ends);
        };
        let thread = os::with_signals_blocked(|| builder.spawn(work))
            .map_err(|e| Error::os("starting the supervisor's thread", e))?;
        let maker = std::process::id();
        Ok(Pool { commands: Some(commands), wakeup: ours, status, supervisor: Some(thread), ended, maker })
    }

    /// Begins a run, or queues it behind the one that goes on.
    ///
    /// # Errors
    /// [`Error::Launch`] when the supervisor has ended, or stayed in the parent process; [`Error::Os`] when the channel to it is broken.
    pub fn begin(&mut self, job: Job) -> Result<(u64, Arc<RunHandle>)> {
        let run = RUNS.fetch_add(1, Ordering::Relaxed) + 1;
        let handle = Arc::new(RunHandle::new(&job.plan, &job.board));
        let job = Box::new(job);
        self.command(Command::Begin { run, job, handle: handle.clone() })?;
        Ok((run, handle))
    }

    /// A run is to come that needs workers: what takes longest of their start begins now. What fails of it, the run will say.
    ///
    /// # Errors
    /// As [`Pool::begin`].
    pub fn expect_run(&self) -> Result<()> {
        self.command(Command::Expect)
    }

    /// Workers of the runs that are begun from now on are started by this configuration; those that were started otherwise
    /// leave when no run begun before needs them.
    ///
    /// # Errors
    /// As [`Pool::begin`].
    pub fn configure(&self, config: PoolConfig) -> Result<()> {
        self.command(Command::Configure(Box::new(config)))
    }

    /// Asks a run to stop. Its handle says when it has.
    ///
    /// # Errors
    /// As [`Pool::begin`].
    pub fn cancel(&self, run: u64) -> Result<()> {
        self.command(Command::Cancel { run })
    }

    /// Tells the supervisor that a variable of a run is further on its way, see [`super::Copying`].
    ///
    /// # Errors
    /// [`Error::Os`] when the channel to the supervisor is broken.
    pub fn look(&self) -> Result<()> {
        // Where there is no room it has unread ones already, which will do.
        self.wakeup.try_send(b"!", None).map(|_| ())
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

    /// Ends workers and supervisor. Waits for that, but not for ever.
    ///
    /// # Errors
    /// [`Error::Launch`] when they do not end: then the thread still runs, and its code must stay loaded.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        let (commands, supervisor) = (self.commands.take(), self.supervisor.take());
        if !self.is_ours() {
            // The thread stayed in the parent: joining it here would wait for ever.
            std::mem::forget((commands, supervisor));
            return Ok(());
        }
        drop(commands);
        let _ = self.wakeup.try_send(b"!", None);
        let Some(thread) = supervisor else { return Ok(()) };
        if let Err(RecvTimeoutError::Timeout) = self.ended.recv_timeout(END_WITHIN) {
            let seconds = END_WITHIN.as_secs();
            return Err(Error::Launch(format!(
                "the workers' supervisor did not end within {seconds} s; it goes with the session"
            )));
        }
        let _ = thread.join();
        Ok(())
    }

    fn command(&self, command: Command) -> Result<()> {
        let gone = || Error::Launch("the pool's supervisor is gone; restart the session".into());
        let commands = self.commands.as_ref().filter(|_| self.is_ours()).ok_or_else(gone)?;
        commands.send(command).map_err(|_| gone())?;
        self.look()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Err(e) = self.end() {
            tracing::error!(%e, "the pool");
        }
    }
}
