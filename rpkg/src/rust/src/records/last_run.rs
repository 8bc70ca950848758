//! The log of the session's last run, as it is: made a record only when somebody asks.
use std::cell::RefCell;
use std::sync::Arc;

use scheduler::plan::Plan;
use scheduler::run::EventLog;

/// A run that was collected.
pub(crate) struct LastRun {
    /// Its number in R.
    pub(crate) run: i32,
    pub(crate) plan: Arc<Plan>,
    pub(crate) log: EventLog,
}

thread_local! {
    static LAST: RefCell<Option<LastRun>> = const { RefCell::new(None) };
}

/// Takes the place of the run before.
pub(crate) fn keep(last: LastRun) {
    LAST.set(Some(last));
}

/// What `f` makes of the run of this number; `None` when another came after it.
pub(crate) fn with<T>(run: i32, f: impl FnOnce(&LastRun) -> T) -> Option<T> {
    LAST.with_borrow(|last| last.as_ref().filter(|last| last.run == run).map(f))
}
