//! The owner of a view's bytes: an external pointer that holds a mapping, shared by all views into it. R keeps it as long
//! as one of them can be reached; its finalizer unmaps.
use std::sync::Arc;

use extendr_ffi::*;
use scheduler::os::Mapping;

use crate::r::{Scope, Sexp};

/// An owner of `mapping` for the views to be made, kept.
pub fn owner(s: &Scope, mapping: &Arc<Mapping>) -> Sexp {
    // SAFETY: R's main thread, by the scope. R may jump until the finalizer is registered; only then there is something
    // to finalize.
    unsafe {
        let owner = s.keep(R_MakeExternalPtr(std::ptr::null_mut(), R_NilValue, R_NilValue));
        R_RegisterCFinalizerEx(owner.raw(), Some(release), Rboolean::FALSE);
        R_SetExternalPtrAddr(owner.raw(), Arc::into_raw(Arc::clone(mapping)).cast_mut().cast());
        owner
    }
}

/// Gives the mapping back. Called by R's collector, at most once a pointer that is not cleared.
unsafe extern "C" fn release(owner: SEXP) {
    // SAFETY: the address is null or what `owner` put there, whose count this takes; cleared at once, so never twice.
    unsafe {
        let address = R_ExternalPtrAddr(owner).cast::<Mapping>().cast_const();
        R_ClearExternalPtr(owner);
        if !address.is_null() {
            drop(Arc::from_raw(address));
        }
    }
}
