//! Each rule fires on a run that has its fault, and is silent on one that has not.
use super::sample::Sample;
use super::scenes::{diamond, straggler, thousand};
use crate::advice::advice;
use crate::*;

/// Four workers that do 40 chunks of 25 ms, FUN taking a part of it.
pub(super) fn even(fun: f64) -> Sample {
    let mut sample = Sample::new(4).data("X", "shared", 1_000_000).pass("z", 4000, &["X"], 32_000).run(0.26);
    for nth in 0..40u64 {
        let from = 0.005 + 0.025 * (nth / 4) as f64;
        sample = sample.piece(
            0,
            (100 * nth + 1, 100 * nth + 100),
            (nth as u32 % 4 + 1, 1),
            (from, from + 0.025),
            ("done", fun),
        );
    }
    sample.counted()
}

#[track_caller]
pub(super) fn says(sample: &Sample, lines: &[&str]) {
    assert_eq!(advice(&sample.doc), lines);
}

#[test]
fn a_good_run_has_nothing_to_gain() {
    says(&even(0.99), &["nothing to gain: FUN ran 95 % of the workers' time"]);
    let slack = even(0.9);
    says(&slack, &["nothing stands out: FUN ran 87 % of the workers' time"]);
}

#[test]
fn a_straggler_that_came_last_is_named_with_the_death_that_cost_little() {
    says(
        &straggler(),
        &[
            "element 1801 ('TP53') of 'z' took 2 s of the run's 2.3 s: more workers do not make it faster; split it",
            "worker 2 died (killed by signal 9 (SIGKILL)), and 1 chunk had to be run again: 4 ms of work were lost; signal 9 \
             often means that memory was short: fewer workers (MAX.CORES) need less",
        ],
    );
}

#[test]
fn a_straggler_that_began_late_can_begin_first() {
    let mut sample =
        even(0.99).chunk(0, (4001, 4001), 1, (0.26, 0.46)).set(|s| s.figures().seconds = 0.46).counted();
    sample.doc.passes[0].elements = 4001;
    sample.pass_figures(0).slowest = vec![Slowest { element: 4001, name: None, seconds: 0.2 }];
    says(
        &sample,
        &["element 4001 of 'z' took 200 ms of the run's 460 ms, and began only at 260 ms: let it begin first by giving its \
           cost, memControl(cost = ), or run it again now that costs are known; below 200 ms only by splitting it"],
    );
}

#[test]
fn short_chunks_are_to_be_longer() {
    // 10,000 chunks of one element, 40 us each, by two workers.
    let mut sample = Sample::new(2).pass("z", 10_000, &[], 80_000).run(0.21);
    for nth in 0..10_000u64 {
        let from = 40e-6 * (nth / 2) as f64;
        sample = sample.piece(
            0,
            (nth + 1, nth + 1),
            (nth as u32 % 2 + 1, 1),
            (from, from + 40e-6),
            ("done", 0.65),
        );
    }
    says(&sample.counted(), &["chunks of 40 us: overhead 35 %; raise chunk, e.g. memControl(chunk = 20)"]);
}

#[test]
fn short_elements_in_long_chunks_are_to_do_more() {
    let words = "FUN takes 150 us an element, and what comes with each call 40 % of the time: let a call do more, several \
                 elements at a time";
    says(&even(0.6), &[words]);
}

#[test]
fn long_results_and_garbage_are_told_from_other_overhead() {
    let mut sample = even(0.6);
    for spent in &mut sample.run_mut().activities {
        (spent.run, spent.call, spent.serialize, spent.collect) = (0.1, 0.0, 0.1, 0.05);
    }
    says(
        &sample,
        &[
            "writing results (32.0 kB) took 40 % of the time at work: memControl(FUN.VALUE = ) writes plain vectors in place; \
             or give back less",
            "R collected garbage 20 % of the time at work: fewer and smaller objects made in FUN make it faster",
        ],
    );
    for spent in &mut sample.run_mut().activities {
        (spent.run, spent.serialize, spent.collect, spent.map) = (0.1, 0.0, 0.0, 0.05);
    }
    assert!(
        advice(&sample.doc)[0].starts_with("opening data and making FUN ready took 33 %"),
        "{:?}",
        advice(&sample.doc)
    );
}

#[test]
fn workers_that_wait_for_the_last_chunks() {
    let mut sample = Sample::new(4).pass("z", 400, &[], 3200).run(1.0);
    for worker in 1..=4u64 {
        let until = if worker == 1 { 1.0 } else { 0.5 };
        sample = sample.chunk(0, (100 * worker - 99, 100 * worker), worker as u32, (0.0, until));
    }
    says(
        &sample.counted(),
        &["workers waited 38 % of their time for the last chunks of 'z' (the longest took 1 s): cut smaller ones, e.g. \
           memControl(chunk = 2)"],
    );
}

#[test]
fn stages_that_wait_for_each_other() {
    let mut sample = Sample::new(4).pass("a", 8, &[], 64).pass("b", 8, &["a"], 64).run(2.0);
    for (stage, from) in [(0, 0.0), (1, 1.0)] {
        for element in 1..=8u64 {
            let (worker, long) = (element as u32 % 4 + 1, if element == 1 { 0.95 } else { 0.1 });
            let from = if element > 4 && element % 4 != 1 { from + 0.1 } else { from };
            sample = sample.chunk(stage, (element, element), worker, (from, from + long));
        }
    }
    let mut sample = sample.counted();
    for pass in 0..2 {
        sample.pass_figures(pass).slowest = vec![Slowest { element: 1, name: None, seconds: 0.95 }];
    }
    sample.doc.critical_path = CriticalPath { tasks: vec![0, 1], seconds: Some(1.9) };
    says(
        &sample,
        &["the longest elements of 'a' and 'b', which wait for each other, take 1.9 s of the run's 2 s: more workers do not make \
           it faster; split them"],
    );
}

