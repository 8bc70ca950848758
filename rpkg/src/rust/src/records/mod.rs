//! Looking at plans and runs from R.
//!
//! | file | what it holds |
//! |---|---|
//! | `last_run` | the log of the session's last run |
//! | `to_r` | a document as R's lists and vectors |
//! | `text_api` | the `.Call`s of views that are text |
//! | `export_api` | the `.Call`s of exports: JSON, DOT, Mermaid, traces, the page |
//! | `record_api` | the `.Call`s of records: made, read, written, opened |

pub mod export_api;
pub(crate) mod last_run;
pub mod record_api;
pub mod text_api;
mod to_r;
