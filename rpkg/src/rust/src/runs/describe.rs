//! A plan in columns, for R's print, summary and as.data.frame: a row a task, and a row a resource.

use scheduler::graph::{self, TaskKind};
use scheduler::id::{ResourceId, TaskId};
use scheduler::os::{space, Place};
use scheduler::plan::Plan;

use crate::r::{self, Given, Result, Scope, Sexp};
use crate::session;

/// A missing number.
const MISSING: f64 = f64::NAN;

/// `peak`, `tasks`, `resources`, and of each pass in `guessed` whether nobody knows how large its results are.
pub(super) fn describe(plan: &Plan, id: i32, guessed: &[bool]) -> Result<Given> {
    let tasks = tasks(plan);
    let resources = resources(plan, memory_free()?);
    let guessed: Vec<f64> = guessed.iter().map(|&guessed| f64::from(u8::from(guessed))).collect();
    r::give(|s| {
        let peak = r::real(s, plan.peak_bytes() as f64);
        let budget = r::real(s, plan.spec().budget.map_or(MISSING, |budget| budget as f64));
        let held_back = r::logical(s, plan.allowance().is_some());
        let parts = [
            ("id", r::integer(s, id)),
            ("peak", peak),
            ("budget", budget),
            ("held_back", held_back),
            ("workers", r::integer(s, plan.workers() as i32)),
            ("stages", r::integer(s, plan.stages().len() as i32)),
            ("tasks", tasks.list(s)),
            ("resources", resources.list(s)),
            ("guessed", r::reals(s, &guessed)),
        ];
        Ok(r::named_list(s, &parts))
    })
}

/// Columns of equal length.
#[derive(Default)]
struct Table {
    texts: Vec<(&'static str, Vec<String>)>,
    numbers: Vec<(&'static str, Vec<f64>)>,
}

impl Table {
    fn list<'s>(&self, s: &'s Scope) -> Sexp<'s> {
        let count = self.texts.len() + self.numbers.len();
        let (out, names) = (s.vector(r::Kind::VECSXP, count), s.vector(r::Kind::STRSXP, count));
        let put = |place: usize, name: &str, column: Sexp| {
            out.set_item(place, column);
            names.set_text(place, r::character_bytes(s, name.as_bytes(), 1));
        };
        for (place, (name, column)) in self.texts.iter().enumerate() {
            s.inner(|s| put(place, name, r::character(s, column)));
        }
        for (place, (name, column)) in self.numbers.iter().enumerate() {
            s.inner(|s| put(self.texts.len() + place, name, r::reals(s, column)));
        }
        out.set_attribute(s, "names", names);
        out
    }
}

fn tasks(plan: &Plan) -> Table {
    let graph = plan.graph();
    let label = |task: TaskId| graph.tasks()[task.index()].label.as_str();
    let order = graph.order();
    let kind = |task: &TaskId| match graph.tasks()[task.index()].kind {
        TaskKind::Share(_) => "share",
        TaskKind::Map(_) => "map",
        TaskKind::Gather(_) => "gather",
        TaskKind::Release(_) => "release",
        _ => "other",
    };
    let waits = |task: &TaskId| {
        let mut before: Vec<TaskId> = graph.predecessors(*task).map(|(task, _)| task).collect();
        before.sort_unstable();
        before.into_iter().map(label).collect::<Vec<_>>().join(", ")
    };
    let stage = |task: &TaskId| match graph.tasks()[task.index()].kind {
        TaskKind::Map(stage) => plan.stage(stage),
        _ => None,
    };
    let passes = |task: &TaskId| {
        let names = stage(task).map(|stage| {
            stage.passes.iter().map(|pass| plan.spec().passes[pass.index()].name.as_str()).collect::<Vec<_>>()
        });
        names.unwrap_or_default().join(", ")
    };
    let elements = |task: &TaskId| stage(task).map_or(MISSING, |stage| stage.board.elements as f64);
    let bytes = |task: &TaskId| {
        let made = graph.tasks()[task.index()].accesses.iter();
        let made = made.filter(|(_, access)| *access == scheduler::graph::Access::Write);
        made.map(|(resource, _)| graph.resources()[resource.index()].bytes as f64).sum()
    };
    Table {
        texts: vec![
            ("task", order.iter().map(|task| label(*task).to_owned()).collect()),
            ("kind", order.iter().map(|task| kind(task).to_owned()).collect()),
            ("passes", order.iter().map(passes).collect()),
            ("waits_for", order.iter().map(waits).collect()),
        ],
        numbers: vec![
            ("elements", order.iter().map(elements).collect()),
            ("step", order.iter().map(|task| f64::from(graph.step(*task))).collect()),
            ("bytes", order.iter().map(bytes).collect()),
        ],
    }
}

/// Bytes that shared memory has room for, where what does not fit goes to a directory; else no bound.
fn memory_free() -> Result<u64> {
    let place = session::with(|session| Ok(session.place().clone()))?;
    Ok(if place == Place::Memory { u64::MAX } else { space::of(&Place::Memory)?.free })
}

/// `free`: what a page must not exceed to lie in shared memory.
fn resources(plan: &Plan, free: u64) -> Table {
    let graph = plan.graph();
    let ids: Vec<ResourceId> = (0..graph.resources().len() as u32).map(ResourceId).collect();
    let of = |id: &ResourceId| &graph.resources()[id.index()];
    let labels = |tasks: Vec<TaskId>| {
        tasks
            .into_iter()
            .map(|task| graph.tasks()[task.index()].label.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let scope = |id: &ResourceId| match (of(id).scope, plan.maker_of(*id)) {
        (graph::Scope::Pinned, _) => "registered",
        (graph::Scope::Scoped, None) => "shared",
        (graph::Scope::Scoped, Some(_)) => "result",
    };
    let step = |step: Option<u32>| step.map_or(MISSING, f64::from);
    Table {
        texts: vec![
            ("resource", ids.iter().map(|id| of(id).name.clone()).collect()),
            ("scope", ids.iter().map(|id| scope(id).to_owned()).collect()),
            (
                "place",
                ids.iter().map(|id| if of(id).bytes > free { "file" } else { "memory" }.to_owned()).collect(),
            ),
            ("made_by", ids.iter().map(|id| labels(graph.producers(*id).collect())).collect()),
            ("read_by", ids.iter().map(|id| labels(graph.consumers(*id).collect())).collect()),
        ],
        numbers: vec![
            ("bytes", ids.iter().map(|id| of(id).bytes as f64).collect()),
            ("born", plan.lifetimes().iter().map(|life| step(life.born)).collect()),
            ("last_read", plan.lifetimes().iter().map(|life| step(life.last_use)).collect()),
        ],
    }
}
