//! Real boards in shared memory, worked at by this process and looked at as another one would.
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use scheduler::board::{Activity, Delivered, ElementPosition, Lease, WorkerBoard};
use scheduler::engine::Settings;
use scheduler::graph::{Resource, Scope};
use scheduler::id::{PassId, ResourceId, StageId, WorkerId};
use scheduler::plan::{self, CallSpec, PassCall, Source};
use scheduler::policy::Policy;
use scheduler::run::{Job, JobSpec};
use scheduler::store::{Store, CONTENT};

const A: WorkerId = WorkerId(0);
const B: WorkerId = WorkerId(1);

/// `mu` and `sd` over 10 columns, joined in one stage, and `z`, which reads all of both; chunks of 4.
fn call() -> CallSpec {
    let pass = |name: &str, inputs: Vec<Source>, sides: Vec<Source>| PassCall {
        sides,
        policy: Policy::fixed(4),
        bytes: 80,
        ..PassCall::new(name, inputs, 10)
    };
    let x = || vec![Source::Data(ResourceId(0))];
    let whole = vec![Source::Whole(PassId(0)), Source::Whole(PassId(1))];
    CallSpec::new(
        vec![Resource { name: "X".into(), bytes: 1_000, scope: Scope::Pinned }],
        vec![pass("mu", x(), vec![]), pass("sd", x(), vec![]), pass("z", x(), whole)],
        vec![PassId(2)],
        3,
    )
}

fn job(store: &Store) -> Job {
    let plan = Arc::new(plan::compile(call()).expect("a plan"));
    let spec = RunSpec::new(&plan, vec![None; plan.graph().resources().len()], b"program".to_vec());
    let settings = Settings { workers: plan.workers(), ..Settings::default() };
    let generation = scheduler::pool::Generation::default();
    let job = JobSpec {
        given: Vec::new(),
        keep: false,
        plan,
        spec,
        pages: vec![],
        copies: Vec::new(),
        pins: vec![],
        kept_bytes: 500,
        settings,
        external: None,
        generation,
    };
    Job::new(store, job).expect("a board")
}

fn open() -> Store {
    Store::open(Place::Memory).expect("a session")
}

fn seen(store: &Store) -> Vec<LiveRun> {
    let mut found = runs(&Place::Memory).expect("a place");
    found.retain(|run| run.session == store.session().to_string());
    found
}

/// A worker's hold on a job's board.
struct AtWork {
    board: WorkerBoard,
    _mapping: Mapping,
}

fn at_work(job: &Job) -> AtWork {
    let mapping = Mapping::shared(&job.board().page().file().expect("a file")).expect("mapped");
    let skip = CONTENT as usize;
    // SAFETY: the mapping is writable, holds the job's board and is kept beside this hold, which goes first.
    let board = unsafe { WorkerBoard::attach(mapping.as_ptr().add(skip), mapping.len() - skip) };
    AtWork { board: board.expect("a board"), _mapping: mapping }
}

fn done(board: &WorkerBoard, lease: &Lease) {
    assert!(board.complete(lease, &Delivered::default()));
}

#[test]
fn a_run_is_seen_from_its_begin_to_its_end() {
    let store = open();
    let job = job(&store);
    let board = job.board().board();
    assert_eq!(seen(&store), [], "it has not begun");
    board.set_begun(now_ns());
    let runs = seen(&store);
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!((run.title.as_str(), run.state, run.pid), ("z", "running", std::process::id()));
    assert_eq!((run.elements, run.done, run.rate, run.left), (30, 0, None, None));
    assert_eq!((run.live_bytes, run.peak_bytes), (500, 500));
    assert_eq!(run.command, std::env::args().collect::<Vec<_>>().join(" "));
    board.set_control(Control::Stop);
    assert_eq!(seen(&store)[0].state, "stopping");
    board.set_control(Control::Ended);
    assert_eq!(seen(&store), [], "it is over");
}

#[test]
fn stages_say_how_far_they_are_and_what_they_wait_for() {
    let store = open();
    let job = job(&store);
    let board = job.board().board();
    let at_work = at_work(&job);
    let worker = &at_work.board;
    board.set_begun(now_ns());
    let stages = |field: fn(&LiveStage) -> String| -> Vec<String> {
        seen(&store)[0].stages.iter().map(field).collect()
    };
    assert_eq!(stages(|stage| stage.passes.join("+")), ["mu+sd", "z"]);
    assert_eq!(stages(|stage| stage.waits_for.join(" ")), ["", "mu sd"], "the first waits to be opened");
    board.open(StageId(0));
    assert_eq!(stages(|stage| stage.state.into()), ["open", "waiting"]);
    while let Some(lease) = worker.claim(A) {
        done(worker, &lease);
    }
    assert_eq!(stages(|stage| stage.state.into()), ["through", "waiting"]);
    assert_eq!(stages(|stage| format!("{}/{}", stage.done, stage.elements)), ["10/10", "0/10"]);
    assert_eq!(stages(|stage| stage.waits_for.join(" ")), ["", ""], "memory, or the supervisor's next look");
    board.open(StageId(1));
    let lease = worker.claim(A).expect("a chunk");
    done(worker, &lease);
    let run = &seen(&store)[0];
    assert_eq!((run.elements, run.done), (30, 24), "an element counts for each pass of its stage");
    let rate = run.done as f64 / run.seconds;
    assert_eq!((run.rate, run.left), (Some(rate), Some(6.0 / rate)));
}

