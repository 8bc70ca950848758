//! The pool: the worker processes of a session, warm from one call to the next.
//!
//! | file | what stands there |
//! |---|---|
//! | `config` | how workers are started, how long idle ones stay, when one counts as stalled |
//! | `state` | the workers, and all that is decided of them; `state/losses`: those that died, stalled or never came |
//! | `spawner` | how the next one is started: forked by the fork server or by the mirror of a generation, or launched; `spawner/given_up`: fork servers that end, never come or are stopped |
//! | `worker` | one of them, as decisions see it |
//! | `allowance` | how long others took, without the time in which the session itself was stopped |
//! | `processes` | what these decisions act on: orders go out, events come in |
//! | `host` | this host's processes; `host/process`: one of them, `host/outbox`: messages to it, which never make us wait; `host/scratch`: where their temporary files lie |
//! | `logs` | workers' logs: whose run a line is of, the last words of the dead |
//!
//! What decides reads no clock and touches no process, so it is run by seed too (`run/tests`). The supervisor thread ([`crate::run`]) drives
//! it, and alone launches and talks to workers. A worker's parent-death signal is tied to the thread that made it, so that thread lives as
//! long as the pool.

mod allowance;
mod config;
mod host;
pub mod logs;
mod processes;
mod spawner;
mod state;
mod worker;

pub use config::{Generation, Patience, PoolConfig};
pub(crate) use host::HostProcesses;
#[cfg(test)]
pub(crate) use processes::{Fork, Remains, Role};
pub(crate) use processes::{ProcessEvent, ProcessKey, Processes};
pub(crate) use state::runs::External;
pub(crate) use state::{PoolEvent, WorkerPool};
pub(crate) use worker::State;
#[cfg(test)]
pub(crate) use worker::Worker;
