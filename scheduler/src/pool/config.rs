//! How a pool starts its workers.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How workers are started, and how long idle ones stay.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// The program of a worker process.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// What its environment has beside the session's.
    pub env: Vec<(String, String)>,
    /// A private directory of the session's for logs and sockets.
    pub dir: PathBuf,
    /// Whether workers may be forked from a process that was launched for that; otherwise each is launched.
    pub fork: bool,
    /// How long a worker may take to say hello.
    pub start_within: Duration,
    /// How long workers wait for the next run before they leave.
    pub idle_for: Duration,
    /// When a worker counts as stalled.
    pub patience: Patience,
}

/// How long a worker may do nothing at all. Working for long on an element is something else.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For how long its process may be stopped (SIGSTOP) while it is needed.
    pub stopped: Duration,
    /// For how long it may read none of the messages that wait for it.
    pub unread: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { stopped: Duration::from_secs(10), unread: Duration::from_secs(5) }
    }
}

/// Workers of one generation began in the same state of the session. What the state is only the caller knows: the pool keeps workers
/// of different generations apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub id: u64,
    /// The file that tells a process how to come to this state; `None` for that in which workers are launched.
    pub state: Option<PathBuf>,
    /// Whether the run wants workers that have never worked.
    pub fresh: bool,
}
