//! The session's side of a run: a call's data becomes pages, a plan and a job; the run is waited for; what came of it
//! becomes R values.
//!
//! | file | what stands there |
//! |---|---|
//! | `spec` | R's specification, read |
//! | `planned` | the specification compiled, and the plans that are kept |
//! | `encoded` | an object as it will lie in its page |
//! | `learn`, `relearn` | what plans learn from earlier runs |
//! | `coming` | data that is copied while the run goes on |
//! | `dead` | values of earlier runs that nobody needs any more |
//! | `describe` | a plan in columns |
//! | `begin` | a plan made pages and job |
//! | `earlier` | what a run takes over from an earlier one |
//! | `early` | values that are made while the run goes on |
//! | `checkpoints`, `kept` | the checkpoints that are open; runs that failed and are kept |
//! | `collect`, `opened` | results and conditions made R values, and the pages that they lie in |
//! | `failure` | what ended a run that did not succeed |
//! | `profiles` | what elements cost, kept for the runs to come |
//! | `registry` | the pool and the runs that are begun |
//! | `simulate_api` | a plan on a virtual clock |
//! | `log_api` | logs, and deaths of workers |
//! | `hosts_log_api`, `hosts_earlier_api` | the `.Call`s of what a call over several hosts did, and of what it takes over from an earlier one |
//! | `plan_api`, `run_api` | the `.Call`s of plans and runs |

mod begin;
pub mod checkpoints;
mod collect;
mod coming;
pub mod dead;
mod describe;
mod earlier;
mod early;
mod encoded;
mod failure;
pub mod hosts_earlier_api;
pub mod hosts_log_api;
pub mod kept;
mod learn;
pub mod log_api;
mod opened;
pub mod plan_api;
mod planned;
mod profiles;
pub(crate) mod registry;
mod relearn;
pub mod run_api;
pub mod simulate_api;
mod spec;

pub(crate) use planned::bytes_of;
pub(crate) use spec::Reader;
