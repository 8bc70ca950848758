//! A static lock that a forked child does not inherit.
//!
//! The user's code may fork the session (`parallel::mclapply()`) while one of its threads holds a lock. That thread does not exist in
//! the child, where the lock would stay locked for ever. So the child is given a lock of its own, with a new value, when it first asks.

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A value behind a lock, one for each process.
#[derive(Debug)]
pub(crate) struct PerProcess<T> {
    made: AtomicPtr<Made<T>>,
    new: fn() -> T,
}

#[derive(Debug)]
struct Made<T> {
    pid: u32,
    value: Mutex<T>,
}

impl<T: Send> PerProcess<T> {
    /// A value that each process makes by `new` when it first asks for it.
    pub(crate) const fn new(new: fn() -> T) -> Self {
        PerProcess { made: AtomicPtr::new(std::ptr::null_mut()), new }
    }

    /// This process's value, locked.
    pub(crate) fn lock(&'static self) -> MutexGuard<'static, T> {
        let pid = std::process::id();
        let mut seen = self.made.load(Ordering::Acquire);
        loop {
            // SAFETY: null, or what a box below was made into, which is never freed once it is here. Acquire: it is complete.
            let made = unsafe { seen.as_ref() };
            if let Some(made) = made.filter(|made| made.pid == pid) {
                return made.value.lock().unwrap_or_else(PoisonError::into_inner);
            }
            // What a parent made is left as it is: nobody knows in which state it was.
            let fresh = Box::into_raw(Box::new(Made { pid, value: Mutex::new((self.new)()) }));
            match self.made.compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => seen = fresh,
                Err(other) => {
                    // SAFETY: it comes from a box just now, and nobody else saw it.
                    drop(unsafe { Box::from_raw(fresh) });
                    seen = other;
                }
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

    use super::*;
    use crate::os::{reap, Exit};

    /// A child has all open that this process has, so who forks keeps apart from who needs that nobody else has something open.
    static FORKS: RwLock<()> = RwLock::new(());

    /// Held while a child lives.
    pub(crate) fn forking() -> RwLockReadGuard<'static, ()> {
        FORKS.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while no child may live.
    pub(crate) fn nobody_forks() -> RwLockWriteGuard<'static, ()> {
        FORKS.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came of a fork of this process that runs `check`, which neither makes nor ends threads. Waits are cut after ten seconds.
    pub(crate) fn in_forked_child(check: impl FnOnce() -> bool) -> Exit {
        let _child = forking();
        forked(check)
    }

    /// The same for who has seen to it that nobody else forks.
    pub(crate) fn forked(check: impl FnOnce() -> bool) -> Exit {
        // SAFETY: the child's memory is whole, but for locks that other threads held; it ends without the parent's handlers.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: as above.
            unsafe {
                libc::alarm(10);
                libc::_exit(i32::from(!check()));
            }
        }
        loop {
            if let Some(end) = reap(child as u32) {
                return end;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_forked_child_is_not_kept_out_by_a_lock_of_its_parent() {
        static NUMBER: PerProcess<u32> = PerProcess::new(|| 7);
        let mut held = NUMBER.lock();
        *held += 1;
        assert_eq!(in_forked_child(|| *NUMBER.lock() == 7), Exit::Code(0));
        drop(held);
        assert_eq!(*NUMBER.lock(), 8, "the parent's is as it was");
    }
}
