//! The directory of a session's small files, logs and what workers are told of the session, in a place where it also puts segments: for
//! sessions whose own temporary directory has no room.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::handle::Place;
use super::host::user;
use super::name;
use super::session_id::SessionId;
use super::space;
use crate::error::{Error, Result};

/// What the small files of a session should find free: a few logs, and the session's structure.
const ENOUGH_BYTES: u64 = 1 << 20;
/// A log and a temporary directory a worker.
const ENOUGH_FILES: u64 = 256;

/// A directory that is removed, with all in it, when this is dropped in the process that made it.
#[derive(Debug)]
pub struct FilesDirectory {
    path: PathBuf,
    place: Place,
    maker: u32,
}

impl FilesDirectory {
    /// Makes it, for this user alone. Its session must have its lock in that place, or it is taken for a dead one's.
    ///
    /// # Errors
    /// [`Error::NoPlace`] where nothing can be made in the place; [`Error::Os`] when the system refuses, also for a name that is taken.
    pub fn make(session: SessionId, place: &Place) -> Result<Self> {
        let path = place.dir().join(name::files(session));
        DirBuilder::new().mode(0o700).create(&path).map_err(|e| refused(e, &path, place))?;
        Ok(FilesDirectory { path, place: place.clone(), maker: std::process::id() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The place in which it lies.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Removes the directory of a session that is known to be dead; `false` for what is no directory of this user.
    ///
    /// # Errors
    /// [`Error::Os`] when the system refuses.
    pub fn remove_dead(session: SessionId, place: &Place) -> Result<bool> {
        let path = place.dir().join(name::files(session));
        let failed = |e| Error::os(format!("cannot remove the directory {}", path.display()), e);
        match fs::symlink_metadata(&path) {
            Ok(about) if about.is_dir() && about.uid() == user() => {
                fs::remove_dir_all(&path).map(|()| true).map_err(failed)
            }
            Ok(_) => Ok(false),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(failed(e)),
        }
    }
}

impl Drop for FilesDirectory {
    fn drop(&mut self) {
        if self.maker != std::process::id() {
            return;
        }
        if let Err(e) = fs::remove_dir_all(&self.path) {
            tracing::debug!(directory = %self.path.display(), error = %e, "was not removed");
        }
    }
}

/// A directory for small files inside a temporary one, made for this user alone if it is not there.
///
/// # Errors
/// [`Error::NoPlace`] where nothing can be made there; [`Error::Os`] when the system refuses.
pub fn files_in(temporary: &Path) -> Result<PathBuf> {
    let path = temporary.join("memshare");
    match DirBuilder::new().mode(0o700).recursive(true).create(&path) {
        Ok(()) => Ok(path),
        Err(e) => Err(refused(e, &path, &Place::Directory(temporary.to_owned()))),
    }
}

/// Whether small files have enough room in a directory. One that cannot be examined has none.
pub fn room_for_files(directory: &Path) -> bool {
    rustix::fs::statvfs(directory).is_ok_and(|stat| {
        let bytes = stat.f_blocks == 0 || stat.f_bavail.saturating_mul(stat.f_frsize) >= ENOUGH_BYTES;
        // A file system without a table of files says 0.
        let files = stat.f_files == 0 || stat.f_favail >= ENOUGH_FILES;
        let writable = !stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
        bytes && files && writable
    })
}

fn refused(e: io::Error, path: &Path, place: &Place) -> Error {
    let code = rustix::io::Errno::from_io_error(&e);
    code.and_then(|code| space::no_place(code, place))
        .unwrap_or_else(|| Error::os(format!("cannot create the directory {}", path.display()), e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_for_files_is_private_and_goes_with_its_session() {
        let place = Place::Directory(std::env::temp_dir());
        let session = SessionId::draw().unwrap();
        let made = FilesDirectory::make(session, &place).unwrap();
        assert_eq!(fs::metadata(made.path()).unwrap().mode() & 0o777, 0o700);
        assert!(room_for_files(made.path()));
        assert!(FilesDirectory::make(session, &place).is_err(), "made a second time");
        let path = made.path().to_owned();
        fs::write(path.join("worker-1.log"), "a line").unwrap();
        assert_eq!(files_in(&path).unwrap(), path.join("memshare"));
        assert_eq!(files_in(&path).unwrap(), path.join("memshare"), "made again");
        drop(made);
        assert!(!path.exists());
    }

    #[test]
    fn only_a_directory_is_removed_for_a_dead_session() {
        let place = Place::Directory(std::env::temp_dir());
        let session = SessionId::draw().unwrap();
        assert!(!FilesDirectory::remove_dead(session, &place).unwrap(), "there is none");
        let path = place.dir().join(name::files(session));
        std::os::unix::fs::symlink(std::env::temp_dir(), &path).unwrap();
        assert!(!FilesDirectory::remove_dead(session, &place).unwrap(), "a link is none");
        fs::remove_file(&path).unwrap();
        std::mem::forget(FilesDirectory::make(session, &place).unwrap());
        fs::write(path.join("session.log"), "a line").unwrap();
        assert!(FilesDirectory::remove_dead(session, &place).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn where_nothing_can_be_made_is_an_error_that_names_the_place() {
        let nowhere = Path::new("/proc/self/nowhere");
        assert!(!room_for_files(nowhere));
        assert!(files_in(nowhere).unwrap_err().to_string().contains("/proc/self/nowhere"));
    }
}
