//! Runs: one execution of a plan, from the session's side.
//!
//! | file | what stands there |
//! |---|---|
//! | `job` | what a run needs: plan, board, pages; and what comes of it |
//! | `order` | runs and configurations, one after the other |
//! | `active` | the run in progress: what workers say, told to the engine |
//! | `copying` | variables that are copied in while the run goes on |
//! | `host` | this host as the engine's world: board, pages, workers |
//! | `event_log` | what happened in a run, as it is kept |
//! | `recorder` | what the supervisor saw, while the run goes on |
//! | `log` | the event log of a run that is over |
//! | `supervisor` | the thread that waits for news and drives all of this |
//! | `handle` | what the session holds meanwhile: the wait for the end, how far it is |
//! | `pool` | the session's face: begin, wait, cancel, stop |

mod active;
mod copying;
mod event_log;
mod handle;
mod host;
mod job;
mod log;
mod order;
mod pool;
mod recorder;
mod supervisor;
#[cfg(all(test, not(loom)))]
mod tests;

pub use copying::Copying;
pub(crate) use event_log::SLOWEST;
pub use event_log::{
    Chunk, ChunkStep, Detail, Died, Ended, Event, EventLog, FailedElement, HostLife, Moved, PassTotal,
    StageTotal, State, WorkerLife,
};
pub use handle::{Progress, RunHandle};
pub use job::{BoardImage, Finished, Job, JobSpec, Pin, RunStats};
pub use pool::Pool;
pub use supervisor::PoolStatus;
