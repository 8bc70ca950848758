//! Views: R vectors that read a page in place. README.md beside this file tells which methods there are, and why.
mod cell;
mod classes;
mod guard;
mod numbers;
mod origin;
mod owner;
mod reference;
mod strings;

use std::ffi::c_char;
use std::sync::atomic::Ordering;

use extendr_ffi::*;
use scheduler::page::Tag;

use crate::r::{Kind, Scope, Sexp};
use classes::{is_ours, CLASSES};

pub use numbers::vector;
pub use origin::Origin;
pub use owner::{held, mapped, Exposed, Lives, Owner};
pub use reference::{reference, Reference};
pub use strings::{strings, table_of};

/// The package's name as ALTREP classes carry it: the same as the R package's, or R finds no class when it unserializes.
const PACKAGE: *const c_char = c"memshare".as_ptr();

/// Makes the classes. Called from `R_init_memshare`, once a loading.
///
/// # Safety
/// R's main thread, with this library's own `DllInfo`.
pub(crate) unsafe fn register(dll: *mut DllInfo) {
    // SAFETY: by this function's contract; names are constants.
    unsafe {
        let classes = [
            (Tag::Logical, numbers::logical(R_make_altlogical_class(c"view_logical".as_ptr(), PACKAGE, dll))),
            (Tag::Integer, numbers::integer(R_make_altinteger_class(c"view_integer".as_ptr(), PACKAGE, dll))),
            (Tag::Real, numbers::real(R_make_altreal_class(c"view_double".as_ptr(), PACKAGE, dll))),
            (Tag::Complex, numbers::complex(R_make_altcomplex_class(c"view_complex".as_ptr(), PACKAGE, dll))),
            (Tag::Raw, numbers::raw(R_make_altraw_class(c"view_raw".as_ptr(), PACKAGE, dll))),
            (
                Tag::Strings,
                strings::methods(R_make_altstring_class(c"view_character".as_ptr(), PACKAGE, dll)),
            ),
        ];
        for (tag, class) in classes {
            CLASSES[tag as usize].store(class.ptr, Ordering::Relaxed);
        }
    }
}

/// Whether the value is a view, or holds one: R's own wrapper around a view, a list with a view in it, an attribute.
pub fn is_view(s: &Scope, x: Sexp) -> bool {
    s.check_stack();
    if is_ours(x) {
        return true;
    }
    // SAFETY: a live value; both data slots of any ALTREP object can be read.
    let wrapped = unsafe { ALTREP(x.raw()) != 0 && is_ours(Sexp::new(R_altrep_data1(x.raw()))) };
    if wrapped || (x.kind() == Kind::VECSXP && (0..x.len()).any(|i| s.inner(|s| is_view(s, s.item(x, i))))) {
        return true;
    }
    let mut found = false;
    x.each_attribute(&mut |_, value| found = found || is_view(s, value));
    found
}
