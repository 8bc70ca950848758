//! Pool, supervisor and board with real worker processes (test-worker): results, errors, deaths, cancels.

use std::path::PathBuf;
use std::time::Duration;

use scheduler::board::{ChunkState, Output};
use scheduler::core::{Outcome, Settings};
use scheduler::graph::{Resource, Scope};
use scheduler::id::{PassId, ResourceId};
use scheduler::os::Place;
use scheduler::plan::{self, CallSpec, PassCall};
use scheduler::policy::Policy;
use scheduler::pool::PoolConfig;
use scheduler::run::{Finished, Job, JobSpec, Pool, PoolStatus};
use scheduler::store::{Kind, Store, CONTENT};
use scheduler::wire::{RunPass, RunSpec};

const COLLECTION: ResourceId = ResourceId(0);
const RESULTS: ResourceId = ResourceId(1);

/// A session with a pool; each test has its own, with a directory that goes with it.
struct Session {
    store: Store,
    pool: Pool,
    dir: PathBuf,
}

impl Session {
    fn new(name: &str, fork: bool) -> Session {
        Session::with(name, |config| config.fork = fork)
    }

    fn with(name: &str, change: impl FnOnce(&mut PoolConfig)) -> Session {
        let dir = std::env::temp_dir().join(format!("memshare-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let mut config = PoolConfig {
            program: env!("CARGO_BIN_EXE_square-worker").into(),
            args: Vec::new(),
            env: Vec::new(),
            dir: dir.clone(),
            fork: true,
            start_within: Duration::from_secs(10),
            idle_for: Duration::from_secs(60),
        };
        change(&mut config);
        Session { store: Store::open(Place::Memory).unwrap(), pool: Pool::start(config).unwrap(), dir }
    }

    fn begin(
        &mut self,
        elements: u64,
        policy: Policy,
        program: &str,
    ) -> (u64, std::sync::Arc<scheduler::run::Ticket>) {
        let numbers: Vec<u8> = (0..elements).flat_map(|n| n.to_le_bytes()).collect();
        let numbers = numbers.as_slice();
        let collection = self.store.page(Kind::Page, &numbers).unwrap();
        let results = self.store.empty_page(Kind::Results, 0, false).unwrap();
        let resource = |name: &str, bytes| Resource { name: name.into(), bytes, scope: Scope::Scoped };
        let plan = plan::compile(CallSpec {
            resources: vec![resource("X", 8 * elements), resource("results", 0)],
            passes: vec![PassCall {
                name: "squares".into(),
                collection: COLLECTION,
                sides: vec![],
                output: RESULTS,
                elements,
                policy,
            }],
            gather: vec![RESULTS],
            workers: 2,
        })
        .unwrap();
        let spec = RunSpec {
            resources: vec![Some(collection.handle()), None],
            passes: vec![RunPass {
                collection: COLLECTION,
                sides: vec![],
                results: results.handle(),
                about: vec![],
            }],
            program: program.into(),
        };
        let job = JobSpec {
            plan,
            spec,
            pages: vec![(COLLECTION, collection), (RESULTS, results)],
            settings: Settings { workers: 2, retries: 2, ..Settings::default() },
            guests: None,
        };
        let job = Job::new(&self.store, job).unwrap();
        self.pool.begin(job).unwrap()
    }

    fn run(&mut self, elements: u64, policy: Policy, program: &str) -> Finished {
        let (_, ticket) = self.begin(elements, policy, program);
        assert!(ticket.wait(Duration::from_secs(20)), "the run never ended");
        *ticket.take().unwrap()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn read(finished: &Finished, output: Output) -> Vec<u8> {
    let mut bytes = vec![0; output.len as usize];
    let (_, page) = &finished.results[0];
    page.file().unwrap().read_at(CONTENT + output.at, &mut bytes).unwrap();
    bytes
}

/// All results in the order of elements; fails on a gap or an overlap.
fn squares(finished: &Finished) -> Vec<u64> {
    assert_eq!(finished.outcome, Outcome::Done);
    let mut chunks = finished.board.board().chunks(PassId(0));
    chunks.retain(|chunk| chunk.state == ChunkState::Done);
    chunks.sort_by_key(|chunk| chunk.start);
    let mut next = 0;
    let mut squares = Vec::new();
    for chunk in chunks {
        assert_eq!(chunk.start, next, "no element is missing or done twice");
        next = chunk.end;
        let bytes = read(finished, chunk.output);
        squares.extend(bytes.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap())));
    }
    squares
}

fn expected(elements: u64) -> Vec<u64> {
    (0..elements).map(|n| n * n).collect()
}

#[test]
fn every_element_comes_back_once_forked_or_launched() {
    for fork in [false, true] {
        let mut session = Session::new("all", fork);
        for elements in [0, 1, 2, 1000, 100_000] {
            let finished = session.run(elements, Policy::auto(), "");
            assert_eq!(squares(&finished), expected(elements));
        }
        let finished = session.run(500, Policy::fixed(1), "");
        assert_eq!(squares(&finished), expected(500));
        assert_eq!(session.pool.status().fork_server.is_some(), fork);
        assert_eq!(session.pool.status().pids.len(), 2, "the pool is warm: the same two workers did it all");
    }
}

#[test]
fn the_lowest_failure_seen_is_the_outcome_and_the_pool_goes_on() {
    let mut session = Session::new("fail", true);
    let finished = session.run(100, Policy::fixed(1), "fail=7 fail=90");
    let Outcome::Failed(failure) = &finished.outcome else { panic!("{:?}", finished.outcome) };
    assert_eq!(failure.element, 7);
    let chunk =
        finished.board.board().chunks(PassId(0)).into_iter().find(|c| c.chunk == failure.chunk).unwrap();
    assert_eq!(read(&finished, chunk.output), b"element 7 is bad");
    assert_eq!(squares(&session.run(10, Policy::auto(), "")), expected(10));
}

#[test]
fn a_death_costs_a_retry_and_nothing_else() {
    for fork in [false, true] {
        let mut session = Session::new("death", fork);
        let mark = session.dir.join("mark");
        let program = format!("die_once=40:{}", mark.display());
        let finished = session.run(100, Policy::fixed(20), &program);
        assert_eq!(squares(&finished), expected(100));
        assert_eq!(finished.stats.deaths, 1);
    }
}

#[test]
fn an_element_that_kills_every_worker_is_named() {
    for fork in [false, true] {
        let mut session = Session::new("poison", fork);
        let finished = session.run(100, Policy::fixed(20), "die=41");
        let Outcome::WorkerKilled { element, deaths, reason, .. } = &finished.outcome else {
            panic!("{:?}", finished.outcome)
        };
        assert_eq!((*element, *deaths), (41, 3));
        assert!(reason.contains("SIGABRT"), "{reason}");
        assert_eq!(squares(&session.run(10, Policy::auto(), "")), expected(10));
    }
}

#[test]
fn a_cancel_interrupts_a_long_element() {
    let mut session = Session::new("cancel", true);
    let (run, ticket) = session.begin(4, Policy::fixed(1), "sleep=0:60000 sleep=1:60000");
    assert!(!ticket.wait(Duration::from_millis(300)), "it sleeps for a minute");
    session.pool.cancel(run).unwrap();
    assert!(ticket.wait(Duration::from_secs(10)), "the cancel ends it");
    let finished = ticket.take().unwrap();
    assert!(matches!(finished.outcome, Outcome::Cancelled { .. }), "{:?}", finished.outcome);
    assert_eq!(squares(&session.run(10, Policy::auto(), "")), expected(10));
}

#[test]
fn cancelling_a_run_that_waits_does_nothing_to_the_one_that_goes_on() {
    let mut session = Session::new("queue", true);
    assert_eq!(squares(&session.run(10, Policy::auto(), "")), expected(10)); // the workers are there
    let (_, first) = session.begin(4, Policy::fixed(1), "sleep=0:300 sleep=1:300");
    let (waiting, second) = session.begin(4, Policy::fixed(1), "");
    session.pool.cancel(waiting).unwrap();
    assert!(second.wait(Duration::from_secs(10)), "the cancel ends it");
    let cancelled = second.take().unwrap();
    assert!(matches!(cancelled.outcome, Outcome::Cancelled { .. }), "{:?}", cancelled.outcome);
    assert!(first.wait(Duration::from_secs(10)), "the other run never ended");
    assert_eq!(squares(&first.take().unwrap()), expected(4));
}

#[test]
fn a_worker_that_cannot_start_is_an_error_with_its_words() {
    let mut session = Session::with("barren", |config| {
        config.program = "/bin/sh".into();
        config.args = vec!["-c".into(), "echo no such package >&2; exit 3".into()];
    });
    let finished = session.run(10, Policy::auto(), "");
    let Outcome::NoWorkers { reason } = &finished.outcome else { panic!("{:?}", finished.outcome) };
    assert!(reason.contains("status 3") && reason.contains("no such package"), "{reason}");
}

#[test]
fn idle_workers_leave_and_the_next_run_makes_new_ones() {
    for fork in [false, true] {
        let mut session = Session::with("idle", |config| {
            config.fork = fork;
            config.idle_for = Duration::from_millis(50);
        });
        assert_eq!(squares(&session.run(10, Policy::auto(), "")), expected(10));
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while session.pool.status() != PoolStatus::default() {
            assert!(std::time::Instant::now() < until, "still there: {:?}", session.pool.status());
            std::thread::yield_now();
        }
        assert_eq!(squares(&session.run(10, Policy::auto(), "")), expected(10));
    }
}

#[test]
fn a_process_with_threads_is_not_forked_but_works() {
    let mut session = Session::with("threads", |config| config.args = vec!["--threaded".into()]);
    assert_eq!(squares(&session.run(1000, Policy::fixed(1), "")), expected(1000));
    assert_eq!(session.pool.status().fork_server, None);
    assert_eq!(session.pool.status().pids.len(), 2);
}

#[test]
fn workers_killed_at_any_moment_cost_no_element() {
    let mut session = Session::with("chaos", |config| config.fork = true);
    assert_eq!(squares(&session.run(10, Policy::auto(), "")), expected(10));
    let mut deaths = 0;
    for round in 0..40 {
        let (_, ticket) = session.begin(20_000, Policy::fixed(50), "");
        // Another moment of the run in each round; which one it is, is the system's to say.
        std::thread::sleep(Duration::from_micros(100 * round));
        if let Some(pid) = session.pool.status().pids.first() {
            std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
        }
        assert!(ticket.wait(Duration::from_secs(20)), "the run never ended");
        let finished = ticket.take().unwrap();
        assert_eq!(squares(&finished), expected(20_000), "round {round}");
        deaths += finished.stats.deaths;
    }
    assert!(deaths > 0, "no worker died in a run: the kills came too late to test anything");
}
