//! memshare's R package: what stands between R's values and the scheduler's bytes.
//!
//! * `r/`: the one face to R's C API: calls that R may jump out of, failures, texts.
//! * `codec/`: R values to blobs and back; cutting a collection into elements.
//! * `altrep/`: views, R vectors that read a page in place.
//! * `session`: what this R session holds: its store, its views.
//! * `store_api`: the `.Call`s of variables and views; `files_api`, `attach_api`, `write_api`, `why_api`: those of variables from files and
//!   empty ones, of writing into them, and of what keeps one alive.
//! * `place_api`: the `.Call`s of the place that they lie in, and of clearing away.
//! * `top_api`: the `.Call` that looks at live runs.
//! * `mutual_api`: the `.Call`s of mutual information.
//! * `sparse/`: sparse matrices in compressed form: checked, turned.
//! * `records/`: records of plans and runs, for the views of them.
//! * `index`: which items of a variable an R index means.
//! * `payload_api`: the `.Call`s that look into what travels with FUN, and pack it.
//! * `hosts_api`: the `.Call`s that say which host gets which elements.
//! * `runs/`: the session's side of a run: pages, plan, pool; waiting; results.
//! * `state/`: whether the state of the session, or of a worker, is as it was.
//! * `worker/`: the worker's side: FUN, element by element.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;

mod about;
mod altrep;
mod attach_api;
mod codec;
mod files_api;
mod hosts_api;
mod index;
mod mutual_api;
mod nodes;
mod numbered;
mod payload_api;
mod place_api;
mod r;
mod records;
mod runs;
mod session;
mod sparse;
mod state;
mod store_api;
mod top_api;
mod why_api;
mod worker;
mod write_api;

use r::resume;
use records::{export_api, record_api, text_api};
use runs::{checkpoints, hosts_earlier_api, hosts_log_api, kept, log_api, plan_api, run_api, simulate_api};
use sparse::sparse_api;
use state::state_api;
use worker::{life_api, worker_api};

extendr_module! {
    mod memshare;
    use resume;
    use store_api;
    use place_api;
    use attach_api;
    use files_api;
    use write_api;
    use why_api;
    use top_api;
    use mutual_api;
    use nodes;
    use sparse_api;
    use payload_api;
    use hosts_api;
    use checkpoints;
    use kept;
    use plan_api;
    use run_api;
    use log_api;
    use hosts_earlier_api;
    use hosts_log_api;
    use simulate_api;
    use record_api;
    use export_api;
    use text_api;
    use life_api;
    use worker_api;
    use state_api;
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
