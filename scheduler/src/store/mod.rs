//! Pages and who owns them: what a session shares, registers under a name, and gives back.
//!
//! A page is a segment with a header; a [`Store`] makes a session's pages and keeps its registered variables; [`find`] opens
//! another session's, and [`Store::hold`] keeps one for a run; an [`OpenPage`] can be read without its name; [`why`] tells what
//! keeps one alive; [`prune`] clears away what dead sessions left, and [`orphans`] tells what that would be. What a page's content
//! means is not known here.

mod find;
mod header;
mod hold;
mod open_page;
mod orphans;
mod page;
mod prune;
mod registry;
mod why;

pub use find::{boards, find, list, map_private, Found, Listed};
pub use header::{Header, Kind};
pub use hold::{holds, Held, Hold};
pub use open_page::{most_open, OpenPage, PageAddress};
pub use orphans::{orphans, Orphan};
pub use page::Page;
pub use prune::prune;
pub use registry::{Entry, Store};
pub use why::{why, Registered, User, Why};

use crate::error::Result;
use crate::os::{FilePart, Place, SegmentFile};

/// Where a page's content begins: behind the header, aligned to a page of memory.
pub const CONTENT: u64 = 4096;

/// What can be put into a page.
pub trait Content {
    /// How many bytes it takes.
    fn bytes(&self) -> u64;

    /// Writes exactly that many bytes at `at`. What is left out stays zero.
    fn write(&self, file: &SegmentFile, at: u64) -> Result<()>;

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
}

/// The places in which a session with this one looks, and makes pages: memory first, the directory when memory is short.
fn places(place: &Place) -> Vec<Place> {
    match place {
        Place::Memory => vec![Place::Memory],
        Place::Directory(_) => vec![Place::Memory, place.clone()],
    }
}

#[cfg(test)]
mod tests;
