//! What `extendr-ffi` has no binding for: the shims of entrypoint.c, and a few functions of R's API.
#![allow(improper_ctypes, reason = "extendr-ffi marks the opaque R value non-exhaustive")]
use std::ffi::{c_char, c_int, c_uint, c_void};

use extendr_ffi::{R_xlen_t, Rboolean, SEXP};

extern "C" {
    pub(super) fn memshare_protect(
        body: unsafe extern "C" fn(*mut c_void) -> SEXP,
        data: *mut c_void,
        token: SEXP,
        jumped: *mut c_int,
    ) -> SEXP;
    pub(super) fn memshare_continue_unwind(token: SEXP) -> !;
    pub(super) fn memshare_each_attribute(
        x: SEXP,
        fun: unsafe extern "C" fn(*mut c_void, SEXP, SEXP),
        data: *mut c_void,
    );
    pub(super) fn memshare_has_attributes(x: SEXP) -> c_int;
    pub(super) fn memshare_is_s4(x: SEXP) -> c_int;
    pub(super) fn memshare_plain_data(x: SEXP, kind: c_uint, length: isize) -> *const c_void;
    pub(super) fn memshare_plain_items(items: *const SEXP, count: usize, bytes: *mut f64) -> usize;
    pub(super) fn memshare_copy_plain(
        items: *const SEXP,
        count: usize,
        kind: c_uint,
        length: isize,
        size: usize,
        out: *mut u8,
    ) -> usize;
    pub(super) fn memshare_allocate_s4() -> SEXP;
    pub(super) fn memshare_as_s4(x: SEXP) -> SEXP;
    pub(super) fn memshare_text(
        character: SEXP,
        encoding: *mut c_int,
        length: *mut R_xlen_t,
    ) -> *const c_char;
    pub(super) fn memshare_character(bytes: *const c_char, length: R_xlen_t, encoding: c_int) -> SEXP;
    pub(super) fn Rf_translateCharUTF8(text: SEXP) -> *const c_char;
    pub(super) fn vmaxget() -> *mut c_void;
    pub(super) fn vmaxset(mark: *const c_void);
    pub(super) fn memshare_closure_part(closure: SEXP, part: c_int) -> SEXP;
    pub(super) fn memshare_parent(environment: SEXP) -> SEXP;
    pub(super) fn memshare_is_everywhere(environment: SEXP) -> c_int;
    pub(super) fn memshare_peek(environment: SEXP, symbol: SEXP, kind: *mut c_int) -> SEXP;
    pub(super) fn memshare_plain_value(environment: SEXP, symbol: SEXP) -> SEXP;
    pub(super) fn memshare_define_promise(symbol: SEXP, promise: SEXP, from: SEXP, to: SEXP);
    pub(super) fn R_existsVarInFrame(environment: SEXP, symbol: SEXP) -> Rboolean;
    pub(super) fn R_lsInternal3(environment: SEXP, all: c_int, sorted: c_int) -> SEXP;
    pub(super) fn R_MakeActiveBinding(symbol: SEXP, function: SEXP, environment: SEXP);
    pub(super) fn R_LockBinding(symbol: SEXP, environment: SEXP);
    pub(super) fn R_BindingIsLocked(symbol: SEXP, environment: SEXP) -> c_int;
    pub(super) fn R_EnvironmentIsLocked(environment: SEXP) -> c_int;
    pub(super) fn R_LockEnvironment(environment: SEXP, bindings: c_int);
    pub(super) fn Rf_shallow_duplicate(x: SEXP) -> SEXP;
    pub(super) fn memshare_is_shared(x: SEXP) -> c_int;
    pub(super) fn SETCAR(cell: SEXP, value: SEXP) -> SEXP;
    pub(super) fn Rf_GetOption1(name: SEXP) -> SEXP;
    pub(super) fn R_CheckStack();
    pub(super) fn R_CheckStack2(more: usize);
    pub(super) fn R_CheckUserInterrupt();
    pub(super) fn Rf_installTrChar(text: SEXP) -> SEXP;
    pub(super) fn Rf_eval(call: SEXP, env: SEXP) -> SEXP;
    pub(super) fn R_forceAndCall(call: SEXP, forced: c_int, env: SEXP) -> SEXP;
}
