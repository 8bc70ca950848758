//! The lines of a story, and what several kinds of things say alike.
use serde::Serialize;

use crate::document::Document;
use crate::run_view::RunView;
use crate::words;

/// Things of one kind that a story tells one by one; of more, those that tell most.
pub(super) const FEW: usize = 12;

/// What happened to one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Story {
    /// What it is, in a line.
    pub title: String,
    /// What is known of it, first what has no time, then in the order of time.
    pub lines: Vec<Line>,
}

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// When, in seconds from the run's begin; `None` for what is so from the plan on.
    pub at: Option<f64>,
    /// What.
    pub what: String,
    /// The worker, from 1 on.
    pub worker: Option<u32>,
}

impl Story {
    pub(super) fn new(title: String) -> Story {
        Story { title, lines: Vec::new() }
    }

    /// What is so from the plan on.
    pub(super) fn say(&mut self, what: String) {
        self.lines.push(Line { at: None, what, worker: None });
    }

    pub(super) fn tell(&mut self, at: f64, what: String) {
        self.lines.push(Line { at: Some(at), what, worker: None });
    }

    pub(super) fn tell_of(&mut self, at: f64, what: String, worker: u32) {
        self.lines.push(Line { at: Some(at), what, worker: Some(worker) });
    }
}

/// Labels of tasks.
pub(super) fn labels(document: &Document, tasks: impl Iterator<Item = u32>) -> Vec<String> {
    let tasks = tasks.filter_map(|task| document.tasks.get(task as usize));
    tasks.map(|task| format!("'{}'", words::short(&task.label, 40))).collect()
}

/// Names of resources.
pub(super) fn resources(document: &Document, ids: &[u32]) -> Vec<String> {
    let resources = ids.iter().filter_map(|&id| document.resources.get(id as usize));
    resources.map(|resource| format!("'{}'", words::short(&resource.name, 30))).collect()
}

/// "elements 101 to 150".
pub(super) fn range(first: u64, last: u64) -> String {
    if first == last {
        format!("element {first}")
    } else {
        format!("elements {first} to {last}")
    }
}

/// How the run ended, where it did not end as it should: the last line of what was never begun or ended.
pub(super) fn end(document: &Document, story: &mut Story) {
    if let Some(run) = document.run.as_ref().filter(|run| run.ended.kind != "done") {
        story.tell(run.figures.seconds, format!("the run ended: {}", words::short(&run.ended.words, 120)));
    }
}

/// Deaths of the worker at this place within a time.
pub(super) fn death(run: &RunView, worker: u32, from: f64, to: f64) -> Option<String> {
    let own =
        run.workers.iter().filter(|life| life.worker == worker && life.left >= from && life.joined <= to);
    own.filter_map(|life| life.died.as_deref()).map(how).next()
}

/// How a worker died, on a line.
pub(super) fn how(how: &str) -> String {
    words::short(how, 80)
}
