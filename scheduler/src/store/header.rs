//! The first 4096 bytes of a page: whose it is, what it holds, how long it is.
//!
//! The header is written last, when the content is complete: a page with a header is sealed. It carries a checksum of
//! itself, so that a damaged one is recognised, not believed. Numbers are little-endian.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::content::{Traits, CONTENT};
use crate::error::{Error, Result};
use crate::os::{user, FilePart, SegmentFile, SessionId};

const MAGIC: [u8; 8] = *b"memshare";
/// Counted up whenever the layout of headers or pages changes.
const VERSION: u32 = 3;
/// Where the checksum stands, where what is known of a file begins, and where the three strings do: namespace, name, path.
const CHECKSUM: usize = 64;
const FILE: usize = 72;
const STRINGS: usize = 112;
const SIZE: usize = CONTENT as usize;
/// What the flags mean: it may be written into; its data lies in a file.
const WRITABLE: u16 = 1;
const HAS_FILE: u16 = 2;

/// What a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// A registered variable.
    Variable = 1,
    /// Data of one call.
    Page = 2,
    /// Where workers put results.
    Results = 3,
    /// A plan's board.
    Board = 4,
}

impl Kind {
    /// What it is, in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Variable => "variable",
            Kind::Page => "page",
            Kind::Results => "results",
            Kind::Board => "board",
        }
    }

    fn of(number: u32) -> Option<Kind> {
        [Kind::Variable, Kind::Page, Kind::Results, Kind::Board]
            .into_iter()
            .find(|&kind| kind as u32 == number)
    }
}

/// What a page says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is for.
    pub kind: Kind,
    /// The content's size, without this header and without a file's part.
    pub bytes: u64,
    /// The session that owns it.
    pub session: SessionId,
    /// Its number among that session's pages: the two together name a page for ever.
    pub serial: u64,
    /// The owner's process.
    pub owner_pid: u32,
    /// The owner's user.
    pub uid: u32,
    /// When it was made, in nanoseconds since 1970.
    pub created_ns: u64,
    /// A variable's namespace; else empty.
    pub namespace: String,
    /// A variable's name; else empty.
    pub name: String,
    /// Whether it may be written into, and the file behind it.
    pub traits: Traits,
}

impl Header {
    /// The header of a page that this process makes now.
    pub(super) fn new(
        kind: Kind,
        bytes: u64,
        session: SessionId,
        serial: u64,
        (namespace, name): (&str, &str),
        traits: Traits,
    ) -> Result<Header> {
        let path = traits.file.as_ref().map_or(0, |file| file.path.as_os_str().len());
        if namespace.len() + name.len() + path > SIZE - STRINGS {
            let what = if path > 0 {
                "a namespace, a variable's name and a file's path"
            } else {
                "a namespace and a variable's name"
            };
            let too_long = format!("{what} take {} bytes at most", SIZE - STRINGS);
            return Err(Error::os(too_long, std::io::Error::from(std::io::ErrorKind::InvalidInput)));
        }
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Header {
            kind,
            bytes,
            session,
            serial,
            owner_pid: std::process::id(),
            uid: user(),
            created_ns: created.as_nanos() as u64,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            traits,
        })
    }

    /// All bytes of the variable's value: those in the segment, and those in its file.
    pub fn total(&self) -> u64 {
        self.bytes.saturating_add(self.traits.file.as_ref().map_or(0, |file| file.bytes))
    }

    /// Seals the page: from here on it has a header.
    pub(super) fn write(&self, file: &SegmentFile) -> Result<()> {
        file.write_at(0, &self.encode())
    }

    /// Reads the header of a page; `None` when it was never sealed.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not as it should be; [`Error::Os`] when it cannot be read.
    pub fn read(file: &SegmentFile) -> Result<Option<Header>> {
        let damaged = |reason: String| Error::Damaged { segment: file.handle().name, reason };
        let length = file.len()?;
        if length < CONTENT {
            return Err(damaged(format!("it has {length} bytes, less than a header")));
        }
        let mut block = [0; SIZE];
        file.read_at(0, &mut block)?;
        if block[..MAGIC.len()] == [0; MAGIC.len()] {
            return Ok(None);
        }
        let header = Header::decode(&block).map_err(damaged)?;
        let said = header.bytes.checked_add(CONTENT);
        // A results page is sealed empty, and grows as workers write to it.
        let grown = header.kind == Kind::Results && said.is_some_and(|said| said < length);
        if said != Some(length) && !grown {
            return Err(damaged(format!(
                "it has {length} bytes, its header says {} + {CONTENT}",
                header.bytes
            )));
        }
        if header.uid != user() {
            return Err(damaged("its header names another user".into()));
        }
        Ok(Some(header))
    }

    fn encode(&self) -> [u8; SIZE] {
        let mut block = [0; SIZE];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &MAGIC);
        put(8, &VERSION.to_le_bytes());
        put(12, &(self.kind as u32).to_le_bytes());
        put(16, &self.bytes.to_le_bytes());
        put(24, &self.session.0.to_le_bytes());
        put(32, &self.serial.to_le_bytes());
        put(40, &self.owner_pid.to_le_bytes());
        put(44, &self.uid.to_le_bytes());
        put(48, &self.created_ns.to_le_bytes());
        put(56, &(self.namespace.len() as u16).to_le_bytes());
        put(58, &(self.name.len() as u16).to_le_bytes());
        let mut flags = if self.traits.writable { WRITABLE } else { 0 };
        if let Some(file) = &self.traits.file {
            let path = file.path.as_os_str().as_bytes();
            flags |= HAS_FILE;
            for (at, number) in [file.device, file.inode, file.offset, file.bytes].into_iter().enumerate() {
                put(FILE + 8 * at, &number.to_le_bytes());
            }
            put(FILE + 32, &(path.len() as u16).to_le_bytes());
            put(STRINGS + self.namespace.len() + self.name.len(), path);
        }
        put(60, &flags.to_le_bytes());
        put(STRINGS, self.namespace.as_bytes());
        put(STRINGS + self.namespace.len(), self.name.as_bytes());
        let sum = checksum(&block);
        block[CHECKSUM..FILE].copy_from_slice(&sum);
        block
    }

    fn decode(block: &[u8; SIZE]) -> std::result::Result<Header, String> {
        check_origin(block)?;
        let number = |at: usize, bytes: usize| number(block, at, bytes);
        let kind = number(12, 4) as u32;
        let text = |from: usize, length: usize| {
            String::from_utf8(bytes(block, from, length)?.to_vec())
                .map_err(|_| "its names are not text".to_owned())
        };
        let (namespace, name) = (number(56, 2) as usize, number(58, 2) as usize);
        let flags = number(60, 2) as u16;
        if flags & !(WRITABLE | HAS_FILE) != 0 {
            return Err(format!("its flags {flags:#x} are unknown"));
        }
        let file = match flags & HAS_FILE {
            0 => None,
            _ => Some(FilePart::decode(block, STRINGS + namespace + name)?),
        };
        Ok(Header {
            kind: Kind::of(kind).ok_or_else(|| format!("it is of the unknown kind {kind}"))?,
            bytes: number(16, 8),
            session: SessionId(number(24, 8)),
            serial: number(32, 8),
            owner_pid: number(40, 4) as u32,
            uid: number(44, 4) as u32,
            created_ns: number(48, 8),
            namespace: text(STRINGS, namespace)?,
            name: text(STRINGS + namespace, name)?,
            traits: Traits { writable: flags & WRITABLE != 0, file },
        })
    }
}

