//! Reading a blob in place.

use super::damaged;
use super::location::{Location, SIZE};
use super::node::{Node, Tag, NODE};
use super::strings::StringsView;
use crate::error::Result;

/// A blob that was checked. Reading it never leaves its bytes.
#[derive(Clone, Copy, Debug)]
pub struct BlobView<'a> {
    nodes: &'a [u8],
    data: &'a [u8],
    /// The pages that it refers to.
    pages: &'a [&'a [u8]],
}

impl<'a> BlobView<'a> {
    /// A view of parts that nobody checked yet.
    pub(super) fn unchecked(nodes: &'a [u8], data: &'a [u8], pages: &'a [&'a [u8]]) -> Self {
        BlobView { nodes, data, pages }
    }

    /// How many nodes.
    pub fn nodes(&self) -> usize {
        self.nodes.len() / NODE
    }

    /// Bytes of nodes and data.
    pub(super) fn bytes(&self) -> u64 {
        (self.nodes.len() + self.data.len()) as u64
    }

    /// Node `index`; 0 is the root. [`Node::NULL`] for an index that is not there.
    pub fn node(&self, index: u32) -> Node {
        self.checked_node(index as usize).unwrap_or(Node::NULL)
    }

    pub(super) fn checked_node(&self, index: usize) -> Result<Node> {
        let bytes = self.nodes.get(index.saturating_mul(NODE)..).and_then(|rest| rest.first_chunk());
        Node::from_bytes(bytes.ok_or_else(|| damaged(format!("there is no value {index}")))?)
    }

    /// The pages that it refers to.
    pub(super) fn pages(&self) -> &'a [&'a [u8]] {
        self.pages
    }

    /// The data area.
    pub fn area(&self) -> &'a [u8] {
        self.data
    }

    /// The node's bytes: of a vector, a Packed (all items), a Serialized or a whole table of strings; empty for others.
    pub fn data(&self, node: &Node) -> &'a [u8] {
        if node.tag == Tag::View {
            return self.location(node).and_then(|location| location.items(node, self.pages)).unwrap_or(&[]);
        }
        self.extent(node).and_then(|len| self.slice(node.off, len)).unwrap_or(&[])
    }

    /// Where the items of a View lie; `None` of any other node.
    pub fn location(&self, node: &Node) -> Option<Location> {
        if node.tag != Tag::View {
            return None;
        }
        let start = usize::try_from(node.off).ok()?;
        self.data.get(start..)?.first_chunk::<SIZE>().map(Location::from_bytes)
    }

    /// The whole table that strings lie in, and which of them are the node's: of a Strings, of all items of a Packed of strings,
    /// of a View of strings.
    pub fn table(&self, node: &Node) -> Option<(StringsView<'a>, usize, usize)> {
        let (table, start, len) = match self.location(node) {
            Some(location) if node.elem == Tag::Strings => {
                let table = StringsView::new(self.data(node), usize::try_from(location.table).ok()?)?;
                (table, usize::try_from(location.start).ok()?, usize::try_from(node.len).ok()?)
            }
            _ => {
                let table = self.strings(node)?;
                (table, 0, table.len())
            }
        };
        (start.checked_add(len)? <= table.len()).then_some((table, start, len))
    }

    /// The strings of a Strings node, or of all items of a Packed of strings.
    pub fn strings(&self, node: &Node) -> Option<StringsView<'a>> {
        let count = match (node.tag, node.elem) {
            (Tag::Strings, _) => node.len,
            (Tag::Packed, Tag::Strings) => node.len.checked_mul(u64::from(node.attributes))?,
            _ => return None,
        };
        let rest = self.data.get(usize::try_from(node.off).ok()?..)?;
        StringsView::new(rest, usize::try_from(count).ok()?)
    }

    /// The attributes: the table of their names and the index of the first value. `None` when there are none.
    pub fn attributes(&self, node: &Node) -> Option<(StringsView<'a>, u32)> {
        if node.attributes == 0 || node.tag == Tag::Packed {
            return None;
        }
        let list = self.node(node.attributes);
        let first = u32::try_from(list.off).ok()?;
        Some((self.strings(&self.node(first))?, first + 1))
    }

    /// Bytes of the node's data; `None` when that is no number or the table of strings does not fit.
    pub(super) fn extent(&self, node: &Node) -> Option<u64> {
        match node.tag {
            Tag::Null | Tag::List | Tag::S4 => Some(0),
            Tag::Serialized => Some(node.len),
            Tag::View => Some(SIZE as u64),
            Tag::Strings => Some(self.strings(node)?.size() as u64),
            Tag::Packed if node.elem == Tag::Strings => Some(self.strings(node)?.size() as u64),
            Tag::Packed => {
                node.len.checked_mul(u64::from(node.attributes))?.checked_mul(node.elem.item_size())
            }
            _ => node.len.checked_mul(node.tag.item_size()),
        }
    }

    pub(super) fn slice(&self, off: u64, len: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(off).ok()?;
        self.data.get(start..start.checked_add(usize::try_from(len).ok()?)?)
    }
}
