//! memshare's scheduler.
pub mod error;
pub mod id;
pub mod page;
