//! Looking at plans and runs from R.
//!
//! | file | what it holds |
//! |---|---|
//! | `shelf` | the log of the session's last run |
//! | `to_r` | a document as R's lists and vectors |
//! | `text_api` | the `.Call`s of views that are text |
//! | `export_api` | the `.Call`s of exports: JSON, DOT, Mermaid, traces, the page |
//! | `record_api` | the `.Call`s of records: made, read, written, opened |

pub mod export_api;
pub mod record_api;
pub(crate) mod shelf;
pub mod text_api;
mod to_r;
