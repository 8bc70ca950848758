//! A large graph by steps: what one step, or a range of steps, has of a kind is one box.
use super::parts::{Arrow, Drawing, Group, Node, Shape};
use super::text;
use crate::document::Document;
use crate::export::links::{Critical, End, Link, Why};
use crate::words;
use std::collections::BTreeMap;

/// Where a box stands: its column, and what it has.
type Place = (u32, Shape);

/// At most `columns` ranges of steps, and what is there from the start.
pub(super) fn draw(document: &Document, links: &[Link], critical: &Critical, columns: u32) -> Drawing {
    let last = document.tasks.iter().map(|task| task.step).max().unwrap_or(0);
    let width = (last + 1).div_ceil(columns);
    let mut boxes: BTreeMap<Place, Many> = BTreeMap::new();
    for task in &document.tasks {
        let many = boxes.entry(place(document, End::Task(task.id), width)).or_default();
        many.add(critical.has(End::Task(task.id)));
        if let Some(stage) = task.stage.and_then(|stage| document.stages.get(stage as usize)) {
            many.elements += stage.elements;
            many.chunks += stage.chunks;
        }
        many.undone += u64::from(task.life.as_ref().is_some_and(|life| life.state != "done"));
    }
    for resource in &document.resources {
        let many = boxes.entry(place(document, End::Resource(resource.id), width)).or_default();
        many.add(critical.has(End::Resource(resource.id)));
        many.bytes += resource.bytes;
    }
    let mut caption = text::caption(document);
    caption.push("drawn by steps: what a step has of a kind is one box".to_owned());
    Drawing {
        caption,
        groups: groups(document, &boxes, width, last),
        arrows: arrows(document, links, critical, width),
    }
}

/// What a box stands for.
#[derive(Default)]
struct Many {
    count: u64,
    critical: bool,
    elements: u64,
    chunks: u64,
    undone: u64,
    bytes: u64,
}

impl Many {
    fn add(&mut self, critical: bool) {
        self.count += 1;
        self.critical |= critical;
    }

    fn node(&self, document: &Document, (column, shape): Place) -> Node {
        let what = match shape {
            Shape::Registered => format!("registered {}", noun(self.count, "variable")),
            Shape::Shared => format!("shared {}", noun(self.count, "variable")),
            Shape::Result => noun(self.count, "result"),
            task => format!("{} {}", task.word(), noun(self.count, "task")),
        };
        let mut lines = vec![format!("{} {what}", words::number(self.count))];
        let mut facts = vec![("count", self.count.to_string())];
        if shape.is_resource() {
            if self.bytes > 0 {
                lines.push(words::bytes(self.bytes));
            }
            facts.push(("bytes", self.bytes.to_string()));
        }
        if shape == Shape::Map {
            lines.push(words::count(self.elements, "element"));
            facts.push(("elements", self.elements.to_string()));
            if document.run.is_some() {
                lines.push(words::count(self.chunks, "chunk"));
                facts.push(("chunks", self.chunks.to_string()));
            }
        }
        if self.undone > 0 {
            lines.push(format!("{} not done", words::number(self.undone)));
        }
        let state = (self.undone > 0).then_some("stopped");
        Node { id: id((column, shape)), shape, lines, critical: self.critical, state, facts }
    }
}

fn groups(document: &Document, boxes: &BTreeMap<Place, Many>, width: u32, last: u32) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut column = None;
    for (&place, many) in boxes {
        if column != Some(place.0) {
            column = Some(place.0);
            let label = Some(heading(place.0, width, last));
            groups.push(Group { id: format!("column{}", place.0), label, nodes: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.nodes.push(many.node(document, place));
        }
    }
    groups
}

/// "step 3", "steps 11 to 20", counted from 1 on; what is there from the start has column 0.
fn heading(column: u32, width: u32, last: u32) -> String {
    if column == 0 {
        return "from the start".to_owned();
    }
    let first = (column - 1) * width + 1;
    match (column * width).min(last + 1) {
        only if only == first => format!("step {first}"),
        end => format!("steps {first} to {end}"),
    }
}

/// Arrows between the same boxes are one; those within a box are not drawn.
fn arrows(document: &Document, links: &[Link], critical: &Critical, width: u32) -> Vec<Arrow> {
    let mut arrows: BTreeMap<(Place, Place, Why), (u64, bool)> = BTreeMap::new();
    for link in links {
        let (from, to) = (place(document, link.from, width), place(document, link.to, width));
        if from != to {
            let (count, leads) = arrows.entry((from, to, link.why)).or_default();
            *count += 1;
            *leads |= critical.leads(link);
        }
    }
    let arrow = |((from, to, why), (count, critical)): ((Place, Place, Why), (u64, bool))| {
        let back = (from.0, from.1.turn()) > (to.0, to.1.turn());
        Arrow { from: id(from), to: id(to), why, critical, back, count }
    };
    arrows.into_iter().map(arrow).collect()
}

fn place(document: &Document, end: End, width: u32) -> Place {
    let column = |step: u32| step / width + 1;
    match end {
        End::Task(id) => match document.tasks.get(id as usize) {
            Some(task) => (column(task.step), Shape::of_task(task.kind)),
            None => (0, Shape::Map),
        },
        End::Resource(id) => match document.resources.get(id as usize) {
            Some(resource) => {
                let maker = resource.made_by.and_then(|maker| document.tasks.get(maker as usize));
                (maker.map_or(0, |task| column(task.step)), Shape::of_resource(resource.scope))
            }
            None => (0, Shape::Result),
        },
    }
}

fn id((column, shape): Place) -> String {
    format!("{}{column}", shape.word())
}

fn noun(n: u64, one: &str) -> String {
    if n == 1 {
        one.to_owned()
    } else {
        format!("{one}s")
    }
}
