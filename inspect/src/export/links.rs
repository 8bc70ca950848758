//! The arrows of a document's graph. What a task reads is drawn through the resource; what else orders tasks goes from task to task.
use crate::document::Document;
use std::collections::BTreeSet;

/// One end of an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// A resource, by its place.
    Resource(u32),
    /// A task, by its place.
    Task(u32),
}

/// What an arrow says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// The resource is read by the task.
    Reads,
    /// The task makes the resource.
    Makes,
    /// The task ends the resource.
    Ends,
    /// The second waits for the first, without reading what it makes.
    After,
}

/// An arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    /// Where it begins.
    pub(super) from: End,
    /// Where it ends.
    pub(super) to: End,
    /// What it says.
    pub(super) why: Why,
}

/// Every arrow once, in the order of tasks.
pub(super) fn links(document: &Document) -> Vec<Link> {
    let mut links = Vec::new();
    let mut seen = BTreeSet::new();
    let mut link = |from, to, why| {
        let link = Link { from, to, why };
        if seen.insert(link) {
            links.push(link);
        }
    };
    for task in &document.tasks {
        let me = End::Task(task.id);
        task.reads.iter().for_each(|&r| link(End::Resource(r), me, Why::Reads));
        task.writes.iter().for_each(|&r| link(me, End::Resource(r), Why::Makes));
        task.frees.iter().for_each(|&r| link(End::Resource(r), me, Why::Ends));
        let besides = task.waits_for.iter().filter(|wait| wait.why != "reads");
        besides.for_each(|wait| link(End::Task(wait.task), me, Why::After));
    }
    links
}

/// What lies on the critical path: its tasks, and the arrows and resources by which each leads to the next.
pub(super) struct Critical {
    steps: BTreeSet<(u32, u32)>,
    ends: BTreeSet<End>,
    links: BTreeSet<Link>,
}

impl Critical {
    pub(super) fn of(document: &Document, links: &[Link]) -> Critical {
        let tasks = &document.critical_path.tasks;
        let mut critical = Critical {
            steps: tasks.windows(2).map(|pair| (pair[0], pair[1])).collect(),
            ends: tasks.iter().map(|&task| End::Task(task)).collect(),
            links: BTreeSet::new(),
        };
        for task in &document.tasks {
            for &resource in &task.reads {
                let maker = document.resources.get(resource as usize).and_then(|r| r.made_by);
                let Some(maker) = maker.filter(|&maker| critical.steps.contains(&(maker, task.id))) else {
                    continue;
                };
                let (from, via, to) = (End::Task(maker), End::Resource(resource), End::Task(task.id));
                critical.ends.insert(via);
                critical.links.insert(Link { from, to: via, why: Why::Makes });
                critical.links.insert(Link { from: via, to, why: Why::Reads });
            }
        }
        for &link in links {
            if let (End::Task(from), End::Task(to)) = (link.from, link.to) {
                if critical.steps.contains(&(from, to)) {
                    critical.links.insert(link);
                }
            }
        }
        critical
    }

    pub(super) fn has(&self, end: End) -> bool {
        self.ends.contains(&end)
    }

    pub(super) fn leads(&self, link: &Link) -> bool {
        self.links.contains(link)
    }
}
