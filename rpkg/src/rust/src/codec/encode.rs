//! R value to nodes and bytes.
use scheduler::page::{BlobWriter, Node, StringTable, Tag, FLAG_S4};

use super::deferred;
use super::outline::{is_long, long_cells, serialized, share_bytes, Outline};
use super::references::References;
use super::region::copy_region;
use super::survey::holds_references;
use super::tags::tag_of;
use crate::altrep;
use crate::r::{bytes_of, with_bytes, Failure, Kind, Result, Scope, Sexp};

/// Items of an attribute that many values have alike, at most.
const SMALL: usize = 8;

fn attributes(x: Sexp) -> usize {
    let mut count = 0;
    if x.has_attributes() {
        x.each_attribute(&mut |_, _| count += 1);
    }
    count
}

/// Owns nothing: R may jump out of every method.
pub(super) struct Encoder<'a> {
    pub(super) w: &'a mut BlobWriter,
    /// The table in the making; empty between two vectors.
    pub(super) table: &'a mut StringTable,
    /// What is taken out of a value that R serializes; empty between two of them.
    pub(super) outline: &'a mut Outline,
    /// The item of the root that is being encoded.
    pub(super) at: &'a mut usize,
    /// Where views are noted; `None` to copy them.
    pub(super) references: Option<&'a mut References>,
}

/// Whether R refuses to make the value anew from its parts: a factor's class on what is no integer vector.
fn is_odd(s: &Scope, x: Sexp) -> bool {
    if x.kind() == Kind::INTSXP || !x.is_object() {
        return false;
    }
    s.inner(|s| {
        let class = x.attribute(s, "class");
        class.kind() == Kind::STRSXP && (0..class.len()).any(|i| bytes_of(s, class.text(i)).0 == b"factor")
    })
}

