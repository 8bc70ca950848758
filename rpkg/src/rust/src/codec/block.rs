//! Blocks of a matrix: consecutive columns or rows, as a matrix with the dimnames that belong to them.
use scheduler::page::Tag;

use super::cut::{items, shared};
use super::decode::decode;
use super::source::{set_text, BlobSource};
use super::tags::kind_of;
use crate::r::{Kind, Scope, Sexp};

/// Columns `from` to `from + count` of a matrix of `nrow` rows: a slice of its items, without a copy where they are big. Preserved.
/// `dimnames` are those of the matrix, or NULL.
pub fn column_block<'s>(
    s: &'s Scope,
    source: &BlobSource<'_>,
    index: u32,
    (from, count): (usize, usize),
    nrow: usize,
    dimnames: Sexp,
) -> Sexp<'s> {
    let out = shared(items(s, source, index, (from * nrow, count * nrow)));
    shaped(s, out, [(0, nrow), (from, count)], dimnames);
    out
}

/// Rows `from` to `from + count` of a matrix of `nrow` by `ncol`: a copy, for they lie apart. Preserved. `dimnames` are those of the
/// matrix, or NULL.
pub fn row_block<'s>(
    s: &'s Scope,
    source: &BlobSource<'_>,
    index: u32,
    (from, count): (usize, usize),
    (nrow, ncol): (usize, usize),
    dimnames: Sexp,
) -> Sexp<'s> {
    let node = source.view.node(index);
    let out = s.vector(kind_of(node.kind()), count * ncol);
    assert!(from + count <= nrow && nrow.saturating_mul(ncol) as u64 <= node.len, "rows beyond the matrix");
    // Each item's place in the matrix and in the block.
    let each =
        move || (0..ncol).flat_map(move |j| (0..count).map(move |i| (j * nrow + from + i, j * count + i)));
    match node.kind() {
        Tag::List => {
            for (at, to) in each() {
                s.inner(|s| out.set_item(to, decode(s, source, (node.off as usize + at) as u32)));
            }
        }
        Tag::Strings => {
            for (at, to) in each() {
                let table = source.view.table(&node);
                set_text(s, out, to, table.and_then(|(table, first, _)| table.get(first + at)));
            }
        }
        tag => {
            let (data, size) = (source.view.data(&node), tag.item_size() as usize);
            let bytes = out.data_mut();
            for j in 0..ncol {
                let column = &data[(j * nrow + from) * size..][..count * size];
                // SAFETY: the vector was just made, with `ncol` times `count` items of this size.
                unsafe {
                    bytes.add(j * count * size).copy_from_nonoverlapping(column.as_ptr(), column.len())
                };
            }
        }
    }
    shaped(s, out, [(from, count), (0, ncol)], dimnames);
    out
}

/// Gives the items of a block their dim, and what belongs to it of the matrix's dimnames. `extent` is where the block begins along rows and
/// along columns, and how many it has.
fn shaped(s: &Scope, out: Sexp, extent: [(usize, usize); 2], dimnames: Sexp) {
    let dim = s.vector(Kind::INTSXP, 2);
    // SAFETY: the vector was just made and has two items. A block is no larger than its matrix, whose dim are integers.
    unsafe { dim.data_mut().cast::<[i32; 2]>().write(extent.map(|(_, count)| count as i32)) };
    out.set_attribute(s, "dim", dim);
    if let Some(names) = names_of_part(s, extent, dimnames) {
        out.set_attribute(s, "dimnames", names);
    }
}

/// What belongs to a part of a matrix of its dimnames, kept; `None` where it has none.
pub(super) fn names_of_part<'s>(
    s: &'s Scope,
    extent: [(usize, usize); 2],
    dimnames: Sexp,
) -> Option<Sexp<'s>> {
    if dimnames.kind() != Kind::VECSXP || dimnames.len() != 2 {
        return None;
    }
    let names = s.vector(Kind::VECSXP, 2);
    for (along, (from, count)) in extent.into_iter().enumerate() {
        s.inner(|s| names.set_item(along, slice(s, dimnames.item(along), from, count)));
    }
    let titles = dimnames.names(s);
    if !titles.is_null() {
        names.set_attribute(s, "names", titles);
    }
    Some(names)
}

/// The names from `from` on; all of them as they are.
fn slice<'s>(s: &'s Scope, names: Sexp<'s>, from: usize, count: usize) -> Sexp<'s> {
    if names.kind() != Kind::STRSXP || names.len() == count {
        return names;
    }
    let out = s.vector(Kind::STRSXP, count);
    for i in 0..count {
        out.set_text(i, names.text(from + i).raw());
    }
    out
}
