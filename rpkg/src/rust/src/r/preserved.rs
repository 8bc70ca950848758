//! A value that Rust holds beyond the call in which it was made.
//!
//! R's own list of preserved objects is searched from its front for each one that is released, so thousands of them take quadratic
//! time. Here all values hang in one doubly linked list that R preserves: a cell's value is its tag, the cell before it its first part, the
//! cell behind it its rest.
use std::cell::Cell;

use extendr_ffi::{
    R_NilValue, R_PreserveObject, Rf_cons, Rf_protect, Rf_unprotect, CAR, CDR, SETCDR, SET_TAG, SEXP, TAG,
};

use super::ffi::SETCAR;
use super::sexp::Sexp;

thread_local! {
    /// The cell in front of all others, once there is one. R's main thread alone keeps values.
    static FRONT: Cell<Option<SEXP>> = const { Cell::new(None) };
}

/// A value that R keeps until this is dropped. On R's main thread only, as [`Sexp`] is.
#[derive(Debug)]
pub struct Preserved(SEXP);

impl Preserved {
    /// Keeps `value` from here on.
    pub fn new(value: Sexp) -> Self {
        // SAFETY: a live value (see `Sexp`), R's main thread; all that is new is protected or reachable when R allocates.
        unsafe {
            Rf_protect(value.raw());
            let front = front();
            let cell = Rf_cons(front, CDR(front));
            SET_TAG(cell, value.raw());
            if CDR(front) != R_NilValue {
                SETCAR(CDR(front), cell);
            }
            SETCDR(front, cell);
            Rf_unprotect(1);
            Preserved(cell)
        }
    }

    /// The value.
    pub fn get(&self) -> Sexp<'_> {
        // SAFETY: the cell lives until this is dropped, and its tag with it.
        unsafe { Sexp::new(TAG(self.0)) }
    }
}

impl Drop for Preserved {
    fn drop(&mut self) {
        // SAFETY: put into the list by `new`, and taken out only here; `Preserved` is not `Send`, so this is R's main thread.
        unsafe {
            let (before, after) = (CAR(self.0), CDR(self.0));
            SETCDR(before, after);
            if after != R_NilValue {
                SETCAR(after, before);
            }
        }
    }
}

/// # Safety
/// R's main thread.
unsafe fn front() -> SEXP {
    FRONT.get().unwrap_or_else(|| {
        // SAFETY: by this function's contract. Preserved for good.
        let cell = unsafe { Rf_cons(R_NilValue, R_NilValue) };
        // SAFETY: as above.
        unsafe { R_PreserveObject(cell) };
        FRONT.set(Some(cell));
        cell
    })
}
