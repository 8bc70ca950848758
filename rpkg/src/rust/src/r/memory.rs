//! What a vector holds as it lies in R's memory: read and written without a call of R for each item.
use extendr_ffi::*;

use super::ffi;
use super::sexp::{Kind, Sexp};

impl<'s> Sexp<'s> {
    /// A plain vector's bytes, where they lie; `None` when R would have to make them first.
    pub fn data(self) -> Option<*const u8> {
        // SAFETY: a live value; the callers ask vectors of numbers and bytes only.
        let data = unsafe { DATAPTR_OR_NULL(self.raw()) };
        (!data.is_null()).then_some(data.cast())
    }

    /// A plain vector's bytes to be written to: of a vector that was just made.
    pub fn data_mut(self) -> *mut u8 {
        // SAFETY: a live value; the callers ask vectors of numbers and bytes only.
        unsafe {
            match TYPEOF(self.raw()) {
                Kind::LGLSXP => LOGICAL(self.raw()).cast(),
                Kind::INTSXP => INTEGER(self.raw()).cast(),
                Kind::REALSXP => REAL(self.raw()).cast(),
                Kind::CPLXSXP => COMPLEX(self.raw()).cast(),
                _ => RAW(self.raw()).cast(),
            }
        }
    }

    /// All items of a list that holds them; `None` of one that makes them.
    pub fn items(&self) -> Option<&[Sexp<'s>]> {
        if !matches!(self.kind(), Kind::VECSXP | Kind::EXPRSXP) || self.is_altrep() {
            return None;
        }
        // SAFETY: a live list of R's own, and a `Sexp` is an address and nothing else.
        unsafe { self.addresses() }
    }

    /// The bytes of a vector of numbers of this type and length that has no attributes; `None` of any other, and where R would have to make them first.
    /// `size` are the bytes of a number.
    pub fn plain_data(&self, kind: Kind, len: usize, size: usize) -> Option<&[u8]> {
        // SAFETY: a live value; the vector's own bytes, asked for without allocation, as long as it lives.
        unsafe {
            let data = ffi::memshare_plain_data(self.raw(), kind as u32, len as isize).cast::<u8>();
            (!data.is_null()).then(|| std::slice::from_raw_parts(data, len * size))
        }
    }

    /// All strings of a plain character vector, as R's own objects; `None` when R would have to make them first.
    pub fn texts(&self) -> Option<&[SEXP]> {
        // SAFETY: a live character vector.
        unsafe { self.addresses() }
    }

    /// The items of a vector of R's objects; `None` when R would have to make them first.
    ///
    /// # Safety
    /// It is a list or a character vector, and `T` an address of R's.
    unsafe fn addresses<T>(&self) -> Option<&[T]> {
        // SAFETY: by this function's contract; asked for without allocation, the items lie there as long as the vector lives, and nobody sets one while
        // they are read.
        unsafe {
            let items = DATAPTR_OR_NULL(self.raw()).cast::<T>();
            (!items.is_null()).then(|| std::slice::from_raw_parts(items, self.len()))
        }
    }
}

/// How many of some items, from the first on, are vectors of numbers without attributes, and the bytes of these.
pub fn plain_items(items: &[Sexp]) -> (usize, usize) {
    let mut bytes = 0.0;
    // SAFETY: live values, and a `Sexp` is an address and nothing else.
    let plain = unsafe { ffi::memshare_plain_items(items.as_ptr().cast(), items.len(), &mut bytes) };
    (plain, bytes as usize)
}

/// Puts the bytes of some items behind those that are there, from the first on, as long as they are as [`Sexp::plain_data`] wants them and R holds them in
/// memory. How many that were.
pub fn copy_plain(items: &[Sexp], (kind, len, size): (Kind, usize, usize), out: &mut Vec<u8>) -> usize {
    let each = len * size;
    out.reserve(items.len() * each);
    // SAFETY: live values, and a `Sexp` is an address and nothing else; there is room for the bytes of all, and what was copied is set.
    unsafe {
        let end = out.as_mut_ptr().add(out.len());
        let copied = ffi::memshare_copy_plain(
            items.as_ptr().cast(),
            items.len(),
            kind as u32,
            len as isize,
            size,
            end,
        );
        out.set_len(out.len() + copied * each);
        copied
    }
}
