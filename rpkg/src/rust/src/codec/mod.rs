//! R values to blobs and back.
//!
//! [`encode`] notes where big vectors lie and copies the rest; the blob's bytes are written later, without R. Views that are known to lie in pages which the reader can open are not copied at all: the blob refers to those pages
//! ([`References`]). [`decode`] makes a value whose big vectors are views into the page. [`element`], [`SmallItems`], [`column`], [`fill_rows`], [`column_block`],
//! [`row_block`] and [`Compressed`] cut a collection into what FUN is given.
mod blob;
mod block;
mod cut;
mod decode;
mod deferred;
mod encode;
mod form;
mod levels;
mod outline;
mod packed;
mod references;
mod region;
mod results;
mod small;
mod source;
mod sparse;
mod survey;
mod tags;
#[cfg(test)]
mod tests;

pub use blob::{encode, encode_data, encode_list};
pub use block::{column_block, row_block};
pub use cut::{child, column, element, fill_rows, list_shape, named, row};
pub use decode::{attribute, decode};
pub use outline::{unserialize, Outline};
pub use references::References;
pub use region::{copy_region, items};
pub use results::{check_count, Pieces};
pub use small::{Packing, SmallItems};
pub use source::{BlobSource, Referred};
pub use sparse::Compressed;
pub use survey::{data_bytes, holds_references, Found, Reach};
pub use tags::{kind_of, tag_named};
