//! The life of one thing: a pass, a resource, a task, a chunk, an element or a worker; when what happened to it, and who was at it.
//!
//! | id | what it names |
//! |---|---|
//! | `z` | a pass, or what lies in shared memory under this name |
//! | `map z`, `share X` | a task, by its label |
//! | `z#17`, `#17` | a chunk: the 17th of the stage of pass `z`, or of the only stage |
//! | `z[1801]`, `z[TP53]` | an element; by its number or its name |
//! | `worker 2` | a worker's place |
mod chunk;
mod find;
mod lines;
mod resource;
mod task;
mod worker;

pub use find::Unknown;
pub use lines::{Line, Story};

use crate::document::Document;
use crate::record::PassNote;
use find::{find, Subject};

/// The story of what `id` names; `notes` say what elements are called.
///
/// # Errors
/// [`Unknown`] where nothing has this name, with the nearest names there are.
pub fn story(document: &Document, notes: &[PassNote], id: &str) -> Result<Story, Unknown> {
    let mut story = match find(document, notes, id)? {
        Subject::Pass(pass) => task::of_pass(document, pass),
        Subject::Resource(resource) => resource::of(document, resource),
        Subject::Task(task) => task::of_task(document, task),
        Subject::Chunk(run, at) => chunk::of_chunk(document, run, at),
        Subject::Element(pass, element) => chunk::of_element(document, pass, element, notes),
        Subject::Worker(run, worker) => worker::of(document, run, worker),
    };
    let key = |line: &Line| line.at.unwrap_or(f64::NEG_INFINITY);
    story.lines.sort_by(|a, b| key(a).total_cmp(&key(b)));
    Ok(story)
}
