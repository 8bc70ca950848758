//! A jump of R that native code stopped, and the tokens by which R goes on with it.
use std::cell::RefCell;

use extendr_ffi::{R_MakeUnwindCont, R_PreserveObject, SEXP};

use super::ffi;

thread_local! {
    /// Tokens that no protected call uses just now: a call takes one, and a pending jump keeps its own.
    static FREE: RefCell<Vec<SEXP>> = const { RefCell::new(Vec::new()) };
    /// Jumps whose Rust part is over, waiting for R to go on with them; the last one first.
    static PENDING: RefCell<Vec<SEXP>> = const { RefCell::new(Vec::new()) };
}

/// A token for a protected call: one that none uses just now, or a new one.
pub(super) fn token() -> SEXP {
    FREE.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
        // SAFETY: R's main thread (rule 1 of this module). Preserved for good: tokens are reused, and few.
        unsafe {
            let token = R_MakeUnwindCont();
            R_PreserveObject(token);
            token
        }
    })
}

/// The call that had it is over, without a jump.
pub(super) fn give_back(token: SEXP) {
    FREE.with_borrow_mut(|free| free.push(token));
}

/// R wants to leave: an error, an interrupt, a restart. To be handed outward until `edge` takes it.
#[derive(Debug)]
#[must_use = "a jump of R has to reach the edge"]
pub struct Jump {
    pub(super) token: SEXP,
}

impl Jump {
    /// Puts the jump where [`resume`] finds it.
    pub(super) fn park(self) {
        PENDING.with_borrow_mut(|pending| pending.push(self.token));
    }
}

/// Goes on with the jump parked last.
///
/// # Safety
/// R's main thread, in a frame that owns nothing to be dropped; a jump was parked and no R context that it leads to has
/// been left since.
pub(super) unsafe fn resume() {
    if let Some(token) = PENDING.with_borrow_mut(Vec::pop) {
        // Still preserved, and written to only by the next jump that uses it: R reads it before it runs anything.
        FREE.with_borrow_mut(|free| free.push(token));
        // SAFETY: the token holds the jump, by `park`'s only caller; the rest is this function's contract.
        unsafe { ffi::memshare_continue_unwind(token) }
    }
}

/// Fails to compile for a closure that owns what would have to be dropped.
pub(crate) const fn owns_nothing<F>() {
    assert!(
        !std::mem::needs_drop::<F>(),
        "R may jump out of this closure: it must borrow what needs dropping"
    );
}
