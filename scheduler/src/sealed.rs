//! Files of ours: a kind, a version, a checksum, then bincode.
//!
//! ```text
//! kind (8 bytes) | version (4 bytes) | blake3 of the rest (32 bytes) | bincode
//! ```
//! Numbers are little-endian. What is not as it should be is an error that says how: a file of something else, of another
//! version, cut short, changed. A file is written beside its place and renamed, so that nobody ever reads half of one.
use std::fs;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::Serialize;

const CHECKSUM: usize = 32;
/// A longer file is none of ours.
const MOST: u64 = 4 << 30;

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Format {
    /// Its first bytes.
    pub(crate) magic: &'static [u8; 8],
    /// Goes up with every change of what is in it.
    pub(crate) version: u32,
    /// What people call it: "a profile".
    pub(crate) what: &'static str,
}

impl Format {
    /// The bytes of a file that holds `value`.
    pub(crate) fn seal<T: Serialize>(&self, value: &T) -> Vec<u8> {
        let body = crate::wire::pack(value);
        let mut bytes = Vec::with_capacity(self.magic.len() + 4 + CHECKSUM + body.len());
        bytes.extend_from_slice(self.magic);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(blake3::hash(&body).as_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Whether bytes say that they are of this kind and version.
    pub(crate) fn is_of(&self, bytes: &[u8]) -> bool {
        bytes
            .strip_prefix(self.magic.as_slice())
            .is_some_and(|rest| rest.starts_with(&self.version.to_le_bytes()))
    }

    /// What such bytes hold, or in words why they hold nothing.
    pub(crate) fn open<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, String> {
        let cut = || "it is damaged or cut short".to_owned();
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or("it is too short")?;
        if magic != self.magic {
            return Err(format!("it is not {} of memshare's", self.what));
        }
        let (version, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let version = u32::from_le_bytes(*version);
        if version != self.version {
            let reads = self.version;
            return Err(format!(
                "another version of memshare wrote it (layout {version}, this one reads {reads})"
            ));
        }
        let (sum, body) = rest.split_first_chunk::<CHECKSUM>().ok_or_else(cut)?;
        if blake3::hash(body).as_bytes() != sum {
            return Err(cut());
        }
        crate::wire::unpack(body, "it").map_err(|e| e.to_string())
    }
}

/// Puts bytes in the place of what is at `path`.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

/// The bytes at `path`.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is far too long"));
    }
    fs::read(path)
}
