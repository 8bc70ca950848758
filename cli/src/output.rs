//! Standard output: all of an answer at once, and no complaint when the reader has seen enough (`memshare ls | head`).
use std::io::{self, ErrorKind, IsTerminal, Write};

use serde::Serialize;

use crate::Failure;

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
    text(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// How many columns a line may have.
pub(crate) fn width() -> usize {
    if !io::stdout().is_terminal() {
        return ENDLESS;
    }
    crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns).max(40))
}
