//! Standard output: all of an answer at once, and no complaint when the reader has seen enough (`memshare ls | head`).
use std::io::{self, ErrorKind, IsTerminal, Write};

use serde::Serialize;

/// What went wrong, in words for the person at the terminal.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Columns of a line when nobody says: what goes to a file or a pipe is not cut.
const ENDLESS: usize = usize::MAX;

/// Writes text.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(format!("standard output cannot be written to: {e}").into())
        }
        _ => Ok(()),
    }
}

/// Writes a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    text(&(inspect::harmless::json(&serde_json::to_string_pretty(value)?) + "\n"))
}

/// How many columns a line may have.
pub(crate) fn width() -> usize {
    if !io::stdout().is_terminal() {
        return ENDLESS;
    }
    size().0
}

/// Columns and rows of the terminal; those of the oldest ones where it does not say (a line that nobody set up has none).
pub(crate) fn size() -> (usize, usize) {
    let said = crossterm::terminal::size().ok().filter(|&(columns, rows)| columns > 0 && rows > 0);
    said.map_or((80, 24), |(columns, rows)| (usize::from(columns), usize::from(rows)))
}
