//! Sparse matrices in compressed form, as package Matrix has them: *lines* (columns or rows) whose numbers lie one after the other. `starts`
//! says where each line begins, and where the last one ends; `places` which place along its line each number has, from 0 on and
//! increasing. Nothing here knows R but the `.Call`s.
mod check;
mod lines;
pub mod sparse_api;
#[cfg(test)]
mod tests;
mod turn;

pub use check::{fault, Fault};
pub use lines::Lines;
pub use turn::{turn, Turned};
