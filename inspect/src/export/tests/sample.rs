//! Documents made by hand: a plan, the run of it in which a worker died, and as large a graph as one likes.
use crate::*;

/// A diamond: mu and s over X, z with both as a whole, top from z element by element; z and top run in one stage.
pub(super) fn plan() -> Document {
    Document {
        bytes_by_step: Vec::new(),
        format: "memshare-record",
        version: VERSION,
        package: "0.1.0".into(),
        kind: "plan",
        title: "memPlan(top, s)".into(),
        made: 1_764_000_000,
        workers: 2,
        peak_bytes: 1_640_000,
        budget: Some(8_000_000),
        held_back: false,
        predicted_fun_seconds: None,
        passes: vec![
            pass(0, "mu", 0, Some(1), &[0], &[]),
            pass(1, "s", 0, Some(2), &[0], &[]),
            pass(2, "z", 1, None, &[0, 1, 2], &[]),
            pass(3, "top", 1, Some(3), &[], &[2]),
        ],
        stages: vec![stage(0, 0, &[0, 1]), stage(1, 1, &[2, 3])],
        resources: vec![
            resource(0, "X", "registered", 1_600_000, None, &[0, 1]),
            resource(1, "mu", "result", 16_000, Some(0), &[1]),
            resource(2, "s", "result", 16_000, Some(0), &[1, 2]),
            resource(3, "top", "result", 0, Some(1), &[3]),
        ],
        tasks: vec![
            map((0, 0), "map mu + s", 0, &[0], &[1, 2], &[]),
            map((1, 1), "map z + top", 1, &[0, 1, 2], &[3], &[(0, "reads")]),
            other(2, "gather", "gather s", 2, 1, &[(0, "reads")]),
            other(3, "gather", "gather top", 3, 2, &[(1, "reads")]),
            other(4, "release", "release mu", 1, 2, &[(0, "overwrites"), (1, "frees")]),
        ],
        critical_path: CriticalPath { tasks: vec![0, 1, 3], seconds: None },
        advice: vec![],
        run: None,
    }
}

/// The run: worker 2 died in the second chunk of the first stage, which its replacement did.
pub(super) fn run() -> Document {
    let mut document = plan();
    document.kind = "run";
    document.resources[1].life = Some(Life { from: 0.0, until: Some(0.09) });
    document.resources[2].life = Some(Life { from: 0.0, until: None });
    document.resources[3].life = Some(Life { from: 0.05, until: None });
    document.resources[3].bytes = 24_000;
    for (task, began, ended) in
        [(0, 0.0, 0.05), (1, 0.05, 0.0950005), (2, 0.05, 0.05), (3, 0.0950005, 0.0950005)]
    {
        let life = TaskLife { state: "done", ready: Some(began), began: Some(began), ended: Some(ended) };
        document.tasks[task].life = Some(life);
    }
    document.critical_path.seconds = Some(0.0012);
    for (pass, retries, fun) in [(0, 1, 0.03), (1, 1, 0.02), (2, 0, 0.04), (3, 0, 0.03)] {
        let figures =
            PassFigures { chunks: 2, fun_seconds: fun, retries, bytes: 16_000, ..Default::default() };
        document.passes[pass].figures = Some(figures);
    }
    document.stages.iter_mut().for_each(|stage| stage.chunks = 2);
    document.run = Some(happened());
    document
}

fn happened() -> RunView {
    let died = "killed by signal 9".to_owned();
    RunView {
        ended: Outcome { kind: "done", words: String::new() },
        begun: 1_764_000_001.5,
        figures: RunFigures {
            seconds: 0.1,
            elements: 8000,
            chunks: 4,
            fun_seconds: 0.12,
            utilisation: 0.6,
            deaths: 1,
            retries: 1,
            peak_bytes: 56_000,
            ..Default::default()
        },
        workers: vec![
            worker(1, Some(101), 0.0005, 0.1, None),
            worker(2, Some(102), 0.0006, 0.0151, Some(died.clone())),
            worker(2, Some(103), 0.016, 0.1, None),
        ],
        loads: Vec::new(),
        activities: vec![Activities { run: 0.06, idle: 0.04, ..Default::default() }; 2],
        chunks: Chunks {
            stage: vec![0, 0, 0, 1, 1],
            number: vec![1, 2, 3, 1, 2],
            first: vec![1, 1001, 1001, 1, 1001],
            last: vec![1000, 2000, 2000, 1000, 2000],
            worker: vec![1, 2, 2, 1, 2],
            attempt: vec![1, 1, 2, 1, 1],
            state: vec!["done", "lost", "done", "done", "done"],
            started: vec![0.001, 0.0011, 0.02, 0.051, 0.0510005],
            ended: vec![0.031, 0.015, 0.049, 0.091, 0.095],
            fun: vec![0.025, 0.0, 0.025, 0.035, 0.035],
            bytes: vec![16_000, 0, 16_000, 12_000, 12_000],
        },
        steps: Steps {
            chunk: vec![0, 0, 2, 2, 3, 3, 4, 4],
            pass: vec![0, 1, 0, 1, 2, 3, 2, 3],
            started: vec![0.001, 0.00101, 0.02, 0.02001, 0.051, 0.05101, 0.0510005, 0.0511],
            ended: vec![0.0309, 0.031, 0.0489, 0.049, 0.0909, 0.091, 0.0949, 0.095],
            fun: vec![0.015, 0.01, 0.015, 0.01, 0.02, 0.015, 0.02, 0.015],
        },
        hosts: Vec::new(),
        memory: Memory {
            at: vec![0.0, 0.031, 0.049, 0.091, 0.095],
            bytes: vec![0, 16_000, 32_000, 44_000, 56_000],
        },
        events: vec![
            event(0.0, "began", "map mu + s began", None),
            event(0.0151, "died", &format!("worker 2 {died}"), Some(2)),
            event(0.0152, "queued", "elements 1,001 to 2,000 of stage 1 once more", None),
        ],
    }
}

