//! What the rules of advice look at, and what they give.
use crate::document::{Document, PassView, StageView};
use crate::run_view::RunView;
use crate::words;

/// A sentence, and the part of the run's time that it explains.
#[derive(Debug)]
pub(super) struct Hint {
    pub(super) weight: f64,
    pub(super) words: String,
}

impl Hint {
    pub(super) fn new(weight: f64, words: String) -> Option<Hint> {
        Some(Hint { weight, words })
    }
}

/// A run as the rules look at it.
pub(super) struct Look<'a> {
    pub(super) document: &'a Document,
    pub(super) run: &'a RunView,
    /// Places for workers.
    pub(super) places: f64,
    /// The run's time.
    pub(super) wall: f64,
    /// The workers' time: all shares of time are of this.
    pub(super) worker_seconds: f64,
}

impl<'a> Look<'a> {
    pub(super) fn new(document: &'a Document, run: &'a RunView) -> Look<'a> {
        let (places, wall) = (f64::from(document.workers.max(1)), run.figures.seconds.max(1e-9));
        Look { document, run, places, wall, worker_seconds: places * wall }
    }

    /// "of 'z'", where there are several passes.
    pub(super) fn of(&self, pass: &PassView) -> String {
        if self.document.passes.len() > 1 {
            format!(" of {}", name(&pass.name))
        } else {
            String::new()
        }
    }

    /// The chunks of a stage, by their places in the columns.
    pub(super) fn chunks(&self, stage: &StageView) -> impl Iterator<Item = usize> + '_ {
        let id = stage.id;
        (0..self.run.chunks.stage.len()).filter(move |&at| self.run.chunks.stage[at] == id)
    }

    /// The passes of a stage, in words.
    pub(super) fn passes(&self, stage: &StageView) -> String {
        names(self.document, &stage.passes)
    }
}

/// A pass's name in quotes, short enough for a sentence.
pub(super) fn name(name: &str) -> String {
    format!("'{}'", words::short(name, 30))
}

/// Names of passes.
pub(super) fn names(document: &Document, passes: &[u32]) -> String {
    let passes = passes.iter().filter_map(|&pass| document.passes.get(pass as usize));
    words::list(&passes.map(|pass| name(&pass.name)).collect::<Vec<_>>(), 3)
}

/// The next of 1, 2, 5, 10, 20, 50 ….
pub(super) fn round_up(value: f64) -> u64 {
    let mut step = 1.0;
    loop {
        for digit in [1.0, 2.0, 5.0] {
            if digit * step >= value || step > 1e15 {
                return (digit * step) as u64;
            }
        }
        step *= 10.0;
    }
}
