//! Making R's values out of Rust's.
use extendr_ffi::{R_NamesSymbol, Rf_setAttrib};

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::sexp::{Kind, Scope, Sexp};
use super::text::character_bytes;

/// A character vector, kept.
pub fn character<'s, T: AsRef<str>>(s: &'s Scope, texts: &[T]) -> Sexp<'s> {
    let out = s.vector(Kind::STRSXP, texts.len());
    for (i, text) in texts.iter().enumerate() {
        out.set_text(i, character_bytes(s, text.as_ref().as_bytes(), 1));
    }
    out
}

/// The name of a file, in the bytes that the system knows it by, kept.
pub fn path<'s>(s: &'s Scope, path: &Path) -> Sexp<'s> {
    let out = s.vector(Kind::STRSXP, 1);
    out.set_text(0, character_bytes(s, path.as_os_str().as_bytes(), 0));
    out
}

/// One integer, kept.
pub fn integer<'s>(s: &'s Scope, value: i32) -> Sexp<'s> {
    let out = s.vector(Kind::INTSXP, 1);
    // SAFETY: the vector was just made and has one item.
    unsafe { out.data_mut().cast::<i32>().write(value) };
    out
}

/// Integers, kept.
pub fn integers<'s>(s: &'s Scope, values: &[i32]) -> Sexp<'s> {
    let out = s.vector(Kind::INTSXP, values.len());
    // SAFETY: the vector was just made, with room for exactly these; an empty one is not touched.
    unsafe { out.data_mut().cast::<i32>().copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    out
}

/// One number, kept.
pub fn real<'s>(s: &'s Scope, value: f64) -> Sexp<'s> {
    let out = s.vector(Kind::REALSXP, 1);
    // SAFETY: the vector was just made and has one item.
    unsafe { out.data_mut().cast::<f64>().write(value) };
    out
}

/// Numbers, kept.
pub fn reals<'s>(s: &'s Scope, values: &[f64]) -> Sexp<'s> {
    let out = s.vector(Kind::REALSXP, values.len());
    // SAFETY: the vector was just made, with room for exactly these; an empty one is not touched.
    unsafe { out.data_mut().cast::<f64>().copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    out
}

/// One truth value, kept.
pub fn logical<'s>(s: &'s Scope, value: bool) -> Sexp<'s> {
    let out = s.vector(Kind::LGLSXP, 1);
    // SAFETY: the vector was just made and has one item.
    unsafe { out.data_mut().cast::<i32>().write(value.into()) };
    out
}

/// A list of values that are kept elsewhere, kept.
pub fn list<'s>(s: &'s Scope, items: &[Sexp]) -> Sexp<'s> {
    let out = s.vector(Kind::VECSXP, items.len());
    for (i, &item) in items.iter().enumerate() {
        out.set_item(i, item);
    }
    out
}

/// A list with names, kept.
pub fn named_list<'s>(s: &'s Scope, items: &[(&str, Sexp)]) -> Sexp<'s> {
    let out = s.vector(Kind::VECSXP, items.len());
    let names = s.vector(Kind::STRSXP, items.len());
    for (i, &(name, item)) in items.iter().enumerate() {
        out.set_item(i, item);
        names.set_text(i, character_bytes(s, name.as_bytes(), 1));
    }
    // SAFETY: both are kept.
    unsafe { Rf_setAttrib(out.raw(), R_NamesSymbol, names.raw()) };
    out
}
