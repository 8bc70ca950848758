//! The results of a pass, chunk by chunk, made one value: a list, one joined vector, or a single item.
use scheduler::page::Tag;

use super::cut::{copy_strings, element};
use super::source::{kind_of, Source};
use crate::r::{Kind, Scope, Sexp};

/// A chunk's blob, and which results it holds.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The first of them.
    pub start: usize,
    /// How many.
    pub count: usize,
    /// The blob; its root is the list of them.
    pub source: Source<'a>,
}

/// All results as a list, kept. Pieces follow each other without a gap.
pub fn list(s: &Scope, pieces: &[Piece<'_>], count: usize) -> Sexp {
    let list = s.vector(Kind::VECSXP, count);
    for piece in pieces {
        for place in 0..piece.count {
            s.inner(|s| list.set_item(piece.start + place, element(s, &piece.source, 0, place)));
        }
    }
    list
}

/// The type and length that all results have, if all are plain vectors of the same.
pub fn alike(pieces: &[Piece<'_>]) -> Option<(Tag, usize)> {
    let mut shapes =
        pieces.iter().map(|piece| piece.source.packed(0).map(|packed| (packed.tag, packed.each)));
    let first = shapes.next()??;
    shapes.all(|shape| shape == Some(first)).then_some(first)
}

/// All results, which are alike, one after the other, kept.
pub fn joined(s: &Scope, pieces: &[Piece<'_>], tag: Tag, each: usize, count: usize) -> Sexp {
    let out = s.vector(kind_of(tag), count * each);
    for piece in pieces {
        let start = piece.start * each;
        if tag == Tag::Strings {
            copy_strings(s, &piece.source, 0, out, start);
        } else if let Some(packed) = piece.source.packed(0) {
            let size = tag.item_size() as usize;
            let bytes = &packed.data[..piece.count * each * size];
            // SAFETY: `out` was just made for all pieces, which follow each other without a gap up to its length, and
            // this piece's bytes were checked to be as many.
            unsafe {
                let place = out.data_mut().add(start * size);
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len());
            }
        }
    }
    out
}
