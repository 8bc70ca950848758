//! Which process logs here.
use std::sync::atomic::{AtomicU32, Ordering};

/// The process that logs: the first that asked for anything here. A fork of the session (mclapply) is another and logs nothing: it may
/// have been forked while a thread, which it does not have, held one of the locks here or in the subscriber.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// The fork of a fork server is a process of its own, and logs as its parent did.
pub(crate) fn move_in() {
    OWNER.store(std::process::id(), Ordering::Relaxed);
}

/// Whether this process may log. To be asked before any lock is taken.
pub(super) fn is_ours() -> bool {
    let pid = std::process::id();
    match OWNER.compare_exchange(0, pid, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => true,
        Err(owner) => owner == pid,
    }
}
