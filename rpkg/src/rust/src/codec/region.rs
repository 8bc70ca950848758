//! A plain vector's items, and as bytes, also of one whose bytes R has not made.
use std::borrow::Cow;

use extendr_ffi::{
    COMPLEX_GET_REGION, INTEGER_GET_REGION, LOGICAL_GET_REGION, RAW_GET_REGION, REAL_GET_REGION,
};

use super::tags::tag_of;
use crate::r::{protect, Failure, Kind, Result, Sexp};

/// Copies a plain vector's first items, as many as `out` has room for, which lies at an address divisible by 8. The vector has as
/// many.
pub fn copy_region(x: Sexp, out: &mut [u8]) {
    if let Some(data) = x.data() {
        // SAFETY: a live vector's own bytes; the callers' `out` is no longer than they are.
        unsafe { std::ptr::copy_nonoverlapping(data, out.as_mut_ptr(), out.len()) };
        return;
    }
    let (raw, at) = (x.raw(), out.as_mut_ptr());
    let n = |size: usize| (out.len() / size) as isize;
    // SAFETY: a live vector of this type; `out` has room for so many items, at an address divisible by 8.
    unsafe {
        match x.kind() {
            Kind::LGLSXP => LOGICAL_GET_REGION(raw, 0, n(4), at.cast()),
            Kind::INTSXP => INTEGER_GET_REGION(raw, 0, n(4), at.cast()),
            Kind::REALSXP => REAL_GET_REGION(raw, 0, n(8), at.cast()),
            Kind::CPLXSXP => COMPLEX_GET_REGION(raw, 0, n(16), at.cast()),
            _ => RAW_GET_REGION(raw, 0, n(1), at),
        };
    }
}

/// The items of a plain vector, each a `T`, where they lie, or copied where R has none in one place.
///
/// # Safety
/// The vector lives and is unchanged as long as the items are used.
pub unsafe fn items<T: Copy + Default>(x: Sexp) -> Result<Cow<'static, [T]>> {
    if x.is_empty() {
        return Ok(Cow::Owned(Vec::new()));
    }
    if tag_of(x).is_none_or(|tag| tag.item_size() as usize != size_of::<T>()) {
        return Err(Failure::Internal("a vector of another type".into()));
    }
    if let Some(data) = protect(|_| Ok(x.data()))? {
        // SAFETY: so many items of this size of a vector that lives on, by this function's contract.
        return Ok(Cow::Borrowed(unsafe { std::slice::from_raw_parts(data.cast(), x.len()) }));
    }
    let mut own = vec![T::default(); x.len()];
    let (data, bytes) = (own.as_mut_ptr().cast(), size_of_val(own.as_slice()));
    protect(|_| {
        // SAFETY: the bytes of so many items, which nobody else has.
        copy_region(x, unsafe { std::slice::from_raw_parts_mut(data, bytes) });
        Ok(())
    })?;
    Ok(Cow::Owned(own))
}
