//! A value as what it may be: a vector whose items lie unchanged in a page that others can read too.
use std::rc::Rc;

use extendr_ffi::*;
use scheduler::page::{Location, Tag};

use super::cell::cell;
use super::origin::Origin;
use super::owner::owned;
use super::strings;
use crate::r::{Kind, Sexp};

/// R wraps a vector to note what it knows of it, and a wrapper may be wrapped; more often than this it is not.
const WRAPPERS: usize = 4;

/// What a view refers to.
#[derive(Debug)]
pub struct Reference<'a> {
    /// The page.
    pub origin: &'a Rc<Origin>,
    /// The type of the items.
    pub tag: Tag,
    /// Where they are; its page has no number yet.
    pub location: Location,
}

/// What `x` refers to: of a view, and of R's own wrapper around one. `None` where the bytes may be others than the page's, and of
/// a character vector that R asked all strings of at once.
///
/// # Safety
/// R's main thread; `x` stays reachable, and is not written to, as long as the result is used.
pub unsafe fn reference<'a>(x: Sexp) -> Option<Reference<'a>> {
    // SAFETY: by this function's contract; `inner` is reachable from `x`.
    unsafe {
        let (inner, tag) = unwrapped(x)?;
        let owned = owned(inner)?;
        let origin = owned.origin.as_ref()?;
        let start = owned.mapping.as_ptr() as usize;
        if tag == Tag::Strings {
            if inner != x.raw() {
                return None;
            }
            let (table, first) = strings::in_place(inner)?;
            let at = (table.address() - start) as u64;
            let location = Location { page: 0, at, table: table.len() as u64, start: first as u64 };
            return Some(Reference { origin, tag, location });
        }
        let bytes = x.len() * tag.item_size() as usize;
        let at = cell(inner).data as usize - start;
        if owned.exposed.is_writable() && owned.mapping.was_written(at, bytes) {
            return None;
        }
        Some(Reference { origin, tag, location: Location { page: 0, at: at as u64, table: 0, start: 0 } })
    }
}

/// The view that `x` is, or that R's wrappers stand around. Whatever stands around a view of numbers must show the very bytes
/// of it: other packages have classes of their own.
///
/// # Safety
/// As for `reference`.
unsafe fn unwrapped(x: Sexp) -> Option<(SEXP, Tag)> {
    let mut inner = x.raw();
    for _ in 0..=WRAPPERS {
        // SAFETY: a live value; the first data slot of any ALTREP object can be read, and is reachable from it.
        unsafe {
            if ALTREP(inner) == 0 {
                return None;
            }
            if let Some(tag) = super::classes::tag_of(Sexp::new(inner)) {
                let view = Sexp::new(inner);
                let same = inner == x.raw()
                    || (view.kind() == x.kind()
                        && view.len() == x.len()
                        && x.kind() != Kind::STRSXP
                        && x.data() == view.data());
                return same.then_some((inner, tag));
            }
            inner = R_altrep_data1(inner);
        }
    }
    None
}
