//! The structure of a compressed form.

/// The structure of a matrix in compressed form.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    /// Where each line begins, and where the last one ends.
    pub starts: &'a [i32],
    /// The place along its line of each number.
    pub places: &'a [i32],
    /// How long a line is.
    pub length: usize,
}

impl Lines<'_> {
    /// How many lines.
    pub(super) fn count(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}
