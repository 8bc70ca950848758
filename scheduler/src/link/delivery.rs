//! What a worker hands in for a chunk, and what becomes of it.
use crate::board::StepReport;
use crate::error::Shortage;
use crate::store::Content;

/// What a worker has to hand in for one chunk.
#[derive(Default)]
pub struct Delivery<'a> {
    /// The results of each output; for a failed chunk its error alone.
    pub outputs: &'a [&'a dyn Content],
    /// What FUN said meanwhile: warnings, messages.
    pub notes: Option<&'a dyn Content>,
    /// What each step did, where there are several.
    pub steps: &'a [StepReport],
    /// What each element cost, step by step, in nanoseconds; empty where that is not measured.
    pub costs: &'a [Vec<f32>],
}

/// What became of a chunk that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedIn {
    /// It is done, and its results count.
    Counts,
    /// Its results do not count, for it had been taken back; or there was no chunk.
    Nothing,
    /// There is no room for its results.
    Refused {
        /// The output that did not fit; `None` for the notes.
        output: Option<usize>,
        /// How much room there is.
        shortage: Shortage,
    },
}
