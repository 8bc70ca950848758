//! Running code that R may jump out of.
use std::any::Any;
use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

use extendr_ffi::{R_MakeUnwindCont, R_NilValue, R_PreserveObject, SEXP};

use super::ffi;
use super::sexp::{Given, Scope, Sexp};
use super::{Failure, Result};

thread_local! {
    /// Tokens that no protected call uses just now: a call takes one, and a pending jump keeps its own.
    static FREE: RefCell<Vec<SEXP>> = const { RefCell::new(Vec::new()) };
    /// Jumps whose Rust part is over, waiting for R to go on with them; the last one first.
    static PENDING: RefCell<Vec<SEXP>> = const { RefCell::new(Vec::new()) };
}

/// R wants to leave: an error, an interrupt, a restart. To be handed outward until [`super::edge`] takes it.
#[derive(Debug)]
#[must_use = "a jump of R has to reach the edge"]
pub struct Jump {
    token: SEXP,
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
    let token = FREE.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
        // SAFETY: R's main thread (rule 1 of this room). Preserved for good: tokens are reused, and few.
        unsafe {
            let token = R_MakeUnwindCont();
            R_PreserveObject(token);
            token
        }
    });
    let mut jumped = 0;
    let data: *mut c_void = std::ptr::from_mut(&mut call).cast();
    // SAFETY: `run` is made for a `Call` of this very type, which outlives the call; a jump comes back as `jumped`.
    unsafe { ffi::memshare_protect(trampoline_of(&call), data, token, &mut jumped) };
    if jumped != 0 {
        return Err(Failure::Jump(Jump { token }));
    }
    FREE.with_borrow_mut(|free| free.push(token));
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

/// Fails to compile for a closure that owns what would have to be dropped.
pub(crate) const fn owns_nothing<F>() {
    assert!(
        !std::mem::needs_drop::<F>(),
        "R may jump out of this closure: it must borrow what needs dropping"
    );
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
