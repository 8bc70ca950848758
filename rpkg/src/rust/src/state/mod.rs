//! The state of an R session as far as it can change what FUN gives: looked at natively, because every call pays for the look.
//!
//! | file | what stands there |
//! |---|---|
//! | `look` | what was seen last, compared with what is there now |
//! | `state_api` | the `.Call`s of `R/session.R` and `R/mirror.R` |

mod look;
pub mod state_api;
