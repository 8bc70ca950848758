//! The one face to R's C API.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;

#[extendr]
fn ms_resume() -> Robj { ().into() }

extendr_module! {
    mod r;
    fn ms_resume;
}
