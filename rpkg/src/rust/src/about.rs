//! What session and worker tell each other about a pass beyond what the scheduler knows: how elements are cut from the
//! collection. It travels as bytes in [`RunPass::about`](scheduler::wire::RunPass).

use scheduler::error::Result;
use scheduler::id::ResourceId;
use serde::{Deserialize, Serialize};

/// How elements are cut from a collection.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Cut {
    /// An item of a list, or of a vector.
    Item,
    /// A row of a matrix with this many rows and columns.
    Row(u64, u64),
    /// A column of a matrix with this many rows and columns.
    Column(u64, u64),
}

/// A pass as R sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    /// How its elements are cut.
    pub(crate) cut: Cut,
    /// Objects that FUN captured and that are shared instead of serialized, in the program's order.
    pub(crate) captured: Vec<ResourceId>,
    /// Whether a failed element's condition stands in for its result and the pass goes on.
    pub(crate) collect: bool,
}

impl About {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        scheduler::wire::encode(self)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        scheduler::wire::decode(bytes, "the session")
    }
}
