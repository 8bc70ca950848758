//! The worker's side of a run in R: FUN is called element by element in a native loop, claim after claim.
//!
//! | room | what stands there |
//! |---|---|
//! | `current` | the run at hand: its pages, the chunk under way, what FUN said |
//! | `worker_api` | the `.Call`s of `R/worker.R` |
//!
//! The loop is entered once a run. An error of FUN leaves it by R's own jump to the `tryCatch` around it, which is why the
//! chunk under way is kept here and not on the stack: `R/worker.R` reports the error, and may enter the loop again at the
//! next element. Handlers for warnings and messages run *inside* the loop's call of FUN; they reach the state by their own
//! short look at it, so nothing here holds a reference to it while FUN runs.

mod current;
pub mod worker_api;
