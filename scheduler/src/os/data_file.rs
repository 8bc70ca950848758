//! A file of the user's, of which a part is a variable's data. memshare reads it, writes to it when asked, and never removes
//! it.
//!
//! The file is found again by its path and recognised by its device and inode: one that took its place is an error, not
//! another's data. Its length is looked at whenever it is opened. Who shortens it *while* it is mapped makes the next access
//! beyond its end a SIGBUS; no check can prevent that.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{self, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::access::Access;
use super::file::{no_space, write_all};
use super::handle::Place;
use crate::error::{Error, Result};

/// Names a part of a file, for ever: a header carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePart {
    /// The file, from the root.
    pub path: PathBuf,
    /// The device it lies on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// Where the part begins.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}

/// An open file of the user's.
#[derive(Debug)]
pub struct DataFile {
    fd: OwnedFd,
    path: PathBuf,
    stat: Stat,
}

impl DataFile {
    /// Opens a regular file.
    ///
    /// # Errors
    /// [`Error::File`], with the reason, for what cannot be opened so or is no regular file.
    pub fn open(path: &Path, access: Access) -> Result<DataFile> {
        let error = |reason: &str| Error::File { path: path.to_owned(), reason: reason.into() };
        let flags = match access {
            Access::Read => OFlags::RDONLY,
            Access::Write => OFlags::RDWR,
        };
        // NONBLOCK: a pipe is refused below, and must not hold us before.
        let fd = fs::open(path, flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY, Mode::empty());
        let fd = fd.map_err(|e| match e {
            Errno::NOENT | Errno::NOTDIR => error("there is no such file"),
            Errno::ACCESS | Errno::PERM if access == Access::Read => {
                error("it cannot be read: permission denied")
            }
            Errno::ACCESS | Errno::PERM => error("it cannot be written to: permission denied"),
            Errno::ROFS | Errno::TXTBSY => error(&format!("it cannot be written to: {}", io::Error::from(e))),
            Errno::ISDIR | Errno::NXIO | Errno::NODEV => error("it is not a regular file"),
            e => error(&format!("it cannot be opened: {}", io::Error::from(e))),
        })?;
        let stat = fs::fstat(&fd).map_err(|e| error(&io::Error::from(e).to_string()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(error("it is not a regular file"));
        }
        Ok(DataFile { fd, path: path.to_owned(), stat })
    }

    /// Opens the file of a part again.
    ///
    /// # Errors
    /// As [`DataFile::open`], and [`Error::File`] when another file has taken its place, or it is too short.
    pub fn open_part(part: &FilePart, access: Access) -> Result<DataFile> {
        let file = DataFile::open(&part.path, access)?;
        if (file.stat.st_dev, file.stat.st_ino) != (part.device, part.inode) {
            return Err(file.error("another file has taken its place since it was mapped"));
        }
        file.check_length(part.offset, part.bytes)?;
        Ok(file)
    }

    /// Its length in bytes when it was opened.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        self.stat.st_size as u64
    }

    /// Names `bytes` bytes from `offset` on.
    ///
    /// # Errors
    /// [`Error::File`] when it is shorter.
    pub fn part(&self, offset: u64, bytes: u64) -> Result<FilePart> {
        self.check_length(offset, bytes)?;
        let (device, inode) = (self.stat.st_dev, self.stat.st_ino);
        Ok(FilePart { path: self.path.clone(), device, inode, offset, bytes })
    }

    /// Reads as many bytes as `buf` has, from `at` on.
    ///
    /// # Errors
    /// [`Error::File`] for a file that ends before, or cannot be read.
    pub fn read_at(&self, mut at: u64, mut buf: &mut [u8]) -> Result<()> {
        while !buf.is_empty() {
            match rustix::io::pread(&self.fd, &mut *buf, at) {
                Ok(0) => return Err(self.error(&format!("it is too short: it ends at byte {at}"))),
                Ok(n) => {
                    at += n as u64;
                    buf = &mut buf[n..];
                }
                Err(Errno::INTR) => {}
                Err(e) => return Err(self.error(&format!("it cannot be read: {}", io::Error::from(e)))),
            }
        }
        Ok(())
    }

    /// Writes all of `bytes` at `at`, which the file must reach already.
    ///
    /// # Errors
    /// [`Error::NoSpace`] for a full disk; [`Error::File`], with the reason, for any other refusal.
    pub fn write_at(&self, at: u64, bytes: &[u8]) -> Result<()> {
        write_all(&self.fd, at, bytes).map_err(|e| {
            let directory = Place::Directory(self.path.parent().unwrap_or(Path::new("/")).to_owned());
            no_space(&e.into(), bytes.len() as u64, &directory)
                .unwrap_or_else(|| self.error(&format!("it cannot be written to: {}", io::Error::from(e))))
        })
    }

    fn check_length(&self, offset: u64, bytes: u64) -> Result<()> {
        let needed = offset.checked_add(bytes);
        if needed.is_none_or(|needed| needed > self.len()) {
            let needed = needed.unwrap_or(u64::MAX);
            return Err(self.error(&format!("it is too short: {needed} bytes needed, it has {}", self.len())));
        }
        Ok(())
    }

    /// That it cannot be used, with the reason.
    pub fn error(&self, reason: &str) -> Error {
        Error::File { path: self.path.clone(), reason: reason.into() }
    }
}

impl AsFd for DataFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
#[path = "data_file_tests.rs"]
mod tests;
