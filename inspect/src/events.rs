//! What the supervisor saw, and how the run ended: events of the log as a document tells them, typed and in words.
use scheduler::engine::What;
use scheduler::id::{ResourceId, StageId, TaskId, WorkerId};
use scheduler::plan::Plan;
use scheduler::run::{Ended, Event, FailedElement};

use crate::run_view::{seconds, EventView, Outcome};
use crate::words;

/// An event, with what it happened to by place and by name.
pub(crate) fn view(plan: &Plan, event: &Event) -> EventView {
    let label = |task: TaskId| plan.graph().tasks()[task.index()].label.clone();
    let resource = |id: ResourceId| plan.graph().resources()[id.index()].name.clone();
    let stage = |id: StageId| label(plan.stages()[id.index()].task);
    let none = EventView { at: seconds(event.at_ns), ..EventView::default() };
    match &event.what {
        What::Began(task) => {
            EventView { kind: "began", words: format!("{} begins", label(*task)), task: Some(task.0), ..none }
        }
        What::Ended(task) => EventView {
            kind: "ended",
            words: format!("{} is done", label(*task)),
            task: Some(task.0),
            ..none
        },
        What::Freed(id) => EventView {
            kind: "freed",
            words: format!("the memory of {} is given back", resource(*id)),
            resource: Some(id.0),
            ..none
        },
        What::LetGo(id) => EventView {
            kind: "let_go",
            words: format!("{} is not read any more", resource(*id)),
            resource: Some(id.0),
            ..none
        },
        What::Joined(worker) => {
            let number = worker.0 + 1;
            EventView {
                kind: "joined",
                words: format!("worker {number} joins"),
                worker: Some(number),
                ..none
            }
        }
        What::Died(worker, how) => EventView {
            kind: "died",
            words: format!("worker {} died: {how}", worker.0 + 1),
            worker: Some(worker.0 + 1),
            how: Some(how.clone()),
            ..none
        },
        What::NotStarted(worker, why) => EventView {
            kind: "not_started",
            words: format!("worker {} could not be started: {why}", worker.0 + 1),
            worker: Some(worker.0 + 1),
            how: Some(why.clone()),
            ..none
        },
        What::PutUp(id, start, end, attempt) => {
            let (first, attempt) = (start + 1, attempt + 1);
            EventView {
                kind: "put_up",
                words: format!("{}: elements {first} to {end} are put up, attempt {attempt}", stage(*id)),
                stage: Some(id.0),
                first: Some(first),
                last: Some(*end),
                attempt: Some(attempt),
                ..none
            }
        }
        What::TakenBack(id, ranges) => EventView {
            kind: "taken_back",
            words: format!("{}: {ranges} pieces are taken back, their costs misled", stage(*id)),
            stage: Some(id.0),
            ..none
        },
        What::Failed(id, _, element) => EventView {
            kind: "failed",
            words: format!("{}: FUN failed at element {}", stage(*id), element + 1),
            stage: Some(id.0),
            first: Some(element + 1),
            last: Some(element + 1),
            ..none
        },
        What::Loaded(worker, stage, packages, ns) => EventView {
            kind: "loaded",
            words: loaded(*worker, stage.is_some(), packages, *ns),
            worker: worker.map(|worker| worker.0 + 1),
            stage: stage.map(|stage| stage.0),
            ..none
        },
        What::Stopped => EventView { kind: "stopped", words: "the run is stopped".into(), ..none },
    }
}

/// Packages that were loaded, and by whom.
fn loaded(worker: Option<WorkerId>, in_fun: bool, packages: &str, ns: u64) -> String {
    let packages = words::short(packages, 80);
    let took = words::seconds(seconds(ns));
    match worker {
        None => format!("package {packages} is loaded for the workers, in {took}"),
        Some(worker) if in_fun => {
            format!("worker {}: an element of {took} loaded {packages}", worker.0 + 1)
        }
        Some(worker) => format!("worker {} loaded {packages}, in {took}", worker.0 + 1),
    }
}

/// How a run ended, in a word and in words.
pub(crate) fn outcome(plan: &Plan, ended: &Ended) -> Outcome {
    let at = |position: &FailedElement| {
        let name = &plan.spec().passes[position.pass.index()].name;
        format!("element {} of '{name}'", position.element + 1)
    };
    let (kind, words) = match ended {
        Ended::Done => ("done", String::new()),
        Ended::Failed(position) => ("failed", format!("FUN failed at {}", at(position))),
        Ended::WorkerDied { position, deaths, reason } => {
            ("worker_died", format!("{} killed {deaths} workers; the last was {reason}", at(position)))
        }
        Ended::Cancelled => ("cancelled", "it was cancelled".into()),
        Ended::Timeout => ("timeout", "it took longer than it was allowed to".into()),
        Ended::NoWorkers { reason } => ("no_workers", format!("no worker was left: {reason}")),
    };
    Outcome { kind, words }
}
