//! memshare's scheduler.
pub mod board;
pub mod core;
pub mod error;
pub mod graph;
pub mod id;
pub mod plan;
pub mod policy;
