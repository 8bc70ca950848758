//! Tables: columns as wide as what stands in them, numbers to the right, the last one cut where the line ends.
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Where a column's text stands.
#[derive(Clone, Copy)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Lines of a table: a head, and rows of as many cells.
pub(crate) struct Table {
    columns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

const GAP: &str = "  ";

impl Table {
    pub(crate) fn new(head: &[(&str, Align)]) -> Table {
        let names = head.iter().map(|(name, _)| (*name).to_owned()).collect();
        Table { columns: head.iter().map(|(_, align)| *align).collect(), rows: vec![names] }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| printable(&cell)).collect());
    }

    /// The table in lines of at most `width` columns, each after `indent`.
    pub(crate) fn lines(&self, width: usize, indent: &str) -> Vec<String> {
        let wide = |nth: usize| {
            self.rows.iter().filter_map(|row| row.get(nth)).map(|cell| cell.width()).max().unwrap_or(0)
        };
        let wide: Vec<usize> = (0..self.columns.len()).map(wide).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&self.columns).zip(&wide).map(|((cell, align), wide)| {
                let blank = " ".repeat(wide.saturating_sub(cell.width()));
                match align {
                    Align::Left => format!("{cell}{blank}"),
                    Align::Right => format!("{blank}{cell}"),
                }
            });
            let line = cells.collect::<Vec<_>>().join(GAP);
            cut(&format!("{indent}{}", line.trim_end()), width)
        };
        self.rows.iter().map(line).collect()
    }
}

/// Text without anything that would move a terminal's cursor: names are the user's, and may hold what they like.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// As much of a line as fits; an ellipsis says that there is more.
pub(crate) fn cut(line: &str, width: usize) -> String {
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
        let mut table = Table::new(&[("name", Align::Left), ("bytes", Align::Right), ("what", Align::Left)]);
        table.row(["x".into(), "8.0 kB".into(), "a".into()]);
        table.row(["größe日本".into(), "1".into(), "\u{1b}[31mred".into()]);
        assert_eq!(
            table.lines(80, "  "),
            ["  name        bytes  what", "  x          8.0 kB  a", "  größe日本       1  \u{fffd}[31mred",]
        );
        assert_eq!(table.lines(16, "")[1], "x          8.0 …");
    }

    #[test]
    fn a_wide_character_is_not_cut_in_two() {
        assert_eq!(cut("日本", 4), "日本");
        assert_eq!(cut("日本", 3), "日…");
        assert_eq!(cut("日本", 2), "…");
    }
}