impl Encoder<'_> {
    pub(super) fn root(&mut self, s: &Scope, x: Sexp) -> Result<()> {
        if x.kind() != Kind::VECSXP || x.is_object() || x.is_empty() || x.makes_items() {
            return self.piece(s, x, 0);
        }
        let first = self.w.children(x.len())?;
        for i in 0..x.len() {
            *self.at = i;
            self.piece(s, x.item(i), first + i as u32)?;
        }
        let attributes = self.attributes(s, x, Self::piece)?;
        self.w.set(0, Node { attributes, ..Node::of(Tag::List, x.len() as u64, u64::from(first)) });
        Ok(())
    }

    /// A value by its layout, or by R's serialization if it holds references.
    fn piece(&mut self, s: &Scope, x: Sexp, index: u32) -> Result<()> {
        let laid_out = (tag_of(x).is_some() || is_long(x)) && !holds_references(s, x);
        if laid_out {
            self.value(s, x, index)
        } else {
            self.outlined(s, x, index)
        }
    }

    pub(super) fn value(&mut self, s: &Scope, x: Sexp, index: u32) -> Result<()> {
        if is_long(x) {
            return self.cells(s, x, index);
        }
        let Some(tag) = tag_of(x).filter(|_| !is_odd(s, x)) else { return self.serialized(s, x, index) };
        let len = x.len() as u64;
        let view = self.view(x);
        let node = match tag {
            _ if view.is_some() => view.unwrap_or(Node::NULL),
            Tag::Null => Node::NULL,
            Tag::S4 => Node::of(Tag::S4, 0, 0),
            Tag::Strings => {
                self.texts(s, x);
                let off = self.w.strings(self.table);
                Node::of(tag, len, off)
            }
            Tag::List => {
                s.check_stack_of_readers();
                let first = self.w.children(x.len())?;
                for i in 0..x.len() {
                    self.value(s, x.item(i), first + i as u32)?;
                }
                Node::of(tag, len, u64::from(first))
            }
            _ => Node::of(tag, len, self.numbers(x, tag)?),
        };
        let flags = if x.is_s4() { FLAG_S4 } else { 0 };
        let attributes = self.attributes(s, x, Self::value)?;
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
    fn attributes(
        &mut self,
        s: &Scope,
        x: Sexp,
        put: fn(&mut Self, &Scope, Sexp, u32) -> Result<()>,
    ) -> Result<u32> {
        let count = attributes(x);
        if count == 0 {
            return Ok(0);
        }
        s.check_stack_of_readers();
        let list = self.w.children(1)?;
        let names = self.w.children(count + 1)?;
        self.w.set(list, Node::of(Tag::List, count as u64 + 1, u64::from(names)));
        x.each_attribute(&mut |name, _| {
            with_bytes(s, name, |bytes, mark| self.table.push(bytes, mark));
        });
        let off = self.w.shared_strings(self.table);
        self.w.set(names, Node::of(Tag::Strings, count as u64, off));
        let (mut outcome, mut index) = (Ok(()), names);
        x.each_attribute(&mut |_, value| {
            index += 1;
            if outcome.is_ok() {
                outcome = match self.small(s, value) {
                    Some(node) => {
                        self.w.set(index, node);
                        Ok(())
                    }
                    None => put(self, s, value, index),
                };
            }
        });
        outcome.map(|()| list)
    }

    /// The node of a small plain vector that is an attribute: `dim`, a class.
    fn small(&mut self, s: &Scope, x: Sexp) -> Option<Node> {
        let tag = tag_of(x).filter(|_| x.len() <= SMALL && !x.has_attributes() && !x.is_s4())?;
        let off = match tag {
            Tag::Strings => {
                self.texts(s, x);
                self.w.shared_strings(self.table)
            }
            Tag::Logical | Tag::Integer | Tag::Real => {
                let bytes = x.len() * tag.item_size() as usize;
                // SAFETY: a live vector's own bytes, copied at once.
                self.w.shared(unsafe { std::slice::from_raw_parts(x.data()?, bytes) })
            }
            _ => return None,
        };
        Some(Node::of(tag, x.len() as u64, off))
    }

    pub(super) fn texts(&mut self, s: &Scope, x: Sexp) {
        if let Some((table, start)) = altrep::table_of(x) {
            return self.table.push_part(&table, start, x.len());
        }
        if let Some(integers) = deferred::integers_of(s, x) {
            return deferred::push(self.table, integers);
        }
        self.table.reserve(x.len());
        match x.texts() {
            // SAFETY: the strings of `x`, which lives on.
            Some(texts) => texts.iter().for_each(|&text| self.text(s, unsafe { Sexp::new(text) })),
            // R, or a class of another package, makes them one by one.
            None => (0..x.len()).for_each(|i| s.inner(|s| self.text(s, s.kept(x.text(i))))),
        }
    }

    fn text(&mut self, s: &Scope, text: Sexp) {
        if text.is_na_text() {
            self.table.push_na();
        } else {
            with_bytes(s, text, |bytes, mark| self.table.push(bytes, mark));
        }
    }

    /// The place of a plain vector's bytes.
    fn numbers(&mut self, x: Sexp, tag: Tag) -> Result<u64> {
        let bytes = x.len() * tag.item_size() as usize;
        match x.data() {
            // SAFETY: a live vector's own bytes, which `encode`'s caller keeps unchanged until the blob is written.
            Some(data) => Ok(unsafe { self.w.borrow(data, bytes) }),
            None => {
                // R has no bytes yet (1:n and the like): they are asked for in parts, and `x` stays as compact as it is.
                let start = self.w.reserve(bytes)?;
                copy_region(x, self.w.reserved(start));
                Ok(start)
            }
        }
    }

    /// What has no layout and is part of another value: R's own serialization, in the machine's byte order.
    fn serialized(&mut self, s: &Scope, x: Sexp, index: u32) -> Result<()> {
        s.inner(|s| {
            let node = self.stream(serialized(s, x))?;
            self.w.set(index, node);
            Ok(())
        })
    }

    /// The same for a value that stands alone; its big parts are its attributes.
    fn outlined(&mut self, s: &Scope, x: Sexp, index: u32) -> Result<()> {
        s.inner(|s| {
            *self.outline = Outline::default();
            let bytes = self.outline.serialize(s, x, share_bytes(s)?)?;
            let node = self.stream(bytes)?;
            let attributes = self.parts(s)?;
            self.w.set(index, Node { attributes, ..node });
            Ok(())
        })
    }

    /// A long pairlist or call: its cells are a list, the one part of what stands for it.
    fn cells(&mut self, s: &Scope, x: Sexp, index: u32) -> Result<()> {
        s.inner(|s| {
            let (list, bytes) = long_cells(s, x);
            let node = self.stream(bytes)?;
            let (attributes, first) = self.part_nodes(1)?;
            self.value(s, list, first)?;
            self.w.set(index, Node { attributes, ..node });
            Ok(())
        })
    }

    fn stream(&mut self, bytes: Sexp) -> Result<Node> {
        let Some(data) = bytes.data().filter(|_| bytes.kind() == Kind::RAWSXP) else {
            return Err(Failure::Internal("serialize() gave no bytes".into()));
        };
        // SAFETY: a raw vector's own bytes, kept by the caller's scope; copied at once.
        Ok(self.w.serialized(unsafe { std::slice::from_raw_parts(data, bytes.len()) }))
    }

    fn parts(&mut self, s: &Scope) -> Result<u32> {
        let count = self.outline.parts().len();
        if count == 0 {
            return Ok(0);
        }
        let (list, first) = self.part_nodes(count)?;
        for i in 0..count {
            s.inner(|s| {
                let part = s.kept(self.outline.parts()[i].get());
                self.value(s, part, first + i as u32)
            })?;
        }
        Ok(list)
    }

    /// The node that lists so many parts, and the first part's node.
    fn part_nodes(&mut self, count: usize) -> Result<(u32, u32)> {
        named_nodes(self.w, self.table, std::iter::repeat_n(&b"part"[..], count))
    }
}

/// Nodes of these names: the node that lists them, as a value's attributes are listed, and the first one's. The table is empty before and after.
pub(super) fn named_nodes<'n>(
    w: &mut BlobWriter,
    table: &mut StringTable,
    names: impl Iterator<Item = &'n [u8]>,
) -> Result<(u32, u32)> {
    let list = w.children(1)?;
    names.for_each(|name| table.push(name, 1));
    let count = table.len();
    let first = w.children(count + 1)?;
    w.set(list, Node::of(Tag::List, count as u64 + 1, u64::from(first)));
    let off = w.strings(table);
    w.set(first, Node::of(Tag::Strings, count as u64, off));
    Ok((list, first + 1))
}
