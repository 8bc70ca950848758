//! The graph as DOT text (Graphviz): tasks are boxes, resources cylinders; solid lines are reads, bold ones writes,
//! dashed ones order alone.
use super::{Access, Dependence, Graph, Scope};
use std::fmt::{self, Write};

impl Graph {
    /// DOT text. The same graph always gives the same text.
    pub fn dot(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_dot(&mut text);
        text
    }

    fn write_dot(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "digraph plan {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];")?;
        for (index, resource) in self.resources().iter().enumerate() {
            let style = match resource.scope {
                Scope::Pinned => "bold",
                Scope::Scoped => "solid",
            };
            let (name, bytes) = (Quoted(&resource.name), Bytes(resource.bytes));
            writeln!(out, "  r{index} [shape=cylinder, style={style}, label=\"{name}\\n{bytes}\"];")?;
        }
        for (index, task) in self.tasks().iter().enumerate() {
            writeln!(out, "  t{index} [shape=box, label=\"{}\"];", Quoted(&task.label))?;
            for (resource, access) in &task.accesses {
                match access {
                    Access::Read => writeln!(out, "  r{resource} -> t{index};")?,
                    Access::Write => writeln!(out, "  t{index} -> r{resource} [style=bold];")?,
                    Access::Free => writeln!(out, "  r{resource} -> t{index} [style=dotted];")?,
                }
            }
        }
        for &task in self.order() {
            for (next, why) in self.successors(task) {
                // What is read is drawn through its resource.
                if why != Dependence::ReadAfterWrite {
                    writeln!(out, "  t{task} -> t{next} [style=dashed];")?;
                }
            }
        }
        writeln!(out, "}}")
    }
}

/// Text inside a DOT string: quotes and backslashes escaped, control characters left out.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                _ if letter.is_control() => f.write_char(' ')?,
                _ => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// A size as people read it.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
        match units.iter().find(|(_, size)| self.0 as f64 >= *size) {
            Some((unit, size)) => write!(f, "{:.1} {unit}", self.0 as f64 / size),
            None => write!(f, "{} B", self.0),
        }
    }
}
