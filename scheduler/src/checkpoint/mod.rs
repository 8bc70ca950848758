//! A checkpoint: a directory in which the results of finished chunks lie, so that a run goes on from there after its session died.
//!
//! ```text
//! run          what run it is of: a checksummed file, written once
//! lock         held by the session that has the checkpoint, and gone with it
//! chunks-...   a log of chunks: one for each process that works on the run, which alone appends to it
//! ```
//!
//! A worker writes a chunk down before it says on the board that it is done ([`crate::link`]); what a dead one left half written ends its
//! own log and nobody else's. Of two chunks with the same elements, whose worker died in between, one is taken. All files are the user's
//! alone, no link is followed, and every number is checked before it is used.
//!
//! | file | what stands there |
//! |---|---|
//! | `directory` | the directory: whose it is, what run it is of, who has it |
//! | `log` | chunks, appended and read |
//! | `reuse` | which of them a run takes, and how their results come into its pages |
//! | `sync` | a thread that brings what was written to the disk, once a second |
mod directory;
mod log;
mod reuse;
mod sync;
#[cfg(all(test, not(loom)))]
mod tests;

pub use directory::{Checkpoint, Opened};
pub use log::{ChunkLog, FinishedChunk, LogTarget};
pub use reuse::Reusable;
pub use sync::Syncing;
