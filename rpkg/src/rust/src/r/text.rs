//! Texts: out of R's character vectors, and into them.
use std::ffi::{c_int, CStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use extendr_ffi::SEXP;

use super::failure::{Failure, Result};
use super::ffi;
use super::preserved::Preserved;
use super::protect::protect;
use super::sexp::{Kind, Scope, Sexp};

/// The bytes of a text object and its encoding: 0 as it is, 1 UTF-8, 2 Latin-1, 3 bytes. Text of another native encoding is
/// translated to UTF-8 first. The bytes live as long as the text, translated ones until the `.Call` ends; both as long as a scope that
/// keeps the text.
pub(crate) fn bytes_of<'s>(_: &Scope, text: Sexp<'s>) -> (&'s [u8], u8) {
    let (mut encoding, mut len): (c_int, isize) = (0, 0);
    // SAFETY: a live text object, by the scope and by `Sexp`; R gives `len` readable bytes that live as long as said.
    let bytes = unsafe {
        let start = ffi::memshare_text(text.raw(), &mut encoding, &mut len);
        std::slice::from_raw_parts(start.cast::<u8>(), len as usize)
    };
    (bytes, encoding as u8)
}

/// Calls `read` with what [`bytes_of`] gives; a translation's memory is free again afterwards.
pub fn with_bytes<T>(s: &Scope, text: Sexp, read: impl FnOnce(&[u8], u8) -> T) -> T {
    // SAFETY: R's main thread, by the scope. What R allocated in between is read by `read` only. (A jump resets the mark too.)
    unsafe {
        let mark = ffi::vmaxget();
        let (bytes, encoding) = bytes_of(s, text);
        let out = read(bytes, encoding);
        ffi::vmaxset(mark);
        out
    }
}

/// The text as UTF-8, for text in any encoding but "bytes". It lives as long as [`bytes_of`]'s.
fn utf8_of<'s>(_: &Scope, text: Sexp<'s>) -> &'s [u8] {
    // SAFETY: a live text object, by the scope and by `Sexp`; R gives a text that ends with a zero.
    unsafe { CStr::from_ptr(ffi::Rf_translateCharUTF8(text.raw())).to_bytes() }
}

/// A text object of these bytes, to be put into a vector before anything else is allocated.
pub fn character_bytes(_: &Scope, bytes: &[u8], encoding: u8) -> SEXP {
    let len = bytes.len().min(i32::MAX as usize) as isize;
    // SAFETY: R's main thread, by the scope; R copies the bytes.
    unsafe { ffi::memshare_character(bytes.as_ptr().cast(), len, c_int::from(encoding)) }
}

/// All strings of a character vector as UTF-8. `what` names it in the error: missing strings, and bytes that are no text,
/// are bad input.
pub fn strings(x: Sexp, what: &str) -> Result<Vec<String>> {
    if x.is_null() {
        return Ok(Vec::new());
    }
    if x.kind() != Kind::STRSXP {
        return Err(Failure::input(format!("{what} must be character")));
    }
    let mut out: Vec<Vec<u8>> = vec![Vec::new(); x.len()];
    let mut wrong = None;
    protect(|s| {
        for (i, place) in out.iter_mut().enumerate() {
            let text = x.text(i);
            let fault = match text.is_na_text() {
                true => Some("missing"),
                false => with_bytes(s, text, |bytes, encoding| match encoding {
                    0 | 1 => {
                        place.extend_from_slice(bytes);
                        None
                    }
                    2 => {
                        place.extend_from_slice(utf8_of(s, text));
                        None
                    }
                    _ => Some("not text"),
                }),
            };
            if let Some(how) = fault {
                wrong = Some((i, how));
                return Ok(());
            }
        }
        Ok(())
    })?;
    if let Some((i, how)) = wrong {
        return Err(Failure::input(format!("{what}: string {} is {how}", i + 1)));
    }
    let utf8 = |(i, bytes): (usize, Vec<u8>)| {
        String::from_utf8(bytes)
            .map_err(|_| Failure::input(format!("{what}: string {} is not valid UTF-8", i + 1)))
    };
    out.into_iter().enumerate().map(utf8).collect()
}

/// The one string of a character vector of length 1; neither missing nor empty.
pub fn string(x: Sexp, what: &str) -> Result<String> {
    let wrong = || Failure::input(format!("{what} must be one string that is neither missing nor empty"));
    if x.kind() != Kind::STRSXP || x.len() != 1 {
        return Err(wrong());
    }
    strings(x, what)?.pop().filter(|text| !text.is_empty()).ok_or_else(wrong)
}

/// The names of a list, each given, none twice.
pub fn list_names(x: Sexp, what: &str) -> Result<Vec<String>> {
    if x.kind() != Kind::VECSXP {
        return Err(Failure::input(format!("{what} must be a named list")));
    }
    let names = protect(|s| Ok(Preserved::new(x.names(s))))?;
    let names = strings(names.get(), &format!("the names of {what}"))?;
    if names.len() != x.len() || names.iter().any(String::is_empty) {
        return Err(Failure::input(format!("{what} must be a named list: every item needs a name")));
    }
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Failure::input(format!("{what} has the name '{}' twice", pair[0]))),
        None => Ok(names),
    }
}

/// The name of a file, in the bytes that the system knows it by.
pub fn path_of(x: Sexp) -> Result<PathBuf> {
    if x.kind() != Kind::STRSXP || x.len() != 1 {
        return Err(Failure::Internal("a file's name is one string".into()));
    }
    let mut path = Vec::new();
    protect(|s| {
        path.extend_from_slice(bytes_of(s, x.text(0)).0);
        Ok(())
    })?;
    Ok(PathBuf::from(OsString::from_vec(path)))
}
