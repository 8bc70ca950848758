//! Decisions of the pool that were wrong once, on processes that only note what is asked of them.
use super::*;
use std::path::Path;

use crate::error::Result;
use crate::pool::processes::{Fork, ProcessEvent, Remains, Role};
use crate::pool::Patience;
use crate::wire::FromForkServer;

/// What was asked for, in order.
#[derive(Default)]
struct Noted {
    launched: Vec<(ProcessKey, Role)>,
    forked: Vec<ProcessKey>,
    let_go: Vec<ProcessKey>,
}

impl Processes for Noted {
    fn launch(&mut self, key: ProcessKey, role: Role, _: &PoolConfig) -> Result<()> {
        self.launched.push((key, role));
        Ok(())
    }

    fn fork(&mut self, _: ProcessKey, key: ProcessKey, _: Fork<'_>, _: &PoolConfig, _: u64) -> Result<()> {
        self.forked.push(key);
        Ok(())
    }

    fn send(&mut self, _: ProcessKey, _: &ToWorker, _: u64) {}

    fn unread_since(&self, _: ProcessKey) -> Option<u64> {
        None
    }

    fn is_stopped(&self, _: ProcessKey) -> bool {
        false
    }

    fn joins(&mut self, _: ProcessKey, _: u64, _: WorkerId) {}

    fn interrupt(&mut self, _: ProcessKey) {}

    fn end(&mut self, _: ProcessKey) -> bool {
        true
    }

    fn let_go(&mut self, key: ProcessKey) {
        self.let_go.push(key);
    }

    fn remains(&mut self, _: ProcessKey) -> Remains {
        Remains::default()
    }

    fn discard(&mut self, _: &Path) {}
}

fn pool(fork: bool) -> WorkerPool<Noted> {
    let config = PoolConfig {
        program: "worker".into(),
        args: Vec::new(),
        env: Vec::new(),
        dir: "/tmp".into(),
        fork,
        start_within: Duration::from_secs(10),
        idle_for: Duration::from_secs(60),
        patience: Patience::default(),
    };
    WorkerPool::new(config, Noted::default())
}

/// Takes an event; whether workers cannot be started, or are still lacking when as many are wanted.
fn hear(pool: &mut WorkerPool<Noted>, key: ProcessKey, event: ProcessEvent, wanted: usize) -> bool {
    let mut out = Vec::new();
    pool.on_event(key, event, 1, &mut out);
    pool.grow(wanted, 1, &mut out);
    out.iter().any(|event| matches!(event, PoolEvent::CannotStart { .. }))
}

fn gone() -> ProcessEvent {
    ProcessEvent::Gone { symptom: "it closed its channel".into() }
}

fn hello(key: ProcessKey) -> ProcessEvent {
    ProcessEvent::Hello { pid: Some(key.0 as u32), unfit: None }
}

#[test]
fn workers_that_do_not_come_since_the_fork_server_died_are_launched() {
    let mut pool = pool(true);
    pool.grow(4, 0, &mut Vec::new());
    let server = pool.fork_server().expect("it is on its way");
    assert!(!hear(&mut pool, server, ProcessEvent::Server(FromForkServer::Serving), 4));
    let forked = pool.processes().forked.clone();
    assert_eq!(forked.len(), 4);
    assert!(!hear(&mut pool, server, gone(), 4));
    assert!(forked.iter().all(|key| pool.processes().let_go.contains(key)));
    let launched = pool.processes().launched.iter().filter(|(_, role)| *role == Role::Worker);
    assert_eq!((launched.count(), pool.failed_starts), (4, 0));
}

#[test]
fn a_place_that_nobody_can_fill_is_given_up_however_long_after_the_starts_that_failed() {
    let mut pool = pool(false);
    pool.grow(4, 0, &mut Vec::new());
    let keys: Vec<ProcessKey> = pool.workers().iter().map(|worker| worker.key).collect();
    assert!(!hear(&mut pool, keys[0], hello(keys[0]), 4));
    // Each that fails is tried again; those that are on their way may come.
    assert!(!hear(&mut pool, keys[1], gone(), 4));
    assert!(!hear(&mut pool, keys[2], gone(), 4));
    assert!(!hear(&mut pool, keys[3], gone(), 4));
    let rest: Vec<ProcessKey> = pool.workers()[1..].iter().map(|worker| worker.key).collect();
    let (last, others) = rest.split_last().expect("two were tried again");
    assert!(others.iter().all(|&key| !hear(&mut pool, key, gone(), 4)));
    assert!(hear(&mut pool, *last, gone(), 4), "one is left, and no other will come");
    assert!(hear(&mut pool, keys[0], gone(), 4), "and when that one dies, nobody is left");
}

