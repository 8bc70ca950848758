//! Chunks as slices, with FUN and the passes in them.
//!
//! Passes of one stage take turns, element by element, so the times of their first and last elements overlap. What is drawn is how
//! long each took in the chunk, one after the other from its begin; when each really began and ended stands in the details.
use super::event::{Event, Thread};
use super::flows::{flows, Mark};
use super::lanes::Lanes;
use super::{ns, pass_name, stage_name, Document};
use crate::inspect::RunView;
use serde_json::json;

pub(super) fn add(document: &Document, run: &RunView, lanes: &Lanes, events: &mut Vec<Event>) {
    let count = run.chunks.stage.len();
    let names: Vec<String> =
        (0..document.stages.len()).map(|stage| stage_name(document, stage as u32)).collect();
    let mut steps: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (step, &chunk) in run.steps.chunk.iter().enumerate() {
        if let Some(steps) = steps.get_mut(chunk as usize) {
            steps.push(step);
        }
    }
    let mut marks: Vec<Vec<Mark>> = vec![Vec::new(); count];
    for (id, (out, into)) in flows(document, run).into_iter().enumerate() {
        marks[out].push(Mark::Out(id as u32));
        marks[into].push(Mark::In(id as u32));
    }
    let mut order: Vec<usize> = (0..count).collect();
    let times = |chunk: usize| (ns(run.chunks.started[chunk]), ns(run.chunks.ended[chunk]));
    order.sort_by_key(|&chunk| (lanes.of_chunk(chunk), times(chunk)));
    for chunk in order {
        let at = lanes.of_chunk(chunk);
        let name = names.get(run.chunks.stage[chunk] as usize).map_or("?", String::as_str);
        events.push(slice(run, chunk, name, at));
        let start = times(chunk).0;
        // Arrows belong to the slice that is open now: before the next one opens.
        events.extend(marks[chunk].iter().map(|mark| match *mark {
            Mark::Out(id) => Event::flow_out(id, at, start),
            Mark::In(id) => Event::flow_in(id, at, start),
        }));
        inside(document, run, chunk, &steps[chunk], at, events);
    }
}

/// The chunk itself. "mu, s #17 (lost)".
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

/// FUN in a chunk, and in that the passes.
fn inside(
    document: &Document,
    run: &RunView,
    chunk: usize,
    steps: &[usize],
    at: Thread,
    events: &mut Vec<Event>,
) {
    let (start, end) = (ns(run.chunks.started[chunk]), ns(run.chunks.ended[chunk]));
    let of_steps: u64 = steps.iter().map(|&step| ns(run.steps.fun[step])).sum();
    let fun = ns(run.chunks.fun[chunk]).max(of_steps).min(end.saturating_sub(start));
    if fun == 0 {
        return;
    }
    events.push(Event::slice("FUN", "fun", at, start, fun));
    let mut from = start;
    for &step in steps {
        let dur = ns(run.steps.fun[step]).min(start + fun - from);
        let name = pass_name(document, run.steps.pass[step]);
        events.push(Event::slice(name, "pass", at, from, dur).with(json!({
            "pass": run.steps.pass[step] + 1,
            "first_began": run.steps.started[step],
            "last_ended": run.steps.ended[step],
        })));
        from += dur;
    }
}
