//! Sparse matrices in compressed form, as package Matrix has them: *lines* (columns or rows) whose numbers lie one after the other. `starts`
//! says where each line begins, and where the last one ends; `places` which place along its line each number has, from 0 on and
//! increasing. What is stored in another way is arranged into such lines. Nothing here knows R but the `.Call`s.
mod arrange;
mod check;
mod join;
mod number;
mod parts;
pub mod sparse_api;
mod stored;
#[cfg(test)]
mod tests;

pub use arrange::{arrange, Plan};
pub use check::{fault, Fault};
pub use join::Arranged;
pub use number::Number;
pub use stored::{Entries, Stored};
