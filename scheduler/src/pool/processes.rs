//! What a pool acts on: processes, each named by a key. It only takes orders; what becomes of them arrives as a [`ProcessEvent`] later.
//! There are two: this host's processes ([`super::HostProcesses`]), and a simulation with faults by seed (`run/tests`).

use std::path::Path;

use super::PoolConfig;
use crate::error::Result;
use crate::id::WorkerId;
use crate::os::Exit;
use crate::wire::{FromForkServer, FromWorker, ToWorker};

/// Names a process of a pool, of whatever kind. No other has it, before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProcessKey(pub(crate) u64);

/// What a process is launched as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It forks others.
    ForkServer,
    /// It works.
    Worker,
}

/// What a fork server is to fork.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fork<'a> {
    /// A worker.
    Worker,
    /// The fork server of a generation.
    Mirror {
        /// The generation's number.
        generation: u64,
        /// What tells its state.
        state: &'a Path,
        /// Packages that it must not load.
        deferred: &'a [String],
    },
}

/// What is left of a worker that is lost.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    /// How its process ended, where that is known.
    pub(crate) exit: Option<Exit>,
    /// The last lines that its log got in its last run.
    pub(crate) log: Vec<String>,
}

/// What is heard of a process.
#[derive(Debug)]
pub(crate) enum ProcessEvent {
    /// A worker's first word.
    Hello {
        /// Its process, where that is known.
        pid: Option<u32>,
        /// Why it cannot work for this session.
        unfit: Option<String>,
    },
    /// A worker said something.
    Worker(FromWorker),
    /// A fork server did, whether the first one or a mirror.
    Server(FromForkServer),
    /// It ended, or cannot be heard any more.
    Gone {
        /// How that shows.
        symptom: String,
    },
}

/// The processes of a pool. No order waits for what it starts; a key that is not known is ignored.
pub(crate) trait Processes {
    /// Launches a process.
    ///
    /// # Errors
    /// When the system refuses it.
    fn launch(&mut self, key: ProcessKey, role: Role, config: &PoolConfig) -> Result<()>;

    /// Asks a fork server for a process.
    ///
    /// # Errors
    /// When there is no channel for it. If the server is gone, refuses, or dies over it, events say so.
    fn fork(
        &mut self,
        server: ProcessKey,
        key: ProcessKey,
        what: Fork<'_>,
        config: &PoolConfig,
        now_ns: u64,
    ) -> Result<()>;

    /// Says something to a worker. Of one that is gone an event tells.
    fn send(&mut self, key: ProcessKey, message: &ToWorker, now_ns: u64);

    /// Since when messages wait for it without any being taken.
    fn unread_since(&self, key: ProcessKey) -> Option<u64>;

    /// Whether it is known to be stopped (SIGSTOP).
    fn is_stopped(&self, key: ProcessKey) -> bool;

    /// A worker joins a run: what its log gets from now on is that run's.
    fn joins(&mut self, key: ProcessKey, run: u64, slot: WorkerId);

    /// Interrupts it, as Ctrl-C does.
    fn interrupt(&mut self, key: ProcessKey);

    /// Ends it. `false` of one that may live on, a node of the user's for instance: it is interrupted and cut off.
    fn end(&mut self, key: ProcessKey) -> bool;

    /// Lets go of it: its channel closes, at whose end it leaves by itself.
    fn let_go(&mut self, key: ProcessKey);

    /// Lets go of a worker that is lost, and says what is known of its end.
    fn remains(&mut self, key: ProcessKey) -> Remains;

    /// Nobody is brought to the state in this file any more.
    fn discard(&mut self, state: &Path);
}
