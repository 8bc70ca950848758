//! A pool that is configured anew while runs go on and wait.
use std::time::Duration;

use scheduler::policy::Policy;

use crate::session::{self, Session};
use crate::{expected, results};

#[test]
fn a_new_configuration_ends_no_run_and_holds_for_those_begun_after_it() {
    for (before, after) in [(true, false), (false, true), (true, true)] {
        let mut session = Session::new(&format!("configured-{before}-{after}"), before);
        assert_eq!(results(&session.run(session::squares(10, Policy::auto()), ""), "square"), expected(10));
        let old = session.workers();
        let goes_on = session.begin(session::squares(4, Policy::fixed(1)), "sleep=square/0:300");
        let waits = session.begin(session::squares(50, Policy::fixed(1)), "");
        let mut config = session.config.clone();
        config.fork = after;
        session.pool.configure(config).unwrap();
        let comes_later = session.begin(session::squares(60, Policy::fixed(1)), "");
        assert_eq!(results(&comes_later.wait(), "square"), expected(60));
        assert_eq!(results(&waits.wait(), "square"), expected(50));
        assert_eq!(results(&goes_on.wait(), "square"), expected(4));
        let status = session.pool.status();
        assert!(status.pids.iter().all(|pid| !old.contains(pid)), "{old:?} {:?}", status.pids);
        assert_eq!(status.fork_server.is_some(), after);
    }
}

#[test]
fn a_run_that_ended_is_there_after_a_new_configuration_and_one_that_waits_can_be_cancelled() {
    let mut session = Session::new("configured-ended", true);
    let ended = session.begin(session::squares(10, Policy::auto()), "");
    assert!(ended.handle.wait(Duration::from_secs(20)));
    let goes_on = session.begin(session::squares(4, Policy::fixed(1)), "sleep=square/0:300");
    session.pool.configure(session.config.clone()).unwrap();
    let waits = session.begin(session::squares(50, Policy::fixed(1)), "");
    session.pool.configure(session.config.clone()).unwrap();
    session.pool.cancel(waits.run).unwrap();
    assert!(waits.handle.wait(Duration::from_secs(20)));
    assert_eq!(results(&goes_on.wait(), "square"), expected(4));
    assert_eq!(results(&ended.wait(), "square"), expected(10));
    assert_eq!(results(&session.run(session::squares(10, Policy::auto()), ""), "square"), expected(10));
}
