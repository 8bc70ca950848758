//! A worker's part in the run.
use super::lines::{how, Story, FEW};
use super::task::chunk_lines;
use crate::document::Document;
use crate::hosts::host_of;
use crate::names::stage_name;
use crate::run_view::RunView;
use crate::spent::in_words;
use crate::words::{count, seconds, short};

/// A worker's place: who held it, what they did.
pub(super) fn of(document: &Document, run: &RunView, worker: u32) -> Story {
    let host =
        host_of(&run.hosts, worker).map_or(String::new(), |host| format!(", on {}", short(&host.name, 60)));
    let mut story = Story::new(format!("worker {worker} of {}{host}", document.workers));
    for life in run.workers.iter().filter(|life| life.worker == worker) {
        let pid = life.pid.map_or(String::new(), |pid| format!(" (process {pid})"));
        story.tell_of(life.joined, format!("joined{pid}"), worker);
        match &life.died {
            Some(reason) => story.tell_of(life.left, format!("died: {}", how(reason)), worker),
            None => story.tell_of(life.left, "left".to_owned(), worker),
        }
    }
    if story.lines.is_empty() {
        story.say("nobody ever took this place".to_owned());
    }
    if let Some(spent) = run.activities.get(worker as usize - 1).filter(|_| run.figures.seconds > 0.0) {
        story.say(format!("its time: {}", in_words(spent)));
    }
    tell_chunks(document, run, worker, &mut story);
    story
}

/// The worker's chunks; of many those that went wrong, and the longest.
fn tell_chunks(document: &Document, run: &RunView, worker: u32, story: &mut Story) {
    let chunks = &run.chunks;
    let own: Vec<usize> = (0..chunks.stage.len()).filter(|&at| chunks.worker[at] == worker).collect();
    let mut telling = own.clone();
    if own.len() > FEW {
        let length = |at: usize| chunks.ended[at] - chunks.started[at];
        telling.sort_by(|&a, &b| {
            let odd = |at: usize| chunks.state[at] != "done";
            odd(b).cmp(&odd(a)).then(length(b).total_cmp(&length(a)))
        });
        telling.truncate(FEW);
        let fun: f64 = own.iter().map(|&at| chunks.fun[at]).sum();
        story.say(format!(
            "{} in all, FUN took {}; shown are those that went wrong and the longest",
            count(own.len() as u64, "chunk"),
            seconds(fun)
        ));
    }
    for at in telling {
        chunk_lines(run, at, story);
        if let Some(last) = story.lines.last_mut().filter(|_| document.stages.len() > 1) {
            let stage = document.stages.get(chunks.stage[at] as usize);
            let name = stage.map_or(String::new(), |stage| stage_name(document, &stage.passes));
            last.what = format!("'{name}': {}", last.what);
        }
    }
}
