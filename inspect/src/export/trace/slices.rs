//! Chunks as slices, with FUN and the passes in them.
//!
//! Passes of one stage take turns, element by element, so the times of their first and last elements overlap. What is drawn is how
//! long each took in the chunk, one after the other from its begin; when each really began and ended stands in the details.
use super::event::{Event, Thread};
use super::lanes::Lanes;
use super::units::{ns, pass_name, stage_name};
use crate::document::Document;
use crate::run_view::RunView;
use serde_json::json;
use std::collections::HashSet;

/// Slices by thread and time. `flows`: the arrows, from the chunks that they leave.
pub(super) fn add(
    document: &Document,
    run: &RunView,
    lanes: &Lanes,
    flows: &[(usize, usize)],
    events: &mut Vec<Event>,
) {
    let count = run.chunks.stage.len();
    let names: Vec<String> =
        (0..document.stages.len()).map(|stage| stage_name(document, stage as u32)).collect();
    let mut steps: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (step, &chunk) in run.steps.chunk.iter().enumerate() {
        if let Some(steps) = steps.get_mut(chunk as usize) {
            steps.push(step);
        }
    }
    let left: HashSet<usize> = flows.iter().map(|&(out, _)| out).collect();
    let mut order: Vec<usize> = (0..count).collect();
    let times = |chunk: usize| (ns(run.chunks.started[chunk]), ns(run.chunks.ended[chunk]));
    order.sort_by_key(|&chunk| (lanes.of_chunk(chunk), times(chunk)));
    for chunk in order {
        let at = lanes.of_chunk(chunk);
        let name = names.get(run.chunks.stage[chunk] as usize).map_or("?", String::as_str);
        events.push(slice(run, chunk, name, at));
        // Where an arrow leaves, nothing but the chunk is open.
        let from = times(chunk).0 + u64::from(left.contains(&chunk));
        let inside = Inside { document, run, at, from, until: times(chunk).1.max(from) };
        inside.add(ns(run.chunks.fun[chunk]), &steps[chunk], events);
    }
}

/// The chunk itself. "mu and s #17 (lost)".
fn slice(run: &RunView, chunk: usize, name: &str, at: Thread) -> Event {
    let chunks = &run.chunks;
    let (start, end) = (ns(chunks.started[chunk]), ns(chunks.ended[chunk]));
    let state = chunks.state[chunk];
    let marked = if state == "done" { String::new() } else { format!(" ({state})") };
    let name = format!("{name} #{}{marked}", chunks.number[chunk]);
    Event::slice(name, "chunk", at, start, end.saturating_sub(start)).with(json!({
        "stage": chunks.stage[chunk] + 1,
        "chunk": chunks.number[chunk],
        "first": chunks.first[chunk],
        "last": chunks.last[chunk],
        "worker": chunks.worker[chunk],
        "attempt": chunks.attempt[chunk],
        "state": state,
        "fun_seconds": chunks.fun[chunk],
        "bytes": chunks.bytes[chunk],
    }))
}

/// What a chunk spent its time on.
struct Inside<'a> {
    document: &'a Document,
    run: &'a RunView,
    at: Thread,
    from: u64,
    until: u64,
}

impl Inside<'_> {
    /// FUN, and in that the passes.
    fn add(&self, fun: u64, steps: &[usize], events: &mut Vec<Event>) {
        let Inside { document, run, at, from, until } = *self;
        let of_steps: u64 = steps.iter().map(|&step| ns(run.steps.fun[step])).sum();
        let fun = fun.max(of_steps).min(until - from);
        // Where FUN was not timed it is said to take all of the chunk: no news.
        let untimed = steps.is_empty() && from + fun == until;
        if fun == 0 || untimed {
            return;
        }
        events.push(Event::slice("FUN", "fun", at, from, fun));
        let mut now = from;
        for &step in steps {
            let took = ns(run.steps.fun[step]).min(from + fun - now);
            let name = pass_name(document, run.steps.pass[step]);
            events.push(Event::slice(name, "pass", at, now, took).with(json!({
                "pass": run.steps.pass[step] + 1,
                "first_began": run.steps.started[step],
                "last_ended": run.steps.ended[step],
            })));
            now += took;
        }
    }
}
