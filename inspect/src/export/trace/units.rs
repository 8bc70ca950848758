//! Times and names of a document as a trace has them.
use crate::document::Document;
use crate::export::labels;
use crate::run_view::RunView;

/// Nanoseconds, of seconds in a document.
pub(super) fn ns(seconds: f64) -> u64 {
    // Negative and not a number become 0.
    (seconds * 1e9).round() as u64
}

/// When the run was over: nothing is drawn beyond it that did not end.
pub(super) fn wall(run: &RunView) -> u64 {
    ns(run.figures.seconds)
}

/// What a stage is called: its passes.
pub(super) fn stage_name(document: &Document, stage: u32) -> String {
    let passes = document.stages.get(stage as usize).map_or(&[][..], |stage| stage.passes.as_slice());
    let names: Vec<&str> = passes.iter().map(|&pass| pass_name(document, pass)).collect();
    labels::names(&names)
}

pub(super) fn pass_name(document: &Document, pass: u32) -> &str {
    document.passes.get(pass as usize).map_or("?", |pass| pass.name.as_str())
}
