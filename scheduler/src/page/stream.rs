//! Writing a big blob from its beginning on, so that others can read its elements while the rest is still to come.
//!
//! All but the big data is written first: the nodes, and what a reader needs before the first element. Then the data follows in the
//! order of elements, in a few steps; after each it is known how many elements are complete. An element counts when the pages of
//! memory that it touches are written to their ends: a reader's private mapping keeps a page of memory as it was when the reader
//! changed something in it, so what is still to come must not lie in one that was read.
use super::blob::{sliced, Blob, SLICE};
use super::node::{Node, HEADER, NODE};
use super::Tag;
use crate::error::Result;
use crate::os::{page_size, SegmentFile};
use crate::store::{Content, CONTENT};

/// Blobs with less data than this are written at once.
const STREAM_FROM: u64 = 8 << 20;
/// At least so many bytes are written in a step.
const STEP: u64 = 1 << 20;

/// The elements that a blob is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elements {
    /// How many.
    pub count: u64,
    /// Of a plain vector: the items of each but the last, which may have fewer.
    pub items: u64,
}

/// A blob, as far as it is known where in its data area each element ends.
#[derive(Debug)]
pub struct Streamed {
    blob: Blob,
    ends: Ends,
}

/// Where elements end, counted from the beginning of the data area.
#[derive(Debug)]
enum Ends {
    /// Element i ends at `at + (i + 1) * each`, the last one with the data.
    Even {
        at: u64,
        each: u64,
        elements: u64,
    },
    Each(Vec<u64>),
}

impl Blob {
    /// Whether it can be written element by element: it is big, and a plain vector of so many elements, or a list of so many plain vectors
    /// and tables of strings. O(elements) of a list.
    pub fn can_stream(&self, elements: Elements) -> bool {
        Ends::of(self, elements).is_some()
    }

    /// The blob to be written so; or as it was, where it cannot be ([`Blob::can_stream`]). O(elements) of a list.
    ///
    /// # Errors
    /// The blob.
    pub fn streamed(self, elements: Elements) -> std::result::Result<Streamed, Blob> {
        match Ends::of(&self, elements) {
            Some(ends) => Ok(Streamed { blob: self, ends }),
            None => Err(self),
        }
    }

    fn borrowed_bytes(&self) -> u64 {
        self.borrowed().map(|(_, bytes)| bytes.len() as u64).sum()
    }
}

impl Ends {
    fn of(blob: &Blob, Elements { count: elements, items }: Elements) -> Option<Ends> {
        if elements < 2 || blob.borrowed_bytes() < STREAM_FROM {
            return None;
        }
        let node = |index: u64| {
            let at = HEADER + usize::try_from(index).ok()?.checked_mul(NODE)?;
            Node::from_bytes(blob.head().get(at..)?.first_chunk()?).ok()
        };
        let root = node(0)?;
        if root.tag != Tag::List {
            let size = root.tag.item_size();
            let fits = size > 0 && root.len.checked_div(items)? + u64::from(root.len % items > 0) == elements;
            return fits.then_some(Ends::Even { at: root.off, each: items * size, elements });
        }
        if root.len != elements {
            return None;
        }
        // An element's attributes follow its data, so it ends where the data of the next begins that has any.
        let mut ends = vec![0; usize::try_from(elements).ok()?];
        let mut end = u64::MAX;
        for (i, place) in ends.iter_mut().enumerate().rev() {
            *place = end;
            let item = node(root.off + i as u64)?;
            match item.tag {
                Tag::List | Tag::S4 | Tag::Packed => return None,
                _ if item.len > 0 && item.tag != Tag::Null => end = item.off,
                _ => {}
            }
        }
        Some(Ends::Each(ends))
    }

    /// How many elements end at `written` or before.
    fn until(&self, written: u64) -> u64 {
        match self {
            Ends::Even { at, each, elements } => (written.saturating_sub(*at) / each).min(*elements),
            Ends::Each(ends) => ends.partition_point(|&end| end <= written) as u64,
        }
    }
}

impl Streamed {
    /// All but the big data, as a page's content: its room is as large as the whole.
    pub fn first(&self) -> impl Content + '_ {
        First(&self.blob)
    }

    /// Writes the big data into a page that was made of [`Streamed::first`], in at most `steps` steps. After each but the last,
    /// `there` is told how many elements are complete, and says whether to go on. True when all was written.
    ///
    /// # Errors
    /// What a write says, or `there`.
    pub fn rest<E: From<crate::error::Error>>(
        &self,
        file: &SegmentFile,
        steps: u32,
        mut there: impl FnMut(u64) -> std::result::Result<bool, E>,
    ) -> std::result::Result<bool, E> {
        let head = self.blob.head().len() as u64;
        let step = STEP.max(self.blob.borrowed_bytes().div_ceil(u64::from(steps.max(1))));
        let slices = sliced(self.blob.borrowed(), (step as usize).min(SLICE));
        let put = |(at, bytes): &(u64, &[u8])| file.write_at(CONTENT + at, bytes);
        let page = page_size();
        let mut rest = &slices[..];
        loop {
            let mut long = 0;
            let count = rest.iter().take_while(|(_, bytes)| {
                let more = long < step;
                long += bytes.len() as u64;
                more
            });
            let (now, later) = rest.split_at(count.count());
            now.iter().try_for_each(put)?;
            let Some((next, _)) = later.first() else { return Ok(true) };
            let end = CONTENT + next;
            if !there(self.ends.until((end - end % page).saturating_sub(CONTENT + head)))? {
                return Ok(false);
            }
            rest = later;
        }
    }
}

/// Everything of a blob but what it borrows.
struct First<'a>(&'a Blob);

impl Content for First<'_> {
    fn bytes(&self) -> u64 {
        self.0.size()
    }

    fn write(&self, file: &SegmentFile, at: u64) -> Result<()> {
        self.0.own().try_for_each(|(offset, bytes)| file.write_at(at + offset, bytes))
    }

    /// What is written later is read later.
    fn is_whole(&self) -> bool {
        true
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
