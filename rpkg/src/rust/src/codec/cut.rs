//! Cutting a collection into elements: an item, a column, a row.
use scheduler::page::{Tag, FLAG_S4};

use super::decode::{decode, packed_item};
use super::source::{set_text, BlobSource};
use super::tags::kind_of;
use crate::r::{Failure, Kind, Result, Scope, Sexp};

/// Columns and rows of a tile in `rows`: 8 KiB of doubles, so that both sides of the transposition stay in the cache.
const TILE: usize = 32;

/// Item `i` of a list, or of a vector as a vector of length 1. Preserved.
pub fn element<'s>(s: &'s Scope, source: &BlobSource<'_>, index: u32, i: usize) -> Sexp<'s> {
    let node = source.view.node(index);
    match node.tag {
        Tag::List => {
            debug_assert!((i as u64) < node.len);
            shared(decode(s, source, (node.off + i as u64) as u32))
        }
        Tag::Packed => packed_item(s, source, &node, i),
        _ => source.part(s, &node, i, 1),
    }
}

/// What the items of a list are, as far as it can be told without making them.
#[derive(Debug, PartialEq)]
pub struct ListShape {
    /// How many there are.
    pub count: usize,
    /// The first one's type and length; Null and 0 where there is none.
    pub first: (Tag, u64),
    /// The lengths of all; none where they do not differ.
    pub lengths: Vec<f64>,
}

/// The shape of a list of vectors and lists; `None` of what is another value, or holds others. O(items).
pub fn list_shape(source: &BlobSource<'_>, index: u32) -> Option<ListShape> {
    let node = source.view.node(index);
    let count = node.len as usize;
    if node.tag == Tag::Packed {
        return Some(ListShape { count, first: (node.elem, node.attributes.into()), lengths: Vec::new() });
    }
    let shape = |i: u64| {
        let item = source.view.node((node.off + i) as u32);
        match item.kind() {
            Tag::Serialized | Tag::S4 => None,
            Tag::Packed => Some((Tag::List, item.len)),
            tag => Some((tag, item.len)),
        }
    };
    if node.tag != Tag::List || node.flags & FLAG_S4 != 0 {
        return None;
    }
    let shapes = (0..node.len).map(shape).collect::<Option<Vec<_>>>()?;
    let first = shapes.first().copied().unwrap_or((Tag::Null, 0));
    let alike = shapes.iter().all(|&(_, len)| len == first.1);
    let lengths = if alike { Vec::new() } else { shapes.iter().map(|&(_, len)| len as f64).collect() };
    Some(ListShape { count, first, lengths })
}

/// The node of item `i` of a list, to be cut itself. A packed item has none: it is plain, and no collection of many.
pub fn child(source: &BlobSource<'_>, index: u32, i: usize) -> Result<u32> {
    let node = source.view.node(index);
    let inside = node.tag == Tag::List && (i as u64) < node.len;
    let missing = || Failure::Internal("the value of an earlier pass has no layout of its own".into());
    inside.then_some((node.off + i as u64) as u32).ok_or_else(missing)
}

/// Items `j * nrow` to `(j + 1) * nrow` of a vector or list: a column. Preserved. `names` is a character vector or NULL.
pub fn column<'s>(
    s: &'s Scope,
    source: &BlobSource<'_>,
    index: u32,
    j: usize,
    nrow: usize,
    names: Sexp,
) -> Sexp<'s> {
    named(s, shared(items(s, source, index, (j * nrow, nrow))), names)
}

/// Items of a vector or list, from the given one on so many. Preserved.
pub(super) fn items<'s>(
    s: &'s Scope,
    source: &BlobSource<'_>,
    index: u32,
    (from, count): (usize, usize),
) -> Sexp<'s> {
    let node = source.view.node(index);
    if node.tag != Tag::List {
        return source.part(s, &node, from, count);
    }
    let out = s.vector(Kind::VECSXP, count);
    for i in 0..count {
        s.inner(|s| out.set_item(i, decode(s, source, (node.off as usize + from + i) as u32)));
    }
    out
}

