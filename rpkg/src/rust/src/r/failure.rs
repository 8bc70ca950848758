//! Why native code gave no value.
use scheduler::error::Error;

use super::jump::Jump;

/// The result of everything that may call R.
pub type Result<T> = std::result::Result<T, Failure>;

/// Why a native call gave no value.
#[derive(Debug)]
pub enum Failure {
    /// The scheduler's word.
    Scheduler(Error),
    /// A record or a view of it.
    Inspect(inspect::error::Error),
    /// The caller's values are not what they must be.
    Input(String),
    /// A failure of another kind: its R class without `memshare_error_`, and its message.
    Kind(&'static str, String),
    /// A fault of ours.
    Internal(String),
    /// R wants to leave.
    Jump(Jump),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Scheduler(error)
    }
}

impl From<inspect::error::Error> for Failure {
    fn from(error: inspect::error::Error) -> Self {
        Failure::Inspect(error)
    }
}

impl From<mutualinfo::Unusable> for Failure {
    fn from(error: mutualinfo::Unusable) -> Self {
        Failure::Input(error.to_string())
    }
}

impl Failure {
    /// Bad input, in words.
    pub fn input(message: impl Into<String>) -> Self {
        Failure::Input(message.into())
    }
}
