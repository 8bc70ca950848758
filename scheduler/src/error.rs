//! What can go wrong: what failed, and where. What to do about it is said by whoever knows the caller: the R package names its own
//! functions (`rpkg/src/rust/src/r/error.rs`).

use crate::lifetime::Lifetime;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure. Every variant says what failed and where; [`Error::kind`] names it in a word.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not enough room for a segment. Nothing of it is left behind; a retry helps once room was made.
    #[error("not enough shared memory in {dir}: {needed} bytes needed, {free} bytes free of {limit}")]
    NoSpace {
        /// Bytes asked for.
        needed: u64,
        /// Bytes that were free.
        free: u64,
        /// Bytes the place holds in all.
        limit: u64,
        /// The place: `/dev/shm`, the user's directory, or `memory`; or the limit on the size of a file, `ulimit -f`.
        dir: PathBuf,
    },
    /// No segment can be made in a place, of whatever size: it is missing, read-only, closed to this user.
    #[error("no file can be made in {dir}: {reason}")]
    NoPlace {
        /// The place: `/dev/shm`, or the user's directory.
        dir: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The name is taken, by this session or by another living one.
    #[error("variable '{namespace}.{name}' was already registered by {owner}")]
    AlreadyRegistered {
        /// The namespace.
        namespace: String,
        /// The variable.
        name: String,
        /// Who has it: `this session` or `process 123`.
        owner: String,
    },
    /// Nobody registered this name, or it was released.
    #[error("variable '{namespace}.{name}' was not previously allocated")]
    NotAllocated {
        /// The namespace.
        namespace: String,
        /// The variable.
        name: String,
    },
    /// The variable belongs to another session, which alone may release it.
    #[error(
        "variable '{namespace}.{name}' belongs to process {owner_pid}, and only that session can release it"
    )]
    NotOwner {
        /// The namespace.
        namespace: String,
        /// The variable.
        name: String,
        /// The owner's process id.
        owner_pid: u32,
    },
    /// The variable was not made to be written into.
    #[error("variable '{namespace}.{name}' cannot be written into: it was not made to be")]
    NotWritable {
        /// The namespace.
        namespace: String,
        /// The variable.
        name: String,
    },
    /// Somebody reads what was to be written, or writes what was to be read. A retry helps when that has ended.
    #[error("variable '{namespace}.{name}' is busy: {by}; try again when that has ended")]
    Busy {
        /// The namespace.
        namespace: String,
        /// The variable.
        name: String,
        /// Who is at it, and what that one does: `a run of process 123 reads it`.
        by: String,
    },
    /// This process cannot have as much memory of its own: it is limited (`ulimit -v`), or the machine has no more.
    #[error("{needed} bytes of memory cannot be had: this process, or the machine, has no more")]
    NoMemory {
        /// Bytes that were asked for at once.
        needed: u64,
    },
    /// A file of the user's that cannot be a variable's data, or no longer is what it was.
    #[error("the file {path} cannot be used: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A segment that is not as this version of memshare writes it, or belongs to another user.
    #[error("segment {segment} cannot be used: {reason}")]
    Damaged {
        /// The segment's name.
        segment: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A graph that cannot run: a cycle, an unknown resource, sizes that do not match.
    #[error("this plan cannot run: {0}")]
    BadPlan(String),
    /// A plan that would take more memory than it may, however it is run. Nothing was copied.
    #[error("this plan needs {needed} bytes of shared memory at the same time, and may take {budget}")]
    OverBudget {
        /// Bytes at the peak, one stage after the other.
        needed: u64,
        /// Bytes that were allowed.
        budget: u64,
        /// What takes how much, and from which to which step.
        table: Vec<(String, u64, Lifetime)>,
    },
    /// A worker process could not be started or did not say hello.
    #[error("a worker process could not be started: {0}")]
    Launch(String),
    /// A node of a cluster that cannot work for this session, for it does not see what the session shares.
    #[error("{0}")]
    Node(String),
    /// A message that does not decode.
    #[error("a message from {from} does not decode: {reason}")]
    Message {
        /// Who sent it.
        from: String,
        /// The decoder's word.
        reason: String,
    },
    /// A file that is no profile, or none of this version.
    #[error("{path} cannot be used as a profile: {reason}")]
    Profile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A directory that cannot be this run's checkpoint.
    #[error("{dir} cannot be used as a checkpoint: {reason}")]
    Checkpoint {
        /// The directory.
        dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A log filter that does not parse.
    #[error("the log filter '{filter}' does not parse ({reason}); give a level, or levels by module like 'warn,scheduler::pool=debug'")]
    Filter {
        /// The filter.
        filter: String,
        /// The parser's word.
        reason: String,
    },
    /// Not on this operating system.
    #[error("{0} is not supported on this operating system")]
    Unsupported(&'static str),
    /// The operating system refused.
    #[error("{what}: {source}")]
    Os {
        /// What was tried.
        what: String,
        /// The system's answer.
        source: io::Error,
    },
}

/// A want of room in numbers: what [`Error::NoSpace`] says, as it travels between processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// Bytes asked for.
    pub needed: u64,
    /// Bytes that were free.
    pub free: u64,
    /// Bytes the place holds in all.
    pub limit: u64,
    /// The place.
    pub dir: PathBuf,
}

impl From<Shortage> for Error {
    fn from(Shortage { needed, free, limit, dir }: Shortage) -> Error {
        Error::NoSpace { needed, free, limit, dir }
    }
}

impl Error {
    /// The want of room that this is; any other error comes back.
    ///
    /// # Errors
    /// This one, where it is no [`Error::NoSpace`].
    pub fn into_shortage(self) -> Result<Shortage> {
        match self {
            Error::NoSpace { needed, free, limit, dir } => Ok(Shortage { needed, free, limit, dir }),
            other => Err(other),
        }
    }

    /// The kind of failure in a word, which is the condition's subclass in R after `memshare_error_`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Error::NoSpace { .. } => "no_space",
            Error::NoPlace { .. } => "no_place",
            Error::NoMemory { .. } => "no_memory",
            Error::AlreadyRegistered { .. } => "already_registered",
            Error::NotAllocated { .. } => "not_allocated",
            Error::NotOwner { .. } => "not_owner",
            Error::NotWritable { .. } => "not_writable",
            Error::Busy { .. } => "busy",
            Error::File { .. } => "file",
            Error::Damaged { .. } => "damaged",
            Error::BadPlan(_) => "plan",
            Error::OverBudget { .. } => "memory_limit",
            Error::Launch(_) => "launch",
            Error::Node(_) => "cluster",
            Error::Message { .. } => "message",
            Error::Checkpoint { .. } => "checkpoint",
            Error::Filter { .. } => "input",
            Error::Profile { .. } => "profile",
            Error::Unsupported(_) => "unsupported",
            Error::Os { .. } => "system",
        }
    }

    /// An operating system's refusal of `what`.
    pub fn os(what: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Error::Os { what: what.into(), source: source.into() }
    }
}
