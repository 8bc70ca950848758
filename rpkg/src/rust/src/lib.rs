//! memshare's R package: what stands between R's values and the scheduler's bytes.
//!
//! * `r/`: the one face to R's C API: calls that R may jump out of, failures, texts.
//! * `codec/`: R values to blobs and back; cutting a collection into elements.
//! * `altrep/`: views, R vectors that read a page in place.
//! * `session`: what this R session holds: its store, its views.
//! * `store_api`: the `.Call`s of variables and views.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;

pub mod altrep;
pub mod codec;
pub mod r;
pub mod session;
pub mod store_api;

use r::resume;

extendr_module! {
    mod memshare;
    use resume;
    use store_api;
}

/// Called by C at load, with the package's own `DllInfo`: makes the ALTREP classes.
///
/// # Safety
/// R's main thread, in `R_init_memshare`.
#[no_mangle]
pub unsafe extern "C" fn memshare_init(dll: *mut extendr_ffi::DllInfo) {
    // extendr allocates its table of owned values when it is first used; not in the middle of a call, then.
    drop(Robj::from(()));
    // SAFETY: by this function's contract.
    unsafe { altrep::register(dll) };
}
