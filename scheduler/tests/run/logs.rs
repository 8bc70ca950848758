//! What a session can see of a run: how far it is, what workers said, what is logged.
use std::time::Duration;

use scheduler::engine::Outcome;
use scheduler::policy::Policy;
use scheduler::pool::logs;
use scheduler::trace::{self, Format, Setting};

use crate::session::{results, squares, Session};

#[test]
fn a_death_has_the_last_words_of_its_run_and_of_no_other() {
    for fork in [false, true] {
        let mut session = Session::new("words", fork);
        let ended = session.run(squares(20, Policy::fixed(1)), "say=square/3:earlier say=square/4:earlier");
        assert_eq!(ended.finished.stats.died, []);
        let mark = session.dir.join("mark");
        let trouble = format!("say=square/5:now die_once=square/5:{}", mark.display());
        let ended = session.run(squares(20, Policy::fixed(1)), &trouble);
        let died = &ended.finished.stats.died;
        assert_eq!(died.len(), 1, "{died:?}");
        assert_eq!(died[0].log, ["now"]);
        assert!(died[0].pid.is_some() && died[0].how.contains("SIGABRT"), "{died:?}");
        let ended = session.run(squares(20, Policy::fixed(1)), "say=square/7:poison die=square/7");
        let Outcome::WorkerKilled { reason, .. } = &ended.finished.outcome else {
            panic!("{:?}", ended.finished.outcome)
        };
        assert!(reason.ends_with("SIGABRT); its last words:\n  poison"), "{reason}");
        assert_eq!(ended.finished.stats.died.len(), 3);
    }
}

#[test]
fn progress_is_exact_and_never_goes_back_whatever_dies() {
    let mut session = Session::new("progress", true);
    let mark = session.dir.join("mark");
    let trouble = format!("sleep=square/30:50 die_once=square/60:{} sleep=square/90:50", mark.display());
    let begun = session.begin(squares(100, Policy::fixed(5)), &trouble);
    let mut seen = 0;
    while !begun.handle.wait(Duration::from_millis(1)) {
        let progress = begun.handle.progress().unwrap();
        assert_eq!((progress.done.len(), &progress.elements[..]), (1, &[100][..]));
        assert!(seen <= progress.done[0] && progress.done[0] <= 100, "{progress:?}");
        seen = progress.done[0];
    }
    assert!(mark.exists());
    let over = begun.handle.progress().unwrap();
    assert_eq!((over.done[0], over.at_work[0]), (100, false), "until it is taken, its end can be seen");
    let handle = begun.handle.clone();
    drop(begun.wait());
    assert_eq!(handle.progress(), None);
}

#[test]
fn a_run_that_waits_has_not_begun() {
    let mut session = Session::new("waits", true);
    let first = session.begin(squares(2, Policy::fixed(1)), "sleep=square/0:300 sleep=square/1:300");
    let second = session.begin(squares(2, Policy::fixed(1)), "");
    assert_eq!(second.handle.progress().unwrap().seconds, None);
    assert_eq!(results(&first.wait(), "square"), [0, 1]);
    let ended = second.wait();
    assert_eq!(results(&ended, "square"), [0, 1]);
}

#[test]
fn session_and_workers_log_by_one_filter_that_changes_between_runs() {
    let mut session = Session::new("filter", true);
    let log = session.dir.join("session.log");
    let mut numbers = Vec::new();
    let settings = [Some("debug"), None, Some("scheduler::link=trace")];
    for filter in settings {
        let setting = filter.map(|filter| Setting { filter: filter.into(), format: Format::Json });
        assert!(trace::set(setting.as_ref(), Some(&log)).unwrap());
        let begun = session.begin(squares(20, Policy::fixed(10)), "say=square/3:printed");
        numbers.push(begun.run);
        assert_eq!(results(&begun.wait(), "square").len(), 20);
    }
    trace::set(None, None).unwrap();
    let lines = logs::read(&session.dir).unwrap();
    let of = |nth: usize, log: &str, what: &str| {
        let mine = lines.iter().filter(|line| line.run == Some(numbers[nth]) && line.log.starts_with(log));
        mine.filter(|line| line.text.contains(what)).count()
    };
    assert_eq!((of(0, "session", "\"begun\""), of(0, "session", "\"ended\"")), (1, 1));
    assert!(of(0, "worker", "\"joined\"") > 0 && of(0, "worker", "chunk done") == 0);
    // A worker may leave the run before when it has its log marked for this one already.
    let late = of(1, "worker", "\"left\"");
    assert_eq!((of(1, "session", ""), of(1, "worker", "") - late, of(1, "worker", "printed")), (0, 1, 1));
    assert_eq!((of(2, "session", ""), of(2, "worker", "chunk done")), (0, 2));
    let printed = lines.iter().filter(|line| line.text == "printed");
    assert!(printed.clone().all(|line| line.level.is_none() && line.worker.is_some() && line.pid.is_some()));
    assert_eq!(printed.count(), 3);
}
