//! The `.Call`s of logs; `R/memLog.R` and `R/options.R` make them. And deaths, as R has them.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::path::Path;

use extendr_api::prelude::*;
use scheduler::pool::logs::{self, Death};
use scheduler::trace::{self, Format, Setting};

use crate::r::{self, argument, edge, nothing, Failure, Kind, Preserved, Result, Scope, Sexp};

/// Logs by `filter` (NULL: nothing), in `format`, into the file `log`. Workers follow with their next run.
#[extendr]
fn ms_log_by(filter: Robj, format: &str, log: &str) -> Robj {
    edge(|| {
        let filter = argument(&filter);
        let unknown = || Failure::input(format!("there is no log format '{format}'"));
        let format = Format::named(format).ok_or_else(unknown)?;
        let setting = match filter.is_null() {
            true => None,
            false => Some(Setting { filter: r::string(filter, "log")?, format }),
        };
        trace::set(setting.as_ref(), Some(Path::new(log)))?;
        nothing()
    })
}

/// The lines of the logs in a directory, by time, in columns. A line that is not ours has the level "".
#[extendr]
fn ms_log_lines(dir: &str) -> Robj {
    edge(|| {
        let lines = logs::read(Path::new(dir))?;
        let numbers = |of: &dyn Fn(&logs::Line) -> Option<f64>| -> Vec<f64> {
            lines.iter().map(|line| of(line).unwrap_or(f64::NAN)).collect()
        };
        let texts = |of: fn(&logs::Line) -> &str| -> Vec<&str> { lines.iter().map(of).collect() };
        let log = texts(|line| &line.log);
        let level = texts(|line| line.level.as_deref().unwrap_or_default());
        let text = texts(|line| &line.text);
        let time = numbers(&|line| line.time);
        let run = numbers(&|line| line.run.map(|run| run as f64));
        let worker = numbers(&|line| line.worker.map(f64::from));
        let pid = numbers(&|line| line.pid.map(f64::from));
        r::give(|s| {
            let parts = [
                ("time", r::reals(s, &time)),
                ("run", r::reals(s, &run)),
                ("log", r::character(s, &log)),
                ("worker", r::reals(s, &worker)),
                ("pid", r::reals(s, &pid)),
                ("level", r::character(s, &level)),
                ("text", r::character(s, &text)),
            ];
            Ok(r::named_list(s, &parts))
        })
    })
}

/// Deaths of workers in a run, in columns; `log` is a list of lines.
pub(super) fn died(deaths: &[Death]) -> Result<Preserved> {
    let worker: Vec<f64> = deaths.iter().map(|death| f64::from(death.worker.0) + 1.0).collect();
    let pid: Vec<f64> = deaths.iter().map(|death| death.pid.map_or(f64::NAN, f64::from)).collect();
    let how: Vec<&str> = deaths.iter().map(|death| death.how.as_str()).collect();
    r::protect(|s| {
        let log = s.vector(Kind::VECSXP, deaths.len());
        for (place, death) in deaths.iter().enumerate() {
            s.inner(|s| log.set_item(place, lines(s, death)));
        }
        let parts = [
            ("worker", r::reals(s, &worker)),
            ("pid", r::reals(s, &pid)),
            ("how", r::character(s, &how)),
            ("log", log),
        ];
        Ok(Preserved::new(r::named_list(s, &parts)))
    })
}

fn lines<'s>(s: &'s Scope, death: &Death) -> Sexp<'s> {
    r::character(s, &death.log)
}

extendr_module! {
    mod log_api;
    fn ms_log_by;
    fn ms_log_lines;
}
