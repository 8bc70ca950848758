//! The `.Call` of the page.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use std::path::Path;

use extendr_api::prelude::*;
use scheduler::inspect;

use super::record_api::document_in;
use crate::r::{argument, edge, nothing};

/// Writes the page of a record to a file.
#[extendr]
fn ms_record_html(record: Robj, path: &str) -> Robj {
    edge(|| {
        inspect::write(inspect::html(&document_in(argument(&record))?).as_bytes(), Path::new(path))?;
        nothing()
    })
}

extendr_module! {
    mod html_api;
    fn ms_record_html;
}
