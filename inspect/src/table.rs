//! Tables of text: columns as wide as what stands in them, and lines of their own between the rows.
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::harmless::printable;

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table with a head. Columns in which no row has anything are left out.
#[derive(Debug)]
pub struct Table {
    head: Vec<String>,
    columns: Vec<Align>,
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    /// A cell for each column.
    Row(Vec<String>),
    /// Text across all columns.
    Text(String),
}

const GAP: &str = "  ";

impl Table {
    /// A table without rows.
    pub fn new(head: &[(&str, Align)]) -> Table {
        let (head, columns) = head.iter().map(|&(name, align)| (name.to_owned(), align)).unzip();
        Table { head, columns, lines: Vec::new() }
    }

    /// Adds a row; what it lacks at its end is empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<String> = cells.into_iter().map(|cell| printable(&cell)).collect();
        cells.resize(self.columns.len(), String::new());
        self.lines.push(Line::Row(cells));
    }

    /// Adds a line across all columns.
    pub fn text(&mut self, text: &str) {
        self.lines.push(Line::Text(printable(text)));
    }

    /// The table in lines of at most `width` columns, each after `indent`; nothing of a table without lines.
    pub fn lines(&self, width: usize, indent: &str) -> Vec<String> {
        if self.lines.is_empty() {
            return Vec::new();
        }
        self.render(width, indent, Some(&self.head))
    }

    /// The same without its head.
    pub fn body(&self, width: usize, indent: &str) -> Vec<String> {
        self.render(width, indent, None)
    }

    fn render(&self, width: usize, indent: &str, head: Option<&Vec<String>>) -> Vec<String> {
        let rows = || {
            self.lines.iter().filter_map(|line| if let Line::Row(cells) = line { Some(cells) } else { None })
        };
        let widest = |nth: usize| rows().map(|cells| cells[nth].width()).max().unwrap_or(0);
        // What stands first says what the rows are.
        let is_shown = |&nth: &usize| nth == 0 || widest(nth) > 0;
        let shown: Vec<(usize, usize)> = (0..self.columns.len())
            .filter(is_shown)
            .map(|nth| (nth, widest(nth).max(head.map_or(0, |head| head[nth].width()))))
            .collect();
        let row = |cells: &Vec<String>| {
            let padded = shown.iter().map(|&(nth, wide)| {
                let (cell, blank) = (&cells[nth], " ".repeat(wide.saturating_sub(cells[nth].width())));
                match self.columns[nth] {
                    Align::Left => format!("{cell}{blank}"),
                    Align::Right => format!("{blank}{cell}"),
                }
            });
            padded.collect::<Vec<_>>().join(GAP)
        };
        let line = |line: &Line| match line {
            Line::Row(cells) => row(cells),
            Line::Text(text) => text.clone(),
        };
        let lines = head.map(row).into_iter().chain(self.lines.iter().map(line));
        lines.map(|line| cut(format!("{indent}{line}").trim_end(), width)).collect()
    }
}

/// As much of a line as fits; an ellipsis says that there is more.
pub fn cut(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let mut out = String::new();
    let mut left = width.saturating_sub(1);
    for c in line.chars() {
        let Some(rest) = left.checked_sub(c.width().unwrap_or(0)) else { break };
        left = rest;
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let mut table = Table::new(&[
            ("name", Align::Left),
            ("bytes", Align::Right),
            ("nothing", Align::Right),
            ("what", Align::Left),
        ]);
        assert!(table.lines(80, "").is_empty(), "no head over nothing");
        table.row(["x".into(), "8.0 kB".into(), String::new(), "a".into()]);
        table.text("a line that is longer than all columns together");
        table.row(["größe日本".into(), "1".into(), String::new(), "\u{1b}[31mred".into()]);
        assert_eq!(
            table.lines(80, "  "),
            [
                "  name        bytes  what",
                "  x          8.0 kB  a",
                "  a line that is longer than all columns together",
                "  größe日本       1  \u{fffd}[31mred",
            ]
        );
        assert_eq!(table.lines(16, "")[1], "x          8.0 …");
        assert_eq!(table.body(80, "")[0], "x          8.0 kB  a");
    }

    #[test]
    fn a_wide_character_is_not_cut_in_two() {
        assert_eq!(cut("日本", 4), "日本");
        assert_eq!(cut("日本", 3), "日…");
        assert_eq!(cut("日本", 2), "…");
    }
}
