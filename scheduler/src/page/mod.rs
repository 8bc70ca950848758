//! The page's layout: one self-contained, relocatable *blob* holds one value with all its parts.
//!
//! ```text
//! header (64 bytes) | nodes (24 bytes each) | padding | data
//! ```
//!
//! A blob is a tree in flat arrays. Node 0 is the root; a node says what it is ([`Tag`]), how long, and where: its bytes
//! in the data area, or the index of its first child. Children stand side by side and *after* their parent, and every
//! node has exactly one parent, so a blob that passed [`BlobView::open`] can be walked without another thought: no cycle,
//! no sharing, no index out of bounds. Data of 64 bytes and more is aligned to 64, smaller data to 8.
//!
//! A vector that lies in another page already need not be copied: its node is a View, and says where in which page the items
//! are ([`Location`]). Such a blob is opened together with the pages that it refers to ([`BlobView::open_with`]).
//!
//! Most blobs are written whole ([`Blob`]), or from the beginning on while others read ([`Streamed`]). The items of one plain vector can be left out ([`Zeros`], [`FromFile`]), to be
//! written into later ([`Writing`]) or mapped from a file; or are converted from files of other programs ([`Loaded`], [`NpyHeader`]).
//!
//! Variables, call data and chunk results all use it. Nothing here knows R: the tags are R's types only by name, and the
//! numbers are the machine's own, since pages never leave it.
mod blob;
mod check;
mod item;
mod loaded;
mod location;
mod node;
mod npy;
mod outline;
mod select;
mod stream;
mod strings;
mod view;
mod write;
mod writer;

#[cfg(test)]
mod location_tests;
#[cfg(test)]
mod tests;

pub use blob::{Blob, Make};
pub use item::{ItemType, Lowest};
pub use loaded::Loaded;
pub use location::Location;
pub use node::{packed_size, Node, Tag, FLAG_S4};
pub use npy::{NpyHeader, Order};
pub use outline::{dim, FromFile, Shape, Zeros};
pub use select::{Run, Selection, Stretches};
pub use stream::{Elements, Streamed};
pub use strings::{StringTable, StringsView, NA};
pub use view::BlobView;
pub use write::{Values, Writing};
pub use writer::{BlobWriter, BORROW_FROM};

use crate::error::Error;

/// A blob that is not as this version writes it.
fn damaged(reason: impl Into<String>) -> Error {
    Error::Damaged { segment: "of this value".into(), reason: reason.into() }
}
