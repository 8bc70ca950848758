//! Which signals a thread may be interrupted by.

use std::mem::MaybeUninit;

/// Runs `start`, which starts threads that are not R's (R's handlers must run on R's thread), so that they have every
/// signal blocked from their first instruction on: a thread inherits the mask of the one that starts it. This thread's own
/// mask is as before afterwards.
pub fn with_signals_blocked<T>(start: impl FnOnce() -> T) -> T {
    struct Restore(libc::sigset_t);
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: reads a set that the kernel filled in, and touches this thread's mask only.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut()) };
        }
    }
    let _restore = Restore(set_signal_mask(Blocked::All));
    start()
}

/// The signals that a thread is not to be interrupted by.
#[derive(Clone, Copy)]
pub(super) enum Blocked {
    All,
    None,
}

/// Sets the calling thread's mask; gives the mask it had.
pub(super) fn set_signal_mask(blocked: Blocked) -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: `set` is filled in before it is read, and `before`, a plain array of bits, is filled in twice; the calls touch
    // nothing but the two and the thread's mask.
    unsafe {
        match blocked {
            Blocked::All => libc::sigfillset(set.as_mut_ptr()),
            Blocked::None => libc::sigemptyset(set.as_mut_ptr()),
        };
        libc::pthread_sigmask(libc::SIG_SETMASK, set.as_ptr(), before.as_mut_ptr());
        before.assume_init()
    }
}
