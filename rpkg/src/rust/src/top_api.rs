//! The `.Call` that looks at the runs of this user that go on, in whichever session. What is missing is NaN or NA; R makes NA of all.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;
use inspect::live::{lines, runs, LiveChunk, LiveRun, LiveStage, LiveWorker};

use crate::r::{self, edge, give, Kind, Scope, Sexp};
use crate::session;

/// Three lists of columns: runs, and their stages and workers with the number of their run; and of each stage, in `parts`, the names of its
/// passes and of those that it waits for, and in `lines` all of it as text.
#[extendr]
fn ms_top() -> Robj {
    edge(|| {
        let place = session::with(|session| Ok(session.place().clone()))?;
        let found = runs(&place)?;
        let lines: Vec<String> = lines(&found, usize::MAX).into_iter().map(|line| line.text).collect();
        let tables = [runs_table(&found), stages_table(&found), workers_table(&found)];
        give(|s| {
            let [runs, stages, workers] = tables.each_ref().map(|table| list(s, table));
            let parts = [
                ("runs", runs),
                ("stages", stages),
                ("workers", workers),
                ("parts", parts(s, &found)),
                ("lines", r::character(s, &lines)),
            ];
            Ok(r::named_list(s, &parts))
        })
    })
}

/// A column of a table, with its name.
type Column = (&'static str, Values);

enum Values {
    Numbers(Vec<f64>),
    Words(Vec<Option<String>>),
}

/// A column of numbers.
fn numbers<T>(rows: &[T], of: impl Fn(&T) -> Option<f64>) -> Values {
    Values::Numbers(rows.iter().map(|row| of(row).unwrap_or(f64::NAN)).collect())
}

/// A column of words.
fn words<T>(rows: &[T], of: impl Fn(&T) -> Option<String>) -> Values {
    Values::Words(rows.iter().map(of).collect())
}

/// A table as a list of columns, kept.
fn list<'s>(s: &'s Scope, table: &[Column]) -> Sexp<'s> {
    let (out, names) = (s.vector(Kind::VECSXP, table.len()), s.vector(Kind::STRSXP, table.len()));
    for (place, (name, values)) in table.iter().enumerate() {
        names.set_text(place, r::character_bytes(s, name.as_bytes(), 1));
        s.inner(|s| out.set_item(place, column(s, values)));
    }
    out.set_attribute(s, "names", names);
    out
}

fn column<'s>(s: &'s Scope, values: &Values) -> Sexp<'s> {
    let words = match values {
        Values::Numbers(numbers) => return r::reals(s, numbers),
        Values::Words(words) => words,
    };
    let out = s.vector(Kind::STRSXP, words.len());
    for (place, word) in words.iter().enumerate() {
        match word {
            Some(text) => out.set_text(place, r::character_bytes(s, text.as_bytes(), 1)),
            None => out.set_na_text(place),
        }
    }
    out
}

fn runs_table(runs: &[LiveRun]) -> Vec<Column> {
    vec![
        ("title", words(runs, |run| Some(run.title.clone()))),
        ("pid", numbers(runs, |run| Some(run.pid.into()))),
        ("command", words(runs, |run| Some(run.command.clone()))),
        ("session", words(runs, |run| Some(run.session.clone()))),
        ("state", words(runs, |run| Some(run.state.into()))),
        ("seconds", numbers(runs, |run| Some(run.seconds))),
        ("done", numbers(runs, |run| Some(run.done as f64))),
        ("elements", numbers(runs, |run| Some(run.elements as f64))),
        ("rate", numbers(runs, |run| run.rate)),
        ("left", numbers(runs, |run| run.left)),
        ("live_bytes", numbers(runs, |run| Some(run.live_bytes as f64))),
        ("peak_bytes", numbers(runs, |run| Some(run.peak_bytes as f64))),
    ]
}

fn stages_table(runs: &[LiveRun]) -> Vec<Column> {
    let each = |(run, all): (usize, &'_ LiveRun)| {
        all.stages.iter().cloned().map(move |stage| (run + 1, stage)).collect::<Vec<(usize, LiveStage)>>()
    };
    let rows: Vec<(usize, LiveStage)> = runs.iter().enumerate().flat_map(each).collect();
    vec![
        ("run", numbers(&rows, |(run, _)| Some(*run as f64))),
        ("passes", words(&rows, |(_, stage)| Some(stage.passes.join(" + ")))),
        ("done", numbers(&rows, |(_, stage)| Some(stage.done as f64))),
        ("elements", numbers(&rows, |(_, stage)| Some(stage.elements as f64))),
        ("state", words(&rows, |(_, stage)| Some(stage.state.into()))),
        ("waits_for", words(&rows, |(_, stage)| waits_for(stage))),
    ]
}

fn parts<'s>(s: &'s Scope, runs: &[LiveRun]) -> Sexp<'s> {
    let column = |of: fn(&LiveStage) -> &Vec<String>| {
        let stages = || runs.iter().flat_map(|run| &run.stages);
        let list = s.vector(Kind::VECSXP, stages().count());
        for (place, stage) in stages().enumerate() {
            s.inner(|s| list.set_item(place, r::character(s, of(stage))));
        }
        list
    };
    let columns =
        [("passes", column(|stage| &stage.passes)), ("waits_for", column(|stage| &stage.waits_for))];
    r::named_list(s, &columns)
}

/// What a stage waits for; `None` when it does not wait.
fn waits_for(stage: &LiveStage) -> Option<String> {
    let passes = if stage.waits_for.is_empty() { "memory".into() } else { stage.waits_for.join(", ") };
    (stage.state == "waiting").then_some(passes)
}

/// A worker's place, with the number of its run and the passes of the stage that it is at.
struct Row<'a> {
    run: usize,
    worker: &'a LiveWorker,
    passes: Option<String>,
}

impl Row<'_> {
    fn chunk<T>(&self, of: impl Fn(&LiveChunk) -> T) -> Option<T> {
        self.worker.chunk.as_ref().map(of)
    }
}

fn workers_table(runs: &[LiveRun]) -> Vec<Column> {
    let mut rows = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        for worker in &run.workers {
            let stage = worker.chunk.as_ref().and_then(|chunk| run.stages.get(chunk.stage as usize));
            rows.push(Row { run: place + 1, worker, passes: stage.map(|stage| stage.passes.join(" + ")) });
        }
    }
    vec![
        ("run", numbers(&rows, |row| Some(row.run as f64))),
        ("worker", numbers(&rows, |row| Some(row.worker.worker.into()))),
        ("pid", numbers(&rows, |row| row.worker.pid.map(f64::from))),
        ("state", words(&rows, |row| Some(row.worker.state.into()))),
        ("seconds", numbers(&rows, |row| row.worker.seconds)),
        ("busy", numbers(&rows, |row| row.worker.busy)),
        ("passes", words(&rows, |row| row.passes.clone())),
        ("first", numbers(&rows, |row| row.chunk(|chunk| chunk.first as f64))),
        ("last", numbers(&rows, |row| row.chunk(|chunk| chunk.last as f64))),
        ("attempt", numbers(&rows, |row| row.chunk(|chunk| chunk.attempt.into()))),
        ("pass", words(&rows, |row| row.chunk(|chunk| chunk.pass.clone()).flatten())),
        ("element", numbers(&rows, |row| row.chunk(|chunk| chunk.element).flatten().map(|x| x as f64))),
    ]
}

extendr_module! {
    mod top_api;
    fn ms_top;
}
