//! Records with fixed figures, which the tests of the R package open: `rpkg/tests/testthat/fixtures`. When the layout of records
//! changes, `MEMSHARE_BLESS=1 cargo test -p memshare-inspect --lib fixtures` writes them anew.
use std::path::{Path, PathBuf};

use scheduler::engine::EventKind;
use scheduler::graph::{Resource, Scope};
use scheduler::id::{ChunkId, PassId, ResourceId, StageId, WorkerId};
use scheduler::plan::{self, CallSpec, PassCall, Plan, Source};
use scheduler::policy::Policy;
use scheduler::run::{
    Chunk, ChunkStep, Died, Ended, Event, EventLog, HostLife, Moved, PassTotal, StageTotal, State, WorkerLife,
};

use crate::{PassNote, Record};

pub(super) const MS: u64 = 1_000_000;

fn pass(name: &str, elements: u64, inputs: Vec<Source>, sides: Vec<Source>) -> PassCall {
    PassCall {
        sides,
        policy: Policy::fixed(50),
        bytes: 8 * elements,
        ..PassCall::new(name, inputs, elements)
    }
}

fn compiled(resource: Resource, passes: Vec<PassCall>, gather: Vec<u32>) -> Plan {
    let gather = gather.into_iter().map(PassId).collect();
    let (resources, workers, budget) = (vec![resource], 4, Some(1_000_000_000));
    plan::compile(CallSpec { budget, measure: true, ..CallSpec::new(resources, passes, gather, workers) })
        .expect("a plan")
}

fn record(title: &str, plan: Plan, names: &[&str], log: Option<EventLog>) -> Record {
    let notes = plan.spec().passes.iter().map(|pass| PassNote {
        part: "map".into(),
        elements: pass.elements,
        guessed: false,
        expected: None,
        repeated_names: 0,
        about: format!("memApply over {} columns of X with {}()", pass.elements, pass.name),
        names: if names.is_empty() { Vec::new() } else { named(pass.elements, names) },
    });
    let notes = notes.collect();
    Record { title: title.into(), package: "0.1.0".into(), made: 1_700_000_000, plan, notes, log }
}

/// Elements called `gene1`, `gene2` …, the 1801st by the name that is given.
fn named(elements: u64, names: &[&str]) -> Vec<String> {
    (1..=elements).map(|nth| if nth == 1801 { names[0].into() } else { format!("gene{nth}") }).collect()
}

/// mu and s of X side by side, in one stage; z of all three.
fn diamond() -> Plan {
    let x = || vec![Source::Data(ResourceId(0))];
    let whole = vec![Source::Whole(PassId(0)), Source::Whole(PassId(1))];
    let passes =
        vec![pass("mu", 2000, x(), vec![]), pass("s", 2000, x(), vec![]), pass("z", 2000, x(), whole)];
    compiled(Resource { name: "X".into(), bytes: 3_200_000, scope: Scope::Pinned }, passes, vec![1, 2])
}

struct Chunks {
    log: EventLog,
    outputs: usize,
    steps: usize,
}

impl Chunks {
    /// A chunk of elements `[start, end)`, in milliseconds.
    fn add(
        &mut self,
        stage: u32,
        span: (u64, u64),
        (worker, attempt): (u32, u32),
        at: (u64, u64),
        state: State,
    ) {
        let log = &mut self.log;
        let steps_at = log.steps.len() as u32;
        let outputs_at = log.outputs.len() as u32;
        let bytes = if state == State::Done { 8 * (span.1 - span.0) } else { 0 };
        log.outputs.extend(std::iter::repeat_n(bytes, self.outputs));
        let (started_ns, ended_ns) = (at.0 * MS, at.1 * MS);
        let fun_ns = (ended_ns - started_ns) * 9 / 10;
        if state == State::Done && self.steps > 1 {
            let part = (ended_ns - started_ns) / self.steps as u64;
            for step in 0..self.steps as u64 {
                let (from, pass) = (started_ns + step * part, PassId(step as u32));
                let fun_ns = fun_ns / self.steps as u64;
                log.steps.push(ChunkStep { pass, started_ns: from, ended_ns: from + part, fun_ns });
            }
        }
        let chunk = ChunkId(log.chunks.iter().filter(|other| other.stage.0 == stage).count() as u32);
        let (stage, worker) = (StageId(stage), WorkerId(worker));
        let (start, end) = span;
        log.chunks.push(Chunk {
            stage,
            chunk,
            start,
            end,
            worker,
            attempt,
            state,
            started_ns,
            ended_ns,
            fun_ns,
            outputs_at,
            steps_at,
        });
    }
}

