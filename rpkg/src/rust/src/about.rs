//! What session and workers tell each other beyond what the scheduler knows: what each pass of a stage calls FUN on, and
//! with what. It travels as bytes in [`RunSpec::program`](scheduler::wire::RunSpec).

use scheduler::error::Result;
use scheduler::id::ResourceId;
use scheduler::wire;
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
    /// Some rows of a matrix, as a matrix.
    RowBlock(Blocks),
    /// Some columns of a matrix, as a matrix.
    ColumnBlock(Blocks),
    /// Columns or rows of a sparse matrix, which lie in compressed form.
    Sparse(Sparse),
}

/// A sparse matrix whose columns or rows are the elements, or blocks of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sparse {
    /// Rows of the matrix.
    pub(crate) rows: u64,
    /// Columns of the matrix.
    pub(crate) columns: u64,
    /// What its lines are: the compressed form has one after the other.
    pub(crate) lines: Along,
    /// What FUN gets of them.
    pub(crate) gives: Gives,
}

/// What a line of a matrix is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Along {
    /// A row.
    Rows,
    /// A column.
    Columns,
}

/// What FUN gets of a sparse matrix.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Gives {
    /// A line as a plain vector.
    Dense,
    /// A line as a sparse vector of package Matrix.
    SparseVector,
    /// Places and numbers of a line, in a list.
    Nonzero,
    /// So many lines as a sparse matrix of package Matrix.
    Block(u64),
}

/// A matrix, cut into blocks of consecutive rows or columns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Blocks {
    /// Rows of the matrix.
    pub(crate) rows: u64,
    /// Columns of the matrix.
    pub(crate) columns: u64,
    /// Rows or columns of a block. The last one may have fewer.
    pub(crate) size: u64,
}

impl Cut {
    /// How many items of a plain vector each element takes, the last one maybe fewer; `None` where they do not lie one after the other.
    pub(crate) fn items(self) -> Option<u64> {
        match self {
            Cut::Item => Some(1),
            Cut::Column(rows, _) => Some(rows),
            Cut::ColumnBlock(Blocks { rows, size, .. }) => rows.checked_mul(size),
            Cut::Row(..) | Cut::RowBlock(_) | Cut::Sparse(_) => None,
        }
    }
}

impl Sparse {
    /// How many lines, and how long each is.
    pub(crate) fn extent(self) -> (usize, usize) {
        let (rows, columns) = (self.rows as usize, self.columns as usize);
        match self.lines {
            Along::Rows => (rows, columns),
            Along::Columns => (columns, rows),
        }
    }
}

impl Blocks {
    /// The first row or column of block `at`, and how many it has, of a matrix with `all` of them.
    pub(crate) fn part(self, at: u64, all: u64) -> (usize, usize) {
        let from = at.saturating_mul(self.size).min(all);
        (from as usize, self.size.min(all - from) as usize)
    }
}

/// What one of FUN's element arguments is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Input {
    /// An element of a variable.
    Cut(ResourceId, Cut),
    /// An element of the one value that an earlier stage made.
    CutOf(ResourceId, Cut),
    /// What this step of the same stage gave for the same element.
    Step(u32),
    /// The same element of what an earlier stage made; copied where that goes as it is read, by this stage or a later one:
    /// FUN may keep it.
    Part {
        /// The results.
        of: ResourceId,
        /// Whether some stage gives them back chunk by chunk.
        consumed: bool,
    },
    /// All that an earlier stage made, as a list.
    Whole(ResourceId),
    /// The same as R code takes results, in one vector where they are alike and this is `true`.
    Results(Listed, bool),
}

/// All results of a pass as a list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// The results.
    pub(crate) of: ResourceId,
    /// The variable that holds their names.
    pub(crate) names: Option<ResourceId>,
}

/// What FUN reads besides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Side {
    /// A variable.
    Page(ResourceId),
    /// All results of a pass.
    List(Listed),
    /// The one value of a pass.
    One(ResourceId),
}

/// A pass, as a step of its stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Its number among the passes of the specification.
    pub(crate) pass: u32,
    /// FUN's element arguments.
    pub(crate) inputs: Vec<Input>,
    /// What else FUN reads, by the name of its argument.
    pub(crate) sides: Vec<(String, Side)>,
    /// Levels of a fold; 0 for a map.
    pub(crate) levels: u32,
    /// FUN and what it needs, serialized by R.
    pub(crate) payload: Vec<u8>,
    /// Objects that FUN captured and that are shared instead of serialized, in the payload's order.
    pub(crate) captured: Vec<ResourceId>,
    /// Whether a failed element's condition stands in for its result and the pass goes on.
    pub(crate) collect: bool,
    /// How long FUN may take for an element, in seconds; infinite where that is not limited.
    pub(crate) limit_seconds: f64,
}

/// The steps of each stage, and which of them are its outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Program {
    pub(crate) stages: Vec<Steps>,
}

/// A stage's steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Steps {
    pub(crate) steps: Vec<Step>,
    /// The step of each output.
    pub(crate) outputs: Vec<u32>,
}

impl Program {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        wire::pack(self)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        wire::unpack(bytes, "the board")
    }
}
