//! A value that Rust holds beyond the call in which it was made.
use extendr_ffi::{R_PreserveObject, R_ReleaseObject};

use super::sexp::Sexp;

/// A value that R keeps until this is dropped. On R's main thread only, as [`Sexp`] is.
#[derive(Debug)]
pub struct Kept(Sexp);

impl Kept {
    /// Keeps `value` from here on.
    pub fn new(value: Sexp) -> Self {
        // SAFETY: a live value (see `Sexp`), R's main thread.
        unsafe { R_PreserveObject(value.raw()) };
        Kept(value)
    }

    /// The value.
    pub fn get(&self) -> Sexp {
        self.0
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: preserved by `new`, and only once; `Sexp` is not `Send`, so this is R's main thread.
        unsafe { R_ReleaseObject(self.0.raw()) };
    }
}
