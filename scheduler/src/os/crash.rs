//! A crash of a worker whose handler does not come to an end. R answers these signals by telling the calls, for which it takes memory; where
//! the crash came while memory was taken, as it does when the heap is damaged, it waits for that lock for ever. So the handler gets
//! some seconds, and then the process ends by its signal.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering::Relaxed};

use libc::{c_int, c_void, siginfo_t};

/// How long the handler of a crash may take.
pub const CRASH_WITHIN: u32 = 5;

const SIGNALS: [c_int; 3] = [libc::SIGSEGV, libc::SIGILL, libc::SIGBUS];

/// Their handlers, as they were.
static BEFORE: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];
static SECONDS: AtomicU32 = AtomicU32::new(CRASH_WITHIN);
/// The signal, and the thread that crashed.
static CRASHED: AtomicI32 = AtomicI32::new(0);
static THREAD: AtomicUsize = AtomicUsize::new(0);

/// From now on a crash of this process that has a handler on a stack of its own, as R's have, ends it within so many seconds. So do those of
/// its forks.
pub fn end_hanging_crashes(seconds: u32) {
    SECONDS.store(seconds, Relaxed);
    for (signal, before) in SIGNALS.iter().zip(&BEFORE) {
        // SAFETY: the struct is plain numbers, filled in by the first call; the second changes its handler for one of the same kind.
        unsafe {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
            let flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            if libc::sigaction(*signal, std::ptr::null(), &mut action) != 0
                || action.sa_flags & flags != flags
            {
                continue;
            }
            before.store(action.sa_sigaction, Relaxed);
            let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = crashed;
            action.sa_sigaction = handler as usize;
            libc::sigaction(*signal, &action, std::ptr::null_mut());
        }
    }
}

extern "C" fn crashed(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    CRASHED.store(signal, Relaxed);
    let end: extern "C" fn(c_int) = end;
    handle(libc::SIGALRM, end as usize);
    // SAFETY: may be called in a handler.
    unsafe {
        THREAD.store(libc::pthread_self() as usize, Relaxed);
        libc::alarm(SECONDS.load(Relaxed));
    }
    let Some(before) = SIGNALS.iter().position(|&one| one == signal).map(|place| &BEFORE[place]) else {
        return;
    };
    // SAFETY: stored before this handler was put in its place, when the system had it for a function of this kind.
    let before: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
        unsafe { std::mem::transmute(before.load(Relaxed)) };
    before(signal, info, context);
}

/// The time is over. Where the handler has jumped back to where R goes on, as R's does when a stack was too short, there was no crash.
extern "C" fn end(_: c_int) {
    let thread = THREAD.load(Relaxed) as libc::pthread_t;
    // SAFETY: may be called in a handler. Any thread may be the one that hears of the time.
    unsafe {
        if libc::pthread_self() != thread {
            libc::pthread_kill(thread, libc::SIGALRM);
            return;
        }
    }
    // SAFETY: may be called in a handler; the struct is filled in by the call.
    let stack = unsafe {
        let mut stack = MaybeUninit::<libc::stack_t>::zeroed();
        libc::sigaltstack(std::ptr::null(), stack.as_mut_ptr());
        stack.assume_init()
    };
    if stack.ss_flags & libc::SS_ONSTACK != 0 {
        let signal = CRASHED.load(Relaxed);
        handle(signal, libc::SIG_DFL);
        // SAFETY: may be called in a handler.
        unsafe { libc::raise(signal) };
    }
}

/// From now on this thread takes a signal, by this handler.
fn handle(signal: c_int, handler: usize) {
    // SAFETY: may be called in a handler; the structs are plain numbers, filled in before they are read.
    unsafe {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &action, std::ptr::null_mut());
        let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut());
    }
}
