//! R inside this crate's test program: `tests/bridge.sh` links it, so that `cargo test` reaches what calls R.
use std::ffi::{c_char, c_int};
use std::sync::{Mutex, PoisonError};

use extendr_ffi::DllInfo;

use super::make::character;
use super::sexp::{Scope, Sexp};

// The shims of entrypoint.c, which `R CMD INSTALL` links otherwise.
#[link(name = "entrypoint")]
extern "C" {}

extern "C" {
    fn Rf_initialize_R(count: c_int, arguments: *mut *mut c_char) -> c_int;
    fn setup_Rmainloop();
    fn R_getEmbeddingDllInfo() -> *mut DllInfo;
    static mut R_SignalHandlers: c_int;
    static mut R_CStackLimit: usize;
}

/// R has one interpreter: whoever has this uses it.
static STARTED: Mutex<bool> = Mutex::new(false);

/// Runs a test in R, one after the other.
pub(crate) fn with_r<T>(test: impl FnOnce() -> T) -> T {
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*started {
        let arguments = [c"R", c"--vanilla", c"--no-echo", c"--no-save"];
        let mut arguments = arguments.map(|argument| argument.as_ptr().cast_mut());
        // SAFETY: once, before anything of R is used, and nobody else does meanwhile (the lock). R only reads its arguments. Tests run in
        // threads of their own, whose stacks R knows nothing of: it does not measure them.
        unsafe {
            R_SignalHandlers = 0;
            Rf_initialize_R(arguments.len() as c_int, arguments.as_mut_ptr());
            R_CStackLimit = usize::MAX;
            setup_Rmainloop();
            crate::memshare_init(R_getEmbeddingDllInfo());
        }
        *started = true;
    }
    test()
}

/// The value of a line of R code, kept.
pub(crate) fn r<'s>(s: &'s Scope, code: &str) -> Sexp<'s> {
    let text = character(s, &[code]);
    let code = s.call_base("str2lang", &[text]);
    s.call_base("eval", &[code])
}

/// Whether R calls two values identical.
pub(crate) fn identical(s: &Scope, a: Sexp, b: Sexp) -> bool {
    super::is_true(s, s.call_base("identical", &[a, b]))
}
