//! A finished blob: its bytes move once, to where it belongs.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, Result};
use crate::os::SegmentFile;
use crate::store::Content;

/// Big blobs are written in slices of this size.
pub(super) const SLICE: usize = 4 << 20;
/// A blob that is no longer is written by one call: copying it takes less time than a call for each piece.
const WRITTEN_AT_ONCE: u64 = 4 << 10;

/// Where a piece's bytes are until they are written.
pub(super) enum Bytes {
    /// In `staging`, from this place on.
    Staged(usize),
    /// Owned.
    Owned(Vec<u8>),
    /// The caller's, who keeps them alive and unchanged (`BlobWriter::borrow`).
    Borrowed(*const u8),
    /// Nowhere yet.
    Made(Box<dyn Make>),
}

/// Makes bytes when a blob is written, and each time that it is.
pub trait Make: Send + Sync {
    /// Fills what is zero so far, at an address divisible by 8.
    fn make(&self, out: &mut [u8]);
}

pub(super) struct Piece {
    /// Where in the data area.
    pub(super) at: u64,
    pub(super) len: usize,
    pub(super) source: Bytes,
}

/// A finished blob, ready to be written to where it belongs.
pub struct Blob {
    pub(super) head: Vec<u8>,
    pub(super) staging: Vec<u8>,
    pub(super) pieces: Vec<Piece>,
    pub(super) end: u64,
}

// SAFETY: the borrowed pointers are only read, and `BlobWriter::borrow`'s caller promised that nobody changes those bytes
// while the blob lives; what makes bytes may be shared itself, and nothing in a blob has interior mutability.
unsafe impl Sync for Blob {}

impl Blob {
    /// Bytes it will take.
    pub fn size(&self) -> u64 {
        self.head.len() as u64 + self.end
    }

    /// Hands all bytes to `put(at, bytes)`, `at` counted from the blob's beginning; first those that are made, one piece after the other.
    /// Padding is left out: the place is expected to be zero. One thread does it: the kernel lets one write at a time into a file, and others would
    /// spin until it is their turn.
    ///
    /// # Errors
    /// The first that `put` gives.
    pub fn write(&self, put: &mut dyn FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
        for piece in &self.pieces {
            if let Bytes::Made(source) = &piece.source {
                let made = made(source.as_ref(), piece.len)?;
                let at = self.head.len() as u64 + piece.at;
                sliced(std::iter::once((at, &made[..])), SLICE)
                    .into_iter()
                    .try_for_each(|(at, bytes)| put(at, bytes))?;
            }
        }
        let slices = sliced(self.own().chain(self.borrowed()), SLICE);
        slices.into_iter().try_for_each(|(at, bytes)| put(at, bytes))
    }

    /// The blob as bytes.
    ///
    /// # Errors
    /// [`Error::NoMemory`] where there is none for what is made.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut out = vec![0; self.size() as usize];
        out[..self.head.len()].copy_from_slice(&self.head);
        for piece in &self.pieces {
            let at = self.head.len() + piece.at as usize;
            out[at..at + piece.len].copy_from_slice(&self.bytes(piece)?);
        }
        Ok(out)
    }

    /// A name for what it says, the same for the same bytes: 128 bits of their hash, in hexadecimal. O(bytes).
    ///
    /// # Errors
    /// As [`Blob::to_vec`].
    pub fn fingerprint(&self) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.head);
        let mut end = 0;
        for piece in &self.pieces {
            // Padding, whatever lies in one piece with what.
            let gap = [0; 64];
            let mut left = piece.at.saturating_sub(end) as usize;
            while left > 0 {
                let part = left.min(gap.len());
                hasher.update(&gap[..part]);
                left -= part;
            }
            hasher.update(&self.bytes(piece)?);
            end = piece.at + piece.len as u64;
        }
        Ok(hasher.finalize().to_hex()[..32].to_owned())
    }

    /// Header and nodes.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// What it has of its own, and where that belongs.
    pub(super) fn own(&self) -> impl Iterator<Item = (u64, &[u8])> {
        std::iter::once((0, self.head.as_slice()))
            .chain(self.placed(|source| matches!(source, Bytes::Staged(_) | Bytes::Owned(_))))
    }

    /// What it borrows, and where that belongs, in this order.
    pub(super) fn borrowed(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.placed(|source| matches!(source, Bytes::Borrowed(_)))
    }

    fn placed(&self, wanted: fn(&Bytes) -> bool) -> impl Iterator<Item = (u64, &[u8])> {
        let pieces = self.pieces.iter().filter(move |piece| wanted(&piece.source));
        pieces.filter_map(|piece| Some((self.head.len() as u64 + piece.at, self.there(piece)?)))
    }

    /// The bytes of a piece, where they are not to be made.
    fn there<'a>(&'a self, piece: &'a Piece) -> Option<&'a [u8]> {
        match &piece.source {
            Bytes::Staged(from) => Some(&self.staging[*from..from + piece.len]),
            Bytes::Owned(bytes) => Some(bytes),
            // SAFETY: `BlobWriter::borrow`'s caller promised `len` readable, unchanging bytes while the blob lives.
            Bytes::Borrowed(bytes) => Some(unsafe { std::slice::from_raw_parts(*bytes, piece.len) }),
            Bytes::Made(_) => None,
        }
    }

    fn bytes<'a>(&'a self, piece: &'a Piece) -> Result<Cow<'a, [u8]>> {
        match &piece.source {
            Bytes::Made(source) => made(source.as_ref(), piece.len).map(Cow::Owned),
            _ => Ok(Cow::Borrowed(self.there(piece).unwrap_or_default())),
        }
    }
}

/// What is made when it is needed.
fn made(source: &dyn Make, len: usize) -> Result<Vec<u8>> {
    let mut bytes = zeros(len)?;
    source.make(&mut bytes);
    Ok(bytes)
}

/// Memory that may not be there to be had.
pub(super) fn zeros(len: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| Error::NoMemory { needed: len as u64 })?;
    bytes.resize(len, 0);
    Ok(bytes)
}

/// Cuts bytes and their place into slices of so many bytes at most.
pub(super) fn sliced<'a>(pieces: impl Iterator<Item = (u64, &'a [u8])>, size: usize) -> Vec<(u64, &'a [u8])> {
    let slices = |(at, bytes): (u64, &'a [u8])| {
        bytes.chunks(size).enumerate().map(move |(i, slice)| (at + (i * size) as u64, slice))
    };
    pieces.flat_map(slices).collect()
}

impl Content for Blob {
    fn bytes(&self) -> u64 {
        self.size()
    }

    fn write(&self, file: &SegmentFile, at: u64) -> Result<()> {
        if self.size() <= WRITTEN_AT_ONCE {
            return file.write_at(at, &self.to_vec()?);
        }
        Blob::write(self, &mut |offset, bytes| file.write_at(at + offset, bytes))
    }

    fn is_whole(&self) -> bool {
        true
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes in {} pieces)", self.size(), self.pieces.len())
    }
}
