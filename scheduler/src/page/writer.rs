//! A blob in the making: nodes and pieces are collected; the bytes move once, when it is finished (`blob.rs`).

use std::collections::VecDeque;

use super::blob::{zeros, Blob, Bytes, Make, Piece};
use super::damaged;
use super::location::Location;
use super::node::{checksum, Node, Tag, HEADER, MAGIC, NODE};
use super::strings::StringTable;
use crate::error::{Error, Result};

/// Data from this size on is aligned to 64 bytes.
const ALIGN_FROM: u64 = 64;
/// Borrowed data below this size is copied at once: a system call each would cost more.
pub const BORROW_FROM: usize = 32 << 10;
/// Data up to this size is looked for among what is there already ([`BlobWriter::shared`]) ...
const SHARED_UP_TO: usize = 128;
/// ... which is the latest of so many.
const SHARED: usize = 8;

/// A blob in the making.
#[derive(Default)]
pub struct BlobWriter {
    nodes: Vec<Node>,
    staging: Vec<u8>,
    pieces: Vec<Piece>,
    end: u64,
    /// Room for header and nodes, once it was made.
    head: Vec<u8>,
    /// Bytes that could not be had: the blob is none. See [`BlobWriter::check`].
    lacking: usize,
    /// Small data and its place, the oldest first.
    shared: VecDeque<(Vec<u8>, u64)>,
}

impl BlobWriter {
    /// A writer that has its root, node 0, still Null.
    pub fn new() -> Self {
        BlobWriter { nodes: vec![Node::NULL], ..BlobWriter::default() }
    }

    /// Makes `n` nodes side by side, all Null, and gives the first one's index.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) when the blob would have more nodes than a number of 32 bits counts.
    pub fn children(&mut self, n: usize) -> Result<u32> {
        let first = self.nodes.len();
        let end = first.checked_add(n).filter(|&end| u32::try_from(end).is_ok());
        let end = end.ok_or_else(|| damaged(format!("{n} values are too many")))?;
        let lacks = |_| Error::NoMemory { needed: (end * NODE) as u64 };
        self.nodes.try_reserve(n).map_err(lacks)?;
        self.nodes.resize(end, Node::NULL);
        Ok(first as u32)
    }

    /// Whether memory could be had for all that was noted: to be asked before the blob is finished.
    ///
    /// # Errors
    /// [`Error::NoMemory`].
    pub fn check(&mut self) -> Result<()> {
        let head = self.head();
        if self.lacking == 0 && self.head.try_reserve_exact(head).is_err() {
            self.lacking = head;
        }
        if self.lacking > 0 {
            return Err(Error::NoMemory { needed: self.lacking as u64 });
        }
        Ok(())
    }

    /// Says what node `index` is.
    ///
    /// # Panics
    /// When `children` did not make that node.
    pub fn set(&mut self, index: u32, node: Node) {
        self.nodes[index as usize] = node;
    }

    /// Node `index` as it is so far.
    #[cfg(test)]
    pub(crate) fn get(&self, index: u32) -> Node {
        self.nodes[index as usize]
    }

    /// Copies bytes in; gives their place in the data area.
    pub fn copy(&mut self, bytes: &[u8]) -> u64 {
        let at = self.aligned(bytes.len());
        self.stage(at, bytes);
        at
    }

    /// As [`BlobWriter::copy`], for attributes, in which many items are alike: small data that was there before lies once. Otherwise each
    /// item would have its own beside its data, and who reads them would touch a page of memory for each.
    pub fn shared(&mut self, bytes: &[u8]) -> u64 {
        if bytes.is_empty() || bytes.len() > SHARED_UP_TO {
            return self.copy(bytes);
        }
        if let Some((_, at)) = self.shared.iter().find(|(known, _)| known == bytes) {
            return *at;
        }
        let at = self.copy(bytes);
        if self.shared.len() == SHARED {
            self.shared.pop_front();
        }
        self.shared.push_back((bytes.to_vec(), at));
        at
    }

