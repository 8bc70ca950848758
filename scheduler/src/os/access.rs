//! Reading or writing: what a file is opened for, a range of bytes is locked for, or a variable is registered for.

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading, beside other readers.
    Read,
    /// Writing, and reading too. Of a locked range beside nobody: its segment must be open for writing.
    Write,
}
