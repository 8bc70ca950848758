//! What a document says of a run: figures of passes and of the whole, and when tasks and resources lived.
use std::collections::HashSet;

use scheduler::engine::EventKind;
use scheduler::id::ResourceId;
use scheduler::plan::Plan;
use scheduler::run::{Ended, Event, EventLog, WorkerLife};

use crate::document::{Document, Life, TaskLife};
use crate::names::element_name;
use crate::planned::stage_of_task;
use crate::record::Record;
use crate::run_view::{seconds, share, Memory, PassFigures, RunFigures, RunView, Slowest, WorkerView};
use crate::{columns, events, hosts, memory, spent};

/// Fills in what the log says. Advice comes last, when all else is there.
pub(crate) fn measure(document: &mut Document, record: &Record, log: &EventLog) {
    let plan = &record.plan;
    tasks(document, plan, log);
    resources(document, plan, log);
    passes(document, record, log);
    for (view, total) in document.stages.iter_mut().zip(&log.stages) {
        view.chunks = total.chunks;
    }
    let loads = spent::loads(plan, log);
    let activities = spent::of_places(log, &loads);
    document.run = Some(RunView {
        ended: events::outcome(plan, &log.ended),
        begun: log.begun as f64 / 1e9,
        figures: hosts::figures(log, RunFigures { spent: spent::sum(&activities), ..figures(record, log) }),
        workers: log.workers.iter().map(worker).collect(),
        hosts: hosts::views(log, &activities),
        activities,
        loads,
        chunks: columns::chunks(plan, log),
        steps: columns::steps(plan, log),
        memory: if log.hosts.is_empty() { memory::curve(plan, log) } else { Memory::default() },
        events: hosts::among(log, log.events.iter().map(|event| events::view(plan, event)).collect()),
    });
}

fn figures(record: &Record, log: &EventLog) -> RunFigures {
    let plan = &record.plan;
    let known =
        |pass: usize| record.notes.get(pass).map_or(plan.spec().passes[pass].elements, |note| note.elements);
    let known: Vec<u64> = (0..plan.spec().passes.len()).map(known).collect();
    let fun: u64 = log.passes.iter().map(|pass| pass.fun_ns).sum();
    let work: u64 = log.stages.iter().map(|stage| stage.chunks_ns).sum();
    let places = f64::from(plan.workers()) * seconds(log.wall_ns);
    let utilisation = share(seconds(fun), places);
    RunFigures {
        seconds: seconds(log.wall_ns),
        copy_seconds: seconds(log.copied.0),
        passes: known.iter().filter(|&&elements| elements > 0).count() as u64,
        elements: known.iter().sum(),
        chunks: log.stages.iter().map(|stage| stage.chunks).sum(),
        fun_seconds: seconds(fun),
        utilisation,
        overhead: share(seconds(work.saturating_sub(fun)), seconds(work)),
        waiting: 1.0 - share(seconds(work.max(fun)), places),
        deaths: log.workers.iter().filter(|life| life.died.is_some()).count() as u32,
        retries: log.stages.iter().map(|stage| stage.lost as u32).sum(),
        shared_bytes: log.copied.1 + log.passes.iter().map(|pass| pass.bytes).sum::<u64>(),
        peak_bytes: log.peak_bytes,
        ..RunFigures::default()
    }
}

fn passes(document: &mut Document, record: &Record, log: &EventLog) {
    let workers = f64::from(record.plan.workers());
    let all: u64 = log.passes.iter().map(|pass| pass.fun_ns).sum();
    let taken_back = |event: &Event| match event.what {
        EventKind::TakenBack(stage, _) => Some(stage.0),
        _ => None,
    };
    let misled: HashSet<u32> = log.events.iter().filter_map(taken_back).collect();
    for view in &mut document.passes {
        let stage = &record.plan.stages()[view.stage as usize];
        let (of_pass, of_stage) = (&log.passes[view.id as usize], &log.stages[view.stage as usize]);
        let beside: u64 = stage.passes.iter().map(|pass| log.passes[pass.index()].fun_ns).sum();
        let lasted = seconds(of_stage.ended_ns.saturating_sub(of_stage.began_ns));
        let work = seconds(of_stage.chunks_ns);
        let slowest = of_pass.slowest.iter().map(|&(element, ns)| Slowest {
            element: element + 1,
            name: element_name(&record.notes, view.id, element),
            seconds: f64::from(ns) / 1e9,
        });
        view.figures = Some(PassFigures {
            chunks: of_stage.chunks,
            began: seconds(of_stage.began_ns),
            ended: seconds(of_stage.ended_ns),
            fun_seconds: seconds(of_pass.fun_ns),
            share: share(of_pass.fun_ns as f64, all as f64),
            utilisation: share(seconds(beside), lasted * workers),
            overhead: share(work - seconds(beside), work),
            mean_chunk: if of_stage.chunks > 0 { work / of_stage.chunks as f64 } else { 0.0 },
            longest_chunk: seconds(of_stage.longest_ns),
            bytes: of_pass.bytes,
            retries: of_stage.lost as u32,
            misled: misled.contains(&view.stage)
                && record.plan.spec().passes[view.id as usize].costs.is_some(),
            slowest: slowest.collect(),
        });
    }
}