    /// As [`BlobWriter::strings`], for attributes.
    pub fn shared_strings(&mut self, table: &mut StringTable) -> u64 {
        let parts = [&table.ends, &table.marks, &table.bytes];
        if table.lacking > 0 || parts.iter().map(|part| part.len()).sum::<usize>() > SHARED_UP_TO {
            return self.strings(table);
        }
        let bytes = parts.map(Vec::as_slice).concat();
        table.clear();
        self.shared(&bytes)
    }

    /// Copies in what the caller's language serialized, with its checksum behind it; gives the node. Its parser may trust its input, so it
    /// is given what was written, or nothing.
    pub fn serialized(&mut self, bytes: &[u8]) -> Node {
        let sum = checksum(bytes);
        let off = self.aligned(bytes.len() + sum.len());
        self.stage(off, bytes);
        self.stage(off + bytes.len() as u64, &sum);
        Node::of(Tag::Serialized, bytes.len() as u64, off)
    }

    /// Takes bytes in without copying them again; gives their place.
    pub fn take(&mut self, bytes: Vec<u8>) -> u64 {
        let at = self.aligned(bytes.len());
        self.append(at, bytes);
        at
    }

    /// Makes room for `len` bytes, zero so far; gives their place, to be filled through [`BlobWriter::reserved`].
    ///
    /// # Errors
    /// [`Error::NoMemory`].
    pub fn reserve(&mut self, len: usize) -> Result<u64> {
        let at = self.take(zeros(len)?);
        if self.lacking > 0 {
            return Err(Error::NoMemory { needed: self.lacking as u64 });
        }
        Ok(at)
    }

    /// The bytes from `at` on, as far as the last piece goes: those that [`BlobWriter::reserve`] just made room for. They lie
    /// at an address divisible by 8.
    pub fn reserved(&mut self, at: u64) -> &mut [u8] {
        let Some(piece) = self.pieces.last_mut() else { return &mut [] };
        let skip = at.saturating_sub(piece.at) as usize;
        match &mut piece.source {
            Bytes::Staged(from) => self.staging.get_mut(*from + skip..).unwrap_or_default(),
            Bytes::Owned(bytes) => bytes.get_mut(skip..).unwrap_or_default(),
            Bytes::Borrowed(_) | Bytes::Made(_) => &mut [],
        }
    }

    /// Notes bytes that are made when the blob is written; gives their place.
    pub fn make(&mut self, len: usize, source: Box<dyn Make>) -> u64 {
        let at = self.aligned(len);
        self.note(Piece { at, len, source: Bytes::Made(source) });
        at
    }

