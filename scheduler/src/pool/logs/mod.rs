//! Workers' logs: a file for each process, which gets what FUN prints, what R or the system says when it dies, and our own
//! lines. They lie in the session's directory and go with it.
//!
//! | file | what stands there |
//! |---|---|
//! | `book` | which part of which file was written in which run; which files are kept |
//! | `tail` | the last lines of a dead worker |
//! | `lines` | all logs of a session, read line by line |
//!
//! A process cannot say at each line which run it is in, for most lines are not ours. So the supervisor notes how long the file
//! is when a worker joins a run: what is written from there on is that run's, up to the next note.

mod book;
mod lines;
mod tail;

pub(crate) use book::{closed, joined, next};
pub use lines::{read, Line};
pub use tail::Death;
pub(crate) use tail::{reason, since, KEPT};

#[cfg(test)]
mod tests;