fn begun(plan: &Plan, wall: u64) -> Chunks {
    let (stages, passes) = (plan.stages().len(), plan.spec().passes.len());
    let life = |place| WorkerLife {
        worker: WorkerId(place),
        pid: Some(4001 + place),
        joined_ns: MS,
        left_ns: wall * MS,
        died: None,
    };
    let log = EventLog {
        begun: 1_700_000_000_000_000_000,
        wall_ns: wall * MS,
        ended: Ended::Done,
        workers: (0..4).map(life).collect(),
        stages: vec![StageTotal::default(); stages],
        passes: vec![PassTotal::default(); passes],
        ..EventLog::default()
    };
    Chunks { log, outputs: 1, steps: 1 }
}

/// Adds up what the chunks did, and says when tasks began and ended.
fn ended(mut chunks: Chunks, plan: &Plan) -> EventLog {
    let log = &mut chunks.log;
    for (id, total) in log.stages.iter_mut().enumerate() {
        let own = || log.chunks.iter().filter(|chunk| chunk.stage.index() == id);
        let done = || own().filter(|chunk| chunk.state == State::Done);
        *total = StageTotal {
            chunks: done().count() as u64,
            lost: own().filter(|chunk| chunk.state == State::Lost).count() as u64,
            began_ns: own().map(|chunk| chunk.started_ns).min().unwrap_or(0),
            ended_ns: own().map(|chunk| chunk.ended_ns).max().unwrap_or(0),
            chunks_ns: done().map(|chunk| chunk.ended_ns - chunk.started_ns).sum(),
            longest_ns: done().map(|chunk| chunk.ended_ns - chunk.started_ns).max().unwrap_or(0),
        };
        let passes = &plan.stages()[id].passes;
        for pass in passes {
            let elements = plan.spec().passes[pass.index()].elements;
            let fun_ns = done().map(|chunk| chunk.fun_ns).sum::<u64>() / passes.len() as u64;
            let total = &mut log.passes[pass.index()];
            (total.fun_ns, total.bytes, total.measured) = (fun_ns, 8 * elements, true);
        }
        let task = plan.stages()[id].task;
        log.events.push(Event { at_ns: total.began_ns, what: EventKind::Began(task) });
        log.events.push(Event { at_ns: total.ended_ns, what: EventKind::Ended(task) });
    }
    for chunk in &log.chunks {
        let place = chunk.worker.index();
        log.activities.resize(4, [0; 6]);
        let [_, _, run, serialize, ..] = &mut log.activities[place];
        *run += chunk.fun_ns;
        *serialize += chunk.ended_ns - chunk.started_ns - chunk.fun_ns;
    }
    log.events.sort_by_key(|event| event.at_ns);
    log.peak_bytes = plan.peak_bytes();
    chunks.log
}

pub(super) fn diamond_run() -> Record {
    let plan = diamond();
    let mut chunks = begun(&plan, 1000);
    for nth in 0..8 {
        let (worker, at) = (nth as u32 % 4, 10 + 200 * (nth / 4));
        (chunks.outputs, chunks.steps) = (2, 2);
        chunks.add(0, (250 * nth, 250 * nth + 250), (worker, 0), (at, at + 190), State::Done);
    }
    for nth in 0..8 {
        let (worker, at) = (nth as u32 % 4, 410 + 290 * (nth / 4));
        (chunks.outputs, chunks.steps) = (1, 1);
        chunks.add(1, (250 * nth, 250 * nth + 250), (worker, 0), (at, at + 285), State::Done);
    }
    let mut log = ended(chunks, &plan);
    let result = plan.result_of(PassId(0)).expect("a page");
    log.events.push(Event { at_ns: 990 * MS, what: EventKind::Freed(result) });
    log.events.sort_by_key(|event| event.at_ns);
    record("memRun(z, s)", plan, &[], Some(log))
}

