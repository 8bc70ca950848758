//! Arrows from stage to stage: where one reads what another made.
//!
//! In the format an arrow leaves the innermost slice that is open at its time, and arrives at the slice that begins next. Perfetto takes
//! for open what has not been followed by another slice, so an arrow leaves where its chunk begins, before anything in it does
//! ([`super::slices`] keeps a nanosecond free there); it is drawn from the chunk's end all the same.
use super::event::Event;
use super::lanes::Lanes;
use super::units::ns;
use crate::document::Document;
use crate::run_view::RunView;
use std::collections::BTreeMap;

/// Writes arrows down.
pub(super) fn add(flows: &[(usize, usize)], run: &RunView, lanes: &Lanes, events: &mut Vec<Event>) {
    for (id, &(out, into)) in flows.iter().enumerate() {
        let (leaves, arrives) = (ns(run.chunks.started[out]), ns(run.chunks.started[into]) - 1);
        events.push(Event::flow_out(id as u32, lanes.of_chunk(out), leaves));
        events.push(Event::flow_in(id as u32, lanes.of_chunk(into), arrives));
    }
}

/// The last chunk that was done of each stage that another read, and the first of that other.
/// None where either has no chunk; nor where one took no time or the second began before the first was done, as no run has it.
pub(super) fn flows(document: &Document, run: &RunView) -> Vec<(usize, usize)> {
    let (mut first, mut last) = (BTreeMap::new(), BTreeMap::new());
    for (chunk, &stage) in run.chunks.stage.iter().enumerate() {
        let (start, end) = (ns(run.chunks.started[chunk]), ns(run.chunks.ended[chunk]));
        let earliest = first.entry(stage).or_insert((start, chunk));
        *earliest = (*earliest).min((start, chunk));
        if run.chunks.state[chunk] == "done" {
            let latest = last.entry(stage).or_insert((end, start, chunk));
            *latest = (*latest).max((end, start, chunk));
        }
    }
    let mut flows = Vec::new();
    for task in &document.tasks {
        let Some(&(begun, into)) = task.stage.and_then(|stage| first.get(&stage)) else {
            continue;
        };
        for wait in task.waits_for.iter().filter(|wait| wait.why == "reads") {
            let maker = document.tasks.get(wait.task as usize).and_then(|maker| maker.stage);
            let out = maker.and_then(|stage| last.get(&stage));
            let out = out.filter(|&&(ended, started, _)| started < ended && ended <= begun);
            flows.extend(out.map(|&(_, _, out)| (out, into)));
        }
    }
    flows
}
