//! Traces: slices nest, flows pair, counters say what the document says, whatever the document.
use super::sample;
use crate::export::trace::trace;
use crate::*;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn events(document: &Document) -> Vec<Value> {
    let trace: Value = serde_json::from_str(&trace(document)).expect("JSON");
    trace["traceEvents"].as_array().expect("events").clone()
}

/// A time in nanoseconds.
fn ns(event: &Value, field: &str) -> u64 {
    (event[field].as_f64().expect("a time") * 1e3).round() as u64
}

fn thread(event: &Value) -> (u64, u64) {
    (event["pid"].as_u64().expect("a pid"), event["tid"].as_u64().expect("a tid"))
}

fn of<'a>(events: &'a [Value], field: &str, word: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event[field] == word).collect()
}

/// In the order they are written, each slice begins after those before it of its thread, and lies within what is open.
fn check_nesting(events: &[Value]) {
    let mut open: BTreeMap<(u64, u64), Vec<(u64, u64)>> = BTreeMap::new();
    for slice in of(events, "ph", "X") {
        let (from, to) = (ns(slice, "ts"), ns(slice, "ts") + ns(slice, "dur"));
        let stack = open.entry(thread(slice)).or_default();
        let child = slice["cat"] != "chunk";
        // A slice without length is closed by what follows at the same time, unless that is said to be in it.
        while stack.last().is_some_and(|&(_, end)| end <= from && !(child && end == to)) {
            stack.pop();
        }
        if let Some(&(begin, end)) = stack.last() {
            assert!(child, "chunks follow each other: {slice}");
            assert!(begin <= from && to <= end, "{slice} sticks out");
        }
        stack.push((from, to));
    }
}

/// Every arrow begins and ends once: it leaves where a chunk begins, before FUN does, and arrives where a chunk begins next, not before it left.
fn check_flows(events: &[Value]) -> usize {
    let chunks = of(events, "cat", "chunk");
    let (out, into) = (of(events, "ph", "s"), of(events, "ph", "f"));
    let ids = |ends: &[&Value]| ends.iter().map(|event| event["id"].as_u64()).collect::<Vec<_>>();
    assert_eq!(ids(&out), ids(&into));
    assert_eq!(
        ids(&out).len(),
        ids(&out).into_iter().collect::<BTreeSet<_>>().len(),
        "an id has one begin and one end"
    );
    for (out, into) in out.iter().zip(into) {
        let (leaves, arrives) = (ns(out, "ts"), ns(into, "ts"));
        assert!(leaves <= arrives);
        let last = |c: &&&Value| {
            thread(c) == thread(out) && ns(c, "ts") == leaves && leaves + ns(c, "dur") <= arrives + 1
        };
        let first = |c: &&&Value| thread(c) == thread(into) && ns(c, "ts") == arrives + 1;
        let inside =
            of(events, "ph", "X").into_iter().filter(|s| s["cat"] != "chunk" && thread(s) == thread(out));
        let mut before = inside.filter(|s| ns(s, "ts") <= leaves);
        assert!(before.all(|s| ns(s, "ts") + ns(s, "dur") <= leaves), "only the chunk is open");
        assert!(chunks.iter().any(|c| last(&c)) && chunks.iter().any(|c| first(&c)), "{out} {into}");
    }
    out.len()
}

#[test]
fn slices_are_the_chunks() {
    let document = sample::run();
    let (events, run) = (events(&document), document.run.expect("a run"));
    let slices = of(&events, "cat", "chunk");
    assert_eq!(slices.len(), run.chunks.stage.len());
    let length: u64 = slices.iter().map(|slice| ns(slice, "dur")).sum();
    let known: f64 =
        run.chunks.ended.iter().zip(&run.chunks.started).map(|(ended, started)| ended - started).sum();
    assert_eq!(length, (known * 1e9).round() as u64);
    let passes: u64 = of(&events, "cat", "pass").iter().map(|slice| ns(slice, "dur")).sum();
    assert_eq!(passes, (run.steps.fun.iter().sum::<f64>() * 1e9).round() as u64);
    check_nesting(&events);
    assert_eq!(check_flows(&events), 1);
}

#[test]
fn a_replacement_is_a_process_of_its_own() {
    let events = events(&sample::run());
    let names: BTreeMap<u64, &str> = of(&events, "name", "process_name")
        .iter()
        .map(|event| (thread(event).0, event["args"]["name"].as_str().expect("a name")))
        .collect();
    assert_eq!((names[&101], names[&102], names[&103]), ("worker 1", "worker 2", "worker 2 (replacement)"));
    let lost = of(&events, "name", "mu and s #2 (lost)");
    assert_eq!(thread(lost[0]).0, 102);
    assert_eq!(thread(of(&events, "name", "mu and s #3")[0]).0, 103);
    let deaths = of(&events, "cat", "death");
    assert_eq!((deaths.len(), thread(deaths[0]).0, ns(deaths[0], "ts")), (1, 102, 15_100_000));
}

#[test]
fn counters_are_the_curves() {
    let document = sample::run();
    let events = events(&document);
    let bytes: Vec<u64> = of(&events, "name", "shared memory")
        .iter()
        .filter_map(|event| event["args"]["bytes"].as_u64())
        .collect();
    assert_eq!(bytes, document.run.expect("a run").memory.bytes);
    let busy: Vec<i64> =
        of(&events, "name", "workers").iter().filter_map(|event| event["args"]["busy"].as_i64()).collect();
    assert_eq!(busy, [0, 1, 2, 1, 2, 1, 0, 1, 2, 1, 0]);
}

