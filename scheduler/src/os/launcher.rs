//! The thread from which workers are started.
//!
//! The kernel sends a parent-death signal when the thread ends that forked the child, not when the process does. So workers
//! that outlive a run cannot be started from that run's thread. This one starts with the first worker and ends with
//! [`stop`], which belongs before the library is unloaded.

use std::sync::mpsc::{channel, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use super::signals::with_signals_blocked;
use crate::error::{Error, Result};

type Job = Box<dyn FnOnce() + Send>;

struct Launcher {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
    creator: u32,
}

static LAUNCHER: Mutex<Option<Launcher>> = Mutex::new(None);

/// Runs `work` on the thread, and waits for what it gives.
pub(super) fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (send, receive) = channel();
    let job: Job = Box::new(move || {
        let _ = send.send(work());
    });
    jobs()?.send(job).map_err(|_| lost())?;
    receive.recv().map_err(|_| lost())
}

/// Ends the thread, and with it every worker that still runs. A later launch starts a new one.
pub fn stop() {
    let launcher = LAUNCHER.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(Launcher { jobs, thread, creator }) = launcher else { return };
    if creator == std::process::id() {
        drop(jobs);
        let _ = thread.join();
    } else {
        std::mem::forget(thread); // the parent's; there is no such thread here
    }
}

fn jobs() -> Result<Sender<Job>> {
    let mut launcher = LAUNCHER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = launcher.as_ref().filter(|l| l.creator == std::process::id()) {
        return Ok(running.jobs.clone());
    }
    let (jobs, todo) = channel::<Job>();
    let builder = std::thread::Builder::new().name("memshare-launch".into());
    let thread = with_signals_blocked(|| builder.spawn(move || todo.into_iter().for_each(|job| job())))
        .map_err(|e| Error::Launch(format!("a thread to start it from: {e}")))?;
    let fresh = Launcher { jobs: jobs.clone(), thread, creator: std::process::id() };
    std::mem::forget(launcher.replace(fresh)); // one inherited through a fork has no thread to be detached
    Ok(jobs)
}

fn lost() -> Error {
    Error::Launch("the thread that starts workers has ended".into())
}