/// A vector for a row of `ncol` items, not set. Preserved.
pub fn row<'s>(s: &'s Scope, source: &BlobSource<'_>, index: u32, ncol: usize) -> Sexp<'s> {
    s.vector(kind_of(source.view.node(index).kind()), ncol)
}

/// Sets the first `count` vectors of a list, each as [`row`] makes them, to the rows from `from` on of a matrix of `nrow` by `ncol`. They are
/// transposed a tile at a time: neither side is walked in strides that miss the cache.
pub fn fill_rows(
    s: &Scope,
    source: &BlobSource<'_>,
    index: u32,
    (from, count): (usize, usize),
    (nrow, ncol): (usize, usize),
    out: Sexp,
) {
    let node = source.view.node(index);
    match node.kind() {
        Tag::List => {
            for j in 0..ncol {
                for i in 0..count {
                    let child = node.off as usize + j * nrow + from + i;
                    s.inner(|s| out.item(i).set_item(j, decode(s, source, child as u32)));
                }
            }
        }
        Tag::Strings => {
            for j in 0..ncol {
                for i in 0..count {
                    let table = source.view.table(&node);
                    let text = table.and_then(|(table, first, _)| table.get(first + j * nrow + from + i));
                    set_text(s, out.item(i), j, text);
                }
            }
        }
        tag => {
            let data = source.view.data(&node);
            let wanted = ncol.saturating_mul(nrow).saturating_mul(tag.item_size() as usize);
            assert!(wanted <= data.len() && from + count <= nrow, "rows beyond the matrix");
            match tag.item_size() {
                1 => transpose::<u8>(data, out, (from, count), (nrow, ncol)),
                4 => transpose::<u32>(data, out, (from, count), (nrow, ncol)),
                8 => transpose::<u64>(data, out, (from, count), (nrow, ncol)),
                _ => transpose::<[u64; 2]>(data, out, (from, count), (nrow, ncol)),
            }
        }
    }
}

/// Fills the first rows in `out` from column-major `data`, which the caller found long enough.
fn transpose<T: Copy>(data: &[u8], out: Sexp, (from, count): (usize, usize), (nrow, ncol): (usize, usize)) {
    let data = data.as_ptr().cast::<T>();
    let mut places = [std::ptr::null_mut::<T>(); TILE];
    for top in (0..count).step_by(TILE) {
        let height = TILE.min(count - top);
        for (i, place) in places[..height].iter_mut().enumerate() {
            *place = out.item(top + i).data_mut().cast();
        }
        for left in (0..ncol).step_by(TILE) {
            for j in left..ncol.min(left + TILE) {
                for (i, place) in places[..height].iter().enumerate() {
                    // SAFETY: `j < ncol` and `from + top + i < nrow`, and the data holds nrow x ncol items, aligned as the
                    // blob's check demands (8 bytes for the 16-byte ones, hence unaligned); each row has ncol items.
                    unsafe { place.add(j).write(data.add(j * nrow + from + top + i).read_unaligned()) };
                }
            }
        }
    }
}

/// A value that lies in a mapping others read too, within this process: R code copies before it writes.
pub(super) fn shared(x: Sexp<'_>) -> Sexp<'_> {
    x.freeze();
    x
}

/// Sets the strings of `out` from `start` on to those of a table's or packed node.
pub fn copy_strings(s: &Scope, source: &BlobSource<'_>, index: u32, out: Sexp, start: usize) {
    let Some(table) = source.view.strings(&source.view.node(index)) else { return };
    for i in 0..table.len() {
        set_text(s, out, start + i, table.get(i));
    }
}

/// The value with these names, unless they are NULL.
pub fn named<'s>(s: &Scope, x: Sexp<'s>, names: Sexp) -> Sexp<'s> {
    if !names.is_null() {
        x.set_attribute(s, "names", names);
    }
    x
}
