//! A plan as an indented tree, with what is predicted of each part; of a run with what was measured, and what follows from it.
//!
//! Bounded: of very many stages the heaviest are shown in their order, the others together in a line. At most [`WIDTH`] wide,
//! apart from what names say.
mod few;
mod head;
mod hosts;
mod stages;

use crate::document::{Document, TaskView};
use crate::names::stage_name;
use crate::table::{Align, Table};
use crate::words;
use stages::SOME;

/// About the widest a line gets.
const WIDTH: usize = 100;
/// The plan, or the run, in lines.
///
/// # Returns
/// A title, figures of the whole, data, stages with their passes, hosts, the longest way, advice.
///
/// # Complexity
/// O(tasks + passes + resources), whatever the number of chunks.
pub fn explain(document: &Document) -> Vec<String> {
    let mut lines = head::head(document);
    lines.extend(data(document));
    lines.extend(stages::stages(document));
    lines.extend(document.run.as_ref().map_or_else(Vec::new, hosts::hosts));
    lines.extend(helpers(document));
    lines.extend(path(document));
    lines.extend(document.advice.iter().flat_map(|words| folded("advice: ", words)));
    lines
}

/// What is there before anything runs.
fn data(document: &Document) -> Vec<String> {
    let mut there: Vec<_> = document.resources.iter().filter(|r| r.scope != "result").collect();
    there.sort_by_key(|resource| std::cmp::Reverse(resource.bytes));
    let more = there.split_off(there.len().min(SOME));
    let mut table = Table::new(&[("data", Align::Left)]);
    for resource in &there {
        let life = resource.life.as_ref().map_or(String::new(), |life| match life.until {
            Some(until) => format!(", given back at {}", words::seconds(until)),
            None => ", stays".to_owned(),
        });
        let what = format!("{}, {}", resource.scope, words::bytes(resource.bytes));
        let readers = resource.read_by.iter().filter_map(|&task| document.tasks.get(task as usize));
        let readers: Vec<String> = readers.map(|task| short_task(document, task)).collect();
        let by = if readers.is_empty() {
            String::new()
        } else {
            format!(", read by {}", words::list(&readers, 3))
        };
        table.text(&format!("  {}: {what}{by}{life}", words::short(&resource.name, 30)));
    }
    if !more.is_empty() {
        let bytes = more.iter().map(|resource| resource.bytes).sum();
        table.text(&format!("  and {} more, {}", words::number(more.len() as u64), words::bytes(bytes)));
    }
    table.lines(usize::MAX, "")
}

/// A task as it stands in a list: of a map the names of its passes.
fn short_task(document: &Document, task: &TaskView) -> String {
    match task.stage.and_then(|stage| document.stages.get(stage as usize)) {
        Some(stage) => stage_name(document, &stage.passes),
        None => words::short(&task.label, 30),
    }
}

/// What the passes do that bring results together, where there are any.
fn helpers(document: &Document) -> Vec<String> {
    let known = [
        ("value", "(values) checks each value against FUN.VALUE"),
        ("fold", "(folds) combines results, sixteen to one"),
        ("bind", "(whole) makes the one value that others read"),
    ];
    let there = |part: &str| document.passes.iter().any(|pass| pass.part == part);
    let words: Vec<&str> = known.iter().filter(|(part, _)| there(part)).map(|(_, words)| *words).collect();
    if words.is_empty() {
        return Vec::new();
    }
    folded("helpers: ", &words.join("; "))
}

/// The longest way through the graph.
fn path(document: &Document) -> Vec<String> {
    let path = &document.critical_path;
    let tasks = path.tasks.iter().filter_map(|&task| document.tasks.get(task as usize));
    let tasks: Vec<&TaskView> = tasks.filter(|task| task.kind == "map").collect();
    if tasks.len() < 2 && path.seconds.is_none() {
        return Vec::new();
    }
    let names: Vec<String> = tasks.iter().map(|task| short_task(document, task)).collect();
    let way = match names.len() {
        0..=SOME => names.join(" > "),
        n => format!("{} > {} more > {}", names[..SOME / 2].join(" > "), n - SOME / 2 - 1, names[n - 1]),
    };
    let time = path.seconds.map_or(String::new(), |seconds| {
        let of = document.run.as_ref().filter(|run| run.figures.seconds > 0.0);
        let of = of.map_or(String::new(), |run| {
            format!(", {} of the run", words::percent(seconds / run.figures.seconds))
        });
        format!(", {}{of}", words::seconds(seconds))
    });
    folded("critical path: ", &format!("{way}{time}"))
}

/// A long sentence in several lines, those after the first indented.
fn folded(head: &str, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = head.trim_end().to_owned();
    // What is to be typed stays in one piece.
    for word in text.replace(" = ", "\0=\0").split(' ').map(|word| word.replace('\0', " ")) {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(head.len() - 1)));
        }
        line.push(' ');
        line.push_str(&word);
    }
    lines.push(line);
    lines
}
