//! Everything that speaks to the operating system: segments and their mappings, room, ownership, sockets, processes.
//!
//! The rest of the crate knows names, bytes and file descriptors, never a system call (`clippy.toml` at the root enforces
//! it). README.md beside this file tells the states of a segment and the races that were thought through.
#![allow(clippy::disallowed_methods)] // this is the one place where they stand

#[cfg(not(target_os = "linux"))]
compile_error!(
    "memshare runs on Linux so far: its segments, wake-ups and worker processes stand on Linux's calls"
);

mod access;
pub mod child;
mod crash;
pub mod data_file;
pub mod file;
mod files;
pub mod fork;
pub mod handle;
mod heap;
pub mod host;
pub mod joined;
pub mod launcher;
mod lease;
pub mod listener;
pub mod lock;
pub mod mapping;
pub mod maps;
pub mod name;
pub mod owner;
mod pagemap;
pub(crate) mod per_process;
pub mod poll;
pub mod process;
pub mod segment;
mod sending;
mod session_id;
mod signals;
pub mod socket;
pub mod space;

pub use access::Access;
pub use child::{is_stopped, reap, Child, Exit, Peer};
pub use crash::{end_hanging_crashes, CRASH_WITHIN};
pub use data_file::{DataFile, FilePart};
pub use file::SegmentFile;
pub use files::{files_in, room_for_files, FilesDirectory};
pub use fork::{fork_worker, leave_forked, thread_count, Forked};
pub use handle::{Place, SegmentHandle};
pub use heap::{give_back_freed, keep_freed};
pub use host::{boot_id, most_descriptors, now_ns, page_size, threads_for_work, unix_ns, user};
pub use listener::Listener;
pub use lock::{Locked, RangeLock};
pub use mapping::Mapping;
pub use owner::SessionLock;
pub(crate) use per_process::PerProcess;
pub use poll::{poll, poll_each, Interest};
pub use process::{environment, launch, locale, outlive_parent, umask, Launch, CHANNEL_VARIABLE};
pub use segment::{Link, Segment};
pub use sending::send_at_once;
pub use session_id::SessionId;
pub use signals::{
    block_interrupts, disarm_worker_signals, unblock_interrupts, with_signals_blocked, within_file_limit,
};
pub use socket::{Channel, Received};
