//! This host, its clock and its boot, which all of its processes share; and this process in it.

use std::sync::OnceLock;

use rustix::time::{clock_gettime, ClockId};

/// Nanoseconds of `CLOCK_MONOTONIC`, the same clock in every process of this host.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Nanoseconds since 1970, for people: this clock may be set back.
pub fn unix_ns() -> u64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Names this boot of this host: processes with different ones share no memory. Empty where the system does not tell. Read once: later
/// there may be no descriptor left to read it by.
pub fn boot_id() -> String {
    static BOOT: OnceLock<String> = OnceLock::new();
    let known = BOOT.get().cloned().or_else(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(BOOT.get_or_init(|| text.trim().to_owned()).clone())
    });
    known.unwrap_or_default()
}

/// How many threads work may take at once here. One in workers, of which each core has one: they say so by `RAYON_NUM_THREADS`.
pub fn threads_for_work() -> usize {
    let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok()).filter(|&n| n > 0);
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get()))
}

/// Bytes of a page of memory: mappings begin and end at multiples of it.
pub fn page_size() -> u64 {
    rustix::param::page_size() as u64
}

/// How many descriptors this process may have open.
pub fn most_descriptors() -> u64 {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// The user as whom this process acts; nobody else's segments are ever used.
pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}
