//! memshare's scheduler: passes over shared data become a task graph, a plan, a board in shared memory, and a run.
//!
//! Nothing here knows R: what a task computes is bytes to this crate, and what it computes on are handles of pages. The
//! way of a call through these modules is told in `docs/architecture.md`.
pub mod board;
pub mod checkpoint;
pub mod checksummed;
pub mod engine;
pub mod error;
#[cfg(all(any(test, feature = "fuzz"), not(loom)))]
pub mod fuzz;
pub mod graph;
pub mod hosts;
pub mod id;
mod lifetime;
pub mod link;
pub mod os;
pub mod page;
pub mod plan;
pub mod policy;
pub mod pool;
pub mod profile;
pub mod run;
pub mod simulate;
pub mod store;
pub mod trace;
pub mod wire;

pub use lifetime::Lifetime;
