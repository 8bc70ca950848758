//! The pool of this session and the runs that are begun: made when first needed, gone with the session.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use scheduler::os::Listener;
use scheduler::plan::Plan;
use scheduler::pool::PoolConfig;
use scheduler::run::{Finished, Job, Pool, PoolStatus, RunHandle};

use super::checkpoints::Held;
use super::early::Early;
use super::spec::Form;
use crate::r::{Failure, Result};

/// What a run is of, and how it was begun.
#[derive(Debug, Clone)]
pub(super) struct Of {
    pub(super) plan: Arc<Plan>,
    /// By what name each pass's profile is kept.
    pub(super) keys: Arc<[String]>,
    /// What each wanted result is to be.
    pub(super) forms: Arc<[Form]>,
    /// Nanoseconds and bytes of copying its data into shared memory.
    pub(super) copied: (u64, u64),
    /// Whether its pages are kept when it fails.
    pub(super) keep: bool,
    /// Its checkpoint, which it holds as long as it is known.
    pub(super) _checkpoint: Option<Arc<Held>>,
}

/// A run that was begun and not collected.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    pub(super) number: u64,
    pub(super) handle: Arc<RunHandle>,
    /// Where nodes of the user's cluster come in.
    pub(super) address: Option<PathBuf>,
    pub(super) of: Of,
    /// What is made of its values while it goes on, until somebody takes it.
    pub(super) early: Rc<RefCell<Option<Early>>>,
    /// The pool was stopped before the run had ended.
    stopped: bool,
}

#[derive(Default)]
struct Registry {
    config: Option<PoolConfig>,
    pool: Option<Pool>,
    runs: HashMap<i32, Begun>,
    listeners: u64,
}

thread_local! {
    static REGISTRY: RefCell<Registry> = RefCell::default();
}

/// Runs `f` on the registry; `f` does not call R.
fn with<T>(f: impl FnOnce(&mut Registry) -> Result<T>) -> Result<T> {
    REGISTRY.with(|registry| {
        let mut registry =
            registry.try_borrow_mut().map_err(|_| Failure::Internal("the pool is in use".into()))?;
        if registry.pool.as_ref().is_some_and(|pool| !pool.is_ours()) {
            // A forked child: the pool is its parent's, and letting go of it here takes nothing from the parent.
            registry.pool = None;
            registry.runs.clear();
        }
        f(&mut registry)
    })
}

/// How the workers of runs that are begun from now on are started. Runs that were begun before go on as they are.
pub(super) fn configure(config: PoolConfig) -> Result<()> {
    with(|registry| {
        if let Some(pool) = &registry.pool {
            pool.configure(config.clone())?;
        }
        registry.config = Some(config);
        Ok(())
    })
}

/// A listener for nodes of the user's cluster.
pub(super) fn listener() -> Result<Listener> {
    with(|registry| {
        let config = registry.config.as_ref().ok_or_else(unconfigured)?;
        registry.listeners += 1;
        Ok(Listener::bind(&config.dir.join(format!("join-{}", registry.listeners)))?)
    })
}

fn unconfigured() -> Failure {
    Failure::Internal("the pool was not configured".into())
}

impl Registry {
    /// The pool, which begins with whoever asks for it first.
    fn pool(&mut self) -> Result<&mut Pool> {
        if self.pool.is_none() {
            self.pool = Some(Pool::start(self.config.clone().ok_or_else(unconfigured)?)?);
        }
        self.pool.as_mut().ok_or_else(unconfigured)
    }
}

/// A run is to come that needs workers.
pub(super) fn expect_run() -> Result<()> {
    with(|registry| Ok(registry.pool()?.expect_run()?))
}

/// Begins a run.
pub(super) fn begin(job: Job, address: Option<PathBuf>, of: Of, early: Early) -> Result<i32> {
    with(|registry| {
        let (number, handle) = registry.pool()?.begin(job)?;
        let id = i32::try_from(number).map_err(|_| Failure::Internal("too many runs".into()))?;
        let early = Rc::new(RefCell::new(Some(early)));
        let begun = Begun { number, handle, address, of, early, stopped: false };
        registry.runs.insert(id, begun);
        Ok(id)
    })
}

/// A run by its number in R.
pub(super) fn run(id: i32) -> Result<Begun> {
    with(|registry| {
        let unknown =
            || Failure::Kind("unknown_run", format!("there is no run {id}, or it was collected already"));
        registry.runs.get(&id).cloned().ok_or_else(unknown)
    })
}

/// Forgets a run that nobody collects.
pub(super) fn forget(id: i32) -> Result<()> {
    with(|registry| {
        registry.runs.remove(&id);
        Ok(())
    })
}

pub(super) fn cancel(id: i32) -> Result<()> {
    let number = run(id)?.number;
    with(|registry| match &registry.pool {
        Some(pool) => Ok(pool.cancel(number)?),
        None => Ok(()),
    })
}

/// Has the supervisor look how far the data of a run is.
pub(super) fn look() -> Result<()> {
    with(|registry| registry.pool.as_ref().map_or(Ok(()), |pool| Ok(pool.look()?)))
}

pub(super) fn status() -> Result<PoolStatus> {
    with(|registry| Ok(registry.pool.as_ref().map(Pool::status).unwrap_or_default()))
}

/// Ends the workers and the supervisor. The next run makes new ones. A run that had ended can still be collected, of any other
/// it is known that it was broken off.
pub(super) fn stop() -> Result<()> {
    let Some(pool) = with(|registry| Ok(registry.pool.take()))? else { return Ok(()) };
    let ours = pool.is_ours();
    let stopped = pool.stop();
    if ours && stopped.is_ok() {
        scheduler::os::launcher::stop();
    }
    with(|registry| {
        registry.runs.values_mut().for_each(|begun| begun.stopped |= !begun.handle.wait(Duration::ZERO));
        Ok(())
    })?;
    Ok(stopped?)
}

/// As [`stop`], and all runs are forgotten: their results go.
pub(crate) fn close() -> Result<()> {
    let stopped = stop();
    let runs = with(|registry| Ok(std::mem::take(&mut registry.runs)))?;
    drop(runs);
    stopped
}

/// What came of a run that is over, once; then it is forgotten.
pub(super) fn take(id: i32) -> Result<(Begun, Box<Finished>)> {
    let begun = run(id)?;
    if begun.stopped {
        return Err(Failure::Kind(
            "stopped",
            format!("run {id}: the workers were ended before it was through"),
        ));
    }
    let finished = begun.handle.take();
    let finished = finished.ok_or_else(|| Failure::Kind("still_running", format!("run {id} goes on")))?;
    forget(id)?;
    Ok((begun, finished))
}

/// Waits a little for the end of a run; whether it is over.
pub(super) fn wait(id: i32, patience: Duration) -> Result<bool> {
    let begun = run(id)?;
    if begun.stopped || begun.handle.wait(patience) {
        return Ok(true);
    }
    match with(|registry| Ok(registry.pool.as_ref().is_some_and(Pool::is_supervised)))? {
        true => Ok(false),
        false => {
            Err(Failure::Internal("the pool's supervisor ended; restart R, and please report it".into()))
        }
    }
}
