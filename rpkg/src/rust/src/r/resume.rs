//! The `.Call` by which R goes on with a jump that native code was left by.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;

use super::jump;

/// Goes on with the jump that the last native call was left by. Called by `native()` alone, at once.
#[extendr]
pub fn ms_resume() -> Robj {
    // SAFETY: R's main thread; this frame owns nothing; `native()` calls this right after the `.Call` that was left, so
    // all contexts further out still stand.
    unsafe { jump::resume() };
    ().into()
}

extendr_module! {
    mod resume;
    fn ms_resume;
}
