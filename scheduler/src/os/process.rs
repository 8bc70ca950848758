//! Starting a worker process, watching it, ending it.
//!
//! A worker lives in a process group of its own, so that Ctrl-C in the terminal reaches it only through us, and so that what
//! FUN started goes with it. It dies with the session: by end-of-file on its channel, and by the kernel's parent-death
//! signal when it is too busy to see that. It inherits its channel and no other descriptor.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::io::FdFlags;
use rustix::process::{getppid, setpgid, Pid, Signal};

use super::child::{Child, Peer};
use super::launcher;
use super::signals::{set_signal_mask, Blocked};
use crate::error::{Error, Result};

/// The variable that tells a worker which of its descriptors is the channel.
pub const CHANNEL_VARIABLE: &str = "MEMSHARE_CHANNEL";

/// A process to start.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The program's path, or a name to be looked for.
    pub program: PathBuf,
    /// Its arguments, without its own name.
    pub args: Vec<OsString>,
    /// Variables to set, besides those of this process.
    pub env: Vec<(String, String)>,
    /// The file that its output is added to.
    pub log: PathBuf,
    /// Its end of the channel; [`CHANNEL_VARIABLE`] tells it the number. The caller closes its own copy afterwards.
    pub channel_fd: BorrowedFd<'a>,
}

/// Starts a process.
///
/// It is started from a thread that lives until [`super::launcher::stop`], because the kernel's parent-death signal is sent
/// when the *thread* ends that started the child.
///
/// # Errors
/// [`Error::Launch`] when the program cannot be run at all, or its log not be written. One that runs and fails is no error.
pub fn launch(launch: &Launch<'_>) -> Result<Child> {
    let failed = |e: io::Error| Error::Launch(format!("{}: {e}", launch.program.display()));
    let log = open_log(&launch.log)?;
    let channel = launch.channel_fd.as_raw_fd();
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.args)
        .envs(launch.env.iter().map(|(key, value)| (key, value)))
        .env(CHANNEL_VARIABLE, channel.to_string())
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log);
    let parent = std::process::id();
    // SAFETY: between fork and exec only calls that are safe after a fork may be made, and no memory be allocated:
    // `prepare` makes system calls only, and the closure holds two numbers.
    unsafe { command.pre_exec(move || prepare(parent, channel)) };
    // The caller waits here, so that `channel` stays open until the child has it.
    let spawned = launcher::run(move || command.spawn())?;
    spawned.map(|child| Child::of(child.id())).map_err(failed)
}

/// In the new process, before it becomes another program.
fn prepare(parent: u32, channel: RawFd) -> io::Result<()> {
    leave_group_and_follow(parent)?;
    // What was ignored stays ignored through exec; what was blocked, blocked (our threads block everything).
    for signal in 1..libc::SIGRTMIN() {
        // SAFETY: sets a disposition to the default in a process of a single thread; where it may not (SIGKILL), it fails.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    set_signal_mask(Blocked::None);
    // R opens files without close-on-exec: another session's sockets would stay open in the worker.
    // SAFETY: closes nothing, only marks descriptors, and reads no memory.
    let marked =
        unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if marked != 0 {
        // An old kernel. The ones above are then inherited: nothing worse than any other package does.
        for fd in 3..1024 {
            // SAFETY: as above; a number that is not open gives an error that is not looked at.
            unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
    // SAFETY: `launch` keeps the descriptor open until the spawning has returned, and this process has a copy.
    let channel = unsafe { BorrowedFd::borrow_raw(channel) };
    Ok(rustix::io::fcntl_setfd(channel, FdFlags::empty())?)
}

/// Own process group, and killed when the thread that forked it ends; ends at once if that has happened already.
pub(super) fn leave_group_and_follow(parent: u32) -> io::Result<()> {
    setpgid(None, None)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid().map(Pid::as_raw_pid) != Some(parent as i32) {
        // SAFETY: ends the process at once, which is allowed after a fork.
        unsafe { libc::_exit(1) };
    }
    Ok(())
}

/// Has this process, which was launched to die with its parent, live on when that ends, which it can see by what this gives. Where it is stopped, it
/// goes on then.
///
/// # Errors
/// As [`Peer::open`]; then it dies with its parent as before.
pub fn outlive_parent() -> Result<Peer> {
    let parent = getppid().map_or(0, Pid::as_raw_pid);
    let parent = Peer::open(parent as u32)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::CONT))
        .map_err(|e| Error::os("cannot outlive the session", e))?;
    Ok(parent)
}

/// The mode bits that new files of this process do not get. The kernel tells them only in exchange for others, so for a moment every
/// bit is kept off: a file that another thread makes meanwhile is closed to all until its owner says otherwise.
pub fn umask() -> u32 {
    let before = rustix::process::umask(rustix::fs::Mode::all());
    rustix::process::umask(before);
    before.bits()
}

/// The locale of this process, all categories in one text. It is R's main thread that sets it, and asks here.
pub fn locale() -> Vec<u8> {
    // SAFETY: with no name given the locale is only told; the text is read before anything can set another one.
    unsafe {
        let text = libc::setlocale(libc::LC_ALL, std::ptr::null());
        if text.is_null() {
            Vec::new()
        } else {
            std::ffi::CStr::from_ptr(text).to_bytes().to_vec()
        }
    }
}

/// All environment variables, each ended by a zero; `room` bytes are expected. It is R's main thread that sets them, and asks here.
pub fn environment(room: usize) -> Vec<u8> {
    extern "C" {
        static environ: *const *const std::ffi::c_char;
    }
    let mut all = Vec::with_capacity(room);
    // SAFETY: the system's table of pointers to texts, ended by a null; nobody changes it meanwhile, for this is the thread that would.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            all.extend_from_slice(std::ffi::CStr::from_ptr(*entry).to_bytes_with_nul());
            entry = entry.add(1);
        }
    }
    all
}

/// Opens a log for adding to; only the user can read it.
pub(super) fn open_log(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
        .map_err(|e| Error::Launch(format!("the log {}: {e}", path.display())))
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
