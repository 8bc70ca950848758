//! R value to blob.
use extendr_ffi::{
    COMPLEX_GET_REGION, INTEGER_GET_REGION, LOGICAL_GET_REGION, RAW_GET_REGION, REAL_GET_REGION,
};
use scheduler::page::{BlobWriter, Node, StringTable, Tag, BORROW_FROM, FLAG_S4};

use super::references::References;
use crate::altrep;
use crate::r::{bytes_of, logical, protect, Failure, Kind, Result, Scope, Sexp};

/// Encodes `x` as the root of a new blob. The caller keeps `x`, unchanged, until the blob is written: big vectors are read
/// where they lie.
///
/// Vectors, lists, data frames and S4 objects have a layout, with all attributes; closures, environments, language and
/// whatever else R has are serialized by R.
pub fn encode(x: Sexp, w: &mut BlobWriter) -> Result<()> {
    encode_with(x, w, None)
}

/// As [`encode`]; views into pages that others can read are not copied but noted in `references`.
pub fn encode_with(x: Sexp, w: &mut BlobWriter, references: Option<&mut References>) -> Result<()> {
    let mut table = StringTable::default();
    protect(|s| Encoder { w, table: &mut table, references }.value(s, x, 0))
}

/// Encodes a chunk's results, a plain list: packed when all are plain vectors of one type and length, as [`encode`] does
/// otherwise.
pub fn encode_list(results: Sexp, w: &mut BlobWriter) -> Result<()> {
    let mut table = StringTable::default();
    protect(|s| {
        let mut encoder = Encoder { w, table: &mut table, references: None };
        match packable(results) {
            Some((tag, each)) => encoder.packed(s, results, tag, each),
            None => encoder.value(s, results, 0),
        }
    })
}

/// The tag of a type that has one of its own; `None` for what R serializes.
fn tag_of(x: Sexp) -> Option<Tag> {
    Some(match x.kind() {
        Kind::NILSXP => Tag::Null,
        Kind::LGLSXP => Tag::Logical,
        Kind::INTSXP => Tag::Integer,
        Kind::REALSXP => Tag::Real,
        Kind::CPLXSXP => Tag::Complex,
        Kind::RAWSXP => Tag::Raw,
        Kind::STRSXP => Tag::Strings,
        Kind::VECSXP => Tag::List,
        kind if kind as u32 == 25 => Tag::S4, // S4SXP; OBJSXP, which is S4 or not, from R 4.4 on
        _ => return None,
    })
    .filter(|&tag| tag != Tag::S4 || x.is_s4())
}

fn attributes(x: Sexp) -> usize {
    let mut count = 0;
    x.each_attribute(&mut |_, _| count += 1);
    count
}

/// The common tag and length, if the list is plain and all items are plain vectors of them.
fn packable(results: Sexp) -> Option<(Tag, u32)> {
    if results.kind() != Kind::VECSXP || results.is_empty() || attributes(results) > 0 {
        return None;
    }
    let shape = |x: Sexp| {
        let tag = tag_of(x).filter(|tag| tag.packs())?;
        (attributes(x) == 0 && !x.is_s4()).then_some((tag, u32::try_from(x.len()).ok()?))
    };
    let first = shape(results.item(0))?;
    (1..results.len()).all(|i| shape(results.item(i)) == Some(first)).then_some(first)
}

/// Owns nothing: R may jump out of every method.
struct Encoder<'a> {
    w: &'a mut BlobWriter,
    /// The table in the making; empty between two vectors.
    table: &'a mut StringTable,
    /// Where views are noted; `None` to copy them.
    references: Option<&'a mut References>,
}

