//! Temporary directories of the pool's processes. Each has one of its own in the session's directory, so that what a process that was
//! killed had written there can go when it is gone, and not with the session alone.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::process::Handle;
use crate::error::{Error, Result};
use crate::os::Peer;

/// Makes the directory of a new process, in `dir`. A process that was forked from a session may have that one's `dir`, with directories
/// in it.
pub(super) fn make(dir: &Path) -> Result<PathBuf> {
    for number in 1_u64.. {
        let path = dir.join(format!("tmp-{number}"));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Error::Launch(format!("the temporary directory {}: {e}", path.display()))),
        }
    }
    unreachable!("there are more numbers than files")
}

/// Directories of processes that were let go of, and have yet to end.
#[derive(Debug, Default)]
pub(super) struct Leaving(Vec<(Peer, PathBuf)>);

impl Leaving {
    /// Lets go of a process, whose directory goes when it has ended.
    pub(super) fn add(&mut self, handle: Handle, scratch: Option<PathBuf>) {
        match (handle, scratch) {
            (Handle::Child(child), Some(scratch)) => {
                drop(child); // which ends it
                remove(&scratch);
            }
            (Handle::Forked(Some(peer)), Some(scratch)) => self.0.push((peer, scratch)),
            // Nothing tells of its end: the directory goes with the session.
            (Handle::Forked(None) | Handle::External(_), _) | (_, None) => {}
        }
        self.sweep();
    }

    /// Removes what those left that have ended by now.
    pub(super) fn sweep(&mut self) {
        self.0.retain(|(peer, scratch)| {
            let is_gone = peer.has_exited().unwrap_or(false);
            if is_gone {
                remove(scratch);
            }
            !is_gone
        });
    }
}

fn remove(scratch: &Path) {
    if let Err(e) = std::fs::remove_dir_all(scratch) {
        tracing::debug!(scratch = %scratch.display(), error = %e, "not removed");
    }
}
