//! Who gets what in a run over several hosts: blocks of elements, granted to hosts as they ask.
//!
//! A block is what a host works on at a time, with the ordinary engine. This decides and does nothing else: it reads no clock, sends nothing and
//! knows no data. What drives it says which hosts there are, what each has, how late it is, what came back, and who was lost.
//!
//! What came of it, [`CallLog`] brings to one log (`block_log`, `lanes`, `merge`).
mod block_log;
mod call_log;
mod cut;
mod grants;
mod lanes;
mod merge;
mod phases;
#[cfg(test)]
mod tests;

pub use block_log::BlockLog;
pub use call_log::{CallLog, RoundTrip};
pub use cut::cut;
pub use grants::{Grants, Host, Size};
pub use phases::{phases, split, Phase, Reads};
