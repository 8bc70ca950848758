//! What an id names, and the nearest names where it names nothing.
use crate::document::{Document, PassView};
use crate::names::nearest;
use crate::record::PassNote;
use crate::run_view::RunView;
use crate::words;

/// What a story is of.
pub(super) enum Subject<'a> {
    Pass(&'a PassView),
    Resource(u32),
    Task(u32),
    /// Its place in the columns.
    Chunk(&'a RunView, usize),
    Element(&'a PassView, u64),
    Worker(&'a RunView, u32),
}

/// Nothing has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}{}", self.hint())]
pub struct Unknown {
    /// What is wrong.
    pub why: String,
    /// The nearest names that there are.
    pub nearest: Vec<String>,
}

impl Unknown {
    fn new(why: String) -> Unknown {
        Unknown { why, nearest: Vec::new() }
    }

    fn hint(&self) -> String {
        let names: Vec<String> = self.nearest.iter().map(|name| format!("'{name}'")).collect();
        match names.len() {
            0 => String::new(),
            _ => format!("; there is {}", words::list(&names, 5)),
        }
    }
}

/// What an id names. A whole name comes first: a pass may be called `a#1`.
pub(super) fn find<'a>(document: &'a Document, notes: &[PassNote], id: &str) -> Result<Subject<'a>, Unknown> {
    let id = id.trim();
    if let Some(pass) = document.passes.iter().find(|pass| pass.name == id) {
        return Ok(Subject::Pass(pass));
    }
    if let Some(resource) = document.resources.iter().find(|resource| resource.name == id) {
        return Ok(Subject::Resource(resource.id));
    }
    if let Some(task) = document.tasks.iter().find(|task| task.label == id) {
        return Ok(Subject::Task(task.id));
    }
    if let Some(number) = id.strip_prefix("worker ").and_then(|n| n.trim().parse().ok()) {
        return worker(document, number);
    }
    if let Some((of, number)) = chunk_id(id) {
        return chunk(document, of, number);
    }
    if let Some((of, element)) = id.strip_suffix(']').and_then(|id| id.split_once('[')) {
        return element_of(document, notes, of.trim(), element);
    }
    Err(Unknown { why: format!("nothing here is called '{id}'"), nearest: like(document, id) })
}

/// "z#17", "#17" and "17".
fn chunk_id(id: &str) -> Option<(&str, u64)> {
    match id.rsplit_once('#') {
        Some((of, number)) => Some((of.trim(), number.trim().parse().ok()?)),
        None => Some(("", id.parse().ok()?)),
    }
}

fn not_run(what: &str) -> Unknown {
    Unknown::new(format!("a plan has no {what} before it ran: memRun() it, and ask the run"))
}

fn worker(document: &Document, worker: u32) -> Result<Subject<'_>, Unknown> {
    let run = document.run.as_ref().ok_or_else(|| not_run("workers"))?;
    if !(1..=document.workers).contains(&worker) {
        return Err(Unknown::new(format!(
            "there is no worker {worker}: they are numbered from 1 to {}",
            document.workers
        )));
    }
    Ok(Subject::Worker(run, worker))
}

fn chunk<'a>(document: &'a Document, of: &str, number: u64) -> Result<Subject<'a>, Unknown> {
    let run = document.run.as_ref().ok_or_else(|| not_run("chunks"))?;
    let stage = stage(document, of)?;
    let chunks = &run.chunks;
    if chunks.stage.is_empty() {
        return Err(Unknown::new(
            "the run kept no trace of its chunks; ask for one with memControl(trace = TRUE)".into(),
        ));
    }
    let own = |at: &usize| chunks.stage[*at] == stage && chunks.number[*at] == number;
    let found = (0..chunks.stage.len()).find(own);
    found.map(|at| Subject::Chunk(run, at)).ok_or_else(|| {
        let most = chunks.stage.iter().filter(|&&other| other == stage).count();
        Unknown::new(format!("there is no chunk {number}: they are numbered from 1 to {most}"))
    })
}

/// The stage that a name stands for; none is needed where there is only one.
fn stage(document: &Document, of: &str) -> Result<u32, Unknown> {
    if of.is_empty() {
        return match document.stages.as_slice() {
            [only] => Ok(only.id),
            _ => Err(Unknown {
                why: "there are several stages: a chunk's pass is needed, as in 'z#17'".into(),
                nearest: document.passes.iter().take(5).map(|pass| pass.name.clone()).collect(),
            }),
        };
    }
    if let Some(pass) = document.passes.iter().find(|pass| pass.name == of) {
        return Ok(pass.stage);
    }
    let task = document.tasks.iter().find(|task| task.label == of);
    task.and_then(|task| task.stage)
        .ok_or_else(|| Unknown { why: format!("no pass is called '{of}'"), nearest: like(document, of) })
}

/// By its number or else by its name.
fn element_of<'a>(
    document: &'a Document,
    notes: &[PassNote],
    of: &str,
    element: &str,
) -> Result<Subject<'a>, Unknown> {
    let unknown = || Unknown { why: format!("no pass is called '{of}'"), nearest: like(document, of) };
    let pass = document.passes.iter().find(|pass| pass.name == of).ok_or_else(unknown)?;
    let named = || {
        let note = notes.get(pass.id as usize);
        let slowest = pass.figures.iter().flat_map(|figures| &figures.slowest);
        let mut slowest = slowest.filter(|slow| slow.name.as_deref() == Some(element));
        let place = note
            .and_then(|note| note.names.iter().position(|name| name == element))
            .map(|place| place as u64 + 1);
        place.or_else(|| Some(slowest.next()?.element))
    };
    match element.trim().parse::<u64>().ok().or_else(named) {
        Some(number) if (1..=pass.elements).contains(&number) => Ok(Subject::Element(pass, number)),
        Some(number) => {
            Err(Unknown::new(format!("pass '{of}' has no element {number}: it has {}", pass.elements)))
        }
        None => Err(Unknown::new(format!(
            "an element is named by its number, from 1 to {}, not '{element}'",
            pass.elements
        ))),
    }
}

/// The names that are most like this one.
fn like(document: &Document, id: &str) -> Vec<String> {
    let passes = document.passes.iter().map(|pass| pass.name.as_str());
    let resources = document.resources.iter().map(|resource| resource.name.as_str());
    let tasks = document.tasks.iter().map(|task| task.label.as_str());
    nearest(id, passes.chain(resources).chain(tasks))
}
