//! Processes that are stopped, or read nothing: the run goes on without them, and nobody waits for ever.
use std::os::unix::fs::DirBuilderExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use scheduler::engine::Outcome;
use scheduler::os::{is_stopped, Listener};
use scheduler::plan::CallSpec;
use scheduler::policy::Policy;
use scheduler::pool::{Generation, Patience};

use crate::session::{soon, squares, Session};
use crate::{expected, results};

/// Far from what the runs here take, and from what tests can wait for.
const PATIENCE: Duration = Duration::from_millis(500);

fn session(name: &str, fork: bool) -> Session {
    Session::with(name, |config| {
        config.fork = fork;
        config.patience = Patience { stopped: PATIENCE, unread: PATIENCE };
    })
}

fn signal(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

/// A process that is stopped for as long as this lives; then it is killed.
struct Stopped(u32);

impl Stopped {
    fn now(pid: u32) -> Stopped {
        signal(pid, "-STOP");
        soon("the stop", || is_stopped(pid));
        Stopped(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-9", &self.0.to_string()]).output();
        // it may be gone
    }
}

fn one_worker(elements: u64) -> CallSpec {
    CallSpec { workers: 1, ..squares(elements, Policy::fixed(1)) }
}

#[test]
fn an_idle_worker_that_is_stopped_hinders_no_run() {
    for fork in [false, true] {
        // With the patience of real sessions: nobody waits for that.
        let mut session = Session::new("idle-stopped", fork);
        session.run(squares(10, Policy::auto()), "");
        let stopped = Stopped::now(session.workers()[0]);
        for _ in 0..400 {
            let ended = session.run(squares(2, Policy::auto()), "");
            assert_eq!(results(&ended, "square"), expected(2));
            assert_eq!(ended.finished.stats.deaths, 0, "{:?}", ended.finished.stats.died);
        }
        let others = session.pool.status().pids.into_iter().filter(|&pid| pid != stopped.0).count();
        assert_eq!(others, 2, "another one took its place");
    }
}

#[test]
fn the_only_worker_is_replaced_when_it_is_stopped() {
    for fork in [false, true] {
        let mut session = session("only-stopped", fork);
        session.run(one_worker(2), "");
        let stopped = Stopped::now(session.workers()[0]);
        for _ in 0..3 {
            let ended = session.run(one_worker(20), "");
            assert_eq!(results(&ended, "square"), expected(20));
        }
        soon("its end", || !session.pool.status().pids.contains(&stopped.0));
        soon("its death", || !std::path::Path::new(&format!("/proc/{}", stopped.0)).exists());
    }
}

#[test]
fn a_worker_that_is_stopped_at_an_element_costs_a_retry_and_blames_nobody() {
    for fork in [false, true] {
        let mut session = session("element-stopped", fork);
        let mark = session.dir.join("mark");
        let trouble = format!("stop_once=square/40:{}", mark.display());
        let ended = session.run(squares(100, Policy::fixed(20)), &trouble);
        assert_eq!(results(&ended, "square"), expected(100));
        let stats = &ended.finished.stats;
        assert_eq!((stats.deaths, stats.retries), (1, 1));
        assert!(stats.died[0].how.contains("stopped for 0.5 s"), "{:?}", stats.died);
        let begins: Vec<u64> = ended
            .finished
            .board
            .board()
            .chunks(scheduler::id::StageId(0))
            .iter()
            .filter(|chunk| chunk.attempt > 0)
            .map(|chunk| chunk.end - chunk.start)
            .collect();
        assert_eq!(begins, [20], "run again as it was, not cut around an element to blame");
    }
}

#[test]
fn a_worker_that_works_for_long_is_not_stalled() {
    let mut session = session("long", true);
    let ended = session.run(squares(2, Policy::fixed(1)), "sleep=square/0:2500");
    assert_eq!(results(&ended, "square"), expected(2));
    assert_eq!(ended.finished.stats.deaths, 0);
}

#[test]
fn a_worker_that_reads_nothing_any_more_is_replaced() {
    let mut session = session("deaf", true);
    let mark = session.dir.join("mark");
    let trouble = format!("deaf={}", mark.display());
    session.run(squares(10, Policy::fixed(1)), &trouble);
    let before = session.workers();
    soon("that one reads nothing", || mark.exists());
    // Until its channel is full, and its time is over.
    let until = Instant::now() + Duration::from_secs(60);
    while session.pool.status().pids.iter().filter(|pid| before.contains(pid)).count() == before.len() {
        assert!(Instant::now() < until, "it was kept");
        let ended = session.run(squares(2, Policy::auto()), "");
        assert_eq!(results(&ended, "square"), expected(2));
    }
}

#[test]
fn workers_are_made_in_another_way_when_what_forks_them_is_stopped() {
    for generation in [false, true] {
        let mut session = session(if generation { "mirror-stopped" } else { "server-stopped" }, true);
        if generation {
            let state = session.dir.join("state");
            std::fs::write(&state, "one").unwrap();
            session.generation = Generation { id: 1, state: Some(state), fresh: false };
        }
        session.run(squares(10, Policy::auto()), "");
        soon("both workers", || session.pool.status().pids.len() == 2);
        let workers = session.pool.status().pids;
        let server = crate::generations::parent_of(workers[0]);
        let _stopped = Stopped::now(server);
        // One worker is left, which is at a long element; what is to come is not forked.
        signal(workers[0], "-9");
        let begun = session.begin(squares(2, Policy::fixed(1)), "sleep=square/0:60000 sleep=square/1:60000");
        let others = || session.pool.status().pids.into_iter().filter(|pid| !workers.contains(pid));
        soon("another worker", || others().next().is_some());
        assert!(others().all(|pid| crate::generations::parent_of(pid) != server));
        assert!(session.pool.status().pids.contains(&workers[1]), "who was forked before works on");
        session.pool.cancel(begun.run).unwrap();
        begun.wait();
        let ended = session.run(squares(10, Policy::auto()), "");
        assert_eq!(results(&ended, "square"), expected(10));
    }
}

#[test]
fn a_cancel_ends_soon_though_a_worker_is_stopped_and_another_does_not_listen() {
    let mut session = Session::new("cancel-stopped", true);
    let mark = session.dir.join("mark");
    let trouble = format!("stop_once=square/0:{} sleep=square/1:60000", mark.display());
    let begun = session.begin(squares(2, Policy::fixed(1)), &trouble);
    soon("the stop", || mark.exists());
    session.pool.cancel(begun.run).unwrap();
    let ended = begun.wait();
    assert!(matches!(ended.finished.outcome, Outcome::Cancelled { .. }), "{:?}", ended.finished.outcome);
    let ended = session.run(squares(10, Policy::auto()), "");
    assert_eq!(results(&ended, "square"), expected(10));
}

/// A node of a user's cluster: a process that the pool did not start.
struct Node(Child);

impl Node {
    #[allow(clippy::disallowed_methods)] // it is the user who starts nodes, and no pool
    fn joining(listener: &Listener) -> Node {
        let program = env!("CARGO_BIN_EXE_number-worker");
        Node(Command::new(program).env("MEMSHARE_TEST_JOIN", listener.path()).spawn().unwrap())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn listener(session: &Session) -> Listener {
    let dir = session.dir.join("listen");
    std::fs::DirBuilder::new().mode(0o700).recursive(true).create(&dir).unwrap();
    Listener::bind(&dir.join("join")).unwrap()
}

#[test]
fn a_node_that_is_stopped_is_cut_off_and_lives() {
    let mut session = session("node-stopped", true);
    let listener = listener(&session);
    let mut nodes = [Node::joining(&listener), Node::joining(&listener)];
    let mark = session.dir.join("mark");
    let trouble = format!("stop_once=square/3:{}", mark.display());
    let ended = session.begin_for(squares(200, Policy::fixed(2)), &trouble, Some(listener)).wait();
    assert_eq!(results(&ended, "square"), expected(200));
    let died = &ended.finished.stats.died;
    assert!(died.len() == 1 && died[0].how.contains("stopped"), "{died:?}");
    let stopped = nodes.iter().position(|node| is_stopped(node.0.id())).expect("nobody killed it");
    assert_eq!(died[0].pid, Some(nodes[stopped].0.id()));
    // It goes on, finds that it was cut off, and ends by itself.
    signal(nodes[stopped].0.id(), "-CONT");
    soon("its end", || nodes[stopped].0.try_wait().unwrap().is_some());
}

#[test]
fn a_run_ends_in_an_error_when_all_its_nodes_are_stopped() {
    let mut session = session("nodes-stopped", true);
    let listener = listener(&session);
    let _node = Node::joining(&listener);
    let mark = session.dir.join("mark");
    let trouble = format!("stop_once=square/3:{}", mark.display());
    let spec = CallSpec { workers: 1, ..squares(10, Policy::fixed(2)) };
    let ended = session.begin_for(spec, &trouble, Some(listener)).wait();
    let Outcome::NoWorkers { reason } = &ended.finished.outcome else {
        panic!("{:?}", ended.finished.outcome)
    };
    assert!(reason.contains("stopped for 0.5 s"), "{reason}");
}

#[test]
fn a_run_whose_nodes_never_come_ends_in_an_error() {
    let mut session = Session::with("no-nodes", |config| config.start_within = PATIENCE);
    let listener = listener(&session);
    let ended = session.begin_for(squares(10, Policy::fixed(2)), "", Some(listener)).wait();
    let Outcome::NoWorkers { reason } = &ended.finished.outcome else {
        panic!("{:?}", ended.finished.outcome)
    };
    assert!(reason.contains("did not join within 0.5 s"), "{reason}");
}
