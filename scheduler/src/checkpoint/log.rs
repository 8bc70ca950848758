//! Logs of chunks.
//!
//! ```text
//! line 0       magic, version, the run's number (16 bytes)
//! then, again and again, each a multiple of a line long:
//!              length | stage's key, pieces | first element | after the last | blake3 of all of it but this sum
//!              length of each piece: its outputs, then what FUN said
//!              the pieces, each from a line on
//! ```
//! Numbers are little-endian. The first line of a record is written last, so a record that was not finished has none.
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::os::{Place, SegmentFile, SegmentHandle};
use crate::store::Content;

const MAGIC: [u8; 8] = *b"memshlog";
const VERSION: u32 = 2;
const LINE: u64 = 64;
/// Where a record's checksum stands in its first line.
const SUM: usize = 32;
/// No chunk has more pieces.
const MOST_PIECES: u32 = 1 << 20;
/// Bytes that are read at a time.
const BLOCK: usize = 1 << 20;
/// How all names begin.
pub(super) const PREFIX: &str = "chunks-";

/// Where the workers of a run write their logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTarget {
    /// The checkpoint's directory.
    pub dir: PathBuf,
    /// The number of the run that it is of.
    pub run: [u8; 16],
    /// How the names of this session's logs begin.
    pub name: String,
}

/// A chunk to be written down.
#[derive(Clone, Copy)]
pub struct FinishedChunk<'a> {
    /// The key of its stage.
    pub key: u32,
    /// Its first element.
    pub start: u64,
    /// The element after its last.
    pub end: u64,
    /// Its outputs, then what FUN said, if it said something.
    pub pieces: &'a [Option<&'a dyn Content>],
}

/// A log that this process appends to. The file is made for its first chunk.
#[derive(Debug)]
pub struct ChunkLog {
    target: LogTarget,
    file: Option<SegmentFile>,
    /// Where the next chunk goes.
    end: u64,
}

impl ChunkLog {
    /// Nothing is written yet.
    pub fn new(target: LogTarget) -> ChunkLog {
        ChunkLog { target, file: None, end: LINE }
    }

    /// Appends a chunk. After an error nothing of it is left.
    ///
    /// # Errors
    /// [`Error::NoSpace`] for a full disk; else what the system refuses.
    pub fn append(&mut self, chunk: &FinishedChunk<'_>) -> Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(create(&self.target)?),
        };
        let written = write(file, self.end, chunk);
        match &written {
            Ok(bytes) => self.end += bytes,
            Err(_) => {
                if let Err(e) = file.resize(self.end) {
                    tracing::debug!(%e, "half a chunk stays at the end of a log");
                }
            }
        }
        written.map(|_| ())
    }
}

fn create(target: &LogTarget) -> Result<SegmentFile> {
    let place = Place::Directory(target.dir.clone());
    let name = format!("{PREFIX}{}-{}", target.name, std::process::id());
    let mut first = [0; LINE as usize];
    first[..8].copy_from_slice(&MAGIC);
    first[8..12].copy_from_slice(&VERSION.to_le_bytes());
    first[16..32].copy_from_slice(&target.run);
    let file = SegmentFile::create_new(&name, &place)?;
    file.write_at(0, &first)?;
    Ok(file)
}

/// Whole lines.
fn lines(bytes: u64) -> Option<u64> {
    bytes.checked_next_multiple_of(LINE)
}

/// Writes a record; how long it is.
fn write(file: &SegmentFile, at: u64, chunk: &FinishedChunk<'_>) -> Result<u64> {
    let too_long =
        || Error::os("cannot write a chunk down", std::io::Error::from(std::io::ErrorKind::FileTooLarge));
    let bytes = |piece: &Option<&dyn Content>| piece.map_or(0, Content::bytes);
    let mut table: Vec<u8> = chunk.pieces.iter().flat_map(|piece| bytes(piece).to_le_bytes()).collect();
    table.resize(lines(table.len() as u64).ok_or_else(too_long)? as usize, 0);
    let body = at + LINE;
    file.write_at(body, &table)?;
    let mut next = body + table.len() as u64;
    for piece in chunk.pieces.iter().flatten() {
        piece.write(file, next)?;
        next = lines(piece.bytes()).and_then(|bytes| next.checked_add(bytes)).ok_or_else(too_long)?;
    }
    // What a piece leaves of its last line are zeros.
    if file.len()? < next {
        file.resize(next)?;
    }
    let length = next - at;
    let mut first = [0; LINE as usize];
    first[..8].copy_from_slice(&length.to_le_bytes());
    first[8..12].copy_from_slice(&chunk.key.to_le_bytes());
    first[12..16].copy_from_slice(&(chunk.pieces.len() as u32).to_le_bytes());
    first[16..24].copy_from_slice(&chunk.start.to_le_bytes());
    first[24..32].copy_from_slice(&chunk.end.to_le_bytes());
    let sum = checksum(file, &first, body..next)?;
    first[SUM..].copy_from_slice(sum.as_bytes());
    file.write_at(at, &first)?;
    Ok(length)
}