impl Encoder<'_> {
    fn value(&mut self, s: &Scope, x: Sexp, index: u32) -> Result<()> {
        s.check_stack();
        let Some(tag) = tag_of(x) else { return self.serialized(s, x, index) };
        let len = x.len() as u64;
        let view = self.view(x);
        let node = match tag {
            _ if view.is_some() => view.unwrap_or(Node::NULL),
            Tag::Null => Node::NULL,
            Tag::S4 => Node::of(Tag::S4, 0, 0),
            Tag::Strings => {
                self.texts(s, x);
                let off = self.w.strings(std::mem::take(self.table));
                Node::of(tag, len, off)
            }
            Tag::List => {
                let first = self.w.children(x.len())?;
                for i in 0..x.len() {
                    self.value(s, x.item(i), first + i as u32)?;
                }
                Node::of(tag, len, u64::from(first))
            }
            _ => Node::of(tag, len, self.numbers(x, tag)),
        };
        let flags = if x.is_s4() { FLAG_S4 } else { 0 };
        let attributes = self.attributes(s, x)?;
        self.w.set(index, Node { flags, attributes, ..node });
        Ok(())
    }

    /// The node of a view that is not copied; `None` of what is.
    fn view(&mut self, x: Sexp) -> Option<Node> {
        let references = self.references.as_deref_mut()?;
        // SAFETY: R's main thread; the caller of `encode_with` keeps `x`, unchanged.
        let reference = unsafe { altrep::reference(x) }?;
        let location = references.locate(&reference)?;
        Some(self.w.view(reference.tag, x.len() as u64, location))
    }

    /// The list node of names and values; 0 when there are none.
    fn attributes(&mut self, s: &Scope, x: Sexp) -> Result<u32> {
        let count = attributes(x);
        if count == 0 {
            return Ok(0);
        }
        let list = self.w.children(1)?;
        let names = self.w.children(count + 1)?;
        self.w.set(list, Node::of(Tag::List, count as u64 + 1, u64::from(names)));
        x.each_attribute(&mut |name, _| {
            let (bytes, mark) = bytes_of(s, name);
            self.table.push(bytes, mark);
        });
        let off = self.w.strings(std::mem::take(self.table));
        self.w.set(names, Node::of(Tag::Strings, count as u64, off));
        let (mut outcome, mut index) = (Ok(()), names);
        x.each_attribute(&mut |_, value| {
            index += 1;
            if outcome.is_ok() {
                outcome = self.value(s, value, index);
            }
        });
        outcome.map(|()| list)
    }

    fn texts(&mut self, s: &Scope, x: Sexp) {
        for i in 0..x.len() {
            let text = x.text(i);
            if text.is_na_text() {
                self.table.push_na();
            } else {
                let (bytes, mark) = bytes_of(s, text);
                self.table.push(bytes, mark);
            }
        }
    }

    /// The place of a plain vector's bytes.
    fn numbers(&mut self, x: Sexp, tag: Tag) -> u64 {
        let bytes = x.len() * tag.item_size() as usize;
        match x.data() {
            // SAFETY: a live vector's own bytes, which `encode`'s caller keeps unchanged until the blob is written.
            Some(data) => unsafe { self.w.borrow(data, bytes) },
            None => {
                // R has no bytes yet (1:n and the like): they are asked for in parts, and `x` stays as compact as it is.
                let start = self.w.reserve(bytes);
                copy_region(x, 0, self.w.reserved(start));
                start
            }
        }
    }

    fn packed(&mut self, s: &Scope, results: Sexp, tag: Tag, each: u32) -> Result<()> {
        let n = results.len();
        let off = if tag == Tag::Strings {
            for i in 0..n {
                self.texts(s, results.item(i));
            }
            self.w.strings(std::mem::take(self.table))
        } else {
            let size = each as usize * tag.item_size() as usize;
            let bytes = size.checked_mul(n).ok_or_else(|| Failure::input("results too long"))?;
            if size >= BORROW_FROM && (0..n).all(|i| results.item(i).data().is_some()) {
                let off = self.borrowed(results, size);
                self.w.set(0, Node::packed(tag, n as u64, each, off));
                return Ok(());
            }
            let start = self.w.reserve(bytes);
            for i in 0..n {
                copy_region(results.item(i), 0, &mut self.w.reserved(start)[i * size..(i + 1) * size]);
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

    /// What has no layout: R's own serialization, in the machine's byte order.
    fn serialized(&mut self, s: &Scope, x: Sexp, index: u32) -> Result<()> {
        s.inner(|s| {
            let no = logical(s, false);
            let bytes = s.call_base("serialize", &[x, s.null(), no, no]);
            let Some(data) = bytes.data().filter(|_| bytes.kind() == Kind::RAWSXP) else {
                return Err(Failure::Internal("serialize() gave no bytes".into()));
            };
            // SAFETY: a raw vector's own bytes, kept by the scope; copied at once.
            let off = self.w.copy(unsafe { std::slice::from_raw_parts(data, bytes.len()) });
            self.w.set(index, Node::of(Tag::Serialized, bytes.len() as u64, off));
            Ok(())
        })
    }
}

/// Copies a plain vector's items from `i` on, as many as `out` has room for, which lies at an address divisible by 8. The vector
/// has as many.
pub fn copy_region(x: Sexp, i: usize, out: &mut [u8]) {
    if let Some(data) = x.data() {
        // SAFETY: a live vector's own bytes; the callers' `out` is no longer than they are.
        unsafe { std::ptr::copy_nonoverlapping(data, out.as_mut_ptr(), out.len()) };
        return;
    }
    let (raw, i, at) = (x.raw(), i as isize, out.as_mut_ptr());
    let n = |size: usize| (out.len() / size) as isize;
    // SAFETY: a live vector of this type; `out` has room for so many items, at an address divisible by 8.
    unsafe {
        match x.kind() {
            Kind::LGLSXP => LOGICAL_GET_REGION(raw, i, n(4), at.cast()),
            Kind::INTSXP => INTEGER_GET_REGION(raw, i, n(4), at.cast()),
            Kind::REALSXP => REAL_GET_REGION(raw, i, n(8), at.cast()),
            Kind::CPLXSXP => COMPLEX_GET_REGION(raw, i, n(16), at.cast()),
            _ => RAW_GET_REGION(raw, i, n(1), at),
        };
    }
}
