//! Arrows from stage to stage: where one reads what another made.
use super::{ns, Document};
use crate::inspect::RunView;
use std::collections::BTreeMap;

/// What an arrow does at a chunk.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    /// It begins there.
    Out(u32),
    /// It ends there.
    In(u32),
}

/// For each stage that waited for another: the last chunk that was done of that one, and the first of its own. None where either has
/// no chunk, or where the second began before the first was done, as it does not.
pub(super) fn flows(document: &Document, run: &RunView) -> Vec<(usize, usize)> {
    let (mut first, mut last) = (BTreeMap::new(), BTreeMap::new());
    for (chunk, &stage) in run.chunks.stage.iter().enumerate() {
        let (start, end) = (ns(run.chunks.started[chunk]), ns(run.chunks.ended[chunk]));
        let earliest = first.entry(stage).or_insert((start, chunk));
        *earliest = (*earliest).min((start, chunk));
        if run.chunks.state[chunk] == "done" {
            let latest = last.entry(stage).or_insert((end, chunk));
            *latest = (*latest).max((end, chunk));
        }
    }
    let mut flows = Vec::new();
    for task in &document.tasks {
        let Some((_, into)) = task.stage.and_then(|stage| first.get(&stage)) else {
            continue;
        };
        for wait in task.waits_for.iter().filter(|wait| wait.why == "reads") {
            let maker = document.tasks.get(wait.task as usize).and_then(|maker| maker.stage);
            if let Some((_, out)) = maker.and_then(|stage| last.get(&stage)).filter(|(_, out)| out != into) {
                flows.push((*out, *into));
            }
        }
    }
    flows
}
