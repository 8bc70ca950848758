//! Lines of a tree with figures in aligned columns behind them.

/// A tree with columns. Columns in which no line has anything are left out.
pub(super) struct Table {
    head: Vec<String>,
    lines: Vec<Line>,
}

/// A line: what stands at its depth, and its figures; text alone where there are none.
struct Line {
    text: String,
    cells: Vec<String>,
}

impl Table {
    /// A table under a heading.
    pub(super) fn new(title: &str, columns: &[&str]) -> Table {
        let mut head = vec![title.to_owned()];
        head.extend(columns.iter().map(|column| (*column).to_owned()));
        Table { head, lines: Vec::new() }
    }

    /// A line with figures, one a column.
    pub(super) fn row(&mut self, depth: usize, text: &str, cells: Vec<String>) {
        self.lines.push(Line { text: format!("{}{text}", "  ".repeat(depth)), cells });
    }

    /// A line without figures.
    pub(super) fn text(&mut self, depth: usize, text: impl AsRef<str>) {
        self.row(depth, text.as_ref(), Vec::new());
    }

    /// What is to be printed; nothing for a table without lines.
    pub(super) fn lines(self) -> Vec<String> {
        if self.lines.is_empty() {
            return Vec::new();
        }
        let width = |text: &str| text.chars().count();
        let with_cells = || self.lines.iter().filter(|line| !line.cells.is_empty());
        let first = with_cells().map(|line| width(&line.text)).max().unwrap_or(0);
        let mut places = Vec::new();
        for column in 0..self.head.len() - 1 {
            let widest = with_cells().map(|line| width(&line.cells[column])).max().unwrap_or(0);
            if widest > 0 {
                places.push((column, widest.max(width(&self.head[column + 1]))));
            }
        }
        let render = |text: &str, cells: &[String]| {
            let mut out = format!("{text}{}", " ".repeat(first.saturating_sub(width(text))));
            for &(column, wide) in &places {
                let cell = &cells[column];
                out.push_str(&format!("  {}{cell}", " ".repeat(wide - width(cell))));
            }
            out.trim_end().to_owned()
        };
        let mut lines = vec![render(&self.head[0], &self.head[1..])];
        lines.extend(self.lines.iter().map(|line| match line.cells.is_empty() {
            true => line.text.clone(),
            false => render(&line.text, &line.cells),
        }));
        lines
    }
}
