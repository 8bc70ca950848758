//! Which signals a thread or process of ours may be interrupted by.

use std::io;
use std::mem::MaybeUninit;

use rustix::io::Errno;

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

/// Has the calling thread hear no interrupt (SIGINT) until [`unblock_interrupts`]: one that comes meanwhile waits.
pub fn block_interrupts() {
    change_interrupts(libc::SIG_BLOCK);
}

/// Has the calling thread hear interrupts again.
pub fn unblock_interrupts() {
    change_interrupts(libc::SIG_UNBLOCK);
}

fn change_interrupts(how: libc::c_int) {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is filled in before it is read; the calls touch nothing but it and this thread's mask.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGINT);
        libc::pthread_sigmask(how, set.as_ptr(), std::ptr::null_mut());
    }
}

/// Has signals do nothing in a worker process that are meant for the session, or would end a worker where a system call's error is
/// enough: R answers SIGUSR1 and SIGUSR2 by saving its global environment into a file of the user's and leaving; SIGXFSZ says that a
/// file would pass the limit. A handler, since what is ignored would stay so in programs that FUN starts.
pub fn disarm_worker_signals() {
    extern "C" fn nothing(_: libc::c_int) {}
    let handler: extern "C" fn(libc::c_int) = nothing;
    for signal in [libc::SIGUSR1, libc::SIGUSR2, libc::SIGXFSZ] {
        // SAFETY: a plain struct of numbers, zeroed and filled in; the handler touches nothing, so it may run at any instruction.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as usize;
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// Runs a system call that may pass the limit on the size of a file: then it gives an error alone, and not the signal that would end
/// the session. What the session itself does with that signal stays as it is.
pub(super) fn without_size_signal<T>(call: impl FnOnce() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: both sets are filled in before they are read; the calls touch nothing but them and this thread's mask.
    let (set, before) = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGXFSZ);
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), before.as_mut_ptr());
        (set.assume_init(), before.assume_init())
    };
    let outcome = call();
    // SAFETY: reads sets that were filled in; where nothing is pending, the wait of no time ends at once.
    unsafe {
        let was_blocked = libc::sigismember(&before, libc::SIGXFSZ) == 1;
        if matches!(outcome, Err(Errno::FBIG)) && !was_blocked {
            let none = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            libc::sigtimedwait(&set, std::ptr::null_mut(), &none);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
    }
    outcome
}

/// As [`without_size_signal`], for a file of the standard library's.
///
/// # Errors
/// What the call gives.
pub fn within_file_limit<T>(call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut failed = None;
    let code_of = |e: io::Error| {
        let code = Errno::from_io_error(&e).unwrap_or(Errno::IO);
        failed = Some(e);
        code
    };
    let outcome = without_size_signal(|| call().map_err(code_of));
    outcome.map_err(|code| failed.unwrap_or_else(|| code.into()))
}
