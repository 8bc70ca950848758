//! What the supervisor saw, and how the run ended: events of the log as a document tells them, typed and in words.
use scheduler::engine::EventKind;
use scheduler::id::{ResourceId, StageId, TaskId, WorkerId};
use scheduler::plan::Plan;
use scheduler::run::{Ended, Event, FailedElement};

use crate::run_view::{seconds, EventView, Outcome};
use crate::words;

/// An event, with what it happened to by place and by name.
pub(crate) fn view(plan: &Plan, event: &Event) -> EventView {
    let label = |task: TaskId| plan.graph().tasks()[task.index()].label.as_str();
    let name = |id: ResourceId| plan.graph().resources()[id.index()].name.as_str();
    let stage = |id: StageId| label(plan.stages()[id.index()].task);
    let view = match &event.what {
        EventKind::Began(task) => of_task("began", *task, format!("{} begins", label(*task))),
        EventKind::Ended(task) => of_task("ended", *task, format!("{} is done", label(*task))),
        EventKind::Freed(id) => {
            of_resource("freed", *id, format!("the memory of {} is given back", name(*id)))
        }
        EventKind::LetGo(id) => of_resource("let_go", *id, format!("{} is not read any more", name(*id))),
        EventKind::Joined(worker) => of_worker("joined", *worker, "joins", None),
        EventKind::Died(worker, how) => of_worker("died", *worker, "died", Some(how)),
        EventKind::NotStarted(worker, why) => {
            of_worker("not_started", *worker, "could not be started", Some(why))
        }
        EventKind::Loaded(worker, stage, packages, ns) => of_loading(*worker, *stage, packages, *ns),
        EventKind::Stopped => {
            EventView { kind: "stopped", words: "the run is stopped".into(), ..EventView::default() }
        }
        of_elements => elements(of_elements, stage),
    };
    EventView { at: seconds(event.at_ns), ..view }
}

/// What happened to elements of a stage, which has this name.
fn elements<'a>(what: &EventKind, stage: impl Fn(StageId) -> &'a str) -> EventView {
    match what {
        EventKind::Queued(id, start, end, attempt) => {
            let (first, attempt) = (start + 1, attempt + 1);
            let words = format!("{}: elements {first} to {end} are queued, attempt {attempt}", stage(*id));
            EventView { attempt: Some(attempt), ..of_stage("queued", *id, words, Some((first, *end))) }
        }
        EventKind::TakenBack(id, ranges) => {
            let words = format!("{}: {ranges} pieces are taken back, their costs misled", stage(*id));
            of_stage("taken_back", *id, words, None)
        }
        EventKind::Failed(id, _, element) => {
            let number = element + 1;
            let words = format!("{}: FUN failed at element {number}", stage(*id));
            of_stage("failed", *id, words, Some((number, number)))
        }
        EventKind::Reused(id, chunks, elements) => {
            let words =
                format!("{}: {elements} elements in {chunks} chunks were done before the run", stage(*id));
            of_stage("reused", *id, words, None)
        }
        EventKind::Late(worker, id, at) => {
            let words = "FUN did not end in time at element";
            of_element(
                "late",
                *worker,
                *id,
                at.element,
                format!("{}: {words} {}", stage(*id), at.element + 1),
            )
        }
        EventKind::Killed(worker, id, at) => {
            let (number, element) = (worker.0 + 1, at.element + 1);
            let words = format!("worker {number} is killed: element {element} did not end when interrupted");
            of_element("killed", *worker, *id, at.element, words)
        }
        // All others have their own words.
        _ => EventView::default(),
    }
}

fn of_task(kind: &'static str, task: TaskId, words: String) -> EventView {
    EventView { kind, words, task: Some(task.0), ..EventView::default() }
}

fn of_resource(kind: &'static str, resource: ResourceId, words: String) -> EventView {
    EventView { kind, words, resource: Some(resource.0), ..EventView::default() }
}

fn of_worker(kind: &'static str, worker: WorkerId, what: &str, how: Option<&String>) -> EventView {
    let number = worker.0 + 1;
    let why = how.map_or(String::new(), |how| format!(": {how}"));
    let words = format!("worker {number} {what}{why}");
    EventView { kind, words, worker: Some(number), how: how.cloned(), ..EventView::default() }
}

fn of_loading(worker: Option<WorkerId>, stage: Option<StageId>, packages: &str, ns: u64) -> EventView {
    EventView {
        kind: "loaded",
        words: loaded(worker, stage.is_some(), packages, ns),
        worker: worker.map(|worker| worker.0 + 1),
        stage: stage.map(|stage| stage.0),
        ..EventView::default()
    }
}

fn of_stage(kind: &'static str, stage: StageId, words: String, elements: Option<(u64, u64)>) -> EventView {
    let (first, last) = elements.unzip();
    EventView { kind, words, stage: Some(stage.0), first, last, ..EventView::default() }
}

fn of_element(
    kind: &'static str,
    worker: WorkerId,
    stage: StageId,
    element: u64,
    words: String,
) -> EventView {
    let elements = Some((element + 1, element + 1));
    EventView { worker: Some(worker.0 + 1), ..of_stage(kind, stage, words, elements) }
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
        Ended::ElementTimeout(position) => {
            ("element_timeout", format!("FUN did not end in time at {}", at(position)))
        }
        Ended::Cancelled => ("cancelled", "it was cancelled".into()),
        Ended::Timeout => ("timeout", "it took longer than it was allowed to".into()),
        Ended::NoWorkers { reason } => ("no_workers", format!("no worker was left: {reason}")),
    };
    Outcome { kind, words }
}
