//! Files of ours: a kind, a version, a checksum, then bincode.
//!
//! ```text
//! kind (8 bytes) | version (4 bytes) | blake3 of the rest (32 bytes) | bincode
//! ```
//! Numbers are little-endian. What is not as it should be is an error that says how: a file of something else, of another
//! version, cut short, changed. A file is written beside its place and renamed, so that nobody ever reads half of one.
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::Serialize;

use crate::os::within_file_limit;

const CHECKSUM: usize = 32;
/// Names that are tried for a file in the making.
const NAMES: usize = 16;
/// A longer file is none of ours.
const MOST: u64 = 4 << 30;

/// Why bytes hold nothing of a kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Not even the kind.
    #[error("it is too short")]
    TooShort,
    /// Of another kind than this.
    #[error("it is not {0} of memshare's")]
    OtherKind(&'static str),
    /// Of another version.
    #[error("another version of memshare wrote it (layout {found}, this one reads {reads})")]
    OtherVersion {
        /// The version it has.
        found: u32,
        /// The one that is read.
        reads: u32,
    },
    /// Not all of what was written, or not as it was written.
    #[error("it is damaged or cut short")]
    Damaged,
    /// As it was written, and yet it makes no sense.
    #[error("{0}")]
    Senseless(String),
}

/// What a file holds.
#[derive(Debug)]
pub struct Format {
    /// Its first bytes.
    pub magic: &'static [u8; 8],
    /// Goes up with every change of what is in it.
    pub version: u32,
    /// What people call it: "a profile".
    pub what: &'static str,
}

impl Format {
    /// The bytes of a file that holds `value`.
    pub fn to_bytes<T: Serialize>(&self, value: &T) -> Vec<u8> {
        self.around(&crate::wire::pack(value))
    }

    /// The bytes of a file with this body.
    pub fn around(&self, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.magic.len() + 4 + CHECKSUM + body.len());
        bytes.extend_from_slice(self.magic);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(blake3::hash(body).as_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    /// The same bytes as a file of this kind with a right checksum: what stands behind its place is the body.
    #[cfg(any(test, feature = "fuzz"))]
    pub fn summed(&self, bytes: &[u8]) -> Vec<u8> {
        self.around(bytes.get(self.magic.len() + 4 + CHECKSUM..).unwrap_or(bytes))
    }

    /// Whether bytes say that they are of this kind and version.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        bytes
            .strip_prefix(self.magic.as_slice())
            .is_some_and(|rest| rest.starts_with(&self.version.to_le_bytes()))
    }

    /// What such bytes hold.
    ///
    /// # Errors
    /// [`Unusable`], where they hold nothing of this kind and version.
    pub fn open<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, Unusable> {
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(Unusable::TooShort)?;
        if magic != self.magic {
            return Err(Unusable::OtherKind(self.what));
        }
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(Unusable::Damaged)?;
        let (found, reads) = (u32::from_le_bytes(*version), self.version);
        if found != reads {
            return Err(Unusable::OtherVersion { found, reads });
        }
        let (sum, body) = rest.split_first_chunk::<CHECKSUM>().ok_or(Unusable::Damaged)?;
        if blake3::hash(body).as_bytes() != sum {
            return Err(Unusable::Damaged);
        }
        crate::wire::unpack(body, "it").map_err(|e| Unusable::Senseless(e.to_string()))
    }
}

/// Puts bytes in the place of what is at `path`, for this user alone. A link there is replaced, not followed.
///
/// # Errors
/// The system's answer.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (beside, mut file) = beside(path)?;
    let written = within_file_limit(|| file.write_all(bytes)).and_then(|()| fs::rename(&beside, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

/// A new file in the same directory, under a name that nobody knows beforehand: in a directory where others may write they could
/// otherwise have put a link there.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut last = None;
    for _ in 0..NAMES {
        let random = RandomState::new().build_hasher().finish();
        let beside = path.with_file_name(format!(".memshare-{random:016x}.part"));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => last = Some(e),
            Err(e) => return Err(e),
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::AlreadyExists.into()))
}

/// The bytes of the file at `path`.
///
/// # Errors
/// The system's answer; or that it is no file (a device or a pipe may have no end), or is too long for one of ours.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let refuse = |why| io::Error::new(io::ErrorKind::InvalidData, why);
    // Without waiting for whoever might write into a pipe.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(refuse("it is not a file"));
    }
    if found.len() > MOST {
        return Err(refuse("it is far too long"));
    }
    let mut bytes = Vec::with_capacity(found.len() as usize);
    // No further than it was: it may grow meanwhile.
    file.take(found.len()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::os::unix::fs::{symlink, PermissionsExt};

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let dir =
                std::env::temp_dir().join(format!("memshare-checksummed-{}-{name}", std::process::id()));
            fs::create_dir(&dir).unwrap();
            Scratch(dir)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_the_users_alone_and_follows_no_link() {
        let dir = Scratch::new("link");
        let (other, path) = (dir.0.join("another's"), dir.0.join("run.memshare"));
        fs::write(&other, b"as it was").unwrap();
        symlink(&other, &path).unwrap();
        write(&path, b"ours").unwrap();
        assert_eq!(
            (fs::read(&other).unwrap(), read(&path).unwrap()),
            (b"as it was".to_vec(), b"ours".to_vec())
        );
        let found = fs::symlink_metadata(&path).unwrap();
        assert!(found.is_file());
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 2, "nothing lies beside it");
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let dir = Scratch::new("nothing");
        let path = dir.0.join("taken");
        fs::create_dir(&path).unwrap();
        assert!(write(&path, b"ours").is_err());
        assert!(write(Path::new("/dev/full/x"), b"").is_err() && write(Path::new("/"), b"").is_err());
        assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 1);
    }
}
