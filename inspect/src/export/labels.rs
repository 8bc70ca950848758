//! Names as parts of labels, in languages that others made.
use crate::words;

/// A name on one line, and not longer than a label can be.
pub(super) fn short(name: &str) -> String {
    // Neither is text in any of these languages.
    words::short(name, 60).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// The names of passes, the first few of them.
pub(super) fn names(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| short(name)).collect();
    words::list(&names, 5)
}
