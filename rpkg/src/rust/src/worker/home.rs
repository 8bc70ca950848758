//! The worker of this process: where it is kept, and how it is taken to work with.
//!
//! R code may run while something is done with the worker: reading data may load a package whose hooks warn, and the handlers around the
//! loop call in here again. So whoever works with the worker takes it out of its place. Who comes meanwhile finds the place empty, and
//! can do nothing to what is in use; a warning or message that comes so is kept for the chunk at hand (`waiting.rs`).
use std::cell::Cell;
use std::time::Instant;

use scheduler::link::{Link, Mirror};

use super::current::Current;
use crate::r::{Failure, Result};

/// What this process is to a session.
#[derive(Default)]
pub(super) struct Worker {
    pub(super) link: Option<Link>,
    /// While this process is on its way to the state of a session.
    pub(super) mirror: Option<Mirror>,
    pub(super) current: Option<Current>,
    /// When R's collector was last called between two runs, or when there was the first of them.
    pub(super) collected: Option<Instant>,
    /// When it began to wait for a run.
    pub(super) free: Option<Instant>,
}

thread_local! {
    /// Empty while somebody works with it.
    static HOME: Cell<Option<Box<Worker>>> = Cell::new(Some(Box::default()));
}

/// The worker, out of its place until this is dropped. To be owned by a frame that no jump of R passes over.
pub(super) struct Taken(Option<Box<Worker>>);

impl Taken {
    /// Takes the worker; `None` while another has it.
    pub(super) fn take() -> Option<Taken> {
        HOME.take().map(|worker| Taken(Some(worker)))
    }

    /// The worker; `None` after [`Taken::put_back`].
    pub(super) fn worker(&mut self) -> Option<&mut Worker> {
        self.0.as_deref_mut()
    }

    /// Its part in the run at hand.
    pub(super) fn run(&mut self) -> Option<&mut Current> {
        self.worker().and_then(|worker| worker.current.as_mut())
    }

    /// Puts the worker back for as long as R code runs that may need it: FUN, and the handlers around it.
    pub(super) fn put_back(&mut self) {
        if let Some(worker) = self.0.take() {
            HOME.set(Some(worker));
        }
    }

    /// Takes the worker again.
    pub(super) fn take_again(&mut self) {
        self.0 = self.0.take().or_else(|| HOME.take());
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.put_back();
    }
}

/// Runs `f` on the worker.
///
/// # Errors
/// Those of `f`; and one where R code that runs while the worker is in use calls in here.
pub(super) fn with<T>(f: impl FnOnce(&mut Worker) -> Result<T>) -> Result<T> {
    let in_use = || Failure::Internal("the worker is in use: R code that it runs called into it".into());
    let mut taken = Taken::take().ok_or_else(in_use)?;
    f(taken.worker().ok_or_else(in_use)?)
}
