//! The log of the session's last run, as it is: made a record only when somebody asks.
use std::cell::RefCell;
use std::sync::Arc;

use scheduler::plan::Plan;
use scheduler::run::EventLog;

/// A run that was collected.
pub(crate) struct Kept {
    /// Its number in R.
    pub(crate) run: i32,
    pub(crate) plan: Arc<Plan>,
    pub(crate) log: EventLog,
}

thread_local! {
    static LAST: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// Takes the place of the run before.
pub(crate) fn keep(kept: Kept) {
    LAST.set(Some(kept));
}

/// What `f` makes of the run of this number; `None` when another came after it.
pub(crate) fn with<T>(run: i32, f: impl FnOnce(&Kept) -> T) -> Option<T> {
    LAST.with_borrow(|last| last.as_ref().filter(|kept| kept.run == run).map(f))
}
