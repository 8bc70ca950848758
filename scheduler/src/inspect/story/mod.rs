//! The life of one thing: a pass, a resource, a task, a chunk, an element or a worker; when what happened to it, and who was at it.
//!
//! | id | what it names |
//! |---|---|
//! | `z` | a pass, or what lies in shared memory under this name |
//! | `map z`, `share X` | a task, by its label |
//! | `z#17`, `#17` | a chunk: the 17th of the stage of pass `z`, or of the only stage |
//! | `z[1801]`, `z[TP53]` | an element; by its name where it is one of those that took longest |
//! | `worker 2` | a worker's place |
mod chunk;
mod find;
mod resource;
mod task;
mod worker;

use super::{words, Record};
use super::{Document, RunView};
pub use find::Unknown;
use find::{find, Subject};
use serde::Serialize;

/// Things of one kind that a story tells one by one; of more, those that tell most.
const FEW: usize = 12;

/// What happened to one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Story {
    /// What it is, in a line.
    pub title: String,
    /// What is known of it, first what has no time, then in the order of time.
    pub lines: Vec<Happening>,
}

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Happening {
    /// When, in seconds from the run's begin; `None` for what is so from the plan on.
    pub at: Option<f64>,
    /// What.
    pub what: String,
    /// The worker, from 1 on.
    pub worker: Option<u32>,
}

/// The story of what `id` names.
///
/// # Errors
/// [`Unknown`] where nothing has this name, with the nearest names there are.
pub fn story(document: &Document, id: &str) -> Result<Story, Unknown> {
    tell(document, id, &|_, _| None)
}

/// The name of an element, from 1 on, of a pass.
type Names<'a> = &'a dyn Fn(u32, u64) -> Option<String>;

fn tell(document: &Document, id: &str, names: Names<'_>) -> Result<Story, Unknown> {
    let mut told = match find(document, id)? {
        Subject::Pass(pass) => task::of_pass(document, pass),
        Subject::Resource(resource) => resource::of(document, resource),
        Subject::Task(task) => task::of_task(document, task),
        Subject::Chunk(run, at) => chunk::of_chunk(document, run, at),
        Subject::Element(pass, element) => chunk::of_element(document, pass, element, names),
        Subject::Worker(run, worker) => worker::of(document, run, worker),
    };
    let key = |line: &Happening| line.at.unwrap_or(f64::NEG_INFINITY);
    told.lines.sort_by(|a, b| key(a).total_cmp(&key(b)));
    Ok(told)
}

/// The same of a record, which also knows the names of elements.
///
/// # Errors
/// As [`story`].
pub fn story_of(record: &Record, id: &str) -> Result<Story, Unknown> {
    let document = Document::of(record);
    let id = match find::by_name(record, &document, id) {
        Some((pass, element)) => &format!("{}[{element}]", document.passes[pass].name),
        None => id,
    };
    tell(&document, id, &|pass, element| {
        record.notes.get(pass as usize)?.names.get(element as usize - 1).cloned()
    })
}

impl Story {
    fn new(title: String) -> Story {
        Story { title, lines: Vec::new() }
    }

    /// What is so from the plan on.
    fn say(&mut self, what: String) {
        self.lines.push(Happening { at: None, what, worker: None });
    }

    fn tell(&mut self, at: f64, what: String) {
        self.lines.push(Happening { at: Some(at), what, worker: None });
    }

    fn tell_of(&mut self, at: f64, what: String, worker: u32) {
        self.lines.push(Happening { at: Some(at), what, worker: Some(worker) });
    }
}

/// Labels of tasks.
fn labels(document: &Document, tasks: impl Iterator<Item = u32>) -> Vec<String> {
    let tasks = tasks.filter_map(|task| document.tasks.get(task as usize));
    tasks.map(|task| format!("'{}'", words::short(&task.label, 40))).collect()
}

/// Names of resources.
fn resources(document: &Document, ids: &[u32]) -> Vec<String> {
    let resources = ids.iter().filter_map(|&id| document.resources.get(id as usize));
    resources.map(|resource| format!("'{}'", words::short(&resource.name, 30))).collect()
}

/// "elements 101 to 150".
fn range(first: u64, last: u64) -> String {
    if first == last {
        format!("element {first}")
    } else {
        format!("elements {first} to {last}")
    }
}

/// How the run ended, where it did not end as it should: the last line of what was never begun or ended.
fn end(document: &Document, told: &mut Story) {
    if let Some(run) = document.run.as_ref().filter(|run| run.ended.kind != "done") {
        let words = if run.ended.words.is_empty() {
            run.ended.kind.clone()
        } else {
            words::short(&run.ended.words, 120)
        };
        told.tell(run.figures.seconds, format!("the run ended: {words}"));
    }
}

/// Deaths of the worker at this place within a time.
fn death(run: &RunView, worker: u32, from: f64, to: f64) -> Option<String> {
    let own =
        run.workers.iter().filter(|life| life.worker == worker && life.left >= from && life.joined <= to);
    own.filter_map(|life| life.died.as_deref()).map(words::death).next()
}
