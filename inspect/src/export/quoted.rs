//! Lines of text as one string in quotation marks, in a language that others made.
use std::fmt::{self, Write};

/// A label.
pub(super) struct Quoted<'a> {
    /// Its lines.
    pub(super) lines: &'a [String],
    /// What the language has between two lines.
    pub(super) between: &'static str,
    /// How it writes what stands in a line.
    pub(super) escaped: fn(&str, &mut fmt::Formatter<'_>) -> fmt::Result,
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for (nth, line) in self.lines.iter().enumerate() {
            f.write_str(if nth > 0 { self.between } else { "" })?;
            (self.escaped)(line, f)?;
        }
        f.write_char('"')
    }
}
