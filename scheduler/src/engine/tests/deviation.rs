//! Stages that were cut by costs: when the core looks, and what it does when the costs mislead.
use super::{one_pass, table::Run};
use crate::engine::state::Core;
use crate::engine::{Action, Event, Settings};
use crate::id::{StageId, WorkerId};
use crate::plan::{Costs, Origin};
use crate::policy::{CostDeviation, Policy};

const P: StageId = StageId(0);
const MS: u64 = 1_000_000;

/// A stage of 1,000 elements with costs that is open, on two workers.
fn open() -> Run {
    let costs = Costs::new(vec![1.0; 1_000], Origin::Known, None).expect("costs");
    let plan = one_pass(1_000, 0, Policy::auto(), Some(costs));
    let mut run = Run { core: Core::new(&plan, Settings { workers: 2, ..Settings::default() }), now: 0 };
    run.on(Event::WorkerJoined { worker: WorkerId(0) });
    run.on(Event::WorkerJoined { worker: WorkerId(1) });
    assert_eq!(run.on(Event::Started), [Action::Open { stage: P }]);
    run
}

fn off(part: f64) -> Event {
    let deviation =
        CostDeviation { pieces: 10, cost: 250.0, ns: 1e6, off_ns: part * 1e6, elements: 250, waiting: 30 };
    Event::Measured { stage: P, deviation }
}

#[test]
fn looks_are_frequent_at_first_then_rarer() {
    let mut run = open();
    let mut looks = Vec::new();
    while run.now < 400 * MS {
        let next = run.core.next_deadline().expect("a look is due");
        assert_eq!(run.at(next - 1, Event::Tick), [], "not before it is due");
        assert_eq!(run.at(next, Event::Tick), [Action::Measure { stage: P }]);
        looks.push(next / MS);
    }
    assert_eq!(looks, [2, 6, 14, 30, 62, 126, 226, 326, 426]);
    run.on(Event::StageDone { stage: P });
    assert_eq!(run.at(1_000 * MS, Event::Tick), []);
    assert_eq!(run.core.next_deadline(), None, "nothing is left to look at");
}

#[test]
fn a_stage_of_days_is_looked_at_some_hundred_times() {
    let mut run = open();
    let mut looks = 0;
    while run.now < 1_000_000_000 * MS {
        let next = run.core.next_deadline().expect("a look is due");
        assert!(next - run.now <= (100 * MS).max(run.now / 30), "{looks} at {}", run.now);
        run.at(next, Event::Tick);
        looks += 1;
    }
    assert!(looks < 500, "{looks}");
}

#[test]
fn costs_that_mislead_are_followed_no_longer() {
    let mut run = open();
    assert_eq!(run.on(off(0.2)), [], "near enough");
    assert_eq!(run.on(off(0.9)), [Action::Withdraw { stage: P }]);
    assert_eq!(run.on(off(0.9)), [], "once");
    let ranges = vec![(10, 12, 2), (0, 10, 0), (500, 800, 0), (200, 500, 0)];
    let out = run.on(Event::Withdrawn { stage: P, ranges });
    let appended: Vec<(u64, u64, u32)> = out
        .iter()
        .filter_map(|action| match *action {
            Action::Append { stage: P, start, end, attempt } => Some((start, end, attempt)),
            _ => None,
        })
        .collect();
    assert_eq!(appended.len(), out.len(), "both workers are at work: nobody is woken");
    assert_eq!(appended.last(), Some(&(10, 12, 2)), "what is run again after a death stays as it is");
    let elements: u64 = appended.iter().map(|(start, end, _)| end - start).sum();
    assert_eq!(elements, 612);
    // 4 us an element: 75 of them last the 0.3 ms that a chunk should.
    assert!(appended[1..].iter().all(|(start, end, _)| end - start <= 75), "{appended:?}");
    assert_eq!(run.core.next_deadline(), None, "what is cut again has no costs to compare with");
}

#[test]
fn figures_of_what_is_over_change_nothing() {
    let mut run = open();
    run.on(Event::StageDone { stage: P });
    assert_eq!(run.on(off(0.9)), []);
    let mut run = open();
    assert_eq!(run.on(Event::Measured { stage: StageId(7), deviation: CostDeviation::default() }), []);
    assert_eq!(run.on(Event::Withdrawn { stage: StageId(7), ranges: vec![(0, 1, 0)] }), []);
    let nothing_left = CostDeviation { waiting: 0, ..CostDeviation::default() };
    assert_eq!(run.on(Event::Measured { stage: P, deviation: nothing_left }), []);
    assert_eq!(run.core.next_deadline(), None);
}