/// When tasks were ready, began and ended. What has no event of its own (a stage over nothing) took no time.
fn tasks(document: &mut Document, plan: &Plan, log: &EventLog) {
    let mut lives: Vec<(Option<u64>, Option<u64>)> = vec![(None, None); document.tasks.len()];
    let mut failed = None;
    let mut freed = vec![None; document.resources.len()];
    for event in &log.events {
        match event.what {
            EventKind::Began(task) => lives[task.index()].0 = lives[task.index()].0.or(Some(event.at_ns)),
            EventKind::Ended(task) => lives[task.index()].1 = Some(event.at_ns),
            EventKind::Failed(stage, ..) => failed = failed.or(Some(stage)),
            EventKind::Freed(resource) | EventKind::LetGo(resource) => {
                freed[resource.index()] = Some(event.at_ns)
            }
            _ => {}
        }
    }
    let done = log.ended == Ended::Done;
    for &id in plan.graph().order() {
        let before = plan.graph().predecessors(id).map(|(task, _)| lives[task.index()].1);
        let ready =
            before.chain([Some(0)]).collect::<Option<Vec<u64>>>().and_then(|ended| ended.into_iter().max());
        let task = &mut document.tasks[id.index()];
        let (began, ended) = &mut lives[id.index()];
        if let ("release", Some(resource)) = (task.kind, task.resource) {
            (*began, *ended) = (freed[resource as usize], freed[resource as usize]);
        }
        if done && began.is_none() {
            (*began, *ended) = (ready, ready);
        }
        // A stage that reads a variable as it comes begins before that is complete.
        let ready = ready.map(|ready| began.map_or(ready, |began| began.min(ready)));
        let is_failed = failed.is_some() && stage_of_task(plan, id) == failed;
        let state = match (*began, *ended) {
            (_, Some(_)) => "done",
            (Some(_), None) if is_failed => "failed",
            (Some(_), None) => "stopped",
            (None, None) => "waiting",
        };
        let [ready, began, ended] = [ready, *began, *ended].map(|ns| ns.map(seconds));
        task.life = Some(TaskLife { state, ready, began, ended });
    }
}

/// When resources lived: data from the begin on, results from their first chunk on.
fn resources(document: &mut Document, plan: &Plan, log: &EventLog) {
    let mut until = vec![None; document.resources.len()];
    for event in &log.events {
        if let EventKind::Freed(resource) = event.what {
            until[resource.index()] = Some(seconds(event.at_ns));
        }
    }
    for (id, view) in document.resources.iter_mut().enumerate() {
        let Some((stage, nth)) = plan.maker_of(ResourceId(id as u32)) else {
            view.life = Some(Life { from: 0.0, until: until[id] });
            continue;
        };
        let pass = plan.stages()[stage.index()].outputs[nth as usize];
        (view.bytes, view.guessed) = (log.passes[pass.index()].bytes, false);
        let total = &log.stages[stage.index()];
        let begun = total.chunks + total.lost > 0;
        view.life = begun.then(|| Life { from: seconds(total.began_ns), until: until[id] });
    }
}

fn worker(life: &WorkerLife) -> WorkerView {
    let died = life.died.as_ref();
    WorkerView {
        worker: life.worker.0 + 1,
        pid: life.pid,
        joined: seconds(life.joined_ns),
        left: seconds(life.left_ns),
        died: died.map(|died| died.how.clone()),
        signal: died.and_then(|died| died.signal),
        last_words: died.map(|died| died.last_words.clone()).unwrap_or_default(),
    }
}