/// The checksum of a record: of its first line up to the sum, and of all that follows.
fn checksum(file: &SegmentFile, first: &[u8], rest: std::ops::Range<u64>) -> Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&first[..SUM]);
    read_blocks(file, rest, &mut |_, block| {
        hasher.update(block);
        Ok(())
    })?;
    Ok(hasher.finalize())
}

/// Reads a part of a file, block by block: how far from its beginning each is, and its bytes.
pub(super) fn read_blocks(
    file: &SegmentFile,
    part: std::ops::Range<u64>,
    take: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut block = vec![0; BLOCK.min((part.end - part.start) as usize)];
    let mut at = part.start;
    while at < part.end {
        let length = (block.len() as u64).min(part.end - at) as usize;
        file.read_at(at, &mut block[..length])?;
        take(at - part.start, &block[..length])?;
        at += length as u64;
    }
    Ok(())
}

/// A chunk that a log has: where each piece begins, and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logged {
    pub(super) key: u32,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) pieces: Vec<(u64, u64)>,
}

/// The chunks of a log, up to the first that is not whole; `None` of one that is none of this run's.
///
/// # Errors
/// What the system refuses.
pub(super) fn read(file: &SegmentFile, run: &[u8; 16]) -> Result<Option<Vec<Logged>>> {
    let end = file.len()?;
    let mut first = [0; LINE as usize];
    if end < LINE {
        return Ok(None);
    }
    file.read_at(0, &mut first)?;
    if first[..8] != MAGIC || first[8..12] != VERSION.to_le_bytes() || first[16..32] != *run {
        return Ok(None);
    }
    let mut chunks = Vec::new();
    let mut at = LINE;
    while let Some((chunk, next)) = record(file, at, end)? {
        chunks.push(chunk);
        at = next;
    }
    if at < end {
        tracing::info!(log = file.handle().name, bytes = end - at, "what was not finished is left out");
    }
    Ok(Some(chunks))
}

/// The record at `at`, and where the next one begins; `None` where there is none that is whole.
fn record(file: &SegmentFile, at: u64, end: u64) -> Result<Option<(Logged, u64)>> {
    let mut first = [0; LINE as usize];
    if end.saturating_sub(at) < LINE {
        return Ok(None);
    }
    file.read_at(at, &mut first)?;
    let long = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| first[from + i]));
    let short = |from: usize| u32::from_le_bytes(std::array::from_fn(|i| first[from + i]));
    let (length, count) = (long(0), short(12));
    let next = at.checked_add(length).filter(|&next| next <= end && length > LINE && length % LINE == 0);
    let (Some(next), true) = (next, count <= MOST_PIECES) else { return Ok(None) };
    let Some(pieces) = pieces(file, at + LINE, next, count)? else { return Ok(None) };
    if checksum(file, &first, at + LINE..next)?.as_bytes() != &first[SUM..] {
        return Ok(None);
    }
    Ok(Some((Logged { key: short(8), start: long(16), end: long(24), pieces }, next)))
}

/// Where the pieces of a record lie that ends at `end`, if they fill it.
fn pieces(file: &SegmentFile, at: u64, end: u64, count: u32) -> Result<Option<Vec<(u64, u64)>>> {
    let bytes = u64::from(count) * 8;
    let mut next = at + bytes.next_multiple_of(LINE);
    if next > end {
        return Ok(None);
    }
    let mut table = vec![0; bytes as usize];
    file.read_at(at, &mut table)?;
    let mut pieces = Vec::with_capacity(count as usize);
    for length in table.chunks_exact(8) {
        let length = u64::from_le_bytes(std::array::from_fn(|i| length[i]));
        pieces.push((next, length));
        match lines(length).and_then(|bytes| next.checked_add(bytes)).filter(|&after| after <= end) {
            Some(after) => next = after,
            None => return Ok(None),
        }
    }
    Ok((next == end).then_some(pieces))
}

/// Opens a file of a checkpoint.
pub(super) fn open(dir: &Path, name: &str) -> Result<Option<SegmentFile>> {
    SegmentFile::open_read(&SegmentHandle::named(name, Place::Directory(dir.to_owned())))
}
