//! The `.Call`s of records. R has a record as a raw vector, the bytes of its file: it can be kept, sent and saved as any other
//! value, and every view starts from it.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use extendr_api::prelude::*;
use inspect::{Document, PassNote, Record};
use scheduler::plan::Plan;
use scheduler::run::{Detail, EventLog};

use super::{last_run, to_r};
use crate::r::{self, argument, edge, nothing, Given, Kind, Result, Sexp};
use crate::runs::plan_api;
use crate::runs::Reader;

/// The record that a raw vector holds.
pub(crate) fn record_in(raw: Sexp) -> Result<Record> {
    Ok(Record::from_bytes(&crate::runs::bytes_of(raw)?, "the record of this plan or run")?)
}

/// The document of the record that a raw vector holds.
pub(crate) fn document_in(raw: Sexp) -> Result<Document> {
    Ok(Document::of(&record_in(raw)?))
}

/// The record of the run of this number, or NULL when it is not the last that was collected. `about` has its `title` and for each
/// pass of the specification `lines`, `parts`, `elements`, `guessed` and `names`.
#[extendr]
fn ms_record_of_run(run: i32, about: Robj) -> Robj {
    edge(|| {
        let (title, notes) = notes(argument(&about))?;
        let bytes = last_run::with(run, |kept| record(title, notes, &kept.plan, Some(&kept.log)).to_bytes());
        bytes.map_or_else(nothing, |bytes| raw(&bytes))
    })
}

/// The record of a plan that is kept.
#[extendr]
fn ms_record_of_plan(id: i32, about: Robj) -> Robj {
    edge(|| {
        let (title, mut notes) = notes(argument(&about))?;
        let plan = plan_api::plan_of(id)?;
        for (note, expected) in notes.iter_mut().zip(plan_api::expected(id)?) {
            note.expected = expected;
        }
        raw(&record(title, notes, &plan, None).to_bytes())
    })
}

/// What a record says, as a list; without `chunks` not the columns of its chunks, steps and memory.
#[extendr]
fn ms_record_document(record: Robj, chunks: bool) -> Robj {
    edge(|| {
        let detail = if chunks { Detail::Chunks } else { Detail::Totals };
        to_r::document(document_in(argument(&record))?, detail)
    })
}

/// Writes a record to a file.
#[extendr]
fn ms_record_write(record: Robj, path: &str) -> Robj {
    edge(|| {
        inspect::write(&crate::runs::bytes_of(argument(&record))?, Path::new(path))?;
        nothing()
    })
}

/// Reads a record from a file, and checks it.
#[extendr]
fn ms_record_read(path: &str) -> Robj {
    edge(|| {
        let bytes = inspect::read(Path::new(path))?;
        Record::from_bytes(&bytes, path)?;
        raw(&bytes)
    })
}

fn record(title: String, notes: Vec<PassNote>, plan: &Plan, log: Option<&EventLog>) -> Record {
    Record {
        title,
        package: env!("CARGO_PKG_VERSION").to_owned(),
        made: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        plan: plan.clone(),
        notes,
        log: log.cloned(),
    }
}

/// What R says of a plan: its title, and a note for each pass.
fn notes(about: Sexp) -> Result<(String, Vec<PassNote>)> {
    let reader = Reader { list: about };
    let title = r::string(reader.item("title")?, "title")?;
    let lines = r::strings(reader.item("lines")?, "lines")?;
    let parts = r::strings(reader.item("parts")?, "parts")?;
    let elements = reader.numbers("elements")?;
    let guessed = reader.numbers("guessed")?;
    let repeated = reader.numbers("repeated")?;
    let names = reader.items("names")?;
    let mut notes = Vec::with_capacity(lines.len());
    for (nth, (about, part)) in lines.into_iter().zip(parts).enumerate() {
        let number = |of: &[f64]| of.get(nth).copied().unwrap_or(0.0);
        let (elements, guessed) = (number(&elements) as u64, number(&guessed) != 0.0);
        let names = match names.get(nth) {
            Some(names) if !names.is_null() => r::strings(*names, "names of elements")?,
            _ => Vec::new(),
        };
        let repeated_names = number(&repeated) as u64;
        notes.push(PassNote { part, elements, guessed, expected: None, repeated_names, about, names });
    }
    Ok((title, notes))
}

/// A raw vector of these bytes.
pub(crate) fn raw(bytes: &[u8]) -> Result<Given> {
    r::give(|s| {
        let out = s.vector(Kind::RAWSXP, bytes.len());
        // SAFETY: the vector was just made, with room for exactly these.
        unsafe { out.data_mut().cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(out)
    })
}

extendr_module! {
    mod record_api;
    fn ms_record_of_run;
    fn ms_record_of_plan;
    fn ms_record_document;
    fn ms_record_write;
    fn ms_record_read;
}
