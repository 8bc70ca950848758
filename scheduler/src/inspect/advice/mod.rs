//! What follows from the figures, in sentences: what costs most, in numbers, and what to type against it.
//!
//! Each rule looks at one cause and says how much of the time it explains; the sentences that explain most come first. Rules do
//! not repeat each other: where one element alone explains the wait, nothing is said of the size of chunks.
mod cost;
mod plan;
mod run;
mod trouble;

use super::{Document, PassView, RunView, StageView};

/// Most sentences: more would not be read.
const MOST: usize = 3;

/// A sentence, and the part of the run's time that it explains.
#[derive(Debug)]
struct Hint {
    weight: f64,
    words: String,
}

impl Hint {
    fn new(weight: f64, words: String) -> Option<Hint> {
        Some(Hint { weight, words })
    }
}

/// What follows from a document's figures, the most important first; empty where there is nothing to be said.
pub(super) fn advice(document: &Document) -> Vec<String> {
    let mut hints = match &document.run {
        None => plan::hints(document),
        Some(run) => {
            let look = Look::new(document, run);
            let mut hints = trouble::hints(&look);
            if run.ended.kind == "done" {
                hints.extend(run::hints(&look, hints.is_empty()));
            }
            hints
        }
    };
    hints.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    hints.into_iter().take(MOST).map(|hint| hint.words).collect()
}

/// A run as the rules look at it.
struct Look<'a> {
    document: &'a Document,
    run: &'a RunView,
    /// Places for workers.
    places: f64,
    /// The run's time.
    wall: f64,
    /// The workers' time: all shares of time are of this.
    room: f64,
}

impl<'a> Look<'a> {
    fn new(document: &'a Document, run: &'a RunView) -> Look<'a> {
        let (places, wall) = (f64::from(document.workers.max(1)), run.figures.seconds.max(1e-9));
        Look { document, run, places, wall, room: places * wall }
    }

    /// "of 'z'", where there are several passes.
    fn of(&self, pass: &PassView) -> String {
        if self.document.passes.len() > 1 {
            format!(" of {}", name(&pass.name))
        } else {
            String::new()
        }
    }

    /// The chunks of a stage, by their places in the columns.
    fn chunks(&self, stage: &StageView) -> impl Iterator<Item = usize> + '_ {
        let id = stage.id;
        (0..self.run.chunks.stage.len()).filter(move |&at| self.run.chunks.stage[at] == id)
    }

    /// The passes of a stage, in words.
    fn passes(&self, stage: &StageView) -> String {
        names(self.document, &stage.passes)
    }
}

/// A pass's name in quotes, short enough for a sentence.
fn name(name: &str) -> String {
    format!("'{}'", super::words::short(name, 30))
}

/// Names of passes.
fn names(document: &Document, passes: &[u32]) -> String {
    let passes = passes.iter().filter_map(|&pass| document.passes.get(pass as usize));
    super::words::list(&passes.map(|pass| name(&pass.name)).collect::<Vec<_>>(), 3)
}

/// The next of 1, 2, 5, 10, 20, 50 ….
fn round_up(value: f64) -> u64 {
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
