//! What can go wrong when plans and runs are looked at.
use std::io;
use std::path::PathBuf;

use scheduler::checksummed::Unusable;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure. It says what failed and where; what to do is said by whoever knows the caller.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A saved plan or run cannot be used.
    #[error("{from} cannot be opened: {reason}")]
    Record {
        /// Where it came from.
        from: String,
        /// What is wrong with it.
        reason: Unusable,
    },
    /// A trace was asked for of a plan that has not run.
    #[error("a plan has no trace: run it, and export the run")]
    NothingRan,
    /// A file cannot be read or written.
    #[error("cannot {verb} {}: {source}", path.display())]
    File {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl Error {
    /// The condition's subclass in R, without its `memshare_error_` prefix.
    pub const fn kind(&self) -> &'static str {
        match self {
            Error::Record { .. } => "record",
            Error::NothingRan => "input",
            Error::File { .. } => "system",
        }
    }
}
