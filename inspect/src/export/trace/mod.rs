//! A run in the Trace Event Format, which Perfetto (<https://ui.perfetto.dev>), chrome://tracing and Speedscope read.
//!
//! | in the run | in the trace |
//! |---|---|
//! | a worker | a process with its real id; who replaced it is another one |
//! | a chunk | a slice of the worker's thread; in it, where that was timed, one for FUN, and in that one for each pass of a stage that has several |
//! | a stage that reads what another made | an arrow (flow) from the last chunk of the one to the first chunk of the other |
//! | tasks; resources | slices of the process "run" that may overlap (async) |
//! | messages to and from the hosts of a run over several | slices of the process "run" that may overlap (async) |
//! | bytes in shared memory, workers at work | counters of the process "run" |
//! | a death | an instant on the worker's thread; anything else that went amiss: on the thread "events" of "run" |
//!
//! Times are microseconds with three decimals: nanoseconds, as in the log.
mod event;
mod flows;
mod lanes;
mod overall;
mod slices;
mod units;

use serde::Serialize;
use serde_json::{json, Value};

use crate::document::Document;
use crate::harmless;

/// The trace of a run, an event a line. Of a plan, which has not run, a trace without events.
pub(in crate::export) fn trace(document: &Document) -> String {
    let mut events = Vec::new();
    if let Some(run) = &document.run {
        let lanes = lanes::Lanes::of(run);
        lanes.name(run, &mut events);
        overall::add(document, run, lanes.own(), &mut events);
        let flows = flows::flows(document, run);
        slices::add(document, run, &lanes, &flows, &mut events);
        flows::add(&flows, run, &lanes, &mut events);
    }
    let mut text = String::from("{\"displayTimeUnit\":\"ms\",\"otherData\":");
    text.push_str(&line(&about(document)));
    text.push_str(",\"traceEvents\":[\n");
    for (nth, event) in events.iter().enumerate() {
        text.push_str(if nth > 0 { ",\n" } else { "" });
        text.push_str(&line(event));
    }
    text.push_str("\n]}\n");
    text
}

fn about(document: &Document) -> Value {
    json!({
        "title": document.title,
        "package": document.package,
        "begun": document.run.as_ref().map(|run| run.begun),
        "ended": document.run.as_ref().map(|run| run.ended.kind),
    })
}

fn line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value)
        .unwrap_or_else(|problem| unreachable!("an event has a JSON form: {problem}"));
    harmless::json(&text)
}
