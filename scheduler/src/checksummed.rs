//! Files of ours: a kind, a version, a checksum, then bincode.
//!
//! ```text
//! kind (8 bytes) | version (4 bytes) | blake3 of the rest (32 bytes) | bincode
//! ```
//! Numbers are little-endian. What is not as it should be is an error that says how: a file of something else, of another
//! version, cut short, changed. A file is written beside its place and renamed, so that nobody ever reads half of one.
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::Serialize;

const CHECKSUM: usize = 32;
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

/// Puts bytes in the place of what is at `path`.
///
/// # Errors
/// The system's answer.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

/// The bytes of the file at `path`.
///
/// # Errors
/// The system's answer; or that it is no file (a device or a pipe may have no end), or is too long for one of ours.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let refuse = |why| io::Error::new(io::ErrorKind::InvalidData, why);
    // Without waiting for whoever might write into a pipe.
    let file = fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
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
