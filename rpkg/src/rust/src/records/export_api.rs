//! The `.Call`s of exports: a record as text for other people's programs.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use std::path::Path;

use extendr_api::prelude::*;
use inspect::export::{Format, Releases};
use inspect::write;

use super::record_api::document_in;
use crate::r::{self, argument, edge, nothing, Failure};

/// A record in the format of this name: as text, or, where a file is named, in that file; a drawing with or without `releases`.
#[extendr]
fn ms_record_export(record: Robj, format: &str, file: &str, releases: bool) -> Robj {
    edge(|| {
        let known = Format::named(format);
        let known = known.ok_or_else(|| Failure::Internal(format!("no format is called '{format}'")))?;
        let releases = if releases { Releases::Shown } else { Releases::LeftOut };
        let text = known.text(&document_in(argument(&record))?, releases)?;
        if file.is_empty() {
            return r::give(|s| Ok(r::character(s, &[text.as_str()])));
        }
        write(text.as_bytes(), Path::new(file))?;
        nothing()
    })
}

/// The name of the format that a file's name asks for; empty for none.
#[extendr]
fn ms_export_format(file: &str) -> Robj {
    edge(|| {
        let name = Format::of_file(Path::new(file)).map_or("", Format::name);
        r::give(|s| Ok(r::character(s, &[name])))
    })
}

extendr_module! {
    mod export_api;
    fn ms_record_export;
    fn ms_export_format;
}
