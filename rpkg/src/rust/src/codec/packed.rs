//! Items that are plain vectors of one type and length, to a blob: they need no node each. The results of a chunk, and the single values that a
//! list holds.
use scheduler::page::{Node, Tag, BORROW_FROM};

use super::encode::Encoder;
use super::region::copy_region;
use super::small::Packing;
use super::tags::tag_of;
use crate::r::{Failure, Kind, Result, Scope, Sexp};

/// The items of a list, if it is plain and they are all numbers of one type, a single value each, that R holds in memory: nothing that a view
/// shows. One walk over the list.
pub(super) fn single_numbers(x: Sexp) -> Option<Packing> {
    let items = x.items().filter(|_| !x.has_attributes())?;
    let first = items.first().filter(|first| first.len() == 1)?;
    let mut packing = Packing::like(*first, items.len())?;
    packing.push_all(items).then_some(packing)
}

/// Whether all items of a list are single strings that R holds in memory, and the list is plain.
pub(super) fn are_single_strings(x: Sexp) -> bool {
    !x.makes_items() && packable(x) == Some((Tag::Strings, 1)) && (0..x.len()).all(|i| !x.item(i).is_altrep())
}

/// The common tag and length, if the list is plain and all items are plain vectors of them.
pub(super) fn packable(results: Sexp) -> Option<(Tag, u32)> {
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
    pub(super) fn packed(&mut self, s: &Scope, results: Sexp, tag: Tag, each: u32) -> Result<()> {
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