/// Headers without a segment, for the fuzz targets.
#[cfg(all(any(test, feature = "fuzz"), not(loom)))]
impl Header {
    /// The header in a block that begins so, is zero behind, and is given a right checksum.
    pub(crate) fn of_block(bytes: &[u8]) -> std::result::Result<Header, String> {
        let mut block = [0; SIZE];
        let len = bytes.len().min(SIZE);
        block[..len].copy_from_slice(&bytes[..len]);
        let sum = checksum(&block);
        block[CHECKSUM..FILE].copy_from_slice(&sum);
        Header::decode(&block)
    }

    /// Its block.
    pub(crate) fn to_block(&self) -> Vec<u8> {
        self.encode().to_vec()
    }
}

/// Whether a block is a header of this version, as it was written.
fn check_origin(block: &[u8; SIZE]) -> std::result::Result<(), String> {
    if block[..MAGIC.len()] != MAGIC {
        return Err("it is not memshare's".into());
    }
    let version = number(block, 8, 4);
    if version != u64::from(VERSION) {
        return Err(format!(
            "another version of memshare wrote it (layout {version}, this one reads {VERSION})"
        ));
    }
    if checksum(block) != block[CHECKSUM..FILE] {
        return Err("its header is damaged".into());
    }
    Ok(())
}

/// A number of so many bytes, which lie in the block.
fn number(block: &[u8; SIZE], at: usize, bytes: usize) -> u64 {
    block[at..at + bytes].iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

fn bytes(block: &[u8; SIZE], from: usize, length: usize) -> std::result::Result<&[u8], String> {
    block.get(from..from + length).ok_or_else(|| "its names are too long".into())
}

impl FilePart {
    /// The part that a header names, whose path begins at `from`.
    fn decode(block: &[u8; SIZE], from: usize) -> std::result::Result<FilePart, String> {
        let path = bytes(block, from, number(block, FILE + 32, 2) as usize)?;
        Ok(FilePart {
            path: OsStr::from_bytes(path).into(),
            device: number(block, FILE, 8),
            inode: number(block, FILE + 8, 8),
            offset: number(block, FILE + 16, 8),
            bytes: number(block, FILE + 24, 8),
        })
    }
}

/// The checksum of a header: a hash of all its bytes, with zeros in its own place. In one piece, of which the parts are hashed side by side.
fn checksum(block: &[u8; SIZE]) -> [u8; FILE - CHECKSUM] {
    let mut block = *block;
    block[CHECKSUM..FILE].fill(0);
    let mut sum = [0; FILE - CHECKSUM];
    let length = sum.len();
    sum.copy_from_slice(&blake3::hash(&block).as_bytes()[..length]);
    sum
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
