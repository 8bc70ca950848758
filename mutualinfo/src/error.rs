//! Why no estimate can be made of numbers.
use thiserror::Error;

/// Why no estimate can be made of these numbers.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// Their range, or what is computed from it, is beyond what a double can hold.
    #[error("the values lie too far apart for double precision; divide them by a constant")]
    TooFar,
    /// So close to each other, at their size, that no grid fits between them.
    #[error("the values differ too little at their size for double precision; subtract their mean")]
    TooClose,
    /// Fewer observations than the method looks at.
    #[error("{needed} pairs of values are needed at least, and there are {given}")]
    TooFew {
        /// As many are needed.
        needed: usize,
        /// As many there are.
        given: usize,
    },
}
