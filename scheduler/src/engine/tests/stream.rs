//! Stages that read a variable as it comes: these events, then exactly these actions.
use super::plan;
use super::table::Run;
use crate::engine::state::Core;
use crate::engine::{Action, Cause, Event, Outcome, Settings};
use crate::id::{ResourceId, StageId, WorkerId};

const X: ResourceId = ResourceId(0);
const P: StageId = StageId(0);
const Q: StageId = StageId(1);
const A: WorkerId = WorkerId(0);

fn advance(there: u64) -> Action {
    Action::Advance { stage: P, there }
}

fn to(elements: u64) -> Event {
    Event::SharedTo { resource: X, elements }
}

/// `p` goes over x as it comes; `q` reads all of x.
fn begun() -> Run {
    let plan = plan(&[(20, 0, &[]), (5, 1, &[0])], 1).streamed(&[(X, 20)]);
    let mut run = Run { core: Core::new(&plan, Settings { workers: 1, ..Settings::default() }), now: 0 };
    run.on(Event::WorkerJoined { worker: A });
    let out = run.on(Event::Started);
    assert_eq!(out, [Action::Share { resource: X }, advance(0), Action::Open { stage: P }]);
    run
}

#[test]
fn a_stage_goes_as_far_as_its_data_is_there() {
    let mut run = begun();
    run.on(Event::WorkerDry { worker: A });
    assert_eq!(run.on(Event::WorkerDry { worker: A }), [], "it sleeps");
    assert_eq!(run.on(to(8)), [advance(8), Action::WakeDry(vec![A])]);
    assert_eq!(run.on(to(8)), []);
    assert_eq!(run.on(to(5)), [], "what was there stays there");
    assert_eq!(run.on(Event::SharedTo { resource: ResourceId(9), elements: 3 }), []);
    assert_eq!(run.on(to(20)), [advance(19)], "the last element waits for the end of the copy");
    assert_eq!(run.on(Event::Shared { resource: X }), [advance(20), Action::Open { stage: Q }]);
    assert!(!run.on(Event::StageDone { stage: P }).contains(&Action::Free { resource: X }), "q reads it");
    let out = run.on(Event::StageDone { stage: Q });
    assert!(out.contains(&Action::Free { resource: X }) && run.core.is_ended());
}

#[test]
fn all_of_it_at_once_is_as_good() {
    let mut run = begun();
    assert_eq!(run.on(Event::Shared { resource: X }), [advance(20), Action::Open { stage: Q }]);
    assert_eq!(run.on(to(20)), [], "late");
}

#[test]
fn a_run_that_stops_does_not_wait_for_the_rest() {
    let mut run = begun();
    run.on(to(8));
    let stop = run.on(Event::Cancel { cause: Cause::User });
    assert_eq!(stop[..2], [Action::Stop, Action::Interrupt { worker: A }]);
    assert_eq!(run.on(to(12)), []);
    let out = run.on(Event::WorkerDry { worker: A });
    assert!(out.contains(&Action::Free { resource: X }), "{out:?}");
    assert_eq!(out.last(), Some(&Action::Finish(Outcome::Cancelled { cause: Cause::User })));
}
