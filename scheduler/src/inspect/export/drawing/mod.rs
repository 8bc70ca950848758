//! The graph of a document as groups, boxes and arrows, before it is DOT or Mermaid. A graph of so many nodes that nobody could
//! follow them is drawn by steps: what one step has of a kind is one box, which says how many that are.
mod grouped;
mod text;
mod whole;

use super::labels::{names, short};
use super::links::{links, Critical, Link, Why};
use super::Document;
use crate::inspect::words;

/// More nodes than this are not drawn one by one.
pub(super) const MOST_NODES: usize = 500;

/// A picture of a graph.
pub(super) struct Drawing {
    /// What it shows, in a few lines.
    pub(super) caption: Vec<String>,
    /// Its boxes, in the order in which data goes.
    pub(super) groups: Vec<Group>,
    /// Its arrows.
    pub(super) arrows: Vec<Arrow>,
}

/// Boxes that belong together.
pub(super) struct Group {
    /// A word that names it, unlike all others.
    pub(super) id: String,
    /// What stands over it; without, its boxes stand by themselves.
    pub(super) label: Option<String>,
    /// Its boxes.
    pub(super) nodes: Vec<Node>,
}

/// A box.
pub(super) struct Node {
    /// A word that names it, unlike all others: `t3`, `r0`.
    pub(super) id: String,
    /// What it stands for.
    pub(super) shape: Shape,
    /// Its text.
    pub(super) lines: Vec<String>,
    /// Whether it lies on the critical path.
    pub(super) critical: bool,
    /// Whether it went as it should: of a run, a task that is done, failed, stopped or waiting.
    pub(super) state: Option<&'static str>,
    /// The same as numbers, for programs.
    pub(super) facts: Vec<(&'static str, String)>,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// A variable that the user registered.
    Registered,
    /// Data that is copied in for the run.
    Shared,
    /// What a pass gives.
    Result,
    /// A task that copies data in.
    Share,
    /// A task that runs a stage.
    Map,
    /// A task that hands a result to the caller.
    Gather,
    /// A task that gives memory back.
    Release,
}

/// An arrow between boxes.
pub(super) struct Arrow {
    /// The box it begins at.
    pub(super) from: String,
    /// The box it ends at.
    pub(super) to: String,
    /// What it says.
    pub(super) why: Why,
    /// Whether it lies on the critical path.
    pub(super) critical: bool,
    /// Whether it goes against the way of data: between boxes that stand for several steps, where it closes a circle.
    pub(super) back: bool,
    /// How many arrows of the graph it stands for.
    pub(super) count: u64,
}

impl Shape {
    /// Whether it is a resource, and no task.
    pub(super) fn is_resource(self) -> bool {
        self <= Shape::Result
    }

    /// Its place in the way of data within a step.
    fn turn(self) -> u8 {
        match self {
            Shape::Registered => 0,
            Shape::Share => 1,
            Shape::Shared => 2,
            Shape::Map => 3,
            Shape::Result => 4,
            Shape::Gather => 5,
            Shape::Release => 6,
        }
    }

    /// As one word, for programs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Shape::Registered => "registered",
            Shape::Shared => "shared",
            Shape::Result => "result",
            Shape::Share => "share",
            Shape::Map => "map",
            Shape::Gather => "gather",
            Shape::Release => "release",
        }
    }

    fn of_task(kind: &str) -> Shape {
        match kind {
            "share" => Shape::Share,
            "gather" => Shape::Gather,
            "release" => Shape::Release,
            _ => Shape::Map,
        }
    }

    fn of_resource(scope: &str) -> Shape {
        match scope {
            "registered" => Shape::Registered,
            "shared" => Shape::Shared,
            _ => Shape::Result,
        }
    }
}

impl Drawing {
    /// Every drawing of the document, from the one that shows most to the one that shows least, which has a dozen boxes at most.
    pub(super) fn all(document: &Document) -> impl Iterator<Item = Drawing> + '_ {
        let links = links(document);
        let critical = Critical::of(document, &links);
        let whole = document.tasks.len() + document.resources.len() <= MOST_NODES;
        let columns = std::iter::successors(Some(64), |&columns| (columns > 1).then_some(columns / 2));
        let sizes = whole.then_some(None).into_iter().chain(columns.map(Some));
        sizes.map(move |size| match size {
            None => whole::draw(document, &links, &critical),
            Some(columns) => grouped::draw(document, &links, &critical, columns),
        })
    }

    /// How many boxes it has.
    pub(super) fn nodes(&self) -> usize {
        self.groups.iter().map(|group| group.nodes.len()).sum()
    }
}
