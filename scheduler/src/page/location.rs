//! Where the items of a vector are that lies in another page.

use super::node::{number64, Node, Tag};

/// Bytes of a location in the data area.
pub(super) const SIZE: usize = 32;

/// A range of another page. The pages that a blob refers to are numbered by whoever writes it and opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The page's number.
    pub page: u64,
    /// Where the items begin, or the table of strings of which they are a part; counted from the page's first byte.
    pub at: u64,
    /// Strings: how many the table has. 0 otherwise.
    pub table: u64,
    /// Strings: the first one of the table that is meant. 0 otherwise.
    pub start: u64,
}

impl Location {
    pub(super) fn to_bytes(self) -> [u8; SIZE] {
        let mut out = [0; SIZE];
        let fields = [self.page, self.at, self.table, self.start];
        for (field, bytes) in fields.iter().zip(out.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&field.to_ne_bytes());
        }
        out
    }

    pub(super) fn from_bytes(bytes: &[u8; SIZE]) -> Location {
        let field = |i: usize| number64(&bytes[8 * i..]);
        Location { page: field(0), at: field(1), table: field(2), start: field(3) }
    }

    /// The bytes of a View's plain items in its page, or `None` when they do not lie in it.
    pub(super) fn items<'a>(&self, node: &Node, pages: &[&'a [u8]]) -> Option<&'a [u8]> {
        let page = pages.get(usize::try_from(self.page).ok()?)?;
        let start = usize::try_from(self.at).ok()?;
        let len = match node.elem {
            // The table: as far as the page goes.
            Tag::Strings => page.len().checked_sub(start)?,
            tag => usize::try_from(node.len.checked_mul(tag.item_size())?).ok()?,
        };
        page.get(start..start.checked_add(len)?)
    }
}
