//! The life of a chunk or an element: every attempt at it, its passes, the deaths in between.
use super::lines::{end, how, range, Line, Story};
use super::task::chunk_lines;
use crate::document::{Document, PassView};
use crate::names::{element_name, stage_name};
use crate::record::PassNote;
use crate::run_view::RunView;
use crate::words::{bytes, count, element, seconds, short};

/// A chunk, and the chunks that tried its elements before or again.
pub(super) fn of_chunk(document: &Document, run: &RunView, at: usize) -> Story {
    let chunks = &run.chunks;
    let stage = chunks.stage[at];
    let name = names(document, stage);
    let (first, last) = (chunks.first[at], chunks.last[at]);
    let mut story = Story::new(format!("chunk {} of {name}: {}", chunks.number[at], range(first, last)));
    ready(document, stage, &mut story);
    attempts(run, stage, first, last, &mut story);
    steps(document, run, at, &mut story);
    if chunks.state[at] == "done" {
        story.tell_of(
            chunks.ended[at],
            format!(
                "results of {} written, {}; FUN took {}",
                count(last + 1 - first, "element"),
                bytes(chunks.bytes[at]),
                seconds(chunks.fun[at])
            ),
            chunks.worker[at],
        );
    }
    end(document, &mut story);
    story
}

/// An element: the chunks that it was in.
pub(super) fn of_element(document: &Document, pass: &PassView, number: u64, notes: &[PassNote]) -> Story {
    let slowest = pass.figures.iter().flat_map(|figures| figures.slowest.iter().enumerate());
    let known = slowest.into_iter().find(|(_, slow)| slow.element == number);
    let name =
        known.and_then(|(_, slow)| slow.name.clone()).or_else(|| element_name(notes, pass.id, number - 1));
    let mut story =
        Story::new(format!("{} of '{}'", element(number, name.as_deref()), short(&pass.name, 40)));
    ready(document, pass.stage, &mut story);
    let Some(run) = &document.run else {
        story.say("it has not run".to_owned());
        return story;
    };
    if run.chunks.stage.is_empty() {
        story.say("the run kept no trace of its chunks: memControl(trace = TRUE) asks for one".to_owned());
    }
    attempts(run, pass.stage, number, number, &mut story);
    if let Some((place, slow)) = known {
        let place = match place {
            0 => "the slowest of its pass".to_owned(),
            n => format!("number {} among the slowest of its pass", n + 1),
        };
        story.say(format!("FUN took {}: {place}", seconds(slow.seconds)));
    }
    end(document, &mut story);
    story
}

/// The passes of a stage.
fn names(document: &Document, stage: u32) -> String {
    let stage = document.stages.get(stage as usize);
    format!("'{}'", stage.map_or(String::new(), |stage| stage_name(document, &stage.passes)))
}

/// When its stage could begin.
fn ready(document: &Document, stage: u32, story: &mut Story) {
    let task = document.stages.get(stage as usize).and_then(|stage| document.tasks.get(stage.task as usize));
    let Some(task) = task else { return };
    match task.life.as_ref().and_then(|life| life.began) {
        Some(began) => {
            story.tell(began, format!("'{}' began: its chunks can be claimed", short(&task.label, 40)))
        }
        None => story.say(format!("'{}' has not begun", short(&task.label, 40))),
    }
}

/// All chunks that had one of these elements, and when they were queued again.
fn attempts(run: &RunView, stage: u32, first: u64, last: u64, story: &mut Story) {
    let chunks = &run.chunks;
    let meets =
        |at: &usize| chunks.stage[*at] == stage && chunks.first[*at] <= last && chunks.last[*at] >= first;
    let met: Vec<usize> = (0..chunks.stage.len()).filter(meets).collect();
    for &at in &met {
        chunk_lines(run, at, story);
    }
    // What died with one of them, and what was done then.
    let lost: Vec<usize> = met.into_iter().filter(|&at| chunks.state[at] == "lost").collect();
    let from = lost.iter().map(|&at| chunks.started[at]).fold(f64::INFINITY, f64::min);
    for event in &run.events {
        let after = event.at >= from;
        let died =
            after && event.kind == "died" && lost.iter().any(|&at| event.worker == Some(chunks.worker[at]));
        let met = event.first <= Some(last) && event.last >= Some(first);
        let again = after && event.kind == "queued" && event.stage == Some(stage) && met;
        let what = match &event.how {
            Some(reason) if died => format!("died: {}", how(reason)),
            _ => event.words.clone(),
        };
        let late = matches!(event.kind, "late" | "killed") && event.stage == Some(stage) && met;
        if died || again || late {
            story.lines.push(Line { at: Some(event.at), what, worker: event.worker });
        }
    }
}

/// What its passes did, where there are several.
fn steps(document: &Document, run: &RunView, at: usize, story: &mut Story) {
    let steps = &run.steps;
    let own = (0..steps.chunk.len()).filter(|&step| steps.chunk[step] as usize == at);
    for step in own {
        let name = document.passes.get(steps.pass[step] as usize).map_or("?", |pass| pass.name.as_str());
        story.tell_of(
            steps.started[step],
            format!("'{}' began in it: FUN took {}", short(name, 30), seconds(steps.fun[step])),
            run.chunks.worker[at],
        );
    }
}
