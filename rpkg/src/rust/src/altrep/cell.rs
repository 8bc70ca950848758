//! The view's second data slot: where its bytes are. A raw vector, since R then frees it by itself.
use extendr_ffi::{R_altrep_data2, RAW, SEXP};

use crate::r::{Kind, Scope, Sexp};

/// Where a view of numbers begins and how many items it has.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) data: *mut u8,
    pub(super) len: usize,
}

/// A raw vector that holds a `T`.
pub(super) fn hold<'s, T: Copy>(s: &'s Scope, value: T) -> Sexp<'s> {
    let held = s.vector(Kind::RAWSXP, size_of::<T>());
    // SAFETY: the vector was just made, with room for a `T`; unaligned, as R promises no alignment beyond 8.
    unsafe { held.data_mut().cast::<T>().write_unaligned(value) };
    held
}

/// The `T` in a raw vector that `hold` made.
///
/// # Safety
/// R's main thread; `held` is what `hold::<T>` gave.
pub(super) unsafe fn held<T: Copy>(held: SEXP) -> T {
    // SAFETY: by this function's contract.
    unsafe { RAW(held).cast::<T>().read_unaligned() }
}

/// The cell of a view of numbers.
///
/// # Safety
/// R's main thread; `x` is a view of one of the five classes in `numbers`.
pub(super) unsafe fn cell(x: SEXP) -> Cell {
    // SAFETY: `numbers::vector` made `x`, with `hold::<Cell>`.
    unsafe { held::<Cell>(R_altrep_data2(x)) }
}
