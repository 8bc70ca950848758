//! Why a variable's memory is still there: who registered it, whose runs hold it, which processes have it mapped.
//!
//! A name that was released leads nowhere any more, but its memory shows in the maps of whoever still has it mapped, under the
//! name it had. So a variable of the past is known as long as it costs anything.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::content::places;
use super::find::registered_in;
use super::{holds, Header, Hold};
use crate::error::{Error, Result};
use crate::os::maps::{self, Region};
use crate::os::{name, user, FilePart, Place, SessionId, SessionLock};

/// What keeps a variable.
#[derive(Clone, Debug, Default)]
pub struct Why {
    /// Who has the name registered.
    pub registered: Option<Registered>,
    /// The file that its items lie in.
    pub file: Option<FilePart>,
    /// Sessions of which a run reads it, one entry a hold.
    pub runs: Vec<User>,
    /// Processes that have it mapped.
    pub mapped: Vec<User>,
}

/// A registered name.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// The process that registered it.
    pub pid: u32,
    /// Its session.
    pub session: SessionId,
    /// Whether that lives. A dead session's variable goes with the next cleaning.
    pub alive: bool,
    /// Bytes in shared memory.
    pub bytes: u64,
    /// Whether it may be written into.
    pub writable: bool,
}

/// Who uses a variable's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The process, if it is known.
    pub pid: Option<u32>,
    /// Its program's name.
    pub command: String,
    /// Whether it is the memory that the name leads to now; else it is of a variable of this name that was released.
    pub current: bool,
    /// Mappings.
    pub mappings: u64,
    /// Bytes of them, a file's part included.
    pub bytes: u64,
}

/// Finds what keeps the variable `name` of `namespace`.
///
/// # Errors
/// [`Error::NotAllocated`] when nothing is known of it: nobody has registered it, and nobody has its memory.
///
/// # Complexity
/// Reads the maps of all processes of this user: milliseconds.
pub fn why(namespace: &str, name: &str, place: &Place) -> Result<Why> {
    let mut out = Why::default();
    let mut memory = Memory::default();
    for place in places(place) {
        // Of a dead session's and a living one's in two places, the living one's.
        let Some(found) = registered_in(namespace, name, &place)? else { continue };
        let header = &found.header;
        let alive = SessionLock::is_alive(header.session, &place);
        if out.registered.is_none_or(|known| !known.alive) {
            out.registered = Some(registration(header, alive));
            memory.current = Some(found.handle.inode);
            memory.add(found.handle.inode, header);
        }
    }
    for Hold { session, handle, header } in holds(place)? {
        if header.namespace != namespace || header.name != name {
            continue;
        }
        memory.add(handle.inode, &header);
        let pid = SessionLock::holder(session, &handle.place);
        let current = memory.current == Some(handle.inode);
        let bytes = header.total();
        out.runs.push(User {
            pid,
            command: pid.map(maps::command).unwrap_or_default(),
            current,
            mappings: 0,
            bytes,
        });
    }
    memory.directories = places(place).iter().map(|place| (place.dir().to_owned(), device(place))).collect();
    memory.name = name::variable(user(), namespace, name);
    for pid in maps::processes() {
        out.mapped.extend(memory.mapped_by(pid));
    }
    out.file = memory.files.into_iter().next();
    match out.registered.is_none() && out.runs.is_empty() && out.mapped.is_empty() {
        true => Err(Error::NotAllocated { namespace: namespace.into(), name: name.into() }),
        false => Ok(out),
    }
}

/// The file system of a place's segments as maps tell it: another container has a `/dev/shm` of its own, whose segments may have the same names and
/// numbers. Of directories nothing is said, for on btrfs and in overlays maps tell another one than `stat`.
fn device(place: &Place) -> Option<u64> {
    let memory = *place == Place::Memory;
    memory.then(|| std::fs::metadata(place.dir()).ok()).flatten().map(|dir| dir.dev())
}

fn registration(header: &Header, alive: bool) -> Registered {
    Registered {
        pid: header.owner_pid,
        session: header.session,
        alive,
        bytes: header.bytes,
        writable: header.traits.writable,
    }
}

/// What is known of the memory that is looked for.
#[derive(Default)]
struct Memory {
    /// The segment that the name leads to now.
    current: Option<u64>,
    /// Segments that are or were this variable's, by their numbers; others turn up under its name.
    inodes: HashSet<u64>,
    /// Files behind them; the current one's is the first.
    files: Vec<FilePart>,
    /// Where segments lie, and on which file system where that is sure.
    directories: Vec<(PathBuf, Option<u64>)>,
    /// How the variable's segment is called.
    name: String,
}

impl Memory {
    fn add(&mut self, inode: u64, header: &Header) {
        self.inodes.insert(inode);
        self.files.extend(header.traits.file.clone().filter(|file| !self.files.contains(file)));
    }

    /// What a process has mapped of it, of the current segment and of released ones apart.
    fn mapped_by(&self, pid: u32) -> Vec<User> {
        let mut found = [(true, 0, 0), (false, 0, 0)];
        let mut end_of_ours = None;
        for region in maps::regions(pid) {
            if self.is_segment(&region) {
                let current = self.current == Some(region.inode);
                let (_, mappings, bytes) = &mut found[usize::from(!current)];
                *mappings += 1;
                *bytes += region.bytes();
                end_of_ours = Some((region.end, current));
                continue;
            }
            // A file's part follows its segment without a gap.
            let Some((end, current)) = end_of_ours.take() else { continue };
            let is_part = |file: &FilePart| file.inode == region.inode && file.path == region.path;
            if region.start == end && self.files.iter().any(is_part) {
                found[usize::from(!current)].2 += region.bytes();
            }
        }
        let used = found.into_iter().filter(|&(_, mappings, _)| mappings > 0);
        let user = |(current, mappings, bytes)| {
            let command = maps::command(pid);
            User { pid: Some(pid), command, current, mappings, bytes }
        };
        used.map(user).collect()
    }

    /// Whether a region shows a segment of this variable, by the number of one that is known or by the name.
    fn is_segment(&self, region: &Region) -> bool {
        let (Some(directory), Some(file)) = (region.path.parent(), region.path.file_name()) else {
            return false;
        };
        let is_here = |(path, device): &(PathBuf, Option<u64>)| {
            path == directory && device.is_none_or(|device| device == region.device)
        };
        let ours = self.directories.iter().any(is_here);
        ours && (file == OsStr::new(&self.name)
            || (self.inodes.contains(&region.inode)
                && file.to_str().is_some_and(|file| name::parse(file).is_some())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_of_the_same_name_in_another_memory_is_another() {
        let directories = vec![(PathBuf::from("/dev/shm"), Some(7)), ("/disk".into(), None)];
        let memory = Memory { directories, name: "memshare-v1".into(), ..Memory::default() };
        let region = |device, path: &str| Region {
            start: 0,
            end: 4096,
            device,
            inode: 2,
            path: path.into(),
            deleted: false,
        };
        assert!(memory.is_segment(&region(7, "/dev/shm/memshare-v1")));
        assert!(!memory.is_segment(&region(8, "/dev/shm/memshare-v1")));
        assert!(memory.is_segment(&region(8, "/disk/memshare-v1")));
        assert!(!memory.is_segment(&region(7, "/dev/shm/memshare-v2")));
    }
}
