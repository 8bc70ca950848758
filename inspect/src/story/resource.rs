//! The life of what lies in shared memory: who made it, who read it, when it was given back.
use super::lines::{labels, Line, Story, FEW};
use crate::document::{Document, ResourceView};
use crate::words::{bytes, list, seconds, short};

/// A resource.
pub(super) fn of(document: &Document, id: u32) -> Story {
    let Some(resource) = document.resources.get(id as usize) else { return Story::new(String::new()) };
    let scope = match resource.scope {
        "registered" => "a registered variable",
        "shared" => "data shared for the run",
        _ => "results",
    };
    let mut story =
        Story::new(format!("'{}', {scope}, {}", short(&resource.name, 40), bytes(resource.bytes)));
    if let (Some(born), Some(last)) = (resource.born, resource.last_use) {
        story.say(format!("lives from step {born} to step {last}"));
    }
    if let Some(task) = resource.made_by.and_then(|task| document.tasks.get(task as usize)) {
        story.say(format!("made by '{}'", short(&task.label, 40)));
        if let Some(life) = &task.life {
            if let Some(began) = life.began {
                story.tell(began, format!("'{}' began to make it", short(&task.label, 40)));
            }
            if let Some(ended) = life.ended {
                story.tell(ended, "all of it was there".to_owned());
            }
        }
    }
    readers(document, resource, &mut story);
    end_of(document, resource, &mut story);
    story
}

/// The tasks that read it.
fn readers(document: &Document, resource: &ResourceView, story: &mut Story) {
    let names = labels(document, resource.read_by.iter().copied());
    story.say(match names.len() {
        0 => "nobody reads it".to_owned(),
        _ => format!("read by {}", list(&names, 6)),
    });
    let tasks = || resource.read_by.iter().filter_map(|&task| document.tasks.get(task as usize));
    let mut lives: Vec<(f64, String)> = Vec::new();
    for task in tasks().take(FEW) {
        let Some(life) = &task.life else { continue };
        let name = short(&task.label, 40);
        lives.extend(life.began.map(|began| (began, format!("'{name}' began to read it"))));
        lives.extend(life.ended.map(|ended| (ended, format!("'{name}' was done with it"))));
    }
    for (at, words) in lives {
        story.tell(at, words);
    }
}

/// How it ended.
pub(super) fn end_of(document: &Document, resource: &ResourceView, story: &mut Story) {
    let Some(run) = &document.run else { return };
    let name = short(&resource.name, 30);
    let events = run.events.iter().filter(|event| event.resource == Some(resource.id));
    let mut said = false;
    for event in events.filter(|event| matches!(event.kind, "freed" | "let_go")) {
        said = true;
        story.lines.push(Line { at: Some(event.at), what: event.words.clone(), worker: None });
    }
    match &resource.life {
        Some(life) => match life.until {
            Some(until) if !said => {
                let lived = seconds(until - life.from);
                story.tell(
                    until,
                    format!("'{name}' ({}) was given back, after {lived}", bytes(resource.bytes)),
                );
            }
            None if resource.scope == "result" => {
                story.tell(run.figures.seconds, format!("'{name}' outlived the run: the session has it"));
            }
            _ => {}
        },
        None if resource.scope == "registered" => {
            story.say("registered: it stays until releaseVariables()".to_owned())
        }
        None => {}
    }
}