/// A graph of `width` passes on each of `depth` levels, each reading one of the level above; names as asked.
pub(super) fn large(width: u32, depth: u32, name: impl Fn(u32) -> String) -> Document {
    let mut document = plan();
    document.title = name(0);
    let count = width * depth;
    document.passes = (0..count).map(|id| pass(id, &name(id), id, Some(id), &[], &[])).collect();
    document.stages = (0..count).map(|id| stage(id, id, &[id])).collect();
    let above = |id: u32| id.checked_sub(width);
    let below = |id: u32| Some(id + width).filter(|&id| id < count);
    let task = |id: u32| {
        let waits: Vec<_> = above(id).map(|before| (before, "reads")).into_iter().collect();
        map((id, id), &name(id), id / width, above(id).as_slice(), &[id], &waits)
    };
    document.tasks = (0..count).map(task).collect();
    let made = |id: u32| resource(id, &name(id), "result", 8, Some(id), below(id).as_slice());
    document.resources = (0..count).map(made).collect();
    document.critical_path.tasks = (0..depth).map(|level| level * width).collect();
    document
}

fn pass(id: u32, name: &str, stage: u32, result: Option<u32>, reads: &[u32], after: &[u32]) -> PassView {
    PassView {
        repeated_names: 0,
        id,
        name: name.into(),
        about: String::new(),
        part: "map".into(),
        elements: 2000,
        stage,
        result,
        schedule: "auto",
        reads: reads.to_vec(),
        after: after.to_vec(),
        predicted_fun_seconds: None,
        figures: None,
    }
}

fn stage(id: u32, task: u32, passes: &[u32]) -> StageView {
    StageView { id, task, passes: passes.to_vec(), elements: 2000, pieces: 0, chunks: 0 }
}

fn resource(
    id: u32,
    name: &str,
    scope: &'static str,
    bytes: u64,
    made_by: Option<u32>,
    read_by: &[u32],
) -> ResourceView {
    let read_by = read_by.to_vec();
    ResourceView {
        id,
        name: name.into(),
        scope,
        bytes,
        guessed: false,
        stays: false,
        born: made_by,
        last_use: None,
        made_by,
        read_by,
        life: None,
    }
}

fn map(
    (id, stage): (u32, u32),
    label: &str,
    step: u32,
    reads: &[u32],
    writes: &[u32],
    waits: &[(u32, &'static str)],
) -> TaskView {
    TaskView {
        id,
        kind: "map",
        label: label.into(),
        step,
        stage: Some(stage),
        resource: None,
        reads: reads.to_vec(),
        writes: writes.to_vec(),
        frees: vec![],
        waits_for: waits.iter().map(|&(task, why)| Wait { task, why }).collect(),
        life: None,
    }
}

fn other(
    id: u32,
    kind: &'static str,
    label: &str,
    resource: u32,
    step: u32,
    waits: &[(u32, &'static str)],
) -> TaskView {
    let (reads, frees) = if kind == "release" { (vec![], vec![resource]) } else { (vec![resource], vec![]) };
    let task = map((id, 0), label, step, &reads, &[], waits);
    TaskView { kind, stage: None, resource: Some(resource), frees, ..task }
}

/// A task that ends a resource, after the task of the same number.
pub(super) fn release(id: u32, resource: u32, step: u32) -> TaskView {
    other(id, "release", "release", resource, step, &[(resource, "overwrites")])
}

fn worker(worker: u32, pid: Option<u32>, joined: f64, left: f64, died: Option<String>) -> WorkerView {
    WorkerView { worker, pid, joined, left, died, ..WorkerView::default() }
}

fn event(at: f64, kind: &'static str, words: &str, worker: Option<u32>) -> EventView {
    EventView { at, kind, words: words.into(), worker, ..EventView::default() }
}