#[test]
fn what_crossed_the_network_is_there_and_workers_say_their_host() {
    let mut document = sample::run();
    let moves = |from: f64, bytes| Moves { from: vec![from], until: vec![from + 0.01], bytes: vec![bytes] };
    let host =
        HostView { host: 1, name: "node 1".into(), first_worker: 1, workers: 2, ..HostView::default() };
    let run = document.run.as_mut().expect("a run");
    run.hosts = vec![HostView { sent: moves(0.01, 500), received: moves(0.05, 70), ..host }];
    let events = events(&document);
    let network = of(&events, "cat", "network");
    let seen: Vec<_> = network
        .iter()
        .map(|e| (e["name"].as_str().unwrap(), e["ph"].as_str().unwrap(), ns(e, "ts")))
        .collect();
    let (to, from) = ("to node 1", "from node 1");
    let ms = 1_000_000;
    assert_eq!(seen, [(to, "b", 10 * ms), (to, "e", 20 * ms), (from, "b", 50 * ms), (from, "e", 60 * ms)]);
    assert_eq!(network[0]["args"]["bytes"], 500);
    let names = of(&events, "name", "process_name");
    assert!(names.iter().any(|event| event["args"]["name"] == "worker 1, node 1"), "{names:?}");
}

#[test]
fn a_plan_gives_a_trace_without_events() {
    assert!(events(&sample::plan()).is_empty());
}

/// Chunks as no run has them: overlapping on one worker, ending before they begin, of workers and stages that nobody knows.
fn wild() -> impl Strategy<Value = Document> {
    let time = || (0u64..1_000_000_000_000).prop_map(|ns| ns as f64 / 1e9);
    let near = || (0u64..30).prop_map(|ns| ns as f64 / 1e9);
    let moment = move || prop_oneof![time(), near()];
    let chunk = (0u32..4, 0u32..5, moment(), moment(), moment(), 0..4usize);
    let worker = (0u32..4, prop::option::of(0u32..6), moment(), any::<bool>());
    let step = (0u32..30, 0u32..5, moment());
    let lists = (
        prop::collection::vec(chunk, 0..25),
        prop::collection::vec(worker, 0..8),
        prop::collection::vec(step, 0..40),
    );
    lists.prop_map(|(chunks, workers, steps)| {
        let mut document = sample::run();
        let run = document.run.as_mut().expect("a run");
        (run.chunks, run.steps, run.workers) = Default::default();
        for (nth, (stage, worker, started, ended, fun, state)) in chunks.into_iter().enumerate() {
            run.chunks.stage.push(stage);
            run.chunks.number.push(nth as u64);
            run.chunks.first.push(1);
            run.chunks.last.push(2);
            run.chunks.worker.push(worker);
            run.chunks.attempt.push(1);
            run.chunks.state.push(["done", "failed", "lost", "stopped"][state]);
            run.chunks.started.push(started);
            run.chunks.ended.push(ended);
            run.chunks.fun.push(fun);
            run.chunks.bytes.push(1);
        }
        for (worker, pid, joined, died) in workers {
            let died = died.then(|| "died".to_owned());
            run.workers.push(WorkerView { worker, pid, joined, left: joined, died, ..WorkerView::default() });
        }
        for (chunk, pass, fun) in steps {
            run.steps.chunk.push(chunk);
            run.steps.pass.push(pass);
            run.steps.started.push(0.0);
            run.steps.ended.push(0.0);
            run.steps.fun.push(fun);
        }
        document
    })
}

proptest! {
    #[test]
    fn slices_nest_and_flows_pair_whatever_the_log_says(document in wild()) {
        let events = events(&document);
        let run = document.run.expect("a run");
        prop_assert_eq!(of(&events, "cat", "chunk").len(), run.chunks.stage.len());
        check_nesting(&events);
        let nanoseconds = |seconds: f64| (seconds * 1e9).round() as u64;
        let rows = || (0..run.chunks.stage.len()).filter(|&row| run.chunks.stage[row] == 0 && run.chunks.state[row] == "done");
        let made = rows().map(|row| nanoseconds(run.chunks.ended[row])).max();
        let read = (0..run.chunks.stage.len()).filter(|&row| run.chunks.stage[row] == 1);
        let read = read.map(|row| nanoseconds(run.chunks.started[row])).min();
        let possible = made.zip(read).is_some_and(|(made, read)| made <= read);
        prop_assert!(check_flows(&events) <= usize::from(possible));
        let threads: BTreeSet<_> = of(&events, "name", "thread_name").into_iter().map(thread).collect();
        prop_assert_eq!(threads.len(), of(&events, "name", "thread_name").len(), "a thread has one name");
        let used: BTreeSet<_> = of(&events, "ph", "X").into_iter().map(thread).collect();
        prop_assert!(used.is_subset(&threads), "every thread has a name");
        let busy = of(&events, "name", "workers");
        prop_assert!(busy.iter().all(|event| event["args"]["busy"].as_i64() >= Some(0)));
        let mut spans: BTreeMap<_, i64> = BTreeMap::new();
        for event in &events {
            let change = match event["ph"].as_str() { Some("b") => 1, Some("e") => -1, _ => continue };
            *spans.entry((event["cat"].to_string(), event["id2"].to_string())).or_default() += change;
        }
        prop_assert!(spans.values().all(|&open| open == 0));
    }
}
