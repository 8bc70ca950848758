//! memshare's scheduler.
pub mod board;
pub mod error;
pub mod id;
pub mod policy;
