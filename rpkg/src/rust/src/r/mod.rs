//! The one face to R's C API. Outside this module and `altrep/` nothing calls R directly, but for reading numbers in bulk
//! (`codec/region.rs`, `codec/deferred.rs`, `index.rs`) and the look at the session (`state/look.rs`).
//!
//! Three rules keep it sound:
//!
//! 1. R is called on R's main thread only. [`Sexp`] and [`Scope`] are neither `Send` nor `Sync`, and both come from here.
//! 2. R leaves by `longjmp` (errors, interrupts, restarts). [`protect`] stops the jump, lets Rust's values drop, and
//!    [`edge`] has R go on with it. So a closure given to [`protect`] *owns nothing that needs dropping while it calls R*:
//!    it works on what it borrows.
//! 3. What R allocates is kept in a [`Scope`] until the scope ends, and a [`Sexp`] has that lifetime: the compiler lets none outlive what
//!    keeps it. A value leaves a scope for the next one out by [`Scope::carry`], for Rust's own use as [`Preserved`], and for R as [`Given`].
//!    R keeps values on a stack, so only the innermost scope may keep one; another that tries is a fault that is told.
mod attributes;
mod edge;
#[cfg(test)]
pub(crate) mod embedded;
mod error;
mod evaluate;
mod failure;
mod ffi;
mod frames;
mod jump;
mod make;
mod memory;
mod preserved;
mod protect;
pub mod resume;
mod sexp;
#[cfg(test)]
mod tests;
mod text;

pub use edge::{argument, edge, nothing, shortage};
pub use error::words;
pub use evaluate::{field, garbage_seconds, is_true, number_at, numbers};
pub use failure::{Failure, Result};
pub use frames::Bound;
pub use make::{character, integer, integers, list, logical, named_list, path, real, reals};
pub use memory::{copy_plain, plain_items};
pub use preserved::Preserved;
pub use protect::{give, protect};
pub use sexp::{Given, Kind, Scope, Sexp};
pub use text::{character_bytes, list_names, path_of, string, strings, with_bytes};

pub(crate) use jump::owns_nothing;
pub(crate) use text::bytes_of;
