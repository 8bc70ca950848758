//! Tables of strings: `[end of each: u64 x n][mark of each: u8 x n][bytes]`.
//!
//! A mark is whatever the writer means by it (R: the encoding); only [`NA`] has a meaning here: no string at all.

use super::node::number64;

/// The mark of a missing string; it has no bytes.
pub const NA: u8 = 255;

/// A table in the making. Pushing copies the bytes.
#[derive(Debug, Default)]
pub struct StringTable {
    /// As they will be written: 8 bytes each.
    pub(super) ends: Vec<u8>,
    pub(super) marks: Vec<u8>,
    pub(super) bytes: Vec<u8>,
    /// Bytes that could not be had; what was to lie there is lacking.
    pub(super) lacking: usize,
}

impl StringTable {
    /// Makes room for `n` more strings.
    pub fn reserve(&mut self, n: usize) {
        let lacks = self.ends.try_reserve(n.saturating_mul(8)).is_err() || self.marks.try_reserve(n).is_err();
        if lacks {
            self.lacking = n.saturating_mul(9);
        }
    }

    /// Adds a string.
    pub fn push(&mut self, bytes: &[u8], mark: u8) {
        let lacks = [(&mut self.bytes, bytes.len()), (&mut self.ends, 8), (&mut self.marks, 1)]
            .into_iter()
            .any(|(part, more)| part.try_reserve(more).is_err());
        if lacks {
            self.lacking = self.lacking.max(self.bytes.len() + bytes.len() + 9 * self.marks.len());
        }
        if self.lacking > 0 {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        self.ends.extend_from_slice(&(self.bytes.len() as u64).to_ne_bytes());
        self.marks.push(mark);
    }

    /// Adds a missing string.
    pub fn push_na(&mut self) {
        self.push(&[], NA);
    }

    /// Adds `part`'s strings from `start` on, `len` at most.
    pub fn push_part(&mut self, part: &StringsView<'_>, start: usize, len: usize) {
        self.reserve(len);
        for i in start..start.saturating_add(len).min(part.len()) {
            match part.get(i) {
                Some((bytes, mark)) => self.push(bytes, mark),
                None => self.push_na(),
            }
        }
    }

    /// Empties it; its memory stays for the next strings.
    pub(super) fn clear(&mut self) {
        self.ends.clear();
        self.marks.clear();
        self.bytes.clear();
    }

    /// Strings so far.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }
}

/// Bytes of a table's fixed part, or `None` when that is no number.
pub(super) fn fixed_size(n: u64) -> Option<u64> {
    n.checked_mul(9)
}

/// A table in place.
#[derive(Clone, Copy, Debug)]
pub struct StringsView<'a> {
    ends: &'a [u8],
    marks: &'a [u8],
    bytes: &'a [u8],
}

impl<'a> StringsView<'a> {
    /// The table of `n` strings at the beginning of `data`, or `None` when it does not fit in there.
    pub fn new(data: &'a [u8], n: usize) -> Option<Self> {
        let (ends, rest) = data.split_at_checked(n.checked_mul(8)?)?;
        let (marks, rest) = rest.split_at_checked(n)?;
        let last = if n == 0 { 0 } else { number64(&ends[8 * (n - 1)..]) };
        let bytes = rest.get(..usize::try_from(last).ok()?)?;
        Some(StringsView { ends, marks, bytes })
    }

    /// Strings in it.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// String `i` and its mark; `None` for a missing one, and for one that is not there.
    pub fn get(&self, i: usize) -> Option<(&'a [u8], u8)> {
        let mark = *self.marks.get(i)?;
        if mark == NA {
            return None;
        }
        let start = if i == 0 { 0 } else { number64(&self.ends[8 * (i - 1)..]) };
        let end = number64(&self.ends[8 * i..]);
        let bytes = self.bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
        Some((bytes, mark))
    }

    /// The address of its first byte.
    pub fn address(&self) -> usize {
        self.ends.as_ptr() as usize
    }

    /// Bytes of the whole table.
    pub fn size(&self) -> usize {
        self.ends.len() + self.marks.len() + self.bytes.len()
    }

    /// Whether the ends never decrease; then every string lies within the bytes.
    pub(super) fn is_ordered(&self) -> bool {
        let mut last = 0;
        self.ends.chunks_exact(8).map(number64).all(|end| std::mem::replace(&mut last, end) <= end)
    }
}
