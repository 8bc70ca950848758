//! What follows from the figures, in sentences: what costs most, in numbers, and what to type against it.
//!
//! Each rule looks at one cause and says how much of the time it explains; the sentences that explain most come first. Rules do
//! not repeat each other: where one element alone explains the wait, nothing is said of the size of chunks.
mod cost;
mod loading;
mod look;
mod network;
mod plan;
mod run;
mod trouble;

use crate::document::Document;
use look::Look;

/// Most sentences: more would not be read.
const MOST: usize = 3;

/// What follows from a document's figures, the most important first; empty where there is nothing to be said.
pub(crate) fn advice(document: &Document) -> Vec<String> {
    let mut hints = match &document.run {
        None => plan::hints(document),
        Some(run) => {
            let look = Look::new(document, run);
            let mut hints = trouble::hints(&look);
            if run.ended.kind == "done" {
                hints.extend(run::hints(&look));
                if hints.is_empty() {
                    hints.push(run::nothing(&look));
                }
            }
            hints
        }
    };
    hints.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    hints.into_iter().take(MOST).map(|hint| hint.words).collect()
}