#[test]
fn too_little_to_do() {
    let few = Sample::new(8).pass("z", 3, &[], 24).run(1.0);
    let few = few
        .chunk(0, (1, 1), 1, (0.0, 1.0))
        .chunk(0, (2, 2), 2, (0.0, 0.9))
        .chunk(0, (3, 3), 3, (0.0, 1.0))
        .counted();
    says(&few, &["there were never more than 3 elements at a time for 8 workers: MAX.CORES = 3 is as fast"]);
    let short = Sample::new(2)
        .pass("z", 3, &[], 24)
        .run(0.06)
        .piece(0, (1, 3), (1, 1), (0.05, 0.06), ("done", 0.3))
        .counted();
    says(&short, &["FUN took 3 ms in all, and the run 60 ms: too short to be worth workers; lapply() or apply() is as fast"]);
}

#[test]
fn a_cold_start_is_no_reason_to_do_without_workers() {
    let mut sample = Sample::new(2).pass("z", 2, &[], 16).run(0.35).set(|s| {
        s.run_mut().workers.iter_mut().for_each(|worker| worker.joined = 0.2);
    });
    for element in 1..=2 {
        sample = sample.chunk(0, (element, element), element as u32, (0.22, 0.34));
    }
    let sample = sample.counted();
    says(
        &sample,
        &["workers were started for this run, and the last joined at 200 ms of 350 ms: the next run finds them ready"],
    );
    let less = sample.set(|s| s.figures().fun_seconds = 0.1);
    let words = "FUN took 100 ms in all, and the run 150 ms once its workers were there: too short to be worth workers; \
                 lapply() or apply() is as fast";
    says(&less, &[words]);
}

#[test]
fn data_that_is_copied_memory_that_is_short_and_workers_that_come_late() {
    let copied = even(0.99).set(|s| s.figures().copy_seconds = 0.3);
    says(
        &copied,
        &["copying 1.0 MB into shared memory took 300 ms of 560 ms: registerVariables() does that once for many calls"],
    );
    let held = even(0.99).set(|s| {
        (s.doc.held_back, s.doc.budget) = (true, Some(2_000_000));
        let task = s.doc.stages[0].task as usize;
        let life = s.doc.tasks[task].life.as_mut().unwrap();
        (life.ready, life.began) = (Some(0.0), Some(0.1));
    });
    says(
        &held,
        &["memory held 'z' back for 100 ms, to stay within 2.0 MB: more, memControl(memory = ), or fewer results wanted at a \
           time, let it begin earlier"],
    );
    let late = even(0.99).set(|s| s.run_mut().workers.iter_mut().for_each(|worker| worker.joined = 0.1));
    says(
        &late,
        &["workers were started for this run, and the last joined at 100 ms of 260 ms: the next run finds them ready"],
    );
}

#[test]
fn runs_that_failed_hear_of_trouble_only() {
    let failed = even(0.3).set(|s| s.run_mut().ended = Outcome { kind: "failed", words: "no".into() });
    says(&failed, &[]);
    let late = even(0.99).set(|s| {
        s.run_mut().ended = Outcome { kind: "timeout", words: String::new() };
        s.doc.passes[0].elements = 8000;
    });
    says(
        &late,
        &["4,000 of 8,000 elements were done when the time was up: all of them need about 520 ms at this pace; \
           memControl(timeout = ) gives more"],
    );
    let why = EventView { worker: Some(3), how: Some("no such file".into()), ..EventView::default() };
    let unmanned = even(0.99).event(0.1, "not_started", "worker 3 could not be started: no such file", why);
    says(&unmanned, &["1 worker could not be started: no such file"]);
}

#[test]
fn plans_hear_of_memory_and_of_what_more_workers_bring() {
    says(&diamond(), &[]);
    let tight = diamond().set(|s| (s.doc.budget, s.doc.held_back) = (Some(170_000_000), true));
    says(
        &tight,
        &[
            "the predicted peak, 160.1 MB, is 94 % of the budget of 170.0 MB: fewer or smaller results wanted at a time need less",
            "stages wait for each other, to stay within the budget of 170.0 MB; a higher one, memControl(memory = ), lets them \
             run side by side",
        ],
    );
    says(
        &thousand(),
        &["no schedule takes less than 100 s, its longest elements, one after the other: more than 6 workers cannot make it \
           faster"],
    );
}

#[test]
fn there_are_never_more_than_three_sentences() {
    let mut sample = straggler();
    sample.figures().copy_seconds = 5.0;
    sample.run_mut().workers.iter_mut().for_each(|worker| worker.joined = 1.0);
    for spent in &mut sample.run_mut().activities {
        (spent.map, spent.collect) = (1.0, 1.0);
    }
    let lines = advice(&sample.doc);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("element 1801") || lines[0].starts_with("copying"), "{lines:?}");
}

#[test]
fn a_want_of_memory_is_told_by_the_signal_and_not_by_what_is_said_of_it() {
    let died = |how: &str, signal| {
        let sample = straggler().set(|s| {
            let worker = &mut s.run_mut().workers[1];
            (worker.died, worker.signal) = (Some(how.into()), signal);
        });
        advice(&sample.doc).concat()
    };
    assert!(died("it is no more", Some(9)).contains("memory was short"));
    assert!(!died("exited with status 1, after a word on signal 9", None).contains("memory was short"));
}
