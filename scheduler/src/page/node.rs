//! The node: 24 bytes that say what a value is and where its parts lie.

use super::damaged;
use crate::error::Result;

/// The first bytes of every blob; the last one is the layout's version.
pub(super) const MAGIC: [u8; 8] = *b"mshblob\x02";
/// Bytes of the header.
pub(super) const HEADER: usize = 64;
/// Bytes of a node.
pub(super) const NODE: usize = 24;

/// Bytes of a blob that is `len` packed vectors of `each` bytes.
pub const fn packed_size(len: u64, each: u64) -> u64 {
    ((HEADER + NODE).next_multiple_of(64) as u64).saturating_add(len.saturating_mul(each))
}

/// The node's flag for R's S4 bit.
pub const FLAG_S4: u8 = 1;

/// What a node holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// Nothing: R's NULL.
    Null = 0,
    /// 4 bytes an item: 0, 1 or the missing value.
    Logical = 1,
    /// 4 bytes an item.
    Integer = 2,
    /// 8 bytes an item.
    Real = 3,
    /// 16 bytes an item.
    Complex = 4,
    /// 1 byte an item.
    Raw = 5,
    /// A table of strings (see [`super::StringsView`]).
    Strings = 6,
    /// Child nodes, one an item.
    List = 7,
    /// Plain vectors of one type and one length, side by side; stands for a list without attributes.
    Packed = 8,
    /// R's own serialization of what has no layout.
    Serialized = 9,
    /// An S4 object: nothing but attributes.
    S4 = 10,
    /// A vector whose items lie in another page (see [`Location`]); `elem` says what they are.
    View = 11,
}

impl Tag {
    const ALL: [Tag; 12] = [
        Tag::Null,
        Tag::Logical,
        Tag::Integer,
        Tag::Real,
        Tag::Complex,
        Tag::Raw,
        Tag::Strings,
        Tag::List,
        Tag::Packed,
        Tag::Serialized,
        Tag::S4,
        Tag::View,
    ];

    /// The tag of this number, if there is one.
    pub fn of(number: u8) -> Option<Tag> {
        Tag::ALL.get(usize::from(number)).copied()
    }

    /// Bytes of one item of a plain vector; 0 for all other tags.
    pub const fn item_size(self) -> u64 {
        match self {
            Tag::Logical | Tag::Integer => 4,
            Tag::Real => 8,
            Tag::Complex => 16,
            Tag::Raw => 1,
            _ => 0,
        }
    }

    /// Whether items of this type can be packed.
    pub const fn packs(self) -> bool {
        self.item_size() > 0 || matches!(self, Tag::Strings)
    }
}

/// One value of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub tag: Tag,
    /// [`FLAG_S4`] or 0.
    pub flags: u8,
    /// Packed and View: the tag of the items. Null otherwise.
    pub elem: Tag,
    /// The index of the List node `[names, value, value, ...]` that holds the attributes, 0 for none. Packed: the items'
    /// common length.
    pub attributes: u32,
    /// Items; bytes of a Serialized.
    pub len: u64,
    /// Where the bytes begin in the data area, of a View those of its [`Location`]; a List's first child.
    pub off: u64,
}

impl Node {
    /// A value without data, children or attributes.
    pub const NULL: Node = Node { tag: Tag::Null, flags: 0, elem: Tag::Null, attributes: 0, len: 0, off: 0 };

    /// A vector, a table of strings, a Serialized, or (with `off` the first child) a List.
    pub const fn of(tag: Tag, len: u64, off: u64) -> Node {
        Node { tag, len, off, ..Node::NULL }
    }

    /// `len` vectors of `each` items of type `elem`.
    pub const fn packed(elem: Tag, len: u64, each: u32, off: u64) -> Node {
        Node { tag: Tag::Packed, elem, attributes: each, len, off, ..Node::NULL }
    }

    /// What kind of vector it is, wherever its items lie: a View's is that of its items.
    pub const fn kind(&self) -> Tag {
        match self.tag {
            Tag::View => self.elem,
            tag => tag,
        }
    }

    pub(super) fn to_bytes(self) -> [u8; NODE] {
        let mut out = [0; NODE];
        out[0] = self.tag as u8;
        out[1] = self.flags;
        out[2] = self.elem as u8;
        out[4..8].copy_from_slice(&self.attributes.to_ne_bytes());
        out[8..16].copy_from_slice(&self.len.to_ne_bytes());
        out[16..24].copy_from_slice(&self.off.to_ne_bytes());
        out
    }

    /// The node in these bytes; unknown numbers are an error.
    pub(super) fn from_bytes(bytes: &[u8; NODE]) -> Result<Node> {
        let tag = |number: u8| Tag::of(number).ok_or_else(|| damaged(format!("unknown type {number}")));
        Ok(Node {
            tag: tag(bytes[0])?,
            flags: bytes[1],
            elem: tag(bytes[2])?,
            attributes: number32(&bytes[4..8]),
            len: number64(&bytes[8..16]),
            off: number64(&bytes[16..24]),
        })
    }
}

/// The number in the first 4 bytes.
pub(super) fn number32(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |b| u32::from_ne_bytes(*b))
}

/// The number in the first 8 bytes.
pub(super) fn number64(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |b| u64::from_ne_bytes(*b))
}

/// Bytes of a checksum.
pub(super) const SUM: u64 = 8;

/// What stands behind serialized bytes, so that damage to them is noticed.
pub(super) fn checksum(bytes: &[u8]) -> [u8; 8] {
    let mut sum = [0; 8];
    sum.copy_from_slice(&blake3::hash(bytes).as_bytes()[..8]);
    sum
}
