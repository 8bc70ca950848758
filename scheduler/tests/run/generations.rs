//! Generations of workers: each is forked by a mirror of its own, and those of another one never work.
use scheduler::policy::Policy;
use scheduler::pool::Generation;

use crate::session::{self, Session};
use crate::{expected, results};

/// The session's state from now on.
fn turn(session: &mut Session, id: u64, state: &str) {
    let path = session.dir.join(format!("state-{id}"));
    std::fs::write(&path, state).unwrap();
    session.generation = Generation { id, state: Some(path), fresh: false };
}

/// Runs, checks the result, and gives the process ids of the pool.
fn pids(session: &mut Session, trouble: &str) -> Vec<u32> {
    let ended = session.run(session::squares(100, Policy::fixed(10)), trouble);
    assert_eq!(results(&ended, "square"), expected(100));
    assert!(ended.finished.stats.died.is_empty(), "{:?}", ended.finished.stats.died);
    session.workers()
}

pub(crate) fn parent_of(pid: u32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("PPid:")).unwrap();
    line["PPid:".len()..].trim().parse().unwrap()
}

#[test]
fn workers_of_a_generation_come_from_its_mirror() {
    let mut session = Session::new("mirror", true);
    turn(&mut session, 1, "one\ntwo");
    let first = pids(&mut session, "");
    let again = pids(&mut session, "");
    assert!(first.iter().all(|pid| again.contains(pid)), "they are warm: {first:?} {again:?}");
    let server = session.pool.status().fork_server.unwrap();
    let mirror = parent_of(first[0]);
    assert!(mirror != server && parent_of(mirror) == server);
    turn(&mut session, 2, "one\ntwo\nthree");
    let second = pids(&mut session, "");
    assert!(second.iter().all(|pid| !first.contains(pid)), "{first:?} {second:?}");
    assert_ne!(parent_of(second[0]), mirror);
}

#[test]
fn a_package_that_no_mirror_can_load_is_left_to_the_workers() {
    for trouble in ["thread", "die"] {
        let mut session = Session::new(trouble, true);
        turn(&mut session, 1, &format!("one\nbad {trouble}\ntwo"));
        let workers = pids(&mut session, "");
        let server = session.pool.status().fork_server.unwrap();
        assert_eq!(parent_of(parent_of(workers[0])), server, "{trouble}: there is a mirror all the same");
    }
}

#[test]
fn workers_that_a_run_changed_are_replaced() {
    let mut session = Session::new("changed", true);
    turn(&mut session, 1, "");
    let mut before = pids(&mut session, "changed");
    for _ in 0..20 {
        let after = pids(&mut session, "changed");
        before.extend(after);
    }
}

#[test]
fn launched_workers_of_another_generation_do_not_work_for_this_one() {
    let mut session = Session::new("launched", false);
    turn(&mut session, 1, "");
    let first = pids(&mut session, "");
    turn(&mut session, 2, "");
    assert!(pids(&mut session, "").iter().all(|pid| !first.contains(pid)));
}

#[test]
fn fresh_workers_have_never_worked() {
    let mut session = Session::new("fresh", true);
    let first = pids(&mut session, "");
    session.generation.fresh = true;
    assert!(pids(&mut session, "").iter().all(|pid| !first.contains(pid)));
}
