//! What a drawing is made of: groups, boxes, arrows.
use crate::export::links::Why;

/// More nodes than this are not drawn one by one.
pub(in crate::export) const MOST_NODES: usize = 500;

/// A picture of a graph.
pub(in crate::export) struct Drawing {
    /// What it shows, in a few lines.
    pub(in crate::export) caption: Vec<String>,
    /// Its boxes, in the order in which data goes.
    pub(in crate::export) groups: Vec<Group>,
    /// Its arrows.
    pub(in crate::export) arrows: Vec<Arrow>,
}

/// Boxes that belong together.
pub(in crate::export) struct Group {
    /// A word that names it, unlike all others.
    pub(in crate::export) id: String,
    /// What stands over it; without, its boxes stand by themselves.
    pub(in crate::export) label: Option<String>,
    /// Its boxes.
    pub(in crate::export) nodes: Vec<Node>,
}

/// A box.
pub(in crate::export) struct Node {
    /// A word that names it, unlike all others: `t3`, `r0`.
    pub(in crate::export) id: String,
    /// What it stands for.
    pub(in crate::export) shape: Shape,
    /// Its text.
    pub(in crate::export) lines: Vec<String>,
    /// Whether it lies on the critical path.
    pub(in crate::export) critical: bool,
    /// Whether it went as it should: of a run, a task that is done, failed, stopped or waiting.
    pub(in crate::export) state: Option<&'static str>,
    /// The same as numbers, for programs.
    pub(in crate::export) facts: Vec<(&'static str, String)>,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::export) enum Shape {
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
pub(in crate::export) struct Arrow {
    /// The box it begins at.
    pub(in crate::export) from: String,
    /// The box it ends at.
    pub(in crate::export) to: String,
    /// What it says.
    pub(in crate::export) why: Why,
    /// Whether it lies on the critical path.
    pub(in crate::export) critical: bool,
    /// Whether it goes against the way of data: between boxes that stand for several steps, where it closes a circle.
    pub(in crate::export) back: bool,
    /// How many arrows of the graph it stands for.
    pub(in crate::export) count: u64,
}

impl Shape {
    /// Whether it is a resource, and no task.
    pub(in crate::export) fn is_resource(self) -> bool {
        self <= Shape::Result
    }

    /// Its place in the way of data within a step.
    pub(super) fn turn(self) -> u8 {
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
    pub(in crate::export) fn word(self) -> &'static str {
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

    pub(super) fn of_task(kind: &str) -> Shape {
        match kind {
            "share" => Shape::Share,
            "gather" => Shape::Gather,
            "release" => Shape::Release,
            _ => Shape::Map,
        }
    }

    pub(super) fn of_resource(scope: &str) -> Shape {
        match scope {
            "registered" => Shape::Registered,
            "shared" => Shape::Shared,
            _ => Shape::Result,
        }
    }
}

impl Drawing {
    /// How many boxes it has.
    pub(in crate::export) fn nodes(&self) -> usize {
        self.groups.iter().map(|group| group.nodes.len()).sum()
    }
}
