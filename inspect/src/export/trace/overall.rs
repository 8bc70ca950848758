//! The process "run": tasks and resources over time, counters, and what went amiss.
use super::event::{Event, Thread};
use super::units::{ns, wall};
use crate::document::Document;
use crate::run_view::RunView;
use serde_json::json;
use std::collections::BTreeMap;

pub(super) fn add(document: &Document, run: &RunView, at: Thread, events: &mut Vec<Event>) {
    tasks(document, run, at, events);
    resources(document, run, at, events);
    network(run, at, events);
    for (&since, &bytes) in run.memory.at.iter().zip(&run.memory.bytes) {
        events.push(Event::counter("shared memory", at, ns(since), json!({ "bytes": bytes })));
    }
    for (since, busy) in busy(run) {
        events.push(Event::counter("workers", at, since, json!({ "busy": busy })));
    }
    // The rest of what was seen is drawn already: tasks, resources, workers.
    let amiss = ["not_started", "queued", "taken_back", "failed", "late", "killed", "stopped", "host_lost"];
    for event in run.events.iter().filter(|event| amiss.contains(&event.kind)) {
        let args =
            json!({ "words": event.words, "worker": event.worker, "stage": event.stage.map(|s| s + 1) });
        events.push(Event::instant(event.kind.replace('_', " "), "event", at, ns(event.at)).with(args));
    }
}

/// Stages from their begin to their end.
fn tasks(document: &Document, run: &RunView, at: Thread, events: &mut Vec<Event>) {
    for task in document.tasks.iter().filter(|task| task.kind == "map") {
        let Some((life, began)) = task.life.as_ref().and_then(|life| Some((life, ns(life.began?)))) else {
            continue;
        };
        let ended = life.ended.map_or(wall(run), ns).max(began);
        let [begin, end] = Event::span(&task.label, "task", task.id, at, (began, ended));
        events.push(begin.with(json!({ "state": life.state, "ready": life.ready })));
        events.push(end);
    }
}

/// What lay in memory, and when.
fn resources(document: &Document, run: &RunView, at: Thread, events: &mut Vec<Event>) {
    for resource in &document.resources {
        let Some(life) = &resource.life else {
            continue;
        };
        let from = ns(life.from);
        let until = life.until.map_or(wall(run), ns).max(from);
        let [begin, end] = Event::span(&resource.name, "resource", resource.id, at, (from, until));
        let stays = life.until.is_none();
        events.push(begin.with(json!({ "bytes": resource.bytes, "scope": resource.scope, "stays": stays })));
        events.push(end);
    }
}

/// What was on its way to hosts, and from them.
fn network(run: &RunView, at: Thread, events: &mut Vec<Event>) {
    let mut id = 0;
    for host in &run.hosts {
        for (way, moves) in [("to", &host.sent), ("from", &host.received)] {
            let spans = moves.from.iter().zip(&moves.until).zip(&moves.bytes);
            for ((&from, &until), &bytes) in spans {
                let from = ns(from);
                let name = format!("{way} {}", host.name);
                let [begin, end] = Event::span(&name, "network", id, at, (from, ns(until).max(from)));
                events.push(begin.with(json!({ "bytes": bytes, "host": host.host })));
                events.push(end);
                id += 1;
            }
        }
    }
}

/// How many workers had a chunk, from when on. Worked out from the chunks; a change that is none is left out.
fn busy(run: &RunView) -> Vec<(u64, i64)> {
    let mut changes: BTreeMap<u64, i64> = BTreeMap::new();
    if !run.chunks.started.is_empty() {
        changes.insert(0, 0);
    }
    for (&started, &ended) in run.chunks.started.iter().zip(&run.chunks.ended) {
        let start = ns(started);
        *changes.entry(start).or_default() += 1;
        *changes.entry(ns(ended).max(start)).or_default() -= 1;
    }
    let mut busy = 0;
    let mut curve: Vec<(u64, i64)> = Vec::new();
    for (at, change) in changes {
        busy += change;
        if curve.last().is_none_or(|&(_, before)| before != busy) {
            curve.push((at, busy));
        }
    }
    curve
}
