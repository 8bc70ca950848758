//! A segment: named shared memory (or a file, where memory is short), owned by the process that made it.
//!
//! An owner holds a name and no descriptor, and who reads or writes opens the name for as long as it needs it.

use std::io;

use rustix::fs::{self, AtFlags, RenameFlags};
use rustix::io::Errno;

use super::file::{self, SegmentFile};
use super::handle::{Place, SegmentHandle};
use crate::error::{Error, Result};

/// What came of [`Segment::link`].
#[derive(Debug)]
pub enum Link {
    /// The second name's owner.
    Made(Segment),
    /// The first name is no longer that segment's.
    Gone,
    /// The file system has no second names, or none left.
    Refused,
}

/// The owner of a segment's name. Dropping it takes the name away (in the process that made it, never in a forked child);
/// the memory goes with the last mapping.
#[derive(Debug)]
pub struct Segment {
    handle: SegmentHandle,
    creator: u32,
}

impl Segment {
    /// Makes a segment of `bytes` zeros, for which nothing is reserved yet, and leaves it open for its content.
    ///
    /// # Errors
    /// [`Error::NoSpace`] for a full memory or disk, [`Error::NoPlace`] where no segment can be made; [`Error::Os`] when the system
    /// refuses, with `AlreadyExists` for a name that is taken.
    pub fn create(name: &str, bytes: u64, place: &Place) -> Result<(Segment, SegmentFile)> {
        if bytes == 0 || usize::try_from(bytes).is_err() {
            return Err(refused(name, io::ErrorKind::InvalidInput.into()));
        }
        let file = SegmentFile::create(&SegmentHandle::named(name, place.clone()))?;
        let segment = Segment { handle: file.handle(), creator: std::process::id() };
        file.resize(bytes)?; // when it is refused, the name goes with `segment`
        Ok((segment, file))
    }

    /// A segment without a name in its place, which `file` keeps open: see [`SegmentFile::renamed`].
    pub fn nameless(file: &SegmentFile) -> Segment {
        Segment { handle: file.handle(), creator: std::process::id() }
    }

    /// Gives an open segment a second name in the same place, which this process owns: what becomes of the first one then
    /// no longer matters.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses for another reason than [`Link`] has.
    pub fn link(file: &SegmentFile, name: &str) -> Result<Link> {
        let first = file.handle();
        let second = SegmentHandle { name: name.to_owned(), ..first.clone() };
        match fs::linkat(fs::CWD, first.path(), fs::CWD, second.path(), AtFlags::empty()) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(Link::Gone),
            Err(
                Errno::PERM | Errno::ACCESS | Errno::MLINK | Errno::OPNOTSUPP | Errno::NOSYS // it knows none
                | Errno::NOSPC | Errno::DQUOT // a name is a file (inode) to `/dev/shm`, and it may have no more
                | Errno::ROFS,
            ) => return Ok(Link::Refused),
            Err(e) => return Err(refused(name, e.into())),
        }
        // The first name may have been given up and taken again just before: then that one's segment was linked.
        if !file::names(&second) {
            let _ = fs::unlink(second.path());
            return Ok(Link::Gone);
        }
        Ok(Link::Made(Segment { handle: second, creator: std::process::id() }))
    }

    /// What another process opens it by.
    pub fn handle(&self) -> SegmentHandle {
        self.handle.clone()
    }

    /// Opens it for reading and writing.
    ///
    /// # Errors
    /// [`Error::Damaged`] when its name was taken away from outside; else as [`SegmentFile::open_write`].
    pub fn file(&self) -> Result<SegmentFile> {
        SegmentFile::open_write(&self.handle)?.ok_or_else(|| Error::Damaged {
            segment: self.handle.name.clone(),
            reason: "its name was taken away from outside".into(),
        })
    }

    /// Gives the segment another name in one step, unless that is taken: then `false`, and nothing has changed.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses.
    pub fn rename(&mut self, name: &str) -> Result<bool> {
        let new = SegmentHandle { name: name.to_owned(), ..self.handle.clone() };
        let (from, to) = (self.handle.path(), new.path());
        let moved = match fs::renameat_with(fs::CWD, &from, fs::CWD, &to, RenameFlags::NOREPLACE) {
            // A file system without this call: two steps, of which the first is the exclusive one.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                fs::linkat(fs::CWD, &from, fs::CWD, &to, AtFlags::empty()).and_then(|()| fs::unlink(&from))
            }
            other => other,
        };
        match moved {
            Ok(()) => {
                self.handle = new;
                Ok(true)
            }
            Err(Errno::EXIST) => Ok(false),
            Err(e) => Err(refused(&self.handle.name, e.into())),
        }
    }

    /// Where it lies.
    pub fn place(&self) -> &Place {
        &self.handle.place
    }

    /// Whether this process made it. A forked child did not.
    pub fn is_mine(&self) -> bool {
        self.creator == std::process::id()
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if !self.is_mine() {
            return;
        }
        // Only while the name is still this segment's: who cleared /dev/shm by hand may have made room for another's.
        if file::names(&self.handle) {
            if let Err(e) = fs::unlink(self.handle.path()) {
                tracing::warn!(segment = self.handle.name, error = %e, "the name could not be taken away");
            }
        }
        tracing::debug!(segment = self.handle.name, "given back");
    }
}

fn refused(name: &str, source: io::Error) -> Error {
    Error::os(format!("cannot create the segment {name}"), source)
}

#[cfg(test)]
#[path = "segment_tests.rs"]
mod tests;
