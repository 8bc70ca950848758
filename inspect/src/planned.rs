//! What a document says of a plan, before anything ran.
use scheduler::graph::{Access, Dependence, Resource, Scope, Task, TaskKind};
use scheduler::id::{PassId, ResourceId, StageId, TaskId};
use scheduler::plan::{Lifetime, PassCall, Plan, Source, Stage};
use scheduler::policy::Schedule;

use crate::document::{PassView, ResourceView, StageView, TaskView, Wait};
use crate::record::{PassNote, Record};

/// The stage of each pass, by pass.
pub(crate) fn stage_of(plan: &Plan) -> Vec<u32> {
    let mut stages = vec![0; plan.spec().passes.len()];
    for (id, stage) in plan.stages().iter().enumerate() {
        stage.passes.iter().for_each(|pass| stages[pass.index()] = id as u32);
    }
    stages
}

pub(crate) fn passes(record: &Record) -> Vec<PassView> {
    let plan = &record.plan;
    let stages = stage_of(plan);
    let view = |(id, pass): (usize, &PassCall)| {
        let note = record.notes.get(id);
        let resource = |source: Source| match source {
            Source::Data(resource) => Some(resource),
            Source::Each(pass) | Source::Whole(pass) => plan.result_of(pass),
        };
        let mut reads: Vec<u32> = pass.sources().filter_map(resource).map(|resource| resource.0).collect();
        reads.sort_unstable();
        reads.dedup();
        let inside = |source: &Source| match *source {
            Source::Each(before) if stages[before.index()] == stages[id] => Some(before.0),
            _ => None,
        };
        PassView {
            id: id as u32,
            name: pass.name.clone(),
            about: note.map(|note| note.about.clone()).unwrap_or_default(),
            part: note.map_or_else(|| "map".into(), |note| note.part.clone()),
            elements: pass.elements,
            stage: stages[id],
            result: plan.result_of(PassId(id as u32)).map(|resource| resource.0),
            schedule: schedule(pass.policy.schedule),
            reads,
            after: pass.inputs.iter().filter_map(inside).collect(),
            predicted_fun_seconds: predicted(pass, note),
            repeated_names: note.map_or(0, |note| note.repeated_names),
            figures: None,
        }
    };
    plan.spec().passes.iter().enumerate().map(view).collect()
}

/// How long FUN is expected to take over all elements of a pass: as the plan was cut by, or as an earlier run took.
fn predicted(pass: &PassCall, note: Option<&PassNote>) -> Option<f64> {
    let costs = pass.costs.as_ref().and_then(|costs| Some(costs.total() * costs.unit_ns()? / 1e9));
    costs.or_else(|| Some(note?.expected?.0))
}

/// Whether a part brings the results of others together, and is none that the user asked for.
pub(crate) fn brings_together(part: &str) -> bool {
    matches!(part, "fold" | "bind" | "value")
}

/// How many of some passes the user asked for.
pub(crate) fn asked_for(passes: &[PassView]) -> usize {
    passes.iter().filter(|pass| !brings_together(&pass.part)).count()
}

/// How long FUN is expected to take in all; what brings results together is taken to cost nothing until it was measured.
pub(crate) fn predicted_in_all(passes: &[PassView]) -> Option<f64> {
    let of = |pass: &PassView| {
        let nothing = brings_together(&pass.part) || pass.part == "last";
        pass.predicted_fun_seconds.or(nothing.then_some(0.0))
    };
    passes.iter().any(|pass| pass.predicted_fun_seconds.is_some()).then(|| passes.iter().map(of).sum())?
}

fn schedule(schedule: Schedule) -> &'static str {
    match schedule {
        Schedule::Auto => "auto",
        Schedule::Static => "static",
        Schedule::Guided => "guided",
        Schedule::Factoring => "factoring",
        Schedule::Adaptive => "adaptive",
        Schedule::Profiled => "profiled",
        Schedule::Fixed => "fixed",
    }
}

pub(crate) fn stages(plan: &Plan) -> Vec<StageView> {
    let view = |(id, stage): (usize, &Stage)| StageView {
        id: id as u32,
        task: stage.task.0,
        passes: stage.passes.iter().map(|pass| pass.0).collect(),
        elements: stage.board.elements,
        pieces: stage.pieces.len() as u64,
        chunks: 0,
    };
    plan.stages().iter().enumerate().map(view).collect()
}

