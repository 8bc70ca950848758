//! Running code that R may jump out of.
use std::any::Any;
use std::ffi::c_void;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

use extendr_ffi::{R_NilValue, SEXP};

use super::failure::{Failure, Result};
use super::ffi;
use super::jump::{self, owns_nothing, Jump};
use super::sexp::{Given, Scope, Sexp};

struct Call<F, T> {
    body: Option<F>,
    outcome: Option<std::result::Result<Result<T>, Box<dyn Any + Send>>>,
}

/// Runs `body`, which may call R, and gives what it gives; R's jumps come back as [`Failure::Jump`], panics go on.
///
/// `body` must own nothing that needs dropping while it calls R, and neither may what it calls: a jump forgets their frames. Of what it
/// captures the compiler sees to that; of what it makes, `tests/protected.sh`.
pub fn protect<T, F: FnOnce(&Scope) -> Result<T>>(body: F) -> Result<T> {
    const { owns_nothing::<F>() };
    let mut call = Call { body: Some(body), outcome: None };
    let token = jump::token();
    let mut jumped = 0;
    let data: *mut c_void = std::ptr::from_mut(&mut call).cast();
    // SAFETY: `run` is made for a `Call` of this very type, which outlives the call; a jump comes back as `jumped`.
    unsafe { ffi::memshare_protect(trampoline_of(&call), data, token, &mut jumped) };
    if jumped != 0 {
        return Err(Failure::Jump(Jump { token }));
    }
    jump::give_back(token);
    match call.outcome {
        Some(Ok(outcome)) => outcome,
        Some(Err(panic)) => resume_unwind(panic),
        None => Err(Failure::Internal("a protected call gave nothing".into())),
    }
}

/// As [`protect`], for a value that R is to be given.
pub fn give<F: for<'s> FnOnce(&'s Scope) -> Result<Sexp<'s>>>(body: F) -> Result<Given> {
    const { owns_nothing::<F>() };
    protect(|s| body(s).map(Sexp::given))
}

/// The trampoline for the type of a call that cannot be named.
fn trampoline_of<F: FnOnce(&Scope) -> Result<T>, T>(
    _: &Call<F, T>,
) -> unsafe extern "C" fn(*mut c_void) -> SEXP {
    run::<F, T>
}

/// # Safety
/// `data` is a `Call<F, T>` that nothing else uses meanwhile.
unsafe extern "C" fn run<F: FnOnce(&Scope) -> Result<T>, T>(data: *mut c_void) -> SEXP {
    // SAFETY: by this function's contract.
    let call = unsafe { &mut *data.cast::<Call<F, T>>() };
    if let Some(body) = call.body.take() {
        // No panic may cross R's own frames: it is carried over them.
        call.outcome = Some(catch_unwind(AssertUnwindSafe(|| Scope::root(body))));
    }
    // SAFETY: a constant of R's, there since R started.
    unsafe { R_NilValue }
}
