//! The `.Call`s of views that are text, and of what every text of R's is made with: figures, tables, names.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;
use inspect::table::{Align, Table};
use inspect::{explain, nearest, story, words, Document};

use super::record_api::{document_in, record_in};
use crate::r::{self, argument, edge, Failure};

/// A record as a tree, in lines.
#[extendr]
fn ms_explain(record: Robj) -> Robj {
    edge(|| {
        let lines = explain(&document_in(argument(&record))?);
        r::give(|s| Ok(r::character(s, &lines)))
    })
}

/// The life of what `id` names: `title`, and of each line `at` (NaN for what has no time), `what` and `worker` (NaN for nobody). Of
/// an unknown id `why` and the `nearest` names.
#[extendr]
fn ms_story(record: Robj, id: &str) -> Robj {
    edge(|| {
        let record = record_in(argument(&record))?;
        match story(&Document::of(&record), &record.notes, id) {
            Err(unknown) => {
                let why = [unknown.to_string()];
                r::give(|s| {
                    let parts =
                        [("why", r::character(s, &why)), ("nearest", r::character(s, &unknown.nearest))];
                    Ok(r::named_list(s, &parts))
                })
            }
            Ok(told) => {
                let at: Vec<f64> = told.lines.iter().map(|line| line.at.unwrap_or(f64::NAN)).collect();
                let what: Vec<&str> = told.lines.iter().map(|line| line.what.as_str()).collect();
                let worker = told.lines.iter().map(|line| line.worker.map_or(f64::NAN, f64::from));
                let worker: Vec<f64> = worker.collect();
                r::give(|s| {
                    let parts = [
                        ("title", r::character(s, &[told.title.as_str()])),
                        ("at", r::reals(s, &at)),
                        ("what", r::character(s, &what)),
                        ("worker", r::reals(s, &worker)),
                    ];
                    Ok(r::named_list(s, &parts))
                })
            }
        }
    })
}

/// Numbers as texts: `kind` is "seconds", "duration", "bytes", "percent", "number" or "rate". "?" of what is missing.
#[extendr]
fn ms_format(kind: &str, numbers: Robj) -> Robj {
    edge(|| {
        let write: fn(f64) -> String = match kind {
            "seconds" => words::seconds,
            "duration" => words::duration,
            "bytes" => |x| words::bytes(x as u64),
            "percent" => words::percent,
            "number" => |x| words::number(x as u64),
            "rate" => words::rate,
            other => return Err(Failure::Internal(format!("no number is called '{other}'"))),
        };
        let numbers = r::numbers(argument(&numbers))?;
        let texts: Vec<String> =
            numbers.into_iter().map(|x| if x.is_nan() { "?".into() } else { write(x) }).collect();
        r::give(|s| Ok(r::character(s, &texts)))
    })
}

/// The lines of a table: a vector of texts a column, with a head where `head` has a name for each. `right` says which columns stand to the right.
#[extendr]
fn ms_table(columns: Robj, head: Robj, right: Robj, indent: &str) -> Robj {
    edge(|| {
        let list = argument(&columns);
        let columns = (0..list.len()).map(|nth| r::strings(list.item(nth), "a column"));
        let columns: Vec<Vec<String>> = columns.collect::<r::Result<_>>()?;
        let head = r::strings(argument(&head), "the head")?;
        let right = r::numbers(argument(&right))?;
        let align = |nth: usize| if right.contains(&(nth as f64 + 1.0)) { Align::Right } else { Align::Left };
        let name = |nth: usize| head.get(nth).map_or("", String::as_str);
        let mut table =
            Table::new(&(0..columns.len()).map(|nth| (name(nth), align(nth))).collect::<Vec<_>>());
        for row in 0..columns.first().map_or(0, Vec::len) {
            table.row(columns.iter().map(|column| column.get(row).cloned().unwrap_or_default()));
        }
        let lines =
            if head.is_empty() { table.body(usize::MAX, indent) } else { table.lines(usize::MAX, indent) };
        r::give(|s| Ok(r::character(s, &lines)))
    })
}

/// Of the names that are known those that are most like one, five at most.
#[extendr]
fn ms_nearest(name: &str, known: Robj) -> Robj {
    edge(|| {
        let known = r::strings(argument(&known), "names")?;
        let like = nearest(name, known.iter().map(String::as_str));
        r::give(|s| Ok(r::character(s, &like)))
    })
}

extendr_module! {
    mod text_api;
    fn ms_format;
    fn ms_table;
    fn ms_nearest;
    fn ms_explain;
    fn ms_story;
}
