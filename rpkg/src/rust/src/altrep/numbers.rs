//! The classes of plain vectors: logical, integer, double, complex, raw. One body for all of them.
use std::ffi::{c_int, c_void};

use extendr_ffi::*;
use scheduler::page::Tag;

use super::cell::{cell, hold, Cell};
use super::guard::guard;
use super::owner::{note_view, owned};
use crate::r::{Scope, Sexp};

/// A view of `len` items at `data`, kept.
///
/// # Safety
/// `owner` keeps `len` readable and privately writable items of the tag's size at `data`, aligned to their size (8 for
/// complex ones). `tag` is that of a plain vector.
pub unsafe fn vector<'s>(s: &'s Scope, tag: Tag, owner: Sexp, data: *mut u8, len: usize) -> Sexp<'s> {
    note_view(owner);
    let cell = hold(s, Cell { data, len });
    // SAFETY: R's main thread, by the scope; the class was made at load.
    s.keep(unsafe { R_new_altrep(super::classes::class(tag), owner.raw(), cell.raw()) })
}

unsafe extern "C" fn length(x: SEXP) -> R_xlen_t {
    // SAFETY: R calls this with a view of ours.
    guard(|| unsafe { cell(x).len as R_xlen_t })
}

/// The bytes themselves, for reading and for writing: the mapping is private, so what is written stays in this process. That it
/// may be is noted.
unsafe extern "C" fn dataptr<T>(x: SEXP, writable: Rboolean) -> *mut c_void {
    // SAFETY: R calls this with a view of ours, of `T`s.
    guard(|| unsafe { given::<T>(x, writable != Rboolean::FALSE).cast() })
}

unsafe extern "C" fn dataptr_or_null<T>(x: SEXP) -> *const c_void {
    // SAFETY: R calls this with a view of ours, of `T`s.
    guard(|| unsafe { given::<T>(x, false).cast_const().cast() })
}

/// # Safety
/// `x` is a view of `T`s.
unsafe fn given<T>(x: SEXP, writable: bool) -> *mut u8 {
    // SAFETY: by this function's contract.
    unsafe {
        let cell = cell(x);
        if let Some(owned) = owned(x) {
            owned.exposed.note(cell.data, cell.len * size_of::<T>(), writable);
        }
        cell.data
    }
}

unsafe extern "C" fn inspect(
    x: SEXP,
    _pre: c_int,
    _deep: c_int,
    _pvec: c_int,
    _subtree: Option<unsafe extern "C" fn(SEXP, c_int, c_int, c_int)>,
) -> Rboolean {
    guard(|| {
        // SAFETY: R calls this with a view of ours; the format matches the arguments.
        unsafe {
            let cell = cell(x);
            Rprintf(c" memshare view of %.0f items at %p\n".as_ptr(), cell.len as f64, cell.data);
        }
        Rboolean::TRUE
    })
}

/// Copies up to `n` items from `i` on; gives how many there were.
///
/// # Safety
/// `x` is a view of `T`s, and `out` has room for `n`.
unsafe fn region<T: Copy>(x: SEXP, i: R_xlen_t, n: R_xlen_t, out: *mut T) -> R_xlen_t {
    // SAFETY: by this function's contract, and the cell's: `len` items are readable.
    unsafe {
        let cell = cell(x);
        let start = usize::try_from(i).unwrap_or(usize::MAX).min(cell.len);
        let count = usize::try_from(n).unwrap_or(0).min(cell.len - start);
        std::ptr::copy_nonoverlapping(cell.data.cast::<T>().add(start), out, count);
        count as R_xlen_t
    }
}

macro_rules! plain_vectors {
    ($($name:ident: $item:ty, $elt:ident, $region:ident;)*) => {$(
        /// Gives the class its methods.
        ///
        /// # Safety
        /// At load; the class is of this type.
        pub(super) unsafe fn $name(class: R_altrep_class_t) -> R_altrep_class_t {
            unsafe extern "C" fn elt(x: SEXP, i: R_xlen_t) -> $item {
                // SAFETY: R calls this with a view of this type and an index within it, as for any vector.
                guard(|| unsafe { cell(x).data.cast::<$item>().offset(i).read() })
            }
            unsafe extern "C" fn get(x: SEXP, i: R_xlen_t, n: R_xlen_t, out: *mut $item) -> R_xlen_t {
                // SAFETY: R calls this with a view of this type and room for `n` items.
                guard(|| unsafe { region(x, i, n, out) })
            }
            // SAFETY: by this function's contract.
            unsafe {
                R_set_altrep_Length_method(class, Some(length));
                R_set_altrep_Inspect_method(class, Some(inspect));
                R_set_altvec_Dataptr_method(class, Some(dataptr::<$item>));
                R_set_altvec_Dataptr_or_null_method(class, Some(dataptr_or_null::<$item>));
                $elt(class, Some(elt));
                $region(class, Some(get));
            }
            class
        }
    )*};
}

plain_vectors! {
    logical: c_int, R_set_altlogical_Elt_method, R_set_altlogical_Get_region_method;
    integer: c_int, R_set_altinteger_Elt_method, R_set_altinteger_Get_region_method;
    real: f64, R_set_altreal_Elt_method, R_set_altreal_Get_region_method;
    complex: Rcomplex, R_set_altcomplex_Elt_method, R_set_altcomplex_Get_region_method;
    raw: Rbyte, R_set_altraw_Elt_method, R_set_altraw_Get_region_method;
}