    /// Notes bytes that are read when the blob is written; gives their place.
    ///
    /// # Safety
    /// `len` bytes at `bytes` are readable and unchanged until the [`Blob`] is dropped.
    pub unsafe fn borrow(&mut self, bytes: *const u8, len: usize) -> u64 {
        if len < BORROW_FROM {
            // SAFETY: readable, by this function's contract; a length of 0 never reaches the pointer.
            return self.copy(if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(bytes, len) } });
        }
        let at = self.aligned(len);
        self.note(Piece { at, len, source: Bytes::Borrowed(bytes) });
        at
    }

    /// Notes bytes that continue the data noted last without a gap, whatever their alignment: a packed item's.
    ///
    /// # Safety
    /// As for [`BlobWriter::borrow`].
    pub unsafe fn borrow_behind(&mut self, bytes: *const u8, len: usize) {
        self.note(Piece { at: self.end, len, source: Bytes::Borrowed(bytes) });
    }

    /// Takes a table of strings in and leaves it empty; gives its place. A small table is copied and keeps its memory for the
    /// next one.
    pub fn strings(&mut self, table: &mut StringTable) -> u64 {
        self.lacking = self.lacking.max(std::mem::take(&mut table.lacking));
        let at = self.aligned(9 * table.len() + table.bytes.len());
        let mut place = at;
        for bytes in [&mut table.ends, &mut table.marks, &mut table.bytes] {
            let len = bytes.len() as u64;
            if bytes.len() < BORROW_FROM {
                self.stage(place, bytes);
                bytes.clear();
            } else {
                self.append(place, std::mem::take(bytes));
            }
            place += len;
        }
        at
    }

    /// A node for `len` items of type `elem` that lie in another page.
    pub fn view(&mut self, elem: Tag, len: u64, location: Location) -> Node {
        let off = self.copy(&location.to_bytes());
        Node { elem, ..Node::of(Tag::View, len, off) }
    }

    /// All bytes are known: from here on only [`Blob::write`] is left.
    pub fn finish(self) -> Blob {
        let end = self.end;
        self.finish_before(end)
    }

    /// Bytes of header and nodes, as many as there are so far.
    pub(super) fn head(&self) -> usize {
        (HEADER + self.nodes.len() * NODE).next_multiple_of(64)
    }

    /// Bytes of the blob, as far as it is noted.
    pub(super) fn size(&self) -> u64 {
        self.head() as u64 + self.end
    }

    /// As [`BlobWriter::finish`], for a blob whose data area goes on to `end` with what somebody else puts there.
    pub(super) fn finish_before(mut self, end: u64) -> Blob {
        let data = self.head();
        let mut head = std::mem::take(&mut self.head);
        head.resize(data, 0);
        head[..8].copy_from_slice(&MAGIC);
        let fields = [self.nodes.len() as u64, data as u64, data as u64 + self.end.max(end)];
        for (field, place) in fields.iter().zip(head[8..32].chunks_exact_mut(8)) {
            place.copy_from_slice(&field.to_ne_bytes());
        }
        for (node, place) in self.nodes.iter().zip(head[HEADER..].chunks_exact_mut(NODE)) {
            place.copy_from_slice(&node.to_bytes());
        }
        Blob { head, staging: self.staging, pieces: self.pieces, end: self.end }
    }

    /// Where `len` bytes would go; empty data is nowhere.
    fn aligned(&self, len: usize) -> u64 {
        if len == 0 {
            return 0;
        }
        self.end.next_multiple_of(if len as u64 >= ALIGN_FROM { 64 } else { 8 })
    }

    fn append(&mut self, at: u64, bytes: Vec<u8>) {
        if bytes.len() < BORROW_FROM {
            return self.stage(at, &bytes);
        }
        self.note(Piece { at, len: bytes.len(), source: Bytes::Owned(bytes) });
    }

    /// One more piece, which lies behind all others.
    fn note(&mut self, piece: Piece) {
        if self.pieces.try_reserve(1).is_err() {
            self.lacking = self.pieces.len() * size_of::<Piece>();
            return;
        }
        self.end = piece.at + piece.len as u64;
        self.pieces.push(piece);
    }

    /// Copies bytes behind those staged last, in one piece with them when nothing else lies between.
    fn stage(&mut self, at: u64, bytes: &[u8]) {
        // A gap is less than 64 bytes.
        if self.lacking == 0 && self.staging.try_reserve(bytes.len() + 64).is_err() {
            self.lacking = self.staging.len() + bytes.len();
        }
        if bytes.is_empty() || self.lacking > 0 {
            return;
        }
        match self.pieces.last_mut() {
            Some(Piece { at: first, len, source: Bytes::Staged(_) }) => {
                let gap = (at - (*first + *len as u64)) as usize;
                self.staging.resize(self.staging.len() + gap, 0);
                *len += gap + bytes.len();
            }
            _ => {
                self.note(Piece { at, len: bytes.len(), source: Bytes::Staged(self.staging.len()) });
                if self.lacking > 0 {
                    return;
                }
            }
        }
        self.staging.extend_from_slice(bytes);
        self.end = at + bytes.len() as u64;
    }
}
