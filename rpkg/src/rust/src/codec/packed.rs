//! The results of a chunk to a blob: those that are plain vectors of one type and length need no node each.
use scheduler::page::{BlobWriter, Node, StringTable, Tag, BORROW_FROM};

use super::encode::Encoder;
use super::outline::Outline;
use super::region::copy_region;
use super::tags::tag_of;
use crate::r::{protect, Failure, Kind, Result, Scope, Sexp};

/// Encodes a chunk's results, a plain list: packed when all are plain vectors of one type and length, as [`encode`] does
/// otherwise. On a failure `at` is the place of the result that cannot be encoded.
pub fn encode_list(results: Sexp, w: &mut BlobWriter, at: &mut usize) -> Result<()> {
    let mut table = StringTable::default();
    let mut outline = Outline::default();
    protect(|s| {
        let mut encoder =
            Encoder { w: &mut *w, table: &mut table, outline: &mut outline, at, references: None };
        match packable(results) {
            Some((tag, each)) => encoder.packed(s, results, tag, each),
            None => encoder.root(s, results),
        }
    })?;
    Ok(w.check()?)
}

/// The common tag and length, if the list is plain and all items are plain vectors of them.
fn packable(results: Sexp) -> Option<(Tag, u32)> {
    if results.kind() != Kind::VECSXP || results.is_empty() || results.has_attributes() {
        return None;
    }
    let shape = |x: Sexp| {
        let tag = tag_of(x).filter(|tag| tag.packs())?;
        (!x.has_attributes() && !x.is_s4()).then_some((tag, u32::try_from(x.len()).ok()?))
    };
    let first = shape(results.item(0))?;
    (1..results.len()).all(|i| shape(results.item(i)) == Some(first)).then_some(first)
}

impl Encoder<'_> {
    fn packed(&mut self, s: &Scope, results: Sexp, tag: Tag, each: u32) -> Result<()> {
        let n = results.len();
        let off = if tag == Tag::Strings {
            for i in 0..n {
                self.texts(s, results.item(i));
            }
            self.w.strings(self.table)
        } else {
            let size = each as usize * tag.item_size() as usize;
            let bytes = size.checked_mul(n).ok_or_else(|| Failure::input("results too long"))?;
            if size >= BORROW_FROM && (0..n).all(|i| results.item(i).data().is_some()) {
                let off = self.borrowed(results, size);
                self.w.set(0, Node::packed(tag, n as u64, each, off));
                return Ok(());
            }
            let start = self.w.reserve(bytes)?;
            for i in 0..n {
                copy_region(results.item(i), &mut self.w.reserved(start)[i * size..(i + 1) * size]);
            }
            start
        };
        self.w.set(0, Node::packed(tag, n as u64, each, off));
        Ok(())
    }

    /// Big results of `size` bytes each, read where they lie when the blob is written.
    fn borrowed(&mut self, results: Sexp, size: usize) -> u64 {
        let mut off = 0;
        for (i, data) in (0..results.len()).filter_map(|i| Some((i, results.item(i).data()?))) {
            // SAFETY: the vector's own bytes; who encodes keeps the results until the blob is written (`encode`).
            unsafe {
                match i {
                    0 => off = self.w.borrow(data, size),
                    _ => self.w.borrow_behind(data, size),
                }
            }
        }
        off
    }
}
