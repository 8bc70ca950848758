//! The owner of a view's bytes: an external pointer that holds a mapping, shared by all views into it. R keeps it as long
//! as one of them can be reached; its finalizer unmaps.
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use extendr_ffi::*;
use scheduler::os::Mapping;

use super::origin::Origin;
use crate::r::{Scope, Sexp};

/// What an owner holds.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) mapping: Arc<Mapping>,
    /// The page that is mapped, where others can read it too.
    pub(super) origin: Option<Rc<Origin>>,
    /// A pointer for writing was given to somebody: the bytes may be others than the page's.
    pub(super) exposed: Cell<bool>,
    /// What it counts in [`held`].
    counted: u64,
}

/// Whether the memory of a page goes with the last mapping of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lives {
    /// It does: nobody else has it, or will have it.
    WithItsViews,
    /// It is a registered variable's, which has a name.
    WithItsName,
}

thread_local! {
    /// Bytes of pages that live with R's owners.
    static HELD: Cell<u64> = const { Cell::new(0) };
    /// Bytes of all pages that R's owners have mapped.
    static MAPPED: Cell<u64> = const { Cell::new(0) };
}

/// Bytes of memory that views of this process keep, also those that nobody needs any more: R's collector finds these, which does not know
/// how big they are. A mapping counts once for each of its owners; one of a registered variable does not count.
pub fn held() -> u64 {
    HELD.get()
}

/// Bytes that views of this process have mapped, also those that nobody needs any more, and also of registered variables, whose memory they would
/// keep after a release. Counted as for [`held`].
pub fn mapped() -> u64 {
    MAPPED.get()
}

/// An owner of `mapping` for the views to be made, kept. With `origin`, the views can travel to workers as references.
pub fn owner<'s>(
    s: &'s Scope,
    mapping: &Arc<Mapping>,
    origin: Option<&Rc<Origin>>,
    lives: Lives,
) -> Sexp<'s> {
    let counted = if lives == Lives::WithItsViews { mapping.len() as u64 } else { 0 };
    // SAFETY: R's main thread, by the scope. R may jump until the finalizer is registered; only then there is something
    // to finalize.
    unsafe {
        let owner = s.keep(R_MakeExternalPtr(std::ptr::null_mut(), R_NilValue, R_NilValue));
        R_RegisterCFinalizerEx(owner.raw(), Some(finalize), Rboolean::FALSE);
        let (mapping, origin) = (Arc::clone(mapping), origin.map(Rc::clone));
        let owned = Owned { mapping, origin, exposed: Cell::new(false), counted };
        HELD.set(HELD.get() + counted);
        MAPPED.set(MAPPED.get() + owned.mapping.len() as u64);
        R_SetExternalPtrAddr(owner.raw(), Box::into_raw(Box::new(owned)).cast());
        owner
    }
}

/// What the owner of a view holds; `None` of one that was given back.
///
/// # Safety
/// R's main thread; `x` is a view of ours, and stays reachable as long as the result is used.
pub(super) unsafe fn owned<'a>(x: SEXP) -> Option<&'a Owned> {
    // SAFETY: a view's first data slot is its owner, whose address is null or what `owner` put there.
    unsafe { R_ExternalPtrAddr(R_altrep_data1(x)).cast::<Owned>().as_ref() }
}

/// Gives the mapping back. Called by R's collector, at most once a pointer that is not cleared. In a forked child it unmaps and
/// closes what is the child's own.
unsafe extern "C" fn finalize(owner: SEXP) {
    // SAFETY: the address is null or what `owner` put there, which this takes; cleared at once, so never twice.
    unsafe {
        let address = R_ExternalPtrAddr(owner).cast::<Owned>();
        R_ClearExternalPtr(owner);
        if !address.is_null() {
            let owned = Box::from_raw(address);
            HELD.set(HELD.get() - owned.counted);
            MAPPED.set(MAPPED.get() - owned.mapping.len() as u64);
        }
    }
}
