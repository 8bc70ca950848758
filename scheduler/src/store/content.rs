//! What can be put into a page, and where pages go.
use crate::error::Result;
use crate::os::{FilePart, Place, SegmentFile};

/// Where a page's content begins: behind the header, aligned to a page of memory.
pub const CONTENT: u64 = 4096;

/// What can be put into a page.
pub trait Content {
    /// How many bytes it takes.
    fn bytes(&self) -> u64;

    /// Writes exactly that many bytes at `at`. What is left out stays zero.
    ///
    /// # Errors
    /// As [`SegmentFile::write_at`], and what is wrong with the content itself.
    fn write(&self, file: &SegmentFile, at: u64) -> Result<()>;

    /// Whether everything that is read of it is written: then it can be written over other bytes than zeros.
    fn is_whole(&self) -> bool {
        false
    }

    /// What its header says of it besides.
    fn traits(&self) -> Traits {
        Traits::default()
    }
}

/// What sets a variable apart from registered data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// It may be written into, by any process of the user. All of its room is reserved.
    pub writable: bool,
    /// The file that its items lie in. The segment then has whole pages, and the items follow them in memory.
    pub file: Option<FilePart>,
}

impl Content for &[u8] {
    fn bytes(&self) -> u64 {
        self.len() as u64
    }

    fn write(&self, file: &SegmentFile, at: u64) -> Result<()> {
        file.write_at(at, self)
    }

    fn is_whole(&self) -> bool {
        true
    }
}

/// The places in which a session with this one looks, and makes pages: memory first, the directory when memory is short.
pub fn places(place: &Place) -> Vec<Place> {
    match place {
        Place::Memory => vec![Place::Memory],
        Place::Directory(_) => vec![Place::Memory, place.clone()],
    }
}
