//! What is said of the plan or the run as a whole.
use crate::document::Document;
use crate::planned::asked_for;
use crate::run_view::RunView;
use crate::spent::in_words;
use crate::words::{bytes, count, list, roughly, seconds, short};

/// The lines above the tree.
pub(super) fn head(document: &Document) -> Vec<String> {
    match &document.run {
        Some(run) => of_run(document, run),
        None => of_plan(document),
    }
}

fn title(document: &Document) -> String {
    if document.title.is_empty() {
        String::new()
    } else {
        format!(" of {}", short(&document.title, 50))
    }
}

/// "3 passes (and 2 that bring their results together) in 2 stages, 9 tasks".
fn size(document: &Document) -> String {
    let asked = asked_for(&document.passes);
    let besides = match document.passes.len() - asked {
        0 => String::new(),
        1 => " (and 1 that brings their results together)".to_owned(),
        n => format!(" (and {n} that bring their results together)"),
    };
    format!(
        "{}{besides} in {}, {}",
        count(asked as u64, "pass"),
        count(document.stages.len() as u64, "stage"),
        count(document.tasks.len() as u64, "task")
    )
}

fn of_plan(document: &Document) -> Vec<String> {
    let guessed = document.resources.iter().any(|resource| resource.guessed);
    let note = if guessed { "; ~: sizes that a run has to show, 8 bytes a result until then" } else { "" };
    let mut lines = vec![
        format!("<plan>{}", title(document)),
        format!("  {}, by up to {}", size(document), count(document.workers.into(), "worker")),
        format!("  peak {}{}{}", roughly(document.peak_bytes, guessed), budget(document), note),
    ];
    lines.push(match document.predicted_fun_seconds {
        Some(fun) => {
            let shared = fun / f64::from(document.workers.max(1));
            let longest = document.critical_path.seconds.unwrap_or(0.0);
            format!(
                "  FUN is expected to take {} in all, the run at least {}",
                seconds(fun),
                seconds(shared.max(longest))
            )
        }
        None => "  how long FUN takes is not known yet: a run measures it".to_owned(),
    });
    if document.held_back {
        lines.push("  stages wait for each other, to stay within the budget".to_owned());
    }
    lines
}

/// " of a budget of 1.2 GB".
fn budget(document: &Document) -> String {
    document.budget.map_or(String::new(), |budget| format!(" of a budget of {}", bytes(budget)))
}

fn of_run(document: &Document, run: &RunView) -> Vec<String> {
    let figures = &run.figures;
    let ended = match run.ended.kind {
        "done" => format!("done in {}", seconds(figures.seconds)),
        "failed" => format!("FUN failed after {}", seconds(figures.seconds)),
        "worker_died" => format!("given up after {}, because workers died", seconds(figures.seconds)),
        "element_timeout" => {
            format!("given up after {}, for an element did not end", seconds(figures.seconds))
        }
        "cancelled" => format!("cancelled after {}", seconds(figures.seconds)),
        "timeout" => format!("out of time after {}", seconds(figures.seconds)),
        "no_workers" => format!("given up after {}, for want of workers", seconds(figures.seconds)),
        other => format!("{other} after {}", seconds(figures.seconds)),
    };
    let came: std::collections::HashSet<u32> = run.workers.iter().map(|life| life.worker).collect();
    let mut lines = vec![format!("<run>{}: {ended}", title(document))];
    if !run.ended.words.is_empty() {
        lines.push(format!("  {}", short(&run.ended.words, 200)));
    }
    lines.push(format!(
        "  {}; {} in {} by {}{}",
        size(document),
        count(figures.elements, "element"),
        count(figures.chunks, "chunk"),
        count(came.len() as u64, "worker"),
        if run.hosts.is_empty() {
            String::new()
        } else {
            format!(" on {}", count(run.hosts.len() as u64, "host"))
        }
    ));
    lines.push(format!("  workers' time: {}", in_words(&figures.spent)));
    lines.push(memory(document, run));
    lines.extend(copied(document, run));
    if figures.deaths > 0 || figures.retries > 0 {
        let (died, again) = (count(figures.deaths.into(), "worker"), count(figures.retries.into(), "chunk"));
        lines.push(format!("  {died} died, {again} run again"));
    }
    lines
}

fn memory(document: &Document, run: &RunView) -> String {
    let figures = &run.figures;
    if !run.hosts.is_empty() {
        return format!("  memory: at most {} on a host", bytes(figures.peak_bytes));
    }
    let planned = if document.peak_bytes == figures.peak_bytes {
        ", as planned".to_owned()
    } else {
        format!(", planned {}", bytes(document.peak_bytes))
    };
    format!("  memory: peak {}{}{planned}", bytes(figures.peak_bytes), budget(document))
}

/// How long data was copied in: before the run, and while it went on.
fn copied(document: &Document, run: &RunView) -> Option<String> {
    let before = run.figures.copy_seconds;
    let streamed: Vec<(&str, f64)> = streamed(document, run).collect();
    let names: Vec<String> = streamed.iter().map(|(name, _)| short(name, 30)).collect();
    let until = streamed.iter().fold(0.0f64, |last, (_, until)| last.max(*until));
    let is_are = if streamed.len() == 1 { "was" } else { "were" };
    let meanwhile =
        format!("{} {is_are} copied in while the run went on, until {}", list(&names, 3), seconds(until));
    match (before > 0.0, streamed.is_empty()) {
        (true, true) => Some(format!("  data copied in {} before the run", seconds(before))),
        (true, false) => Some(format!("  data copied in {} before the run; {meanwhile}", seconds(before))),
        (false, false) => Some(format!("  {meanwhile}")),
        (false, true) => None,
    }
}

/// Data that was read while it was copied in: it was complete only when stages had begun.
fn streamed<'a>(document: &'a Document, run: &'a RunView) -> impl Iterator<Item = (&'a str, f64)> {
    let shares = document.tasks.iter().filter(|task| task.kind == "share");
    shares.filter_map(move |task| {
        let (resource, life) = (document.resources.get(task.resource? as usize)?, task.life.as_ref()?);
        let until = life.ended?;
        (until - life.began? > 1e-3 && until > 0.01 * run.figures.seconds)
            .then_some((resource.name.as_str(), until))
    })
}
