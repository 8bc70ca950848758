//! The class of character vectors. R's strings are objects of its own, so one is made when it is first asked for, and put
//! into a plain vector beside the page: what `STRING_ELT` gave must stay reachable from the view.
use std::ffi::{c_int, c_void};

use extendr_ffi::*;
use scheduler::page::{StringsView, Tag};

use super::cell::{held, hold};
use super::guard::guard;
use super::owner::note_view;
use crate::r::{character_bytes, Kind, Scope, Sexp};

/// A part of a table of strings.
#[derive(Clone, Copy)]
struct Part {
    /// Lives as long as the owner.
    table: StringsView<'static>,
    start: usize,
    len: usize,
    /// All strings are in the plain vector, which alone counts from now on: one was set, or a pointer to all was asked for.
    expanded: bool,
}

/// A view of `len` strings of `table` from `start` on, kept.
///
/// # Safety
/// `owner` keeps the table's bytes readable, and `start + len` is at most the table's length.
pub unsafe fn strings<'s>(
    s: &'s Scope,
    owner: Sexp,
    table: StringsView<'_>,
    start: usize,
    len: usize,
) -> Sexp<'s> {
    note_view(owner);
    // SAFETY: the owner keeps the bytes, and the view keeps the owner: the table is never read after them.
    let table = unsafe { std::mem::transmute::<StringsView<'_>, StringsView<'static>>(table) };
    let state = s.vector(Kind::VECSXP, 2);
    state.set_item(0, hold(s, Part { table, start, len, expanded: false }));
    // SAFETY: R's main thread, by the scope; the class was made at load.
    s.keep(unsafe { R_new_altrep(super::classes::class(Tag::Strings), owner.raw(), state.raw()) })
}

/// The view's part of the table.
///
/// # Safety
/// R's main thread; `x` is a view that `strings` made.
unsafe fn part(x: SEXP) -> Part {
    // SAFETY: by this function's contract; the first item is what `hold::<Part>` gave.
    unsafe { held::<Part>(VECTOR_ELT(R_altrep_data2(x), 0)) }
}

/// The table that a view of strings still reads, and where its part begins; `None` for everything else. The table lives as long
/// as the view.
pub fn table_of(x: Sexp<'_>) -> Option<(StringsView<'_>, usize)> {
    if super::classes::tag_of(x) != Some(Tag::Strings) {
        return None;
    }
    // SAFETY: R's main thread, and `strings` made this live view.
    let part = unsafe { part(x.raw()) };
    (!part.expanded).then_some((part.table, part.start))
}

/// The plain vector beside the page, made when first needed: `len` empty strings.
///
/// # Safety
/// As for `part`.
unsafe fn plain<'s>(x: SEXP, len: usize) -> Sexp<'s> {
    // SAFETY: as for `part`; the vector is reachable from the view as soon as it is set.
    unsafe {
        let state = R_altrep_data2(x);
        if VECTOR_ELT(state, 1) == R_NilValue {
            SET_VECTOR_ELT(state, 1, Rf_allocVector(SEXPTYPE::STRSXP, len as R_xlen_t));
        }
        Sexp::new(VECTOR_ELT(state, 1))
    }
}

/// String `i`, made if it is not there yet. An empty one in the plain vector stands for “not made yet”; where the page has
/// an empty one too, making it again changes nothing.
///
/// # Safety
/// As for `part`; `i` is within the view.
unsafe fn fetch(s: &Scope, part: &Part, plain: Sexp, i: usize) -> SEXP {
    let made = plain.text(i);
    // SAFETY: a constant of R's.
    if part.expanded || made.raw() != unsafe { R_BlankString } {
        return made.raw();
    }
    let text = match part.table.get(part.start + i) {
        // SAFETY: a constant of R's.
        None => unsafe { R_NaString },
        Some((bytes, mark)) => character_bytes(s, bytes, mark),
    };
    plain.set_text(i, text);
    text
}

/// Makes all strings; from here on the plain vector is the view.
///
/// # Safety
/// As for `part`.
unsafe fn expand<'s>(s: &'s Scope, x: SEXP) -> Sexp<'s> {
    // SAFETY: as for `part`; the scope ends with the method, and the vectors stay reachable from the view.
    unsafe {
        let part = part(x);
        let plain = plain(x, part.len);
        if !part.expanded {
            for i in 0..part.len {
                fetch(s, &part, plain, i);
            }
            SET_VECTOR_ELT(R_altrep_data2(x), 0, hold(s, Part { expanded: true, ..part }).raw());
        }
        plain
    }
}

/// The table that the strings lie in and the first of them, as long as the table alone counts.
///
/// # Safety
/// As for `part`.
pub(super) unsafe fn in_place(x: SEXP) -> Option<(StringsView<'static>, usize)> {
    // SAFETY: as for `part`.
    let part = unsafe { part(x) };
    (!part.expanded).then_some((part.table, part.start))
}

unsafe extern "C" fn length(x: SEXP) -> R_xlen_t {
    // SAFETY: R calls this with a view of ours.
    guard(|| unsafe { part(x).len as R_xlen_t })
}

unsafe extern "C" fn elt(x: SEXP, i: R_xlen_t) -> SEXP {
    // SAFETY: R calls this with a view of ours and an index within it; these frames own nothing.
    guard(|| unsafe {
        let part = part(x);
        let plain = plain(x, part.len);
        Scope::assume(|s| fetch(s, &part, plain, i as usize))
    })
}

unsafe extern "C" fn set_elt(x: SEXP, i: R_xlen_t, value: SEXP) {
    // SAFETY: R calls this with a view of ours, an index within it and a text object, which R has protected.
    guard(|| unsafe {
        Scope::assume(|s| expand(s, x).set_text(i as usize, value));
    });
}

unsafe extern "C" fn dataptr(x: SEXP, _writable: Rboolean) -> *mut c_void {
    // SAFETY: R calls this with a view of ours; the plain vector lives as long as the view.
    guard(|| unsafe { STRING_PTR_RO(Scope::assume(|s| expand(s, x).raw())).cast_mut().cast() })
}

unsafe extern "C" fn dataptr_or_null(x: SEXP) -> *const c_void {
    // SAFETY: R calls this with a view of ours.
    guard(|| unsafe {
        let part = part(x);
        if part.expanded {
            STRING_PTR_RO(plain(x, part.len).raw()).cast()
        } else {
            std::ptr::null()
        }
    })
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
            let part = part(x);
            let state = if part.expanded { "expanded\0" } else { "in place\0" };
            Rprintf(c" memshare view of %.0f strings, %s\n".as_ptr(), part.len as f64, state.as_ptr());
        }
        Rboolean::TRUE
    })
}

/// Gives the class its methods.
///
/// # Safety
/// At load; the class is that of character vectors.
pub(super) unsafe fn methods(class: R_altrep_class_t) -> R_altrep_class_t {
    // SAFETY: by this function's contract.
    unsafe {
        R_set_altrep_Length_method(class, Some(length));
        R_set_altrep_Inspect_method(class, Some(inspect));
        R_set_altvec_Dataptr_method(class, Some(dataptr));
        R_set_altvec_Dataptr_or_null_method(class, Some(dataptr_or_null));
        R_set_altstring_Elt_method(class, Some(elt));
        R_set_altstring_Set_elt_method(class, Some(set_elt));
    }
    class
}
