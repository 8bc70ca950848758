//! Which part of which file was written in which run, and which files are kept. The process's own: its pools come and go with
//! its settings, and their logs stay.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};
use std::time::SystemTime;

use crate::id::WorkerId;
use crate::os::PerProcess;

/// Logs of workers that ended, of which the newest are kept.
const ENDED: usize = 32;
/// Parts that are known: the newest.
const STRETCHES: usize = 8192;
/// A log that is longer than this when its worker joins a run begins anew. Only that worker writes to it, at its end.
const LONGEST: u64 = 16 << 20;

/// What a worker wrote in one run: from here to the next stretch of the same file.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) run: u64,
    pub(super) worker: WorkerId,
    pub(super) pid: Option<u32>,
    pub(super) log: Arc<Path>,
    pub(super) from: u64,
    pub(super) at: SystemTime,
}

#[derive(Debug, Default)]
struct Book {
    starts: u64,
    stretches: VecDeque<Stretch>,
    ended: VecDeque<Arc<Path>>,
}

static BOOK: PerProcess<Book> = PerProcess::new(Book::default);

fn book() -> MutexGuard<'static, Book> {
    BOOK.lock()
}

/// The log of the next worker. A process that was forked from a session may have that one's directory, and its logs in it.
pub(crate) fn next(dir: &Path) -> PathBuf {
    let mut book = book();
    loop {
        book.starts += 1;
        let log = dir.join(format!("worker-{}.log", book.starts));
        if !log.exists() {
            return log;
        }
    }
}

/// A worker joins a run: what it writes from now on is the run's. Where that begins in its log.
pub(crate) fn joined(run: u64, worker: WorkerId, pid: Option<u32>, log: &Arc<Path>) -> u64 {
    let mut from = std::fs::metadata(log).map_or(0, |file| file.len());
    let mut book = book();
    if from > LONGEST && OpenOptions::new().write(true).truncate(true).open(log).is_ok() {
        from = 0;
        book.stretches.retain(|stretch| stretch.log != *log);
    }
    if book.stretches.len() == STRETCHES {
        book.stretches.pop_front();
    }
    let at = SystemTime::now();
    book.stretches.push_back(Stretch { run, worker, pid, log: log.clone(), from, at });
    from
}

/// A worker's process is gone. Its log stays until others have come after it; an empty one goes.
pub(crate) fn closed(log: &Arc<Path>) {
    let mut book = book();
    let empty = std::fs::metadata(log).is_ok_and(|file| file.len() == 0);
    if !empty {
        book.ended.push_back(log.clone());
    }
    let over = if empty { Some(log.clone()) } else { None };
    let over = over.or_else(|| (book.ended.len() > ENDED).then(|| book.ended.pop_front()).flatten());
    if let Some(over) = over {
        let _ = std::fs::remove_file(&over);
        book.stretches.retain(|stretch| stretch.log != over);
    }
}

/// The stretches of logs in `dir`, in the order in which they began.
pub(super) fn stretches(dir: &Path) -> Vec<Stretch> {
    book().stretches.iter().filter(|stretch| stretch.log.parent() == Some(dir)).cloned().collect()
}
