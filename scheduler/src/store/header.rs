//! The first 4096 bytes of a page: whose it is, what it holds, how long it is.
//!
//! The header is written last, when the content is complete: a page with a header is sealed. It carries a checksum of
//! itself, so that a damaged one is recognised, not believed. Numbers are little-endian.

use std::time::{SystemTime, UNIX_EPOCH};

use super::CONTENT;
use crate::error::{Error, Result};
use crate::os::{user, SegmentFile, SessionId};

const MAGIC: [u8; 8] = *b"memshare";
/// Counted up whenever the layout of headers or pages changes.
const VERSION: u32 = 1;
/// Where the checksum stands, and where the two strings begin.
const CHECKSUM: usize = 64;
const STRINGS: usize = 72;
const SIZE: usize = CONTENT as usize;

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
    /// The content's size, without this header.
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
}

impl Header {
    /// The header of a page that this process makes now.
    pub(super) fn new(
        kind: Kind,
        bytes: u64,
        session: SessionId,
        serial: u64,
        (namespace, name): (&str, &str),
    ) -> Result<Header> {
        if namespace.len() + name.len() > SIZE - STRINGS {
            let too_long = format!("a namespace and a variable's name take {} bytes at most", SIZE - STRINGS);
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
        })
    }

    /// Seals the page: from here on it has a header.
    pub(super) fn write(&self, file: &SegmentFile) -> Result<()> {
        file.write_at(0, &self.encode())
    }

    /// Reads the header of a page; `None` when it was never sealed, an error when it is not as it should be.
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
        if header.bytes.checked_add(CONTENT) != Some(length) {
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
        put(STRINGS, self.namespace.as_bytes());
        put(STRINGS + self.namespace.len(), self.name.as_bytes());
        let sum = checksum(&block);
        block[CHECKSUM..STRINGS].copy_from_slice(&sum);
        block
    }

    fn decode(block: &[u8; SIZE]) -> std::result::Result<Header, String> {
        let number = |at: usize, bytes: usize| {
            block[at..at + bytes].iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte))
        };
        if block[..MAGIC.len()] != MAGIC {
            return Err("it is not memshare's".into());
        }
        let version = number(8, 4);
        if version != u64::from(VERSION) {
            return Err(format!(
                "another version of memshare wrote it (layout {version}, this one reads {VERSION})"
            ));
        }
        if checksum(block) != block[CHECKSUM..STRINGS] {
            return Err("its header is damaged".into());
        }
        let kind = number(12, 4) as u32;
        let text = |from: usize, length: usize| {
            let bytes = block.get(from..from + length).ok_or("its names are too long")?;
            String::from_utf8(bytes.to_vec()).map_err(|_| "its names are not text")
        };
        let (namespace, name) = (number(56, 2) as usize, number(58, 2) as usize);
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
        })
    }
}

/// The checksum of a header: a hash of all its bytes but its own.
fn checksum(block: &[u8; SIZE]) -> [u8; STRINGS - CHECKSUM] {
    let mut hash = blake3::Hasher::new();
    hash.update(&block[..CHECKSUM]).update(&block[STRINGS..]);
    let mut sum = [0; STRINGS - CHECKSUM];
    let length = sum.len();
    sum.copy_from_slice(&hash.finalize().as_bytes()[..length]);
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(namespace: &str, name: &str) -> Header {
        Header::new(Kind::Results, 77, SessionId(5), 9, (namespace, name)).unwrap()
    }

    #[test]
    fn the_longest_names_fit_and_longer_ones_are_refused() {
        let long = "é".repeat((SIZE - STRINGS) / 2 - 1);
        let header = header(&long, "xy");
        assert_eq!(Header::decode(&header.encode()).unwrap(), header);
        let refused = Header::new(Kind::Variable, 1, SessionId(1), 1, (&long, "xyz")).unwrap_err();
        assert!(refused.to_string().contains("4024 bytes at most"), "{refused}");
    }

    #[test]
    fn a_later_layout_is_named_as_such() {
        let mut block = header("a", "b").encode();
        block[8] = 2;
        assert!(Header::decode(&block).unwrap_err().contains("layout 2"));
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused_even_with_a_right_checksum() {
        let mut block = header("a", "b").encode();
        block[56..60].copy_from_slice(&[0xff; 4]);
        let sum = checksum(&block);
        block[CHECKSUM..STRINGS].copy_from_slice(&sum);
        assert!(Header::decode(&block).unwrap_err().contains("too long"));
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_noticed(at in 0..SIZE, xor in 1_u8.., ns in ".{0,40}", name in ".{0,40}") {
            let mut block = header(&ns, &name).encode();
            block[at] ^= xor;
            prop_assert!(Header::decode(&block).is_err());
        }

        #[test]
        fn any_bytes_with_a_right_checksum_are_read_or_refused(
            bytes in prop::collection::vec(any::<u8>(), SIZE - 12), strings in 0..2000_u16,
        ) {
            let mut block = [0; SIZE];
            block[12..].copy_from_slice(&bytes);
            block[..8].copy_from_slice(&MAGIC);
            block[8] = VERSION as u8;
            block[57] = (strings >> 8) as u8;
            block[59] = strings as u8;
            let sum = checksum(&block);
            block[CHECKSUM..STRINGS].copy_from_slice(&sum);
            let _ = Header::decode(&block);
        }
    }
}