/// The same on two hosts of two workers each; a third was cut off.
pub(super) fn hosts_run() -> Record {
    let mut record = diamond_run();
    let moved = |all: &[(u64, u64, u64)]| {
        let one = |&(from, until, bytes): &(u64, u64, u64)| Moved {
            from_ns: from * MS,
            until_ns: until * MS,
            bytes,
        };
        all.iter().map(one).collect()
    };
    let host =
        |name: &str, first, workers, sent: &[(u64, u64, u64)], received: &[(u64, u64, u64)]| HostLife {
            name: name.into(),
            first,
            workers,
            joined_ns: 0,
            left_ns: 1000 * MS,
            lost: None,
            elements: 2000 * u64::from(workers) / 2,
            peak_bytes: 24_000,
            sent: moved(sent),
            received: moved(received),
        };
    let lost = "nothing was heard of it for 3 s, the limit of memControl(host_timeout = )";
    let log = record.log.as_mut().expect("a log");
    log.peak_bytes = 24_000;
    log.hosts = vec![
        host(
            "node 1 of CLUSTER (host 'alpha')",
            0,
            2,
            &[(0, 150, 1_700_000)],
            &[(380, 400, 16_000), (960, 985, 8_000)],
        ),
        host(
            "node 3 of CLUSTER (host 'beta')",
            2,
            2,
            &[(100, 380, 1_600_000)],
            &[(390, 410, 16_000), (970, 995, 8_000)],
        ),
        HostLife {
            left_ns: 900 * MS,
            lost: Some(lost.into()),
            peak_bytes: 0,
            ..host("node 5 of CLUSTER (host 'gamma')", 4, 0, &[(120, 130, 4_000)], &[])
        },
    ];
    record
}

/// 2,000 columns by four workers; element 1801 takes two seconds, worker 2 dies in the middle.
fn straggler_run() -> Record {
    let z = pass("z", 2000, vec![Source::Data(ResourceId(0))], vec![]);
    let x = Resource { name: "X".into(), bytes: 16_000_000, scope: Scope::Scoped };
    let plan = compiled(x, vec![z], vec![0]);
    let mut chunks = begun(&plan, 2300);
    for nth in 0..36 {
        let (worker, at) = (nth as u32 % 4, 10 + 10 * (nth / 4));
        let span = (50 * nth, 50 * nth + 50);
        if nth == 17 {
            chunks.add(0, span, (1, 0), (at, at + 4), State::Lost);
            chunks.add(0, span, (2, 1), (100, 110), State::Done);
        } else if worker == 1 && nth > 17 {
            chunks.add(0, span, (1, 0), (at + 20, at + 30), State::Done);
        } else {
            chunks.add(0, span, (worker, 0), (at, at + 10), State::Done);
        }
    }
    chunks.add(0, (1800, 1801), (0, 0), (290, 2295), State::Done);
    chunks.add(0, (1801, 2000), (3, 0), (100, 140), State::Done);
    let mut log = ended(chunks, &plan);
    log.passes[0].slowest = vec![(1800, 2e9), (6, 4e5)];
    log.copied = (12 * MS, 16_000_000);
    log.data_bytes = 16_000_000;
    let how = "killed by signal 9 (SIGKILL)".to_owned();
    log.workers[1].left_ns = 54 * MS;
    log.workers[1].died = Some(Died { how: how.clone(), signal: Some(9), last_words: Vec::new() });
    let joined = WorkerLife {
        worker: WorkerId(1),
        pid: Some(4012),
        joined_ns: 70 * MS,
        left_ns: 2300 * MS,
        died: None,
    };
    log.workers.push(joined);
    log.events.push(Event { at_ns: 54 * MS, what: EventKind::Died(WorkerId(1), how) });
    log.events.push(Event { at_ns: 55 * MS, what: EventKind::Queued(StageId(0), 850, 900, 1) });
    log.events.sort_by_key(|event| event.at_ns);
    record("memApply(z)", plan, &["TP53"], Some(log))
}

#[test]
fn the_records_of_the_r_package_are_these() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rpkg/tests/testthat/fixtures");
    let records = [
        ("diamond-plan", record("memPlan(z, s)", diamond(), &[], None)),
        ("diamond", diamond_run()),
        ("straggler", straggler_run()),
        ("hosts", hosts_run()),
    ];
    for (name, record) in records {
        let path: PathBuf = dir.join(format!("{name}.memshare"));
        if std::env::var_os("MEMSHARE_BLESS").is_some() {
            std::fs::create_dir_all(&dir).unwrap();
            record.save(&path).unwrap();
        }
        let kept = Record::load(&path).unwrap_or_else(|e| panic!("{e}; MEMSHARE_BLESS=1 writes it anew"));
        assert_eq!(kept, record, "{name}: MEMSHARE_BLESS=1 writes it anew");
    }
}
