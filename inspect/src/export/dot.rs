//! The graph as DOT text (Graphviz): tasks are boxes, resources cylinders. A solid arrow is what is read, a bold one what is made,
//! a dotted one what is ended, a dashed one an order and nothing more. What lies on the critical path is red.
use std::fmt::{self, Write};

use super::drawing::drawings;
use super::drawing::parts::{Arrow, Drawing, Group, Node, Shape, MOST_NODES};
use super::links::Why;
use super::quoted::Quoted;
use crate::document::Document;
use crate::harmless::is_acted_on;

const CRITICAL: &str = "#c0392b";

/// DOT text. Beside what is seen, each node has its facts as attributes: `elements`, `chunks`, `bytes` ….
pub(super) fn dot(document: &Document) -> String {
    let mut text = String::new();
    let drawing = drawings(document).find(|drawing| drawing.nodes() <= MOST_NODES);
    if let Some(drawing) = drawing {
        // Writing to a String cannot fail.
        let _ = write(&mut text, &drawing);
    }
    text
}

fn write(out: &mut String, drawing: &Drawing) -> fmt::Result {
    writeln!(out, "digraph memshare {{")?;
    writeln!(
        out,
        "  graph [rankdir=LR, fontname=\"sans-serif\", fontsize=11, label={}];",
        quoted(&drawing.caption)
    )?;
    writeln!(out, "  node [fontname=\"sans-serif\", fontsize=10];")?;
    writeln!(out, "  edge [fontname=\"sans-serif\", fontsize=9, color=\"#555555\"];")?;
    for group in &drawing.groups {
        write_group(out, group)?;
    }
    for arrow in &drawing.arrows {
        write_arrow(out, arrow)?;
    }
    writeln!(out, "}}")
}

fn write_group(out: &mut String, group: &Group) -> fmt::Result {
    let Some(label) = &group.label else {
        return group.nodes.iter().try_for_each(|node| write_node(out, node, "  "));
    };
    writeln!(out, "  subgraph cluster_{} {{", group.id)?;
    writeln!(out, "    label={}; style=rounded; color=\"#bbbbbb\";", quoted(std::slice::from_ref(label)))?;
    group.nodes.iter().try_for_each(|node| write_node(out, node, "    "))?;
    writeln!(out, "  }}")
}

fn write_node(out: &mut String, node: &Node, indent: &str) -> fmt::Result {
    let (shape, fill) = look(node.shape);
    let mut style = vec!["filled"];
    style.extend((node.shape == Shape::Map).then_some("rounded"));
    style.extend((node.shape == Shape::Release).then_some("dotted"));
    let fill = match node.state {
        Some("failed") => "#f5b7b1",
        Some("stopped" | "waiting") => "#eeeeee",
        _ => fill,
    };
    write!(out, "{indent}{} [shape={shape}, style=\"{}\", fillcolor=\"{fill}\"", node.id, style.join(","))?;
    if node.shape.is_resource() {
        // The lid takes room.
        write!(out, ", margin=\"0.1,0.12\"")?;
    }
    if node.critical {
        write!(out, ", color=\"{CRITICAL}\", penwidth=2.5")?;
    } else if node.shape == Shape::Registered {
        write!(out, ", penwidth=2")?;
    }
    write!(out, ", label={}, kind={}, critical={}", quoted(&node.lines), node.shape.word(), node.critical)?;
    for (name, value) in &node.facts {
        write!(out, ", {name}=\"{value}\"")?;
    }
    writeln!(out, "];")
}

/// Tasks are boxes, resources cylinders.
fn look(shape: Shape) -> (&'static str, &'static str) {
    match shape {
        Shape::Registered => ("cylinder", "#d5e8d4"),
        Shape::Shared => ("cylinder", "#e8f3e8"),
        Shape::Result => ("cylinder", "#fff2cc"),
        Shape::Map => ("box", "#dae8fc"),
        Shape::Share | Shape::Gather | Shape::Release => ("box", "#ffffff"),
    }
}

fn write_arrow(out: &mut String, arrow: &Arrow) -> fmt::Result {
    let (word, style) = match arrow.why {
        Why::Reads => ("reads", "solid"),
        Why::Makes => ("makes", "bold"),
        Why::Ends => ("ends", "dotted"),
        Why::After => ("after", "dashed"),
    };
    write!(out, "  {} -> {} [style={style}, why={word}", arrow.from, arrow.to)?;
    if arrow.critical {
        write!(out, ", color=\"{CRITICAL}\", penwidth=2.5")?;
    }
    if arrow.back {
        // Graphviz cannot lay out circles through clusters.
        write!(out, ", constraint=false")?;
    }
    if arrow.count > 1 {
        write!(out, ", label=\"{}\", count={}", arrow.count, arrow.count)?;
    }
    writeln!(out, "];")
}

/// Graphviz reads backslashes and, in labels, HTML entities.
fn quoted(lines: &[String]) -> Quoted<'_> {
    Quoted {
        lines,
        between: "\\n",
        escaped: |line, f| {
            line.chars().try_for_each(|letter| match letter {
                '"' | '\\' => write!(f, "\\{letter}"),
                '&' => f.write_str("&amp;"),
                _ if is_acted_on(letter) => f.write_char('\u{fffd}'),
                _ => f.write_char(letter),
            })
        },
    }
}
