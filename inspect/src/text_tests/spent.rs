//! Where the workers' time went, from a log: the parts add up, and loading packages is one of them wherever it was done.
use super::fixtures::{diamond_run, MS};
use crate::document::Document;
use crate::run_view::RunView;
use crate::spent::total;
use scheduler::board::Activity;
use scheduler::engine::EventKind;
use scheduler::id::{StageId, WorkerId};
use scheduler::run::{Event, EventLog};

/// The run of a diamond, 1 s by four workers, with a change of its log.
fn run(change: impl FnOnce(&mut EventLog)) -> RunView {
    let mut record = diamond_run();
    change(record.log.as_mut().expect("a run"));
    Document::of(&record).run.expect("a run")
}

fn loaded(at: u64, by: Option<u32>, stage: Option<u32>, packages: &str, took: u64) -> Event {
    let what = EventKind::Loaded(by.map(WorkerId), stage.map(StageId), packages.into(), took * MS);
    Event { at_ns: at * MS, what }
}

#[track_caller]
fn adds_up(run: &RunView) {
    for spent in &run.activities {
        assert!((total(spent) - run.figures.seconds).abs() < 1e-9, "{spent:?}");
    }
    assert!((total(&run.figures.spent) - 4.0 * run.figures.seconds).abs() < 1e-9);
    assert_eq!(run.figures.spent.load, run.activities.iter().map(|spent| spent.load).sum::<f64>());
}

#[test]
fn the_parts_of_the_workers_time_add_up() {
    let run = run(|_| {});
    adds_up(&run);
    assert_eq!(run.figures.spent.load, 0.0);
    assert!((run.figures.spent.run - run.figures.fun_seconds).abs() < 1e-6);
}

#[test]
fn what_a_worker_waits_beyond_the_end_is_not_of_the_run() {
    let run = run(|log| {
        let rest = log.wall_ns - log.activities[0].iter().sum::<u64>();
        log.activities[0][Activity::Wait as usize] += rest + 5 * MS;
    });
    adds_up(&run);
    assert_eq!(run.activities[0].idle, 0.0);
}

#[test]
fn what_is_loaded_for_the_workers_is_what_their_places_waited_for() {
    let run = run(|log| {
        log.workers.iter_mut().for_each(|life| life.joined_ns = 40 * MS);
        log.events.push(loaded(34, None, None, "survival", 30));
    });
    adds_up(&run);
    assert!((run.figures.spent.load - 4.0 * 30e-3).abs() < 1e-9, "{:?}", run.figures.spent);
    let [load] = run.loads.as_slice() else { panic!("{:?}", run.loads) };
    assert_eq!((load.worker, load.packages.as_str(), load.until), (None, "survival", 0.034));
    assert!((load.from - 0.004).abs() < 1e-9, "{load:?}");
}

#[test]
fn what_a_worker_loads_before_fun_is_its_own() {
    let run = run(|log| log.activities[1][Activity::Load as usize] = 7 * MS);
    adds_up(&run);
    assert_eq!((run.activities[1].load, run.activities[0].load), (0.007, 0.0));
}

#[test]
fn what_an_element_loads_is_what_it_took_beyond_the_others() {
    let before = run(|_| {});
    let run = run(|log| log.events.push(loaded(201, Some(2), Some(0), "limma", 100)));
    adds_up(&run);
    let load = &run.loads[0];
    assert!(load.in_fun && load.worker == Some(3) && load.from == 0.01, "from its chunk's begin: {load:?}");
    let took = load.until - load.from;
    assert!(took > 0.09 && took < 0.1, "less than the whole element: {took}");
    let spent = &run.activities[2];
    assert!((spent.load - took).abs() < 1e-9);
    assert!((before.activities[2].run - spent.run - took).abs() < 1e-6, "{spent:?}");
}
