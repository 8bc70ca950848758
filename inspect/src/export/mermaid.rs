//! The graph as Mermaid text: what Markdown pages draw. Tasks are boxes, resources cylinders, as in DOT.
//!
//! Whoever draws it refuses more than 500 arrows or 50,000 letters, and a page cannot allow itself more. So the drawing is the first
//! of [`drawings`] that stays within.
use std::fmt::{self, Write};

use super::drawing::drawings;
use super::drawing::parts::{Arrow, Drawing, Group, Node, Shape, MOST_NODES};
use super::links::Why;
use super::quoted::Quoted;
use crate::document::Document;

/// What Mermaid takes by default.
const MOST_ARROWS: usize = 500;
const MOST_LETTERS: usize = 50_000;

/// Mermaid text.
pub(super) fn mermaid(document: &Document) -> String {
    let mut text = String::new();
    for drawing in drawings(document) {
        if drawing.nodes() > MOST_NODES || drawing.arrows.len() > MOST_ARROWS {
            continue;
        }
        text.clear();
        // Writing to a String cannot fail.
        let _ = write(&mut text, &drawing);
        if text.len() < MOST_LETTERS {
            break;
        }
    }
    text
}

fn write(out: &mut String, drawing: &Drawing) -> fmt::Result {
    writeln!(out, "flowchart LR")?;
    for line in &drawing.caption {
        write!(out, "  %% ")?;
        plain(line, out)?;
        writeln!(out)?;
    }
    for group in &drawing.groups {
        write_group(out, group)?;
    }
    for arrow in &drawing.arrows {
        write_arrow(out, arrow)?;
    }
    write_looks(out, drawing)
}

fn write_group(out: &mut String, group: &Group) -> fmt::Result {
    let Some(label) = &group.label else {
        return group.nodes.iter().try_for_each(|node| write_node(out, node, "  "));
    };
    writeln!(out, "  subgraph {} [{}]", group.id, quoted(std::slice::from_ref(label)))?;
    group.nodes.iter().try_for_each(|node| write_node(out, node, "    "))?;
    writeln!(out, "  end")
}

fn write_node(out: &mut String, node: &Node, indent: &str) -> fmt::Result {
    let text = quoted(&node.lines);
    match node.shape {
        shape if shape.is_resource() => writeln!(out, "{indent}{}[({text})]", node.id),
        Shape::Map => writeln!(out, "{indent}{}({text})", node.id),
        _ => writeln!(out, "{indent}{}[{text}]", node.id),
    }
}

fn write_arrow(out: &mut String, arrow: &Arrow) -> fmt::Result {
    let line = match arrow.why {
        Why::Reads => "-->",
        Why::Makes => "==>",
        Why::Ends => "-.-x",
        Why::After => "-.->",
    };
    let Arrow { from, to, count, .. } = arrow;
    if *count > 1 {
        writeln!(out, "  {from} {line}|{count}| {to}")
    } else {
        writeln!(out, "  {from} {line} {to}")
    }
}

/// Colours by kind, then what lies on the critical path.
fn write_looks(out: &mut String, drawing: &Drawing) -> fmt::Result {
    let nodes = || drawing.groups.iter().flat_map(|group| &group.nodes);
    let looks = [
        (Shape::Registered, "fill:#d5e8d4,stroke:#555,color:#111"),
        (Shape::Shared, "fill:#e8f3e8,stroke:#555,color:#111"),
        (Shape::Result, "fill:#fff2cc,stroke:#555,color:#111"),
        (Shape::Map, "fill:#dae8fc,stroke:#555,color:#111"),
    ];
    for (shape, look) in looks {
        write_class(out, shape.word(), look, nodes().filter(|node| node.shape == shape))?;
    }
    let undone = nodes().filter(|node| matches!(node.state, Some("stopped" | "waiting")));
    write_class(out, "undone", "fill:#eee,stroke:#555,color:#111", undone)?;
    let failed = nodes().filter(|node| node.state == Some("failed"));
    write_class(out, "failed", "fill:#f5b7b1,stroke:#555,color:#111", failed)?;
    write_class(out, "critical", "stroke:#c0392b,stroke-width:3px", nodes().filter(|node| node.critical))?;
    let arrows = drawing.arrows.iter().enumerate().filter(|(_, arrow)| arrow.critical);
    let arrows: Vec<String> = arrows.map(|(nth, _)| nth.to_string()).collect();
    if arrows.is_empty() {
        return Ok(());
    }
    writeln!(out, "  linkStyle {} stroke:#c0392b,stroke-width:3px", arrows.join(","))
}

fn write_class<'a>(
    out: &mut String,
    name: &str,
    look: &str,
    nodes: impl Iterator<Item = &'a Node>,
) -> fmt::Result {
    let ids: Vec<&str> = nodes.map(|node| node.id.as_str()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    writeln!(out, "  classDef {name} {look}\n  class {} {name}", ids.join(","))
}

/// Lines of text as a label.
fn quoted(lines: &[String]) -> Quoted<'_> {
    Quoted { lines, between: "<br/>", escaped: |line, f| plain(line, f) }
}

/// What means something even so, because numbers are read before: a line break, mathematics, an icon, and Mermaid's own way to keep
/// numbers. A mark that is not seen (a word joiner) keeps the two apart.
const PAIRS: [(char, char); 5] = [('\\', 'n'), ('$', '$'), (':', 'f'), ('\u{fb02}', '°'), ('¶', 'ß')];

/// Text of which Mermaid understands nothing: whatever is neither letter, digit nor a harmless mark is written as its number. Mermaid
/// has no other way to quote, and much that means something in it: quotes, brackets, `#`, `;`, back ticks, `%%`, tags.
fn plain(text: &str, f: &mut impl Write) -> fmt::Result {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | ',' | '.' | '_' | '+' => f.write_char(letter)?,
            _ if letter.is_alphanumeric() => f.write_char(letter)?,
            _ => write!(f, "#{};", u32::from(letter))?,
        }
        if letters.peek().is_some_and(|&next| PAIRS.contains(&(letter, next))) {
            f.write_str("#8288;")?;
        }
    }
    Ok(())
}
