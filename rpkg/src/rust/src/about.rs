//! What session and worker tell each other about a pass beyond what the scheduler knows: how elements are cut from the
//! collection. It travels as bytes in [`RunPass::about`](scheduler::wire::RunPass).

use scheduler::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// How elements are cut from a collection.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Cut {
    /// An item of a list, or of a vector.
    Item,
    /// A row of a matrix.
    Row {
        /// Rows.
        rows: u64,
        /// Columns.
        columns: u64,
    },
    /// A column of a matrix.
    Column {
        /// Rows.
        rows: u64,
        /// Columns.
        columns: u64,
    },
}

/// A pass as R sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    /// How its elements are cut.
    pub(crate) cut: Cut,
    /// Objects that FUN captured and that are shared instead of serialized, in the program's order.
    pub(crate) captured: Vec<scheduler::id::ResourceId>,
    /// Seed of the per-element random number streams.
    pub(crate) seed: Option<u64>,
}

impl About {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        scheduler::wire::encode(self)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        scheduler::wire::decode(bytes, "the session")
    }
}

impl Cut {
    /// How many elements a collection of `length` items has.
    pub(crate) fn elements(self, length: u64) -> u64 {
        match self {
            Cut::Item => length,
            Cut::Row { rows, .. } => rows,
            Cut::Column { columns, .. } => columns,
        }
    }

    /// The cut of a matrix of `dim` along `margin`, or of a list.
    pub(crate) fn new(margin: Option<i32>, dim: Option<(u64, u64)>) -> Result<Cut> {
        match (margin, dim) {
            (None, _) => Ok(Cut::Item),
            (Some(1), Some((rows, columns))) => Ok(Cut::Row { rows, columns }),
            (Some(2), Some((rows, columns))) => Ok(Cut::Column { rows, columns }),
            (Some(_), None) => Err(Error::BadPlan("X is not a matrix".into())),
            (Some(margin), _) => Err(Error::BadPlan(format!("MARGIN is {margin}, not 1 or 2"))),
        }
    }
}
