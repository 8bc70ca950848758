//! Blob to R value.
use scheduler::page::{Node, Tag, FLAG_S4};

use super::outline;
use super::source::BlobSource;
use crate::r::{character_bytes, Kind, Scope, Sexp};

/// The value of node `index`, kept. Big vectors in it are views; everything around them is R's own.
pub fn decode<'s>(s: &'s Scope, source: &BlobSource<'_>, index: u32) -> Sexp<'s> {
    s.carry(|s| value(s, source, index))
}

/// The value, kept by an inner scope only.
fn value<'s>(s: &'s Scope, source: &BlobSource<'_>, index: u32) -> Sexp<'s> {
    s.check_stack();
    let node = source.view.node(index);
    let out = match node.tag {
        Tag::Null => s.null(),
        Tag::S4 => s.s4(),
        Tag::List => {
            let out = s.vector(Kind::VECSXP, node.len as usize);
            for i in 0..node.len {
                s.inner(|s| out.set_item(i as usize, value(s, source, (node.off + i) as u32)));
            }
            out
        }
        Tag::Packed => {
            let out = s.vector(Kind::VECSXP, node.len as usize);
            for i in 0..node.len as usize {
                s.inner(|s| out.set_item(i, packed_item(s, source, &node, i)));
            }
            out
        }
        Tag::Serialized => return unserialize(s, source, &node),
        _ => source.part(s, &node, 0, node.len as usize),
    };
    let out = if node.flags & FLAG_S4 != 0 && !out.is_null() { out.as_s4(s) } else { out };
    set_attributes(s, source, &node, out);
    out
}

/// Item `i` of a packed node, kept.
pub(super) fn packed_item<'s>(s: &'s Scope, source: &BlobSource<'_>, node: &Node, i: usize) -> Sexp<'s> {
    let each = node.attributes as usize;
    source.part(s, node, i * each, each)
}

fn unserialize<'s>(s: &'s Scope, source: &BlobSource<'_>, node: &Node) -> Sexp<'s> {
    let data = source.view.data(node);
    let bytes = s.vector(Kind::RAWSXP, data.len());
    // SAFETY: the vector was just made, with room for exactly these bytes.
    unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), bytes.data_mut(), data.len()) };
    let (count, first) = source.view.attributes(node).map_or((0, 0), |(names, first)| (names.len(), first));
    let parts = s.vector(Kind::VECSXP, count);
    for i in 0..count {
        s.inner(|s| parts.set_item(i, value(s, source, first + i as u32)));
    }
    outline::unserialize(s, bytes, parts)
}

/// An attribute of a value, kept, without the value itself; NULL where it has none of this name.
pub fn attribute<'s>(s: &'s Scope, source: &BlobSource<'_>, index: u32, name: &str) -> Sexp<'s> {
    source.attribute(index, name).map_or_else(|| s.null(), |at| decode(s, source, at))
}

/// Sets the attributes in the order they had.
fn set_attributes(s: &Scope, source: &BlobSource<'_>, node: &Node, out: Sexp) {
    let Some((names, first)) = source.view.attributes(node) else { return };
    for i in 0..names.len() {
        s.inner(|s| {
            let Some((name, mark)) = names.get(i) else { return };
            let name = s.keep(character_bytes(s, name, mark));
            let value = decode(s, source, first + i as u32);
            out.set_attribute_of(s, name, value);
        });
    }
}
