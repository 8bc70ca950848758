//! Pool, supervisor and board with real worker processes (test-worker): results, errors, deaths, cancels.

#[path = "run/configured.rs"]
mod configured;
#[path = "run/generations.rs"]
mod generations;
#[path = "run/logbook.rs"]
mod logbook;
#[path = "run/logs.rs"]
mod logs;
#[path = "../test-worker/numbers.rs"]
mod numbers;
#[path = "run/session.rs"]
mod session;
#[path = "run/stages.rs"]
mod stages;
#[path = "run/stalls.rs"]
mod stalls;

use std::time::Duration;

use scheduler::board::ElementPosition;
use scheduler::engine::Outcome;
use scheduler::policy::Policy;
use scheduler::run::PoolStatus;
use session::{read, results, soon, Session};

/// Squares of 0, 1, 2 ...: a plan of one pass.
fn squares(session: &mut Session, elements: u64, policy: Policy, trouble: &str) -> session::Ended {
    session.run(session::squares(elements, policy), trouble)
}

fn expected(elements: u64) -> Vec<u64> {
    (0..elements).map(|n| n * n).collect()
}

#[test]
fn every_element_comes_back_once_forked_or_launched() {
    for fork in [false, true] {
        let mut session = Session::new("all", fork);
        for elements in [0, 1, 2, 1000, 100_000] {
            let ended = squares(&mut session, elements, Policy::auto(), "");
            assert_eq!(results(&ended, "square"), expected(elements));
        }
        let ended = squares(&mut session, 500, Policy::fixed(1), "");
        assert_eq!(results(&ended, "square"), expected(500));
        assert_eq!(session.pool.status().fork_server.is_some(), fork);
        assert_eq!(session.pool.status().pids.len(), 2, "the pool is warm: the same two workers did it all");
    }
}

#[test]
fn the_lowest_failure_seen_is_the_outcome_and_the_pool_goes_on() {
    let mut session = Session::new("fail", true);
    let ended = squares(&mut session, 100, Policy::fixed(1), "fail=square/7 fail=square/90");
    let Outcome::Failed(failure) = &ended.finished.outcome else { panic!("{:?}", ended.finished.outcome) };
    assert_eq!(failure.position, ElementPosition { step: 0, element: 7 });
    let chunks = ended.finished.board.board().chunks(failure.stage);
    let chunk = chunks.into_iter().find(|chunk| chunk.chunk == failure.chunk).unwrap();
    assert_eq!(read(&ended, "square", chunk.error), b"element 7 of square is bad");
    assert_eq!(results(&squares(&mut session, 10, Policy::auto(), ""), "square"), expected(10));
}

#[test]
fn a_death_costs_a_retry_and_nothing_else() {
    for fork in [false, true] {
        let mut session = Session::new("death", fork);
        let mark = session.dir.join("mark");
        let trouble = format!("die_once=square/40:{}", mark.display());
        let ended = squares(&mut session, 100, Policy::fixed(20), &trouble);
        assert_eq!(results(&ended, "square"), expected(100));
        assert_eq!(ended.finished.stats.deaths, 1);
    }
}

#[test]
fn an_element_that_kills_every_worker_is_named() {
    for fork in [false, true] {
        let mut session = Session::new("poison", fork);
        let ended = squares(&mut session, 100, Policy::fixed(20), "die=square/41");
        let Outcome::WorkerKilled { position, deaths, reason, .. } = &ended.finished.outcome else {
            panic!("{:?}", ended.finished.outcome)
        };
        assert_eq!((position.element, *deaths), (41, 3));
        assert!(reason.contains("SIGABRT"), "{reason}");
        assert_eq!(results(&squares(&mut session, 10, Policy::auto(), ""), "square"), expected(10));
    }
}

#[test]
fn a_cancel_interrupts_a_long_element() {
    let mut session = Session::new("cancel", true);
    let sleeps = "sleep=square/0:60000 sleep=square/1:60000";
    let begun = session.begin(session::squares(4, Policy::fixed(1)), sleeps);
    assert!(!begun.handle.wait(Duration::from_millis(300)), "it sleeps for a minute");
    session.pool.cancel(begun.run).unwrap();
    assert!(begun.handle.wait(Duration::from_secs(10)), "the cancel ends it");
    let finished = begun.handle.take().unwrap();
    assert!(matches!(finished.outcome, Outcome::Cancelled { .. }), "{:?}", finished.outcome);
    assert_eq!(results(&squares(&mut session, 10, Policy::auto(), ""), "square"), expected(10));
}

#[test]
fn cancelling_a_run_that_waits_does_nothing_to_the_one_that_goes_on() {
    let mut session = Session::new("queue", true);
    assert_eq!(results(&squares(&mut session, 10, Policy::auto(), ""), "square"), expected(10)); // the workers are there
    let sleeps = "sleep=square/0:300 sleep=square/1:300";
    let first = session.begin(session::squares(4, Policy::fixed(1)), sleeps);
    let second = session.begin(session::squares(4, Policy::fixed(1)), "");
    session.pool.cancel(second.run).unwrap();
    let cancelled = second.wait().finished;
    assert!(matches!(cancelled.outcome, Outcome::Cancelled { .. }), "{:?}", cancelled.outcome);
    assert_eq!(results(&first.wait(), "square"), expected(4));
}

#[test]
fn a_worker_that_cannot_start_is_an_error_with_its_words() {
    let mut session = Session::with("cannot-start", |config| {
        config.program = "/bin/sh".into();
        config.args = vec!["-c".into(), "echo no such package >&2; exit 3".into()];
    });
    let ended = squares(&mut session, 10, Policy::auto(), "");
    let Outcome::NoWorkers { reason } = &ended.finished.outcome else {
        panic!("{:?}", ended.finished.outcome)
    };
    assert!(reason.contains("status 3") && reason.contains("no such package"), "{reason}");
}

#[test]
fn idle_workers_leave_and_the_next_run_makes_new_ones() {
    for fork in [false, true] {
        let mut session = Session::with("idle", |config| {
            config.fork = fork;
            config.idle_for = Duration::from_millis(50);
        });
        assert_eq!(results(&squares(&mut session, 10, Policy::auto(), ""), "square"), expected(10));
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while session.pool.status() != PoolStatus::default() {
            assert!(std::time::Instant::now() < until, "still there: {:?}", session.pool.status());
            std::thread::yield_now();
        }
        assert_eq!(results(&squares(&mut session, 10, Policy::auto(), ""), "square"), expected(10));
    }
}

#[test]
fn a_process_with_threads_is_not_forked_but_works() {
    let mut session = Session::with("threads", |config| config.args = vec!["--threaded".into()]);
    assert_eq!(results(&squares(&mut session, 1000, Policy::fixed(1), ""), "square"), expected(1000));
    assert_eq!(session.pool.status().fork_server, None);
    // One may have done it all before the other was launched.
    soon("both workers", || session.pool.status().pids.len() == 2);
}

#[test]
fn workers_killed_at_any_moment_cost_no_element() {
    let mut session = Session::with("chaos", |config| config.fork = true);
    assert_eq!(results(&squares(&mut session, 10, Policy::auto(), ""), "square"), expected(10));
    let mut deaths = 0;
    for round in 0..40 {
        let begun = session.begin(session::squares(20_000, Policy::fixed(50)), "");
        session.kill_one_after(Duration::from_micros(100 * round));
        let ended = begun.wait();
        assert_eq!(results(&ended, "square"), expected(20_000), "round {round}");
        deaths += ended.finished.stats.deaths;
    }
    assert!(deaths > 0, "no worker died in a run: the kills came too late to test anything");
}
