//! How much room there is, asked before a segment is made: a full memory is an error that says so, not a SIGBUS.
//!
//! Shared memory is limited thrice: by the size of `/dev/shm` (64 MB in many containers), by the machine's memory, and by
//! the control group, whose limit the kernel enforces by killing. A directory is limited by its file system.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::Access;
use rustix::io::Errno;

use super::handle::Place;
use crate::error::{Error, Result};

/// A limit above this is none: version 1 of the control groups writes "no limit" as a huge number.
const UNLIMITED: u64 = 1 << 60;

/// The room of a place, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// What is free.
    pub free: u64,
    /// What the place holds in all.
    pub limit: u64,
}

impl Space {
    /// The error for a need that the room does not meet.
    pub(crate) fn too_small(self, needed: u64, place: &Place) -> Error {
        Error::NoSpace { needed, free: self.free, limit: self.limit, dir: place.dir().to_owned() }
    }
}

/// The room there is now.
///
/// # Errors
/// [`Error::NoPlace`] when the directory is not there, [`Error::Os`] when it cannot be examined.
pub fn of(place: &Place) -> Result<Space> {
    let dir = place.dir();
    let stat = rustix::fs::statvfs(dir).map_err(|e| {
        let refused = || Error::os(format!("cannot examine the directory {}", dir.display()), e);
        no_place(e, place).unwrap_or_else(refused)
    })?;
    // A tmpfs without a limit says 0 blocks.
    let mut space = match stat.f_blocks {
        0 => Space { free: UNLIMITED, limit: UNLIMITED },
        blocks => Space {
            free: stat.f_bavail.saturating_mul(stat.f_frsize),
            limit: blocks.saturating_mul(stat.f_frsize),
        },
    };
    if *place == Place::Memory {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let machine = of_machine(&read("/proc/meminfo"));
        let group = of_group(Path::new("/sys/fs/cgroup"), &read("/proc/self/cgroup"));
        for other in [machine, group].into_iter().flatten() {
            space.free = space.free.min(other.free);
            space.limit = space.limit.min(other.limit);
        }
    }
    Ok(space)
}

/// What is free in all of these places together; one in which no segment can be made counts for nothing, unless it is the only one.
///
/// # Errors
/// As [`of`], and [`Error::NoPlace`] for the only place, where no segment can be made in it.
pub fn free_in(places: &[Place]) -> Result<u64> {
    let mut free: u64 = 0;
    for place in places {
        let usable = rustix::fs::access(place.dir(), Access::WRITE_OK | Access::EXEC_OK);
        match usable.map_err(|e| no_place(e, place)) {
            Err(Some(e)) if places.len() == 1 => return Err(e),
            Err(Some(_)) => {}
            _ => free = free.saturating_add(of(place)?.free),
        }
    }
    Ok(free)
}

/// The error for a refusal that means that no segment can be made in this place, whatever its size; `None` for any other.
pub(crate) fn no_place(code: Errno, place: &Place) -> Option<Error> {
    let dir = place.dir();
    let reason = match code {
        Errno::ROFS | Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::PERM | Errno::LOOP => {
            io::Error::from(code).to_string()
        }
        // Room there may be, but no file more.
        Errno::NOSPC => match rustix::fs::statvfs(dir) {
            Ok(stat) if stat.f_files > 0 && stat.f_ffree == 0 => {
                format!("the {} files (inodes) that it may have are there", stat.f_files)
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(Error::NoPlace { dir: dir.to_owned(), reason })
}

/// In place of a directory in [`Error::NoSpace`]: this process's limit on the size of a file.
pub const FILE_LIMIT: &str = "ulimit -f";

/// The error for a file of `needed` bytes that would pass that limit.
pub(crate) fn file_limit(needed: u64) -> Error {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current.unwrap_or(UNLIMITED);
    Error::NoSpace { needed, free: limit, limit, dir: FILE_LIMIT.into() }
}

/// What is smaller than this is not asked for first: reading the system's figures takes longer than to write it, and a
/// place that is full says so then.
const SMALL: u64 = 1 << 20;

/// Checks that `needed` bytes are free, as far as that can be known before they are taken.
///
/// # Errors
/// [`Error::NoSpace`] when there are fewer; else as [`of`].
pub fn check(needed: u64, place: &Place) -> Result<()> {
    if needed < SMALL {
        return Ok(());
    }
    let space = of(place)?;
    if needed > space.free {
        return Err(space.too_small(needed, place));
    }
    Ok(())
}

/// The machine's memory, from the text of `/proc/meminfo`. Swap counts: it is slow, yet it is room.
fn of_machine(meminfo: &str) -> Option<Space> {
    let kib = |key: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    };
    let swap = |key| kib(key).unwrap_or(0);
    Some(Space {
        free: (kib("MemAvailable")? + swap("SwapFree")) * 1024,
        limit: (kib("MemTotal")? + swap("SwapTotal")) * 1024,
    })
}

/// The tightest control group that this process is in, from the text of `/proc/self/cgroup`; both versions.
fn of_group(root: &Path, groups: &str) -> Option<Space> {
    let mut tightest: Option<Space> = None;
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (top, files) = match controllers {
            "" => (root.to_owned(), ["memory.max", "memory.current", "inactive_file", "active_file"]),
            c if c.split(',').any(|c| c == "memory") => (
                root.join("memory"),
                [
                    "memory.limit_in_bytes",
                    "memory.usage_in_bytes",
                    "total_inactive_file",
                    "total_active_file",
                ],
            ),
            _ => continue,
        };
        // A limit holds for everything below it; in a container the path may be the host's, and only the top is there.
        for group in Path::new(path.trim_start_matches('/')).ancestors() {
            let found = one_group(&top.join(group), files);
            tightest = match (tightest, found) {
                (Some(a), Some(b)) if a.free <= b.free => Some(a),
                (a, b) => b.or(a),
            };
        }
    }
    tightest
}

fn one_group(dir: &Path, [max, current, inactive, active]: [&str; 4]) -> Option<Space> {
    let read = |file: &str| fs::read_to_string(dir.join(file)).ok();
    let limit = read(max)?.trim().parse().ok().filter(|&limit: &u64| limit < UNLIMITED)?;
    let used: u64 = read(current)?.trim().parse().ok()?;
    // The page cache of files is counted as used, and given back when asked for. (Shared memory is not on these lists.)
    let stat = read("memory.stat").unwrap_or_default();
    let cached = |key: &str| -> u64 {
        stat.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
            .unwrap_or(0)
    };
    let used = used.saturating_sub(cached(inactive) + cached(active));
    Some(Space { free: limit.saturating_sub(used), limit })
}

#[cfg(test)]
#[path = "space_tests.rs"]
mod tests;
