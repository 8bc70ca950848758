//! What stands in boxes and under the picture: for people in words, for programs in numbers.
use crate::document::{Document, ResourceView, StageView, TaskView};
use crate::export::labels::{names, short};
use crate::planned::asked_for;
use crate::words;

/// The text of a box, and its facts.
type Label = (Vec<String>, Vec<(&'static str, String)>);

/// What the picture shows.
pub(super) fn caption(document: &Document) -> Vec<String> {
    let mut lines = vec![short(&document.title)];
    let size = format!(
        "{}, {}, {}",
        words::count(asked_for(&document.passes) as u64, "pass"),
        words::count(document.tasks.len() as u64, "task"),
        words::count(document.resources.len() as u64, "resource")
    );
    lines.push(match &document.run {
        None => format!("plan: {size}; predicted peak {}", words::bytes(document.peak_bytes)),
        Some(run) => format!(
            "run: {size}; {} by {}, {}, peak {}",
            words::seconds(run.figures.seconds),
            words::count(u64::from(document.workers), "worker"),
            words::count(run.figures.chunks, "chunk"),
            words::bytes(run.figures.peak_bytes)
        ),
    });
    if let Some(run) = document.run.as_ref().filter(|run| run.ended.kind != "done") {
        lines.push(format!("{}: {}", short(run.ended.kind), short(&run.ended.words)));
    }
    if !document.critical_path.tasks.is_empty() {
        let seconds = document.critical_path.seconds;
        let seconds = seconds.map_or(String::new(), |s| format!(", at least {}", words::seconds(s)));
        lines.push(format!("red: the critical path{seconds}"));
    }
    lines
}

/// A task: of a map its passes, its elements and what it took.
pub(super) fn task(document: &Document, task: &TaskView) -> Label {
    let stage = task.stage.and_then(|stage| document.stages.get(stage as usize));
    let (mut lines, mut facts) = match stage {
        Some(stage) => of_stage(document, stage),
        None => (vec![short(&task.label)], Vec::new()),
    };
    let Some(life) = &task.life else {
        return (lines, facts);
    };
    if let (Some(began), Some(ended)) = (life.began, life.ended) {
        if stage.is_some() {
            lines.push(format!("took {}", words::seconds(ended - began)));
        }
        facts.push(("began", began.to_string()));
        facts.push(("ended", ended.to_string()));
    }
    if life.state != "done" {
        lines.push(life.state.to_owned());
    }
    facts.push(("state", life.state.to_owned()));
    (lines, facts)
}

fn of_stage(document: &Document, stage: &StageView) -> Label {
    let passes: Vec<_> = stage.passes.iter().filter_map(|&pass| document.passes.get(pass as usize)).collect();
    let mut lines = vec![
        names(&passes.iter().map(|pass| pass.name.as_str()).collect::<Vec<_>>()),
        words::count(stage.elements, "element"),
    ];
    let mut facts = vec![("elements", stage.elements.to_string()), ("passes", passes.len().to_string())];
    if document.run.is_none() {
        if stage.pieces > 0 {
            lines.push(format!("in {}", words::count(stage.pieces, "piece")));
        }
        let known: Option<f64> = passes.iter().map(|pass| pass.predicted_fun_seconds).sum();
        lines.extend(known.map(|seconds| format!("FUN {} expected", words::seconds(seconds))));
        return (lines, facts);
    }
    let figures: Vec<_> = passes.iter().filter_map(|pass| pass.figures.as_ref()).collect();
    let fun: f64 = figures.iter().map(|figures| figures.fun_seconds).sum();
    // Passes of one stage share its chunks, and lose them together.
    let retries = figures.iter().map(|figures| figures.retries).max().unwrap_or(0);
    let chunks = words::count(stage.chunks, "chunk");
    let retried = match retries {
        0 => String::new(),
        n => format!(", {}", words::count(u64::from(n), "retry")),
    };
    lines.push(format!("{chunks}{retried}"));
    lines.push(format!("FUN {}", words::seconds(fun)));
    let bytes: u64 = figures.iter().map(|figures| figures.bytes).sum();
    facts.push(("chunks", stage.chunks.to_string()));
    facts.push(("retries", retries.to_string()));
    facts.push(("fun_seconds", fun.to_string()));
    facts.push(("bytes", bytes.to_string()));
    (lines, facts)
}

/// A resource: its size, whose it is, and when it lived.
pub(super) fn resource(document: &Document, resource: &ResourceView) -> Label {
    let mut lines = vec![short(&resource.name)];
    // How large results are shows in a run; until then 0 means unknown.
    if resource.bytes > 0 || document.run.is_some() {
        lines.push(format!("{}, {}", words::roughly(resource.bytes, resource.guessed), resource.scope));
    } else {
        lines.push(resource.scope.to_owned());
    }
    let mut facts = vec![("bytes", resource.bytes.to_string())];
    if let Some(life) = &resource.life {
        facts.push(("began", life.from.to_string()));
        let from = words::seconds(life.from);
        lines.push(match life.until {
            Some(until) => format!("{from} to {}", words::seconds(until)),
            None => format!("from {from} on"),
        });
        facts.extend(life.until.map(|until| ("ended", until.to_string())));
    }
    (lines, facts)
}
