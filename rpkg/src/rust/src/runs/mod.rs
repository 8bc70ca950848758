//! The session's side of a run: a call's data becomes pages, a plan and a job; the run is waited for; what came of it
//! becomes R values.
//!
//! | room | what stands there |
//! |---|---|
//! | `spec` | R's specification of a call, read |
//! | `begin` | the specification made pages, plan and job |
//! | `collect` | results, conditions and errors made R values |
//! | `hall` | the pool and the runs that are begun |
//! | `run_api` | the `.Call`s of `R/run.R` |

mod begin;
mod collect;
pub(crate) mod hall;
pub mod run_api;
mod spec;
