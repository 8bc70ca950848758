//! The memory that this process took from the system for its own values, and freed.
//!
//! FUN makes values, and R frees them at its next collection. By glibc's defaults their memory then goes back to the system, page by
//! page, and the next values take it again: with vectors of some 100 kB to 32 MB that is half of what making them takes. So a worker keeps
//! what it freed as long as it works, up to [`KEPT`], and gives it back once nothing comes.

/// Vectors up to this size come from memory that is kept: glibc takes no higher bound, and comes to it by itself once such a vector is
/// freed.
#[cfg(target_env = "gnu")]
const VECTOR: libc::c_int = 32 << 20;
/// Bytes that a worker keeps at most.
#[cfg(target_env = "gnu")]
const KEPT: libc::c_int = 128 << 20;

/// From now on this process keeps memory that it frees.
pub fn keep_freed() {
    // SAFETY: mallopt() changes two numbers of the allocator under its own lock; values that it does not take change nothing.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, VECTOR);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}

/// Gives back what is free.
pub fn give_back_freed() {
    // SAFETY: malloc_trim() gives back memory that nobody has, under the allocator's own locks.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}
