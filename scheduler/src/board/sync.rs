//! The atomics of the board: those of the machine, or loom's in the model (`RUSTFLAGS="--cfg loom"`).
#[cfg(loom)]
pub(super) use loom::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};
#[cfg(not(loom))]
pub(super) use std::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};
