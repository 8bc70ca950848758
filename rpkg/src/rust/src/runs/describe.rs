//! A plan in columns, for R's print, summary and as.data.frame: a row a task, and a row a resource.

use inspect::{planned, ResourceView, TaskView};
use scheduler::id::StageId;
use scheduler::os::{space, Place};
use scheduler::plan::Plan;
use scheduler::store::places;

use crate::r::{self, Given, Result, Scope, Sexp};
use crate::session;

/// A missing number.
const MISSING: f64 = f64::NAN;

/// `peak`, `tasks`, `resources`, and of each pass in `guessed` whether nobody knows how large its results are.
pub(super) fn describe(plan: &Plan, id: i32, guessed: &[bool]) -> Result<Given> {
    let (of_tasks, of_resources) = (planned::tasks(plan), planned::resources(plan, &[]));
    let tasks = tasks(plan, &of_tasks, &of_resources);
    let resources = resources(&of_tasks, &of_resources, memory_free()?);
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

/// In the order in which tasks can run.
fn tasks(plan: &Plan, tasks: &[TaskView], resources: &[ResourceView]) -> Table {
    let rows: Vec<&TaskView> = plan.graph().order().iter().map(|task| &tasks[task.index()]).collect();
    let stage = |task: &TaskView| plan.stage(StageId(task.stage?));
    let passes = |task: &TaskView| {
        let passes = stage(task).map_or(&[][..], |stage| &stage.passes);
        passes
            .iter()
            .map(|pass| plan.spec().passes[pass.index()].name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let waits = |task: &TaskView| labels(tasks, task.waits_for.iter().map(|wait| wait.task));
    let elements = |task: &TaskView| stage(task).map_or(MISSING, |stage| stage.board.elements as f64);
    let bytes = |task: &TaskView| task.writes.iter().map(|&id| resources[id as usize].bytes as f64).sum();
    Table {
        texts: vec![
            ("task", rows.iter().map(|task| task.label.clone()).collect()),
            ("kind", rows.iter().map(|task| task.kind.to_owned()).collect()),
            ("passes", rows.iter().map(|task| passes(task)).collect()),
            ("waits_for", rows.iter().map(|task| waits(task)).collect()),
        ],
        numbers: vec![
            ("elements", rows.iter().map(|task| elements(task)).collect()),
            ("step", rows.iter().map(|task| f64::from(task.step)).collect()),
            ("bytes", rows.iter().map(|task| bytes(task)).collect()),
        ],
    }
}

fn labels(tasks: &[TaskView], ids: impl Iterator<Item = u32>) -> String {
    ids.map(|id| tasks[id as usize].label.as_str()).collect::<Vec<_>>().join(", ")
}

/// Bytes that shared memory has room for, where what does not fit goes to a directory; else no bound.
fn memory_free() -> Result<u64> {
    let place = session::with(|session| Ok(session.place().clone()))?;
    if place == Place::Memory {
        return Ok(u64::MAX);
    }
    Ok(space::free_in(&places(&place)[..1]).unwrap_or(0))
}

/// `free`: what a page must not exceed to lie in shared memory.
fn resources(tasks: &[TaskView], resources: &[ResourceView], free: u64) -> Table {
    let text = |of: &dyn Fn(&ResourceView) -> String| resources.iter().map(of).collect::<Vec<_>>();
    let number = |of: &dyn Fn(&ResourceView) -> f64| resources.iter().map(of).collect::<Vec<_>>();
    let step = |step: Option<u32>| step.map_or(MISSING, f64::from);
    Table {
        texts: vec![
            ("resource", text(&|resource| resource.name.clone())),
            ("scope", text(&|resource| resource.scope.to_owned())),
            ("place", text(&|resource| if resource.bytes > free { "file" } else { "memory" }.to_owned())),
            ("made_by", text(&|resource| labels(tasks, resource.made_by.into_iter()))),
            ("read_by", text(&|resource| labels(tasks, resource.read_by.iter().copied()))),
        ],
        numbers: vec![
            ("bytes", number(&|resource| resource.bytes as f64)),
            ("born", number(&|resource| step(resource.born))),
            ("last_read", number(&|resource| step(resource.last_use))),
        ],
    }
}
