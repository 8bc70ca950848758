//! The results of a pass, chunk by chunk, made one value: a list or one joined vector.
//!
//! Where a chunk's results begin and how many they are, a worker says. So [`Pieces`] are put together one behind the other, each held
//! against what its blob really holds; nothing that is made of them can reach beyond their sum.
use scheduler::error::Error;
use scheduler::page::Tag;

use super::cut::{copy_strings, element};
use super::small::SmallItems;
use super::source::BlobSource;
use super::tags::kind_of;
use crate::r::{Kind, Result, Scope, Sexp};

/// A chunk's blob, whose root is the list of its results; none of a chunk whose results are taken already.
#[derive(Clone, Copy, Debug)]
struct Piece<'a> {
    count: usize,
    source: Option<BlobSource<'a>>,
}

/// Results that follow each other without a gap, from the first on.
#[derive(Clone, Debug, Default)]
pub struct Pieces<'a> {
    pieces: Vec<Piece<'a>>,
    count: usize,
}

impl<'a> Pieces<'a> {
    /// Puts the results `[start, end)` behind those that are there.
    ///
    /// # Errors
    /// `Error::Damaged` when they do not begin where the others end, or the blob does not hold as many.
    pub fn push(&mut self, (start, end): (u64, u64), source: BlobSource<'a>) -> Result<()> {
        check_count((start, end), &source)?;
        self.follow((start, end), Some(source))
    }

    /// Leaves out the results `[start, end)`, behind those that are there.
    ///
    /// # Errors
    /// As [`Pieces::push`].
    pub fn skip(&mut self, results: (u64, u64)) -> Result<()> {
        self.follow(results, None)
    }

    fn follow(&mut self, (start, end): (u64, u64), source: Option<BlobSource<'a>>) -> Result<()> {
        if start != self.count as u64 {
            let reason = format!("results from {} on follow {} results", start + 1, self.count);
            return Err(damaged(reason));
        }
        let count = end.saturating_sub(start) as usize;
        self.pieces.push(Piece { count, source });
        self.count += count;
        Ok(())
    }

    /// How many results there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// All results as a list, kept.
    pub fn list<'s>(&self, s: &'s Scope) -> Sexp<'s> {
        let list = s.vector(Kind::VECSXP, self.count);
        self.fill(s, list);
        list
    }

    /// Sets the items of a list, which has as many as there are results, but for those that were skipped.
    pub fn fill(&self, s: &Scope, list: Sexp) {
        let mut next = 0;
        for Piece { count, source } in &self.pieces {
            if let Some(source) = source {
                let small = SmallItems::of(&source.view, 0);
                for place in 0..*count {
                    match &small {
                        Some(items) => items.put(s, place, list, next + place),
                        None => s.inner(|s| list.set_item(next + place, element(s, source, 0, place))),
                    }
                }
            }
            next += count;
        }
    }

    /// The type and length that all results have, if all are plain vectors of the same.
    pub fn alike(&self) -> Option<(Tag, usize)> {
        let shape = |source: BlobSource<'a>| source.packed(0).map(|packed| (packed.tag, packed.each));
        let mut shapes = self.pieces.iter().map(|piece| piece.source.and_then(shape));
        let first = shapes.next()??;
        shapes.all(|shape| shape == Some(first)).then_some(first)
    }

    /// All results, which are [`Pieces::alike`], one after the other, kept.
    pub fn joined<'s>(&self, s: &'s Scope, (tag, each): (Tag, usize)) -> Sexp<'s> {
        let out = s.vector(kind_of(tag), self.count * each);
        let mut next = 0;
        for piece in &self.pieces {
            let start = next * each;
            next += piece.count;
            let Some(source) = piece.source else { continue };
            if tag == Tag::Strings {
                copy_strings(s, &source, 0, out, start);
            } else if let Some(packed) = source.packed(0) {
                let size = tag.item_size() as usize;
                let bytes = &packed.data[..piece.count * each * size];
                // SAFETY: `out` was just made for the sum of the pieces' counts, of which those before take `start`, and this
                // one, whose bytes are as many, the next.
                unsafe {
                    let place = out.data_mut().add(start * size);
                    std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len());
                }
            }
        }
        out
    }
}

/// Whether a blob's root holds as many results as `[start, end)` are.
///
/// # Errors
/// `Error::Damaged` when it does not.
pub fn check_count((start, end): (u64, u64), source: &BlobSource<'_>) -> Result<()> {
    let root = source.view.node(0);
    let held = if matches!(root.tag, Tag::List | Tag::Packed) { root.len } else { 0 };
    if end.checked_sub(start) == Some(held) {
        return Ok(());
    }
    Err(damaged(format!("results {} to {end} are said to be where {held} are", start + 1)))
}

fn damaged(reason: String) -> crate::r::Failure {
    Error::Damaged { segment: "of results".into(), reason }.into()
}
