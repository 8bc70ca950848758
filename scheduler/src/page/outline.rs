//! A plain vector or array whose items do not come with it: zeros to be written into, or what a file holds.
//!
//! ```text
//! blob header | nodes | dim | padding | items
//! ^ behind the page's header            ^ a page of memory begins here, then `skip` bytes on
//! ```
//!
//! The blob is like any other, so whoever reads values reads this one. Only its items are nobody's to write: they are the zeros
//! of a new segment, or a file mapped behind a segment that ends where they begin.

use super::writer::Blob;
use super::{damaged, BlobView, BlobWriter, Node, StringTable, Tag};
use crate::error::Result;
use crate::os::{page_size, Access, FilePart, SegmentFile};
use crate::store::{Content, Traits, CONTENT};

/// More items than any vector has (R's own limit).
const MAX_LEN: u64 = 1 << 52;

/// The blob without its items.
#[derive(Debug)]
struct Outline {
    blob: Blob,
    /// Where the items' page begins, counted from the blob's beginning.
    start: u64,
    /// Bytes of all items.
    items: u64,
}

impl Outline {
    fn new(tag: Tag, len: u64, dim: &[u32], skip: u64) -> Result<Outline> {
        let size = tag.item_size();
        if size == 0 || len > MAX_LEN {
            return Err(damaged(format!("{len} items of type {tag:?} cannot be laid out")));
        }
        let mut w = BlobWriter::new();
        let attributes = if dim.is_empty() { 0 } else { dimensions(&mut w, dim)? };
        let items = len * size;
        let start = (CONTENT + w.size()).next_multiple_of(page_size()) - CONTENT;
        let off = if items == 0 { 0 } else { start - w.head() as u64 + skip };
        w.set(0, Node { attributes, ..Node::of(tag, len, off) });
        Ok(Outline { blob: w.finish_before(off + items), start, items })
    }

    fn write(&self, file: &SegmentFile, at: u64) -> Result<()> {
        self.blob.write(&|offset, bytes| file.write_at(at + offset, bytes))
    }
}

/// The attribute `dim`; gives the index of the attributes' node.
fn dimensions(w: &mut BlobWriter, dim: &[u32]) -> Result<u32> {
    let list = w.children(1)?;
    let names = w.children(2)?;
    w.set(list, Node::of(Tag::List, 2, u64::from(names)));
    let mut table = StringTable::default();
    table.push(b"dim", 0);
    let off = w.strings(&mut table);
    w.set(names, Node::of(Tag::Strings, 1, off));
    let numbers: Vec<u8> = dim.iter().flat_map(|extent| extent.to_ne_bytes()).collect();
    let off = w.copy(&numbers);
    w.set(names + 1, Node::of(Tag::Integer, dim.len() as u64, off));
    Ok(list)
}

/// Zeros, to be written into.
#[derive(Debug)]
pub struct Zeros(Outline);

impl Zeros {
    /// `len` items of a plain type; an array's `dim`, which is empty for a vector.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) for more items than a vector can have, or a type that is not plain.
    pub fn new(tag: Tag, len: u64, dim: &[u32]) -> Result<Zeros> {
        Outline::new(tag, len, dim, 0).map(Zeros)
    }
}

impl Content for Zeros {
    fn bytes(&self) -> u64 {
        self.0.start + self.0.items
    }

    fn write(&self, file: &SegmentFile, at: u64) -> Result<()> {
        self.0.write(file, at)
    }

    fn traits(&self) -> Traits {
        Traits { writable: true, file: None }
    }
}

/// What a part of a file holds.
#[derive(Debug)]
pub struct FromFile {
    outline: Outline,
    traits: Traits,
}

impl FromFile {
    /// The items of a plain type that `part` holds; an array's `dim`, which is empty for a vector. With [`Access::Write`] it may be
    /// written into.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) for a part that does not begin at a multiple of the item's size (of 8 bytes, for longer ones) or does
    /// not hold whole items.
    pub fn new(tag: Tag, dim: &[u32], part: FilePart, access: Access) -> Result<FromFile> {
        let size = tag.item_size().max(1);
        if part.offset % size.min(8) != 0 || part.bytes % size != 0 {
            let where_ = format!("{} bytes at {}", part.bytes, part.offset);
            return Err(damaged(format!("{where_} are no items of {size} bytes")));
        }
        let outline = Outline::new(tag, part.bytes / size, dim, part.offset % page_size())?;
        Ok(FromFile { outline, traits: Traits { writable: access == Access::Write, file: Some(part) } })
    }
}

impl Content for FromFile {
    fn bytes(&self) -> u64 {
        self.outline.start
    }

    fn write(&self, file: &SegmentFile, at: u64) -> Result<()> {
        self.outline.write(file, at)
    }

    fn traits(&self) -> Traits {
        self.traits.clone()
    }
}

/// The root's `dim`, if it is an array.
pub fn dim(view: &BlobView<'_>) -> Option<Vec<u64>> {
    let (names, first) = view.attributes(&view.node(0))?;
    let place = (0..names.len()).find(|&i| names.get(i).is_some_and(|(name, _)| name == b"dim"))?;
    let node = view.node(first + place as u32);
    let numbers =
        view.data(&node).chunks_exact(4).map(|four| i32::from_ne_bytes([four[0], four[1], four[2], four[3]]));
    (node.tag == Tag::Integer).then(|| numbers.map(|extent| u64::try_from(extent).unwrap_or(0)).collect())
}

#[cfg(test)]
#[path = "outline_tests.rs"]
mod tests;
