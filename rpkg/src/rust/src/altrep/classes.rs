//! The classes of views, as R made them.
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use extendr_ffi::*;
use scheduler::page::Tag;

use crate::r::Sexp;

/// The six classes, by [`Tag`]. Made anew each time R loads the library: a `DllInfo` lives as long as one loading.
pub(super) static CLASSES: [AtomicPtr<SEXPREC>; 7] = [const { AtomicPtr::new(null_mut()) }; 7];

/// The class of a tag that has one.
pub(super) fn class(tag: Tag) -> R_altrep_class_t {
    R_altrep_class_t { ptr: CLASSES[tag as usize].load(Ordering::Relaxed) }
}

/// Whether it is a view.
pub(super) fn is_ours(x: Sexp) -> bool {
    tag_of(x).is_some()
}

/// The tag of a view; `None` of whatever is none.
pub(super) fn tag_of(x: Sexp) -> Option<Tag> {
    // SAFETY: a live value; the classes are those that R made.
    unsafe {
        if ALTREP(x.raw()) == 0 {
            return None;
        }
        let place = CLASSES.iter().position(|ptr| {
            let class = R_altrep_class_t { ptr: ptr.load(Ordering::Relaxed) };
            !class.ptr.is_null() && R_altrep_inherits(x.raw(), class) == Rboolean::TRUE
        });
        Tag::of(u8::try_from(place?).ok()?)
    }
}
