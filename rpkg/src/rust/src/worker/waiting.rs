//! Conditions that came while the worker was in use: they wait for the chunk at hand.
use std::cell::RefCell;

use crate::r::Preserved;

thread_local! {
    static WAITING: RefCell<Vec<Preserved>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a condition that came while the worker was in use.
pub(super) fn keep_waiting(condition: Preserved) {
    WAITING.with_borrow_mut(|waiting| waiting.push(condition));
}

/// The conditions that came while the worker was in use, in their order; they are not kept any longer.
pub(super) fn waiting() -> Vec<Preserved> {
    WAITING.take()
}
