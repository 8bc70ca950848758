//! Work on a matrix in parts, by threads that end with it.
use scheduler::os::{threads_for_work, with_signals_blocked};

/// Numbers that are worth a thread.
const WORTH_A_THREAD: usize = 1 << 18;
/// Threads at most: each has a counter for each new line.
const MOST_THREADS: usize = 8;

/// How many threads so many numbers are worth.
pub(super) fn threads(numbers: usize) -> usize {
    threads_for_work().min(MOST_THREADS).min(numbers / WORTH_A_THREAD).max(1)
}

/// Calls `work` for each part with what is the part's own, on a thread for each but the first.
pub(super) fn each<P: Clone + Send + Sync, O: Send>(
    parts: &[P],
    own: &mut [O],
    work: impl Fn(P, &mut O) + Sync,
) {
    let mut pairs = parts.iter().cloned().zip(own);
    let Some((first, own_of_first)) = pairs.next() else { return };
    let work = &work;
    std::thread::scope(|scope| {
        // Ctrl-C is for R's own thread.
        with_signals_blocked(|| {
            for (part, own) in pairs {
                scope.spawn(move || work(part, own));
            }
        });
        work(first, own_of_first);
    });
}
