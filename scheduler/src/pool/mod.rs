//! The pool: the worker processes of a session, warm from one call to the next.
//!
//! | file | what stands there |
//! |---|---|
//! | `config` | how workers are started, how long idle ones stay, when one counts as stalled |
//! | `crew` | the workers: births, news, idleness; `crew/losses`: those that died, stalled or never came |
//! | `outbox` | messages to one process, which never make us wait |
//! | `allowance` | how long others took, without the time in which the session itself was stopped |
//! | `logs` | workers' logs: whose run a line is of, the last words of the dead |
//! | `worker` | one of them: its channel, how it is signalled, how it ended |
//! | `nursery` | how new ones come: forked by the fork server or by the mirror of a generation, or launched; `nursery/given_up`: fork servers that never come or are stopped |
//!
//! All of it is driven by the supervisor thread ([`crate::run`]), which alone launches and talks to workers. A worker's
//! parent-death signal is tied to the thread that made it, so that thread lives as long as the pool.

mod allowance;
mod config;
mod crew;
pub mod logs;
mod nursery;
mod outbox;
mod worker;

pub use config::{Generation, Patience, PoolConfig};
pub(crate) use crew::{Crew, News};
pub(crate) use worker::State;
