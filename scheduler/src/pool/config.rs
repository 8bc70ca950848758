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
}
