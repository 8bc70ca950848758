//! memshare's scheduler.
pub mod error;
pub mod id;
pub mod os;
pub mod page;
pub mod store;
