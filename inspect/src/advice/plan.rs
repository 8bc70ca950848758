//! What can be said before anything ran.
use super::look::Hint;
use crate::document::Document;
use crate::words;

pub(super) fn hints(document: &Document) -> Vec<Hint> {
    [memory(document), held_back(document), too_short(document), path(document), too_few(document)]
        .into_iter()
        .flatten()
        .collect()
}

/// A peak near the budget.
fn memory(document: &Document) -> Option<Hint> {
    let budget = document.budget.filter(|&budget| budget > 0)?;
    let share = document.peak_bytes as f64 / budget as f64;
    (share >= 0.8).then(|| Hint {
        weight: share,
        words: format!(
            "the predicted peak, {}, is {} of the budget of {}: fewer or smaller results wanted at a time need less",
            words::bytes(document.peak_bytes),
            words::percent(share),
            words::bytes(budget)
        ),
    })
}

/// A budget that binds.
fn held_back(document: &Document) -> Option<Hint> {
    let budget = document.budget.filter(|_| document.held_back)?;
    Hint::new(
        0.7,
        format!(
            "stages wait for each other, to stay within the budget of {}; a higher one, memControl(memory = ), \
             lets them run side by side",
            words::bytes(budget)
        ),
    )
}

/// So little to do that workers are not worth it.
fn too_short(document: &Document) -> Option<Hint> {
    let seconds = document.predicted_fun_seconds?;
    (seconds < 0.02 && document.workers > 1).then(|| Hint {
        weight: 0.9,
        words: format!(
            "FUN is expected to take {} in all: too short to be worth workers; lapply() or apply() is as fast",
            words::seconds(seconds)
        ),
    })
}

/// More workers than the longest way has use for.
fn path(document: &Document) -> Option<Hint> {
    let (longest, all) = (document.critical_path.seconds?, document.predicted_fun_seconds?);
    let shared = all / f64::from(document.workers.max(1));
    if longest <= 1.1 * shared || longest <= 0.0 || document.workers < 2 {
        return None;
    }
    let useful = (all / longest).ceil().max(1.0) as u64;
    let stages = document.critical_path.tasks.iter().filter_map(|&task| document.tasks.get(task as usize));
    let what = match stages.filter(|task| task.kind == "map").count() {
        0 | 1 => "its longest element",
        _ => "its longest elements, one after the other",
    };
    Hint::new(
        0.6,
        format!(
            "no schedule takes less than {}, {what}: more than {} cannot make it faster",
            words::seconds(longest),
            words::count(useful, "worker")
        ),
    )
}

/// Fewer elements at a time than workers.
fn too_few(document: &Document) -> Option<Hint> {
    let most = most_at_a_time(document);
    (most > 0 && most < u64::from(document.workers)).then(|| Hint {
        weight: 0.4,
        words: format!(
            "there are never more than {} at a time for {}: MAX.CORES = {most} is as fast",
            words::count(most, "element"),
            words::count(document.workers.into(), "worker")
        ),
    })
}

/// The most elements that can run side by side: those of stages in the same step.
pub(super) fn most_at_a_time(document: &Document) -> u64 {
    let mut steps = std::collections::HashMap::<u32, u64>::new();
    for stage in &document.stages {
        if let Some(task) = document.tasks.get(stage.task as usize) {
            *steps.entry(task.step).or_default() += stage.elements;
        }
    }
    steps.into_values().max().unwrap_or(0)
}
