//! Items of one type and length whose bytes lie one behind the other, each so small that a copy is cheaper than a view: the single values of a
//! list, the columns of a low matrix, the results that a chunk hands in.
use scheduler::page::{BlobView, BlobWriter, Node, Tag};

use super::source::{packed, VIEW_MIN};
use super::tags::{kind_of, tag_of};
use crate::r::{copy_plain, Kind, Result, Scope, Sexp};

/// Bytes of a result that is packed as soon as FUN gave it, at most.
const AT_ONCE: usize = 64;

/// Where such items are read.
#[derive(Clone, Copy, Debug)]
pub struct SmallItems<'a> {
    kind: Kind,
    /// Values of an item, and its bytes.
    each: usize,
    size: usize,
    data: &'a [u8],
}

impl<'a> SmallItems<'a> {
    /// The items of a list that is packed, or the values of a plain vector; `None` where they are no such.
    pub fn of(view: &BlobView<'a>, root: u32) -> Option<SmallItems<'a>> {
        match packed(view, root) {
            Some(packed) => SmallItems::new(packed.tag, packed.each, packed.data),
            None => SmallItems::columns(view, root, 1),
        }
    }

    /// So many values of a plain vector, or of one that is packed, each.
    pub fn columns(view: &BlobView<'a>, root: u32, each: usize) -> Option<SmallItems<'a>> {
        let node = view.node(root);
        let tag = packed(view, root).map_or(node.kind(), |packed| packed.tag);
        SmallItems::new(tag, each, view.data(&node))
    }

    fn new(tag: Tag, each: usize, data: &'a [u8]) -> Option<SmallItems<'a>> {
        let size = each.checked_mul(tag.item_size() as usize)?;
        (1..VIEW_MIN).contains(&size).then(|| SmallItems { kind: kind_of(tag), each, size, data })
    }

    /// A vector for an item, which [`SmallItems::fill`] sets, kept.
    pub fn blank<'s>(&self, s: &'s Scope) -> Sexp<'s> {
        s.vector(self.kind, self.each)
    }

    /// Item `i` as an item of a list that was just made.
    pub fn put(&self, s: &Scope, i: usize, list: Sexp, at: usize) {
        self.fill(i, s.vector_in(list, at, self.kind, self.each));
    }

    /// Sets what [`SmallItems::blank`] made to item `i`.
    pub fn fill(&self, i: usize, vector: Sexp) {
        let item = &self.data[i * self.size..][..self.size];
        // SAFETY: `blank` made the vector, with room for exactly these bytes.
        unsafe { vector.data_mut().copy_from_nonoverlapping(item.as_ptr(), item.len()) }
    }
}

/// Small plain vectors of one type and length, packed as they come: R need not keep them.
#[derive(Debug)]
pub struct Packing {
    tag: Tag,
    each: usize,
    bytes: Vec<u8>,
}

impl Packing {
    /// For values like this one, and so many of them; `None` where it is not small and plain, or its bytes do not lie in R's memory.
    pub fn like(value: Sexp, count: usize) -> Option<Packing> {
        let tag = tag_of(value).filter(|tag| tag.item_size() > 0)?;
        let each = value.len();
        let mut packing = Packing { tag, each, bytes: Vec::new() };
        let fits = (1..=AT_ONCE).contains(&packing.size()) && packing.item(&value).is_some();
        let room = fits.then(|| count.checked_mul(packing.size())).flatten()?;
        packing.bytes.try_reserve_exact(room).ok()?;
        Some(packing)
    }

    fn size(&self) -> usize {
        self.each.saturating_mul(self.tag.item_size() as usize)
    }

    /// The bytes of a value that can be packed with the others. R makes nothing for it.
    fn item<'v>(&self, value: &'v Sexp) -> Option<&'v [u8]> {
        value.plain_data(kind_of(self.tag), self.each, self.tag.item_size() as usize)
    }

    /// Takes one more value. `false`: it is not like the others.
    pub fn push(&mut self, value: Sexp) -> bool {
        self.item(&value).map(|item| self.bytes.extend_from_slice(item)).is_some()
    }

    /// Takes more values, all of which R holds in memory. `false`: one is not like the others.
    pub fn push_all(&mut self, values: &[Sexp]) -> bool {
        let like = (kind_of(self.tag), self.each, self.tag.item_size() as usize);
        copy_plain(values, like, &mut self.bytes) == values.len()
    }

    /// How many values there are.
    pub fn count(&self) -> usize {
        self.bytes.len() / self.size()
    }

    /// Sets the first items of a list to the values.
    pub fn unpack(&self, s: &Scope, list: Sexp) {
        let items = self.items();
        for i in 0..self.count() {
            items.put(s, i, list, i);
        }
    }

    fn items(&self) -> SmallItems<'_> {
        SmallItems { kind: kind_of(self.tag), each: self.each, size: self.size(), data: &self.bytes }
    }

    /// The first of the values that, with those before it, takes more than so many bytes; the last where none does.
    pub fn first_beyond(&self, bytes: u64) -> usize {
        let fit = usize::try_from(bytes).unwrap_or(usize::MAX) / self.size();
        fit.min(self.count().saturating_sub(1))
    }

    /// The values as the root of a new blob, as [`super::encode_list`] packs a list of them.
    ///
    /// # Safety
    /// They are kept, unchanged, until the blob is dropped.
    pub unsafe fn encode(&self, w: &mut BlobWriter) -> Result<()> {
        // SAFETY: by this function's contract.
        let off = unsafe { w.borrow(self.bytes.as_ptr(), self.bytes.len()) };
        self.set_root(w, self.count(), off)
    }

    /// The same, of values that the blob has from then on.
    pub(super) fn encode_all(mut self, w: &mut BlobWriter) -> Result<()> {
        let count = self.count();
        let off = w.take(std::mem::take(&mut self.bytes));
        self.set_root(w, count, off)
    }

    fn set_root(&self, w: &mut BlobWriter, count: usize, off: u64) -> Result<()> {
        w.set(0, Node::packed(self.tag, count as u64, self.each as u32, off));
        Ok(w.check()?)
    }
}