/// The resources of a plan, by id; `notes` say whose bytes nobody knows.
pub fn resources(plan: &Plan, notes: &[PassNote]) -> Vec<ResourceView> {
    let guessed = |id: ResourceId| {
        let (stage, nth) = plan.maker_of(id)?;
        let pass = plan.stages()[stage.index()].outputs[nth as usize];
        notes.get(pass.index()).map(|note| note.guessed)
    };
    let graph = plan.graph();
    let lives = plan.lifetimes().iter().zip(users(plan));
    let both = graph.resources().iter().zip(lives).enumerate();
    let view = |(id, (resource, (life, (made_by, read_by)))): (usize, (&Resource, _))| {
        let life: &Lifetime = life;
        ResourceView {
            id: id as u32,
            name: resource.name.clone(),
            scope: match (resource.scope, plan.maker_of(ResourceId(id as u32))) {
                (Scope::Pinned, _) => "registered",
                (Scope::Scoped, None) => "shared",
                (Scope::Scoped, Some(_)) => "result",
            },
            bytes: resource.bytes,
            guessed: guessed(ResourceId(id as u32)).unwrap_or(false),
            stays: resource.scope == Scope::Pinned || stays(plan, ResourceId(id as u32)),
            born: life.born,
            last_use: life.last_use,
            made_by,
            read_by,
            life: None,
        }
    };
    both.map(view).collect()
}

/// The task that makes each resource, and those that read it.
fn users(plan: &Plan) -> Vec<(Option<u32>, Vec<u32>)> {
    let graph = plan.graph();
    let mut users = vec![(None, Vec::new()); graph.resources().len()];
    for (id, task) in graph.tasks().iter().enumerate() {
        for &(resource, access) in &task.accesses {
            let (maker, readers) = &mut users[resource.index()];
            match access {
                Access::Write => *maker = Some(id as u32),
                Access::Read => readers.push(id as u32),
                Access::Free => {}
            }
        }
    }
    users
}

/// Whether a resource of the plan's own is there when a run is over: it is wanted, or kept for the next run.
fn stays(plan: &Plan, resource: ResourceId) -> bool {
    plan.is_wanted(resource) || plan.spec().keep && plan.maker_of(resource).is_none()
}

/// The tasks of a plan, by id.
pub fn tasks(plan: &Plan) -> Vec<TaskView> {
    let graph = plan.graph();
    let view = |(id, task): (usize, &Task)| {
        let touched = |wanted: Access| {
            let of_kind = task.accesses.iter().filter(move |(_, access)| *access == wanted);
            of_kind.map(|(resource, _)| resource.0).collect::<Vec<u32>>()
        };
        let (kind, stage, resource) = match task.kind {
            TaskKind::Share(resource) => ("share", None, Some(resource.0)),
            TaskKind::Map(stage) => ("map", Some(stage.0), None),
            TaskKind::Gather(resource) => ("gather", None, Some(resource.0)),
            TaskKind::Release(resource) => ("release", None, Some(resource.0)),
        };
        let wait = |(task, why): (TaskId, Dependence)| Wait {
            task: task.0,
            why: match why {
                Dependence::ReadAfterWrite => "reads",
                Dependence::WriteAfterRead => "frees",
                Dependence::WriteAfterWrite => "overwrites",
            },
        };
        let mut waits_for: Vec<Wait> = graph.predecessors(TaskId(id as u32)).map(wait).collect();
        waits_for.sort_by_key(|wait| wait.task);
        TaskView {
            id: id as u32,
            kind,
            label: task.label.clone(),
            step: graph.step(TaskId(id as u32)),
            stage,
            resource,
            reads: touched(Access::Read),
            writes: touched(Access::Write),
            frees: touched(Access::Free),
            waits_for,
            life: None,
        }
    };
    graph.tasks().iter().enumerate().map(view).collect()
}

/// How long the longest element of each stage is expected to take, where that is known.
pub(crate) fn longest(plan: &Plan, notes: &[PassNote]) -> Vec<Option<f64>> {
    let noted = |pass: &PassId| match notes.get(pass.index()) {
        Some(PassNote { expected: Some((_, longest)), .. }) => Some(*longest),
        // What brings results together is taken to cost nothing until it was measured.
        Some(note) if brings_together(&note.part) => Some(0.0),
        _ => None,
    };
    let of_stage = |stage: &Stage| {
        let costs = stage.costs.as_ref().and_then(|costs| Some(costs.largest() * costs.unit_ns()? / 1e9));
        costs.or_else(|| stage.passes.iter().map(noted).sum())
    };
    plan.stages().iter().map(of_stage).collect()
}

/// The stage that a task runs.
pub(crate) fn stage_of_task(plan: &Plan, task: TaskId) -> Option<StageId> {
    match plan.graph().tasks()[task.index()].kind {
        TaskKind::Map(stage) => Some(stage),
        _ => None,
    }
}
