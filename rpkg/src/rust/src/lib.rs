//! memshare's R package: what stands between R's values and the scheduler's bytes.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;

pub mod r;

extendr_module! {
    mod memshare;
    use r;
}

/// Called by C at load, with the package's own `DllInfo`.
///
/// # Safety
/// R's main thread, in `R_init_memshare`.
#[no_mangle]
pub unsafe extern "C" fn memshare_init(_dll: *mut extendr_ffi::DllInfo) {}
