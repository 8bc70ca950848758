//! The life of a pass or a task: what it waits for, when it could begin and did, its chunks, who died over it.
use super::lines::{death, end, labels, range, resources, Line, Story, FEW};
use crate::document::{Document, PassView, StageView, TaskView};
use crate::run_view::{Chunks, RunView};
use crate::words::{bytes, count, element, list, number, seconds, short};

/// A pass: its task's life, and its own figures.
pub(super) fn of_pass(document: &Document, pass: &PassView) -> Story {
    let mut story = Story::new(format!("pass '{}', {}", pass.name, count(pass.elements, "element")));
    if !pass.about.is_empty() {
        story.say(short(&pass.about, 120));
    }
    let reads = resources(document, &pass.reads);
    if !reads.is_empty() {
        story.say(format!("reads {}", list(&reads, 6)));
    }
    let after = pass.after.iter().filter_map(|&other| document.passes.get(other as usize));
    let after: Vec<String> = after.map(|other| format!("'{}'", short(&other.name, 30))).collect();
    if !after.is_empty() {
        story.say(format!("takes the elements of {} one by one, on the same worker", list(&after, 6)));
    }
    if pass.result.is_none() {
        story.say("its results never leave the worker: the next pass takes them".to_owned());
    }
    if let Some(stage) = document.stages.get(pass.stage as usize) {
        if let Some(task) = document.tasks.get(stage.task as usize) {
            common(document, task, &mut story);
        }
        of_chunks(document, stage, &mut story);
    }
    if let (Some(figures), Some(run)) = (&pass.figures, &document.run) {
        if let Some(slow) = figures.slowest.first() {
            let who = element(slow.element, slow.name.as_deref());
            let words = format!("the slowest was {who}: {}", seconds(slow.seconds));
            match chunk_of(&run.chunks, pass.stage, slow.element) {
                Some(at) => story.tell_of(run.chunks.ended[at], words, run.chunks.worker[at]),
                None => story.tell(figures.ended, words),
            }
        }
    }
    if let Some(resource) = pass.result.and_then(|id| document.resources.get(id as usize)) {
        super::resource::end_of(document, resource, &mut story);
    }
    end(document, &mut story);
    story
}

/// The chunk that did an element.
pub(super) fn chunk_of(chunks: &Chunks, stage: u32, element: u64) -> Option<usize> {
    (0..chunks.stage.len()).find(|&at| {
        chunks.stage[at] == stage
            && chunks.state[at] == "done"
            && (chunks.first[at]..=chunks.last[at]).contains(&element)
    })
}

/// A task.
pub(super) fn of_task(document: &Document, id: u32) -> Story {
    let Some(task) = document.tasks.get(id as usize) else { return Story::new(String::new()) };
    let mut story = Story::new(format!("task '{}', step {}", short(&task.label, 60), task.step));
    common(document, task, &mut story);
    if let Some(stage) = task.stage.and_then(|stage| document.stages.get(stage as usize)) {
        of_chunks(document, stage, &mut story);
    }
    end(document, &mut story);
    story
}

/// What holds for every task.
fn common(document: &Document, task: &TaskView, story: &mut Story) {
    let waits = labels(document, task.waits_for.iter().map(|wait| wait.task));
    story.say(match waits.len() {
        0 => "waits for nothing".to_owned(),
        _ => format!("waits for {}", list(&waits, 6)),
    });
    for (verb, ids) in [("makes", &task.writes), ("is the last to need", &task.frees)] {
        let named = resources(document, ids);
        if !named.is_empty() {
            story.say(format!("{verb} {}", list(&named, 6)));
        }
    }
    let Some(life) = &task.life else { return };
    if let Some(ready) = life.ready {
        let held = life.began.map_or(0.0, |began| began - ready);
        let why = if held > 1e-3 && document.held_back {
            format!("; memory held it back for {}", seconds(held))
        } else {
            String::new()
        };
        story.tell(ready, format!("nothing was in its way any more{why}"));
    }
    if let Some(began) = life.began {
        story.tell(began, format!("'{}' began", short(&task.label, 40)));
    } else if document.run.is_some() {
        story.say("it never began".to_owned());
    }
    if let Some(ended) = life.ended {
        story.tell(
            ended,
            format!(
                "'{}' {}",
                short(&task.label, 40),
                if life.state == "failed" { "failed" } else { "was done" }
            ),
        );
    }
}

/// What a stage's chunks did: all of a few, else the first, the longest, the last and those with which something happened.
fn of_chunks(document: &Document, stage: &StageView, story: &mut Story) {
    let Some(run) = &document.run else { return };
    for event in run.events.iter().filter(|event| event.stage == Some(stage.id)) {
        // What is queued for the first time is the stage's own beginning.
        let again = event.kind == "queued" && event.attempt > Some(1);
        if again || matches!(event.kind, "taken_back" | "failed" | "late" | "killed") {
            story.lines.push(Line { at: Some(event.at), what: event.words.clone(), worker: event.worker });
        }
    }
    let chunks = &run.chunks;
    let own: Vec<usize> = (0..chunks.stage.len()).filter(|&at| chunks.stage[at] == stage.id).collect();
    if own.is_empty() {
        return;
    }
    let shown = telling(chunks, &own);
    for &at in &shown {
        chunk_lines(run, at, story);
    }
    if own.len() > shown.len() {
        let spent: u64 = own.iter().map(|&at| chunks.bytes[at]).sum();
        let words = format!(
            "{} in all wrote {}; shown are those that tell most",
            count(own.len() as u64, "chunk"),
            bytes(spent)
        );
        story.say(words);
    }
}

/// Which chunks are worth a line.
fn telling(chunks: &Chunks, own: &[usize]) -> Vec<usize> {
    if own.len() <= FEW {
        return own.to_vec();
    }
    let length = |at: usize| chunks.ended[at] - chunks.started[at];
    let by = |key: &dyn Fn(usize) -> f64| own.iter().copied().max_by(|&a, &b| key(a).total_cmp(&key(b)));
    let mut shown: Vec<usize> = own
        .iter()
        .copied()
        .filter(|&at| chunks.state[at] != "done" || chunks.attempt[at] > 1)
        .take(FEW - 3)
        .collect();
    shown.extend(by(&|at| -chunks.started[at]));
    shown.extend(by(&length));
    shown.extend(by(&|at| chunks.ended[at]));
    shown.sort_unstable();
    shown.dedup();
    shown
}

/// A chunk in a line: where it ran, how long, how it ended.
pub(super) fn chunk_lines(run: &RunView, at: usize, story: &mut Story) {
    let chunks = &run.chunks;
    let attempt =
        if chunks.attempt[at] > 1 { format!(", attempt {}", chunks.attempt[at]) } else { String::new() };
    let what = format!(
        "chunk {} ({}{attempt})",
        number(chunks.number[at]),
        range(chunks.first[at], chunks.last[at])
    );
    let took = seconds((chunks.ended[at] - chunks.started[at]).max(0.0));
    let ended = match chunks.state[at] {
        "done" => format!("done in {took}"),
        "failed" => format!("FUN failed in it after {took}"),
        "stopped" => format!("given up after {took}, because the run ended"),
        _ => match death(run, chunks.worker[at], chunks.started[at], chunks.ended[at]) {
            Some(how) => format!("lost after {took}: its worker died ({how})"),
            None => format!("lost after {took}"),
        },
    };
    story.tell_of(chunks.started[at], format!("{what} began: {ended}"), chunks.worker[at]);
}
