//! What an id names, and the nearest names where it names nothing.
use crate::inspect::Record;
use crate::inspect::{Document, PassView, RunView};

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
            _ => format!("; there is {}", super::words::list(&names, 5)),
        }
    }
}

/// What an id names. A whole name comes first: a pass may be called `a#1`.
pub(super) fn find<'a>(document: &'a Document, id: &str) -> Result<Subject<'a>, Unknown> {
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
        return element_of(document, of.trim(), element.trim());
    }
    Err(Unknown { why: format!("nothing here is called '{id}'"), nearest: nearest(document, id) })
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
        .ok_or_else(|| Unknown { why: format!("no pass is called '{of}'"), nearest: nearest(document, of) })
}

fn element_of<'a>(document: &'a Document, of: &str, element: &str) -> Result<Subject<'a>, Unknown> {
    let unknown = || Unknown { why: format!("no pass is called '{of}'"), nearest: nearest(document, of) };
    let pass = document.passes.iter().find(|pass| pass.name == of).ok_or_else(unknown)?;
    let named = || {
        let slowest = &pass.figures.as_ref()?.slowest;
        slowest.iter().find(|slow| slow.name.as_deref() == Some(element)).map(|slow| slow.element)
    };
    match element.parse::<u64>().ok().or_else(named) {
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

/// The pass and the element, from 1 on, that an id like `z[TP53]` names, where no pass, resource or number is called so.
pub(super) fn by_name(record: &Record, document: &Document, id: &str) -> Option<(usize, u64)> {
    let (of, name) = id.trim().strip_suffix(']')?.split_once('[')?;
    let is_taken = document.passes.iter().any(|pass| pass.name == id) || name.trim().parse::<u64>().is_ok();
    let pass = document.passes.iter().position(|pass| pass.name == of.trim()).filter(|_| !is_taken)?;
    let place = record.notes.get(pass)?.names.iter().position(|other| other == name)?;
    Some((pass, place as u64 + 1))
}

/// The names that are most like this one, five at most.
fn nearest(document: &Document, id: &str) -> Vec<String> {
    let passes = document.passes.iter().map(|pass| pass.name.as_str());
    let resources = document.resources.iter().map(|resource| resource.name.as_str());
    let tasks = document.tasks.iter().map(|task| task.label.as_str());
    let mut seen = std::collections::HashSet::new();
    let names = passes.chain(resources).chain(tasks).filter(|name| seen.insert(*name));
    let mut ranked: Vec<(usize, &str)> = names.map(|name| (distance(id, name), name)).collect();
    ranked.sort();
    let far = ranked.first().map_or(0, |(best, _)| best + 1);
    ranked
        .into_iter()
        .take_while(|(distance, _)| *distance <= far)
        .take(5)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// How many characters have to be changed, put in or taken out; less where one is a part of the other.
fn distance(a: &str, b: &str) -> usize {
    let lower = |text: &str| text.chars().take(60).flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (a, b) = (lower(a), lower(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let kept = corner + usize::from(left != right);
            corner = row[j + 1];
            row[j + 1] = kept.min(corner + 1).min(row[j] + 1);
        }
    }
    let is_part =
        |part: &[char], whole: &[char]| part.len() > 1 && whole.windows(part.len()).any(|w| w == part);
    if is_part(&a, &b) || is_part(&b, &a) {
        return row[b.len()] / 2;
    }
    row[b.len()]
}
