//! Every task and every resource, a box each; a stage and its results stand together, and so does what comes from outside.
use super::parts::{Arrow, Drawing, Group, Node, Shape};
use super::text;
use crate::document::{Document, ResourceView, TaskView};
use crate::export::links::{Critical, End, Link};

pub(super) fn draw(document: &Document, links: &[Link], critical: &Critical) -> Drawing {
    let stages = document.tasks.iter().filter(|task| task.kind == "map");
    let mut groups = vec![data(document, critical)];
    groups.extend(stages.map(|task| stage(document, task, critical)));
    groups.push(rest(document, critical));
    groups.retain(|group| !group.nodes.is_empty());
    let arrows = links.iter().map(|link| Arrow {
        from: id(link.from),
        to: id(link.to),
        why: link.why,
        critical: critical.leads(link),
        back: false,
        count: 1,
    });
    Drawing { caption: text::caption(document), groups, arrows: arrows.collect() }
}

/// What the run finds or copies in.
fn data(document: &Document, critical: &Critical) -> Group {
    let resources = document.resources.iter().filter(|resource| maker(document, resource).is_none());
    let shares = document.tasks.iter().filter(|task| task.kind == "share");
    let nodes = shares.map(|task| task_node(document, task, critical));
    let nodes = nodes.chain(resources.map(|resource| resource_node(document, resource, critical)));
    Group { id: "data".to_owned(), label: Some("data".to_owned()), nodes: nodes.collect() }
}

/// A stage and what it makes.
fn stage(document: &Document, task: &TaskView, critical: &Critical) -> Group {
    let results = document.resources.iter().filter(|resource| maker(document, resource) == Some(task.id));
    let results = results.map(|resource| resource_node(document, resource, critical));
    let nodes = std::iter::once(task_node(document, task, critical)).chain(results).collect();
    let label = task.stage.map(|stage| format!("stage {}", stage + 1));
    Group { id: format!("stage{}", task.id), label, nodes }
}

/// What hands over and gives back.
fn rest(document: &Document, critical: &Critical) -> Group {
    let tasks = document.tasks.iter().filter(|task| task.kind != "map" && task.kind != "share");
    let nodes = tasks.map(|task| task_node(document, task, critical)).collect();
    Group { id: "rest".to_owned(), label: None, nodes }
}

/// The map task that makes it, if one does.
fn maker(document: &Document, resource: &ResourceView) -> Option<u32> {
    let maker = document.tasks.get(resource.made_by? as usize)?;
    (maker.kind == "map").then_some(maker.id)
}

fn task_node(document: &Document, task: &TaskView, critical: &Critical) -> Node {
    let (lines, facts) = text::task(document, task);
    let end = End::Task(task.id);
    let state = task.life.as_ref().map(|life| life.state);
    Node { id: id(end), shape: Shape::of_task(task.kind), lines, critical: critical.has(end), state, facts }
}

fn resource_node(document: &Document, resource: &ResourceView, critical: &Critical) -> Node {
    let (lines, facts) = text::resource(document, resource);
    let end = End::Resource(resource.id);
    let shape = Shape::of_resource(resource.scope);
    Node { id: id(end), shape, lines, critical: critical.has(end), state: None, facts }
}

fn id(end: End) -> String {
    match end {
        End::Resource(id) => format!("r{id}"),
        End::Task(id) => format!("t{id}"),
    }
}
