//! The worker's side of a run in R: FUN is called element by element in a native loop, claim after claim.
//!
//! | file | what stands there |
//! |---|---|
//! | `current` | the run at hand: what was taken, what is handed in |
//! | `results` | the results of a chunk's output |
//! | `encoded` | what a chunk hands in, encoded |
//! | `stage` | a stage's steps: where elements come from, the calls of FUN |
//! | `rows` | elements that are rows of a matrix |
//! | `sparse` | elements of a sparse matrix |
//! | `reused` | a vector that serves one element after another |
//! | `chunk` | the chunk under way: which call is next, what came of it |
//! | `fold` | a fold within a chunk |
//! | `meter` | how long things take |
//! | `home` | where the worker is kept, and taken from to work with; `waiting`: conditions that came meanwhile |
//! | `packages` | which packages it loads meanwhile |
//! | `pages` | the run's pages, mapped when first read; `kept`: mappings that stay for the next run |
//! | `life_api`, `worker_api` | the `.Call`s of `R/worker.R`, and those within a run |
//!
//! The loop is entered once a run. An error of FUN leaves it by R's own jump to the `tryCatch` around it, which is why the
//! chunk under way is kept here and not on the stack: `R/worker.R` reports the error, and may enter the loop again at the
//! next element. Handlers for warnings and messages run *inside* the loop's call of FUN and take the state for a moment; it is in its
//! place while FUN runs, and taken out of it where R code may run for any other reason (`home`).

mod chunk;
mod current;
mod encoded;
mod fold;
mod home;
mod kept;
pub mod life_api;
mod meter;
mod packages;
mod pages;
mod part;
mod results;
mod reused;
mod rows;
mod sparse;
mod stage;
mod waiting;
pub mod worker_api;
