//! What ends a command.

/// What went wrong, in words for the person at the terminal.
pub(crate) type Failure = Box<dyn std::error::Error>;