#[test]
fn a_worker_that_a_run_changed_is_replaced_once() {
    let mut pool = pool(false);
    pool.grow(2, 0, &mut Vec::new());
    let keys: Vec<ProcessKey> = pool.workers().iter().map(|worker| worker.key).collect();
    assert!(!keys.iter().any(|&key| hear(&mut pool, key, hello(key), 2)));
    // The next run replaces it.
    let changed = FromWorker::Changed { what: "an option".into() };
    hear(&mut pool, keys[0], ProcessEvent::Worker(changed), 2);
    assert_eq!((pool.own(), pool.changed), (2, 0));
}

#[test]
fn a_run_begins_with_another_fork_server_where_one_died() {
    let mut pool = pool(true);
    let servers = |pool: &WorkerPool<Noted>| {
        pool.processes().launched.iter().filter(|(_, role)| *role == Role::ForkServer).count()
    };
    for run in 1..5 {
        pool.run_begins();
        pool.grow(2 * run, 0, &mut Vec::new());
        let server = pool.fork_server().expect("it is on its way");
        assert!(!hear(&mut pool, server, ProcessEvent::Server(FromForkServer::Serving), 2 * run));
        assert!(!hear(&mut pool, server, gone(), 2 * run));
        assert_eq!(servers(&pool), run, "not in this run any more");
    }
}

#[test]
fn fork_servers_that_never_come_are_tried_three_times() {
    let mut pool = pool(true);
    for run in 1..4 {
        pool.run_begins();
        pool.grow(2 * run, 0, &mut Vec::new());
        let server = pool.fork_server().expect("it is on its way");
        assert!(!hear(&mut pool, server, gone(), 2 * run));
    }
    pool.run_begins();
    pool.grow(8, 0, &mut Vec::new());
    assert_eq!((pool.fork_server(), pool.workers().len()), (None, 8));
}

#[test]
fn of_a_worker_that_died_with_its_fork_server_just_that_is_said() {
    let mut pool = pool(true);
    pool.grow(1, 0, &mut Vec::new());
    let server = pool.fork_server().expect("it is on its way");
    assert!(!hear(&mut pool, server, ProcessEvent::Server(FromForkServer::Serving), 1));
    let worker = pool.workers()[0].key;
    assert!(!hear(&mut pool, worker, hello(worker), 1));
    pool.workers[0].state = State::Busy { slot: WorkerId(0) };
    let mut out = Vec::new();
    pool.on_event(worker, gone(), 1, &mut out);
    let how = out.iter().find_map(|event| match event {
        PoolEvent::Lost { death, .. } => Some(death.how.clone()),
        _ => None,
    });
    assert!(how.expect("it is lost").contains("the fork server"));
}

#[test]
fn the_fork_server_of_a_run_that_is_expected_comes_before_it_and_waits_for_it() {
    let mut pool = pool(true);
    pool.expect_run(5);
    pool.expect_run(6);
    let server = pool.fork_server().expect("it is on its way");
    assert!(!hear(&mut pool, server, ProcessEvent::Server(FromForkServer::Serving), 0));
    let idle_ns = pool.config.idle_for.as_nanos() as u64;
    pool.retire(6 + idle_ns);
    pool.run_begins();
    pool.grow(1, 7, &mut Vec::new());
    assert_eq!(
        (pool.processes().launched.len(), pool.processes().forked.len()),
        (1, 1),
        "one server, which forks"
    );
    let worker = pool.workers()[0].key;
    assert!(!hear(&mut pool, worker, gone(), 0));
    pool.retire(8);
    assert_eq!(pool.fork_server(), None, "the run has come");
    pool.expect_run(10);
    let server = pool.fork_server().expect("another one is on its way");
    assert!(!hear(&mut pool, server, ProcessEvent::Server(FromForkServer::Serving), 0));
    pool.retire(11 + idle_ns);
    assert_eq!(pool.fork_server(), None, "none came");
}