#[test]
fn workers_say_what_they_are_at_and_since_when() {
    let store = open();
    let job = job(&store);
    let board = job.board().board();
    let at_work = at_work(&job);
    let hold = &at_work.board;
    let now = now_ns();
    board.set_begun(now - 9_000_000_000);
    board.open(StageId(0));
    for (worker, pid, ago) in [(A, 71, 8), (B, 72, 4)] {
        hold.join(worker, pid, now - ago * 1_000_000_000);
        hold.set_activity(worker, Activity::Run, now - 2_000_000_000);
    }
    let lease = hold.claim(A).expect("a chunk");
    hold.begin(&lease, now - 3_000_000_000);
    hold.element(A, ElementPosition { step: 1, element: 2 });
    hold.spend(A, Activity::Run, 2_000_000_000);
    let worker = |nth: usize| seen(&store)[0].workers[nth].clone();
    let a = worker(0);
    let chunk =
        LiveChunk { stage: 0, first: 1, last: 4, attempt: 1, pass: Some("sd".into()), element: Some(3) };
    assert_eq!((a.worker, a.pid, a.state, a.chunk), (1, Some(71), "running", Some(chunk)));
    let seconds = a.seconds.expect("it is there");
    assert!((3.0..60.0).contains(&seconds), "{seconds}: since its chunk began");
    let busy = a.busy.expect("it is there");
    assert!((0.5..=1.0).contains(&busy), "{busy}: 2 s and those of the chunk, of 8 and those since");
    assert_eq!((worker(1).state, worker(1).chunk), ("running", None), "between two chunks");
    assert_eq!((worker(2).state, worker(2).pid, worker(2).seconds), ("absent", None, None));
    hold.set_activity(B, Activity::Wait, now);
    assert_eq!(worker(1).state, "asleep");
    hold.between_elements(A);
    hold.set_activity(A, Activity::Serialize, now);
    let chunk = worker(0).chunk.expect("it still has it");
    assert_eq!((worker(0).state, chunk.first, chunk.pass, chunk.element), ("writing", 1, None, None));
    board.recover(A);
    let a = worker(0);
    assert_eq!((a.state, a.pid, a.chunk), ("absent", Some(71), None));
}

#[test]
fn a_board_that_was_cut_off_or_is_of_another_version_is_left_out() {
    let store = open();
    let (whole, other) = (job(&store), job(&store));
    whole.board().board().set_begun(now_ns());
    other.board().board().set_begun(now_ns());
    assert_eq!(seen(&store).len(), 2);
    let file =
        |job: &Job| std::fs::File::options().write(true).open(job.board().page().handle().path()).unwrap();
    file(&other).write_all_at(&[99], CONTENT + 8).unwrap();
    assert_eq!(seen(&store).len(), 1, "another version");
    let length = file(&whole).metadata().unwrap().len();
    file(&whole).set_len(length - 4096).unwrap();
    assert_eq!(seen(&store), []);
    // Whoever works on the board would not live through the loads that now have no page.
    file(&whole).set_len(length).unwrap();
}

#[test]
fn boards_may_go_at_any_time() {
    let store = open();
    let over = AtomicBool::new(false);
    let mut met = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..300 {
                let job = job(&store);
                let board = job.board().board();
                let at_work = at_work(&job);
                let worker = &at_work.board;
                board.set_begun(now_ns());
                board.open(StageId(0));
                while let Some(lease) = worker.claim(A) {
                    worker.begin(&lease, now_ns());
                    worker.element(A, ElementPosition { step: 0, element: lease.start });
                    std::thread::yield_now();
                    if round % 3 > 0 {
                        done(worker, &lease);
                    }
                }
            }
            over.store(true, Ordering::Relaxed);
        });
        while !over.load(Ordering::Relaxed) {
            for run in seen(&store) {
                met += 1;
                assert!(run.done <= 20 && run.elements == 30, "{run:?}");
                let chunk = run.workers[0].chunk.as_ref();
                assert!(chunk.is_none_or(|chunk| [1, 5, 9].contains(&chunk.first)), "{run:?}");
            }
        }
    });
    assert!(met > 0, "nothing was seen");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_stands_on_a_board_is_shown_or_left_out(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let store = open();
        let job = job(&store);
        let board = job.board().board();
        let at_work = at_work(&job);
        let worker = &at_work.board;
        board.set_begun(1);
        board.open(StageId(0));
        let lease = worker.claim(A).expect("a chunk");
        worker.element(A, ElementPosition { step: 1, element: lease.start });
        worker.claim(B).expect("a chunk");
        let path = job.board().page().handle().path();
        let file = std::fs::File::options().write(true).open(path).unwrap();
        let length = file.metadata().unwrap().len() - CONTENT;
        for (index, byte) in &changes {
            file.write_all_at(&[*byte], CONTENT + index.index(length as usize) as u64).unwrap();
        }
        prop_assert!(seen(&store).len() <= 1);
    }
}
