//! The store on the real `/dev/shm`. Every test has names of its own, for other processes work there too.

mod cache;
mod death;
mod holds;
mod places;
mod races;
mod reasons;
mod variables;

use std::cell::Cell;
use std::path::PathBuf;

use super::*;
use crate::error::{Error, Result};
use crate::os::name::{self, Named};
use crate::os::{Place, SegmentFile, SessionId};

/// A namespace that no other test or process uses.
fn namespace(test: &str) -> String {
    format!("memshare-test-{}-{test}", std::process::id())
}

fn open() -> Store {
    Store::open(Place::Memory).unwrap()
}

fn register(store: &mut Store, namespace: &str, name: &str, content: &[u8]) -> Result<()> {
    store.register(namespace, &[(name.into(), &content)])
}

/// What another session reads of a variable.
fn content_of(namespace: &str, name: &str) -> Result<Vec<u8>> {
    let found = find(namespace, name, &Place::Memory)?;
    let mapping = found.map()?;
    // SAFETY: the page is sealed, and nothing writes through this mapping.
    Ok(unsafe { mapping.bytes() }[CONTENT as usize..].to_vec())
}

/// How many pages a session has, of any kind.
fn pages_of(session: SessionId, place: &Place) -> usize {
    list(place).unwrap().iter().filter(|page| page.header.session == session).count()
}

fn is_unallocated<T: std::fmt::Debug>(result: Result<T>) -> bool {
    matches!(result, Err(Error::NotAllocated { .. }))
}

/// A directory for pages, removed when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new(test: &str) -> Dir {
        let path = std::env::temp_dir().join(namespace(test));
        std::fs::create_dir(&path).unwrap();
        Dir(path)
    }

    fn place(&self) -> Place {
        Place::Directory(self.0.clone())
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// All of its files but the locks of sessions, which live as long as these.
    fn files(&self) -> usize {
        let is_lock = |name: &String| matches!(name::parse(name), Some(Named::Lock(_)));
        self.names().iter().filter(|name| !is_lock(name)).count()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A content that misbehaves: it meets a full memory so many times, fails, or writes more than it said.
struct Odd {
    full: Cell<u32>,
    broken: bool,
    excess: bool,
}

impl Odd {
    fn fine() -> Odd {
        Odd { full: Cell::new(0), broken: false, excess: false }
    }

    /// Content for which memory is full, and the directory is not.
    fn too_big_for_memory() -> Odd {
        Odd { full: Cell::new(1), ..Odd::fine() }
    }
}

impl Content for Odd {
    fn bytes(&self) -> u64 {
        3
    }

    fn write(&self, file: &SegmentFile, at: u64) -> Result<()> {
        if self.full.get() > 0 {
            self.full.set(self.full.get() - 1);
            return Err(Error::NoSpace { needed: 3, free: 0, limit: 2, dir: "/full".into() });
        }
        if self.broken {
            return Err(Error::os("broken", std::io::Error::other("as told")));
        }
        file.write_at(at, if self.excess { b"oddest" } else { b"odd" })
    }
}
