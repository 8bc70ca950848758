//! R values to blobs and back.
//!
//! [`encode`] notes where big vectors lie and copies the rest; the blob's bytes are written later, without R. Views that are known to lie in pages which the reader can open are not copied at all: the blob refers to those pages
//! ([`References`]). [`decode`] makes a value whose big vectors are views into the page. [`element`], [`column`] and [`rows`] cut a collection into
//! what FUN is given.
mod cut;
mod decode;
mod deferred;
mod encode;
mod outline;
mod references;
mod results;
mod source;
mod survey;

pub use cut::{child, column, element, rows};
pub use decode::{attribute, decode};
pub use encode::{copy_region, encode, encode_list, encode_with};
pub use outline::{unserialize, Outline};
pub use references::References;
pub use results::{check_count, Pieces};
pub use source::{kind_of, tag_named, Referred, Source};
pub use survey::{data_bytes, holds_references, Found, Reach};

/// Vectors of at least this many bytes become views; below, a plain copy is cheaper than a view's three objects.
pub const VIEW_MIN: usize = 2048;
