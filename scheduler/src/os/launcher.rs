//! The thread from which workers are started.
//!
//! The kernel sends a parent-death signal when the thread ends that forked the child, not when the process does. So workers
//! that outlive a run cannot be started from that run's thread. This one starts with the first worker and ends with
//! [`stop`], which belongs before the library is unloaded.

use std::sync::mpsc::{channel, Sender};
use std::thread::JoinHandle;

use super::per_process::PerProcess;
use super::signals::with_signals_blocked;
use crate::error::{Error, Result};

type Job = Box<dyn FnOnce() + Send>;

struct Launcher {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

/// A forked child has none: the thread is its parent's.
static LAUNCHER: PerProcess<Option<Launcher>> = PerProcess::new(|| None);

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
    let launcher = LAUNCHER.lock().take();
    if let Some(Launcher { jobs, thread }) = launcher {
        drop(jobs);
        let _ = thread.join();
    }
}

fn jobs() -> Result<Sender<Job>> {
    let mut launcher = LAUNCHER.lock();
    if let Some(running) = &*launcher {
        return Ok(running.jobs.clone());
    }
    let (jobs, todo) = channel::<Job>();
    let builder = std::thread::Builder::new().name("memshare-launch".into());
    let thread = with_signals_blocked(|| builder.spawn(move || todo.into_iter().for_each(|job| job())))
        .map_err(|e| Error::Launch(format!("a thread to start it from: {e}")))?;
    *launcher = Some(Launcher { jobs: jobs.clone(), thread });
    Ok(jobs)
}

fn lost() -> Error {
    Error::Launch("the thread that starts workers has ended".into())
}
