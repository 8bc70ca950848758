//! A plain vector or array whose items do not come with it: zeros to be written into, or what a file holds.
//!
//! ```text
//! blob header | nodes | dim | padding | items
//! ^ behind the page's header            ^ a page of memory begins here, then `skip` bytes on
//! ```
//!
//! The blob is like any other, so whoever reads values reads this one. Only its items are nobody's to write: they are the zeros
//! of a new segment, or a file mapped behind a segment that ends where they begin.

use super::blob::Blob;
use super::{damaged, BlobView, BlobWriter, Node, StringTable, Tag};
use crate::error::Result;
use crate::os::{page_size, Access, FilePart, SegmentFile};
use crate::store::{Content, Traits, CONTENT};

/// More items than any vector has (R's own limit).
const MAX_LEN: u64 = 1 << 52;

/// What makes an array of items.
#[derive(Debug, Default)]
pub struct Shape {
    /// The extents; none of a vector.
    pub dim: Vec<u32>,
    /// The names along each of them, where there are any.
    pub names: Vec<Option<StringTable>>,
}

impl Shape {
    /// An array without names.
    pub fn of(dim: &[u32]) -> Shape {
        Shape { dim: dim.to_vec(), names: Vec::new() }
    }
}

/// The blob without its items.
#[derive(Debug)]
pub(super) struct Outline {
    blob: Blob,
    /// Where the items' page begins, counted from the blob's beginning.
    pub(super) start: u64,
    /// Bytes of all items.
    items: u64,
}

impl Outline {
    pub(super) fn new(tag: Tag, len: u64, shape: Shape, skip: u64) -> Result<Outline> {
        let size = tag.item_size();
        if size == 0 || len > MAX_LEN {
            return Err(damaged(format!("{len} items of type {tag:?} cannot be laid out")));
        }
        let mut w = BlobWriter::new();
        let attributes = if shape.dim.is_empty() { 0 } else { dimensions(&mut w, shape)? };
        let items = len * size;
        let start = (CONTENT + w.size()).next_multiple_of(page_size()) - CONTENT;
        let off = if items == 0 { 0 } else { start - w.head() as u64 + skip };
        w.set(0, Node { attributes, ..Node::of(tag, len, off) });
        Ok(Outline { blob: w.finish_before(off + items), start, items })
    }

    /// Where the items end.
    pub(super) fn end(&self) -> u64 {
        self.start + self.items
    }

    pub(super) fn write(&self, file: &SegmentFile, at: u64) -> Result<()> {
        self.blob.write(&mut |offset, bytes| file.write_at(at + offset, bytes))
    }
}

/// The attributes `dim` and, where there are any names, `dimnames`; gives the index of the attributes' node.
fn dimensions(w: &mut BlobWriter, shape: Shape) -> Result<u32> {
    let names: &[&[u8]] =
        if shape.names.iter().any(Option::is_some) { &[b"dim", b"dimnames"] } else { &[b"dim"] };
    let list = w.children(1)?;
    let first = w.children(1 + names.len())?;
    w.set(list, Node::of(Tag::List, 1 + names.len() as u64, u64::from(first)));
    let mut table = StringTable::default();
    names.iter().for_each(|name| table.push(name, 0));
    let off = w.strings(&mut table);
    w.set(first, Node::of(Tag::Strings, names.len() as u64, off));
    let numbers: Vec<u8> = shape.dim.iter().flat_map(|extent| extent.to_ne_bytes()).collect();
    let off = w.copy(&numbers);
    w.set(first + 1, Node::of(Tag::Integer, shape.dim.len() as u64, off));
    if names.len() > 1 {
        let along = w.children(shape.names.len())?;
        w.set(first + 2, Node::of(Tag::List, shape.names.len() as u64, u64::from(along)));
        for (place, names) in (along..).zip(shape.names) {
            let Some(mut table) = names else { continue };
            let count = table.marks.len() as u64;
            let off = w.strings(&mut table);
            w.set(place, Node::of(Tag::Strings, count, off));
        }
    }
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
        Zeros::shaped(tag, len, Shape::of(dim))
    }

    /// As [`Zeros::new`], with names.
    ///
    /// # Errors
    /// As [`Zeros::new`].
    pub fn shaped(tag: Tag, len: u64, shape: Shape) -> Result<Zeros> {
        Outline::new(tag, len, shape, 0).map(Zeros)
    }
}

impl Content for Zeros {
    fn bytes(&self) -> u64 {
        self.0.end()
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
    /// The items of a plain type that `part` holds, in this shape. With [`Access::Write`] it may be written into.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) for a part that does not begin at a multiple of the item's size (of 8 bytes, for longer ones) or does
    /// not hold whole items.
    pub fn new(tag: Tag, shape: Shape, part: FilePart, access: Access) -> Result<FromFile> {
        let size = tag.item_size().max(1);
        if part.offset % size.min(8) != 0 || part.bytes % size != 0 {
            let where_ = format!("{} bytes at {}", part.bytes, part.offset);
            return Err(damaged(format!("{where_} are no items of {size} bytes")));
        }
        let outline = Outline::new(tag, part.bytes / size, shape, part.offset % page_size())?;
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
