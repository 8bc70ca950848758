//! The `.Call`s of views that are text.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;
use scheduler::inspect;

use super::record_api::{document_in, record_in};
use crate::r::{self, argument, edge};

/// A record as a tree, in lines.
#[extendr]
fn ms_explain(record: Robj) -> Robj {
    edge(|| {
        let lines = inspect::explain(&document_in(argument(&record))?);
        r::give(|s| Ok(r::character(s, &lines)))
    })
}

/// The life of what `id` names: `title`, and of each line `at` (NaN for what has no time), `what` and `worker` (NaN for nobody). Of
/// an unknown id `why` and the `nearest` names.
#[extendr]
fn ms_story(record: Robj, id: &str) -> Robj {
    edge(|| match inspect::story_of(&record_in(argument(&record))?, id) {
        Err(unknown) => {
            let why = [unknown.to_string()];
            r::give(|s| {
                let parts = [("why", r::character(s, &why)), ("nearest", r::character(s, &unknown.nearest))];
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
    })
}

extendr_module! {
    mod text_api;
    fn ms_explain;
    fn ms_story;
}
