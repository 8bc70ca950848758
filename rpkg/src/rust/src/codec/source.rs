//! A blob that lies in a mapping, together with what keeps the mapping.
use std::sync::Arc;

use scheduler::os::Mapping;
use scheduler::page::{BlobView, Node, Tag};
use scheduler::store::CONTENT;

use super::tags::kind_of;
use crate::altrep;
use crate::r::{Kind, Preserved, Result, Scope, Sexp};

/// Vectors of at least this many bytes become views; below, a plain copy is cheaper than a view's three objects.
pub(super) const VIEW_MIN: usize = 2048;

/// Where values are decoded from.
#[derive(Clone, Copy, Debug)]
pub struct BlobSource<'a> {
    /// The blob.
    pub view: BlobView<'a>,
    /// The R object that keeps the mapping under the blob.
    owner: &'a Preserved,
    /// The pages that the blob refers to.
    referred: &'a Referred,
}

/// Pages that a blob refers to, in the order of their numbers: their bytes, and the R objects that keep the mappings under them.
#[derive(Debug, Default)]
pub struct Referred {
    pages: Vec<&'static [u8]>,
    owners: Vec<altrep::Owner>,
}

/// The pages of a blob that refers to none.
const NONE: &Referred = &Referred { pages: Vec::new(), owners: Vec::new() };

impl Referred {
    /// One more page.
    ///
    /// # Safety
    /// The page is sealed, but for plain items that may change (`Mapping::bytes`). Who uses this keeps it as long as what was
    /// made of it, views apart, which keep their owners.
    pub unsafe fn push(&mut self, mapping: &Arc<Mapping>) -> Result<()> {
        let owner = altrep::Owner::new(mapping, None, altrep::Lives::WithItsViews)?;
        // SAFETY: by this function's contract; the owner, which is kept, keeps the mapping where its count has it.
        let forever: &'static Mapping = unsafe { &*Arc::as_ptr(mapping) };
        // SAFETY: by this function's contract.
        self.pages.push(unsafe { forever.bytes() });
        self.owners.push(owner);
        Ok(())
    }

    /// Bytes that are mapped.
    pub fn bytes(&self) -> usize {
        self.pages.iter().map(|page| page.len()).sum()
    }
}

/// What a packed node holds.
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a> {
    /// The items' type.
    pub tag: Tag,
    /// Each item's length.
    pub each: usize,
    /// All items' bytes (of strings: the table's).
    pub data: &'a [u8],
}

/// What is packed in a node of a blob, if it is a Packed.
pub(super) fn packed<'a>(view: &BlobView<'a>, index: u32) -> Option<Packed<'a>> {
    let node = view.node(index);
    (node.tag == Tag::Packed).then(|| Packed {
        tag: node.elem,
        each: node.attributes as usize,
        data: view.data(&node),
    })
}

impl<'a> BlobSource<'a> {
    /// The blob at `at` (counted from the page's content) of a privately mapped page, `len` bytes at most; checked.
    ///
    /// # Safety
    /// The page is sealed up to there: nobody writes to these bytes any more, in any process.
    pub unsafe fn open(mapping: &'a Mapping, at: u64, len: u64, owner: &'a Preserved) -> Result<Self> {
        // SAFETY: by this function's contract.
        unsafe { BlobSource::open_with(mapping, at, len, (owner, NONE)) }
    }

    /// As [`BlobSource::open`], for a blob that may refer to other pages.
    ///
    /// # Safety
    /// As for [`BlobSource::open`].
    pub unsafe fn open_with(
        mapping: &'a Mapping,
        at: u64,
        len: u64,
        (owner, referred): (&'a Preserved, &'a Referred),
    ) -> Result<Self> {
        // SAFETY: by this function's contract.
        let all = unsafe { mapping.bytes() };
        let start = usize::try_from(CONTENT.saturating_add(at)).unwrap_or(usize::MAX).min(all.len());
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(all.len() - start);
        let view = BlobView::open_with(&all[start..start + len], &referred.pages)?;
        Ok(BlobSource { view, owner, referred })
    }

    /// A blob in memory of ours, which outlives all views of it.
    #[cfg(test)]
    pub(super) fn of_bytes(bytes: &'a [u8], owner: &'a Preserved) -> Result<Self> {
        Ok(BlobSource { view: BlobView::open(bytes)?, owner, referred: NONE })
    }

    /// The index of the node of a value's attribute, if it has one of this name.
    pub fn attribute(&self, index: u32, name: &str) -> Option<u32> {
        let (names, first) = self.view.attributes(&self.view.node(index))?;
        let place =
            (0..names.len()).find(|&i| names.get(i).is_some_and(|(text, _)| text == name.as_bytes()))?;
        Some(first + place as u32)
    }

    /// What is packed in this node, if it is a Packed.
    pub fn packed(&self, index: u32) -> Option<Packed<'a>> {
        packed(&self.view, index)
    }

    /// `len` items of a plain vector's or a table's node, from item `start` on: a view when they are big, a copy when they
    /// are small. No attributes. Preserved. `len` is cut to what there is.
    pub(super) fn part<'s>(&self, s: &'s Scope, node: &Node, start: usize, len: usize) -> Sexp<'s> {
        let tag = if node.tag == Tag::Packed { node.elem } else { node.kind() };
        if tag == Tag::Strings {
            return self.strings(s, node, start, len);
        }
        let data = self.view.data(node);
        let size = tag.item_size().max(1) as usize;
        let start = start.saturating_mul(size).min(data.len());
        let bytes = &data[start..start.saturating_add(len.saturating_mul(size)).min(data.len())];
        let len = bytes.len() / size;
        if bytes.len() >= VIEW_MIN {
            // SAFETY: the bytes lie in a private mapping, which the owner keeps (`BlobSource`'s makers); the blob was checked,
            // so they are aligned to their items' size, 8 at most.
            return unsafe { altrep::vector(s, tag, self.owner_of(node), bytes.as_ptr().cast_mut(), len) };
        }
        let out = s.vector(kind_of(tag), len);
        // SAFETY: the vector was just made, with room for exactly these bytes.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), out.data_mut(), bytes.len()) };
        out
    }

    /// The R object that keeps the mapping in which the node's items lie.
    fn owner_of(&self, node: &Node) -> Sexp<'_> {
        match self.view.location(node) {
            // The blob was checked: there is a page of this number.
            Some(location) => self.referred.owners[location.page as usize].get(),
            None => self.owner.get(),
        }
    }

    fn strings<'s>(&self, s: &'s Scope, node: &Node, start: usize, len: usize) -> Sexp<'s> {
        let Some((table, first, all)) = self.view.table(node) else { return s.vector(Kind::STRSXP, 0) };
        let start = start.min(all);
        let len = len.min(all - start);
        let start = first + start;
        if len.saturating_mul(9) >= VIEW_MIN {
            // SAFETY: the table lies in a mapping that the owner keeps; the part is within it.
            return unsafe { altrep::strings(s, self.owner_of(node), table, start, len) };
        }
        let out = s.vector(Kind::STRSXP, len);
        for i in 0..len {
            set_text(s, out, i, table.get(start + i));
        }
        out
    }
}

/// Sets string `i` of a new vector to one of a table's.
pub(super) fn set_text(s: &Scope, out: Sexp, i: usize, text: Option<(&[u8], u8)>) {
    match text {
        Some((bytes, mark)) => out.set_text(i, crate::r::character_bytes(s, bytes, mark)),
        None => out.set_na_text(i),
    }
}
