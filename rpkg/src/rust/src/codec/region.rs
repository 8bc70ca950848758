//! A plain vector's items as bytes, also of one whose bytes R has not made.
use extendr_ffi::{
    COMPLEX_GET_REGION, INTEGER_GET_REGION, LOGICAL_GET_REGION, RAW_GET_REGION, REAL_GET_REGION,
};

use crate::r::{Kind, Sexp};

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
