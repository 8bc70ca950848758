//! The atomics of the board: those of the machine, or loom's in the model (`RUSTFLAGS="--cfg loom"`).
#[cfg(loom)]
pub(super) use loom::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};
#[cfg(not(loom))]
pub(super) use std::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};

/// A load that sees what was written before the store whose value it gives. The memory may be read-only, of which Rust promises relaxed
/// loads of at most 8 bytes and no others: the fence makes of one what an acquire load is.
pub(super) fn acquire64(word: &AtomicU64) -> u64 {
    let value = word.load(Ordering::Relaxed);
    fence(Ordering::Acquire);
    value
}

/// As [`acquire64`].
pub(super) fn acquire32(word: &AtomicU32) -> u32 {
    let value = word.load(Ordering::Relaxed);
    fence(Ordering::Acquire);
    value
}
