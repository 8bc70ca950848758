//! Plans and runs as trees, to the letter.
use super::sample::{diamond, diamond_run, straggler, thousand, Sample};
use crate::inspect::advice::advice;
use crate::inspect::explain;
use crate::inspect::*;

#[track_caller]
fn shows(sample: &Sample, text: &str) {
    assert_eq!(explain(&sample.doc).join("\n"), text.trim_matches('\n'));
}

#[test]
fn a_plan() {
    shows(&diamond(), PLAN);
}

#[test]
fn a_run() {
    shows(&diamond_run(), RUN);
}

#[test]
fn a_run_with_a_straggler_and_a_death() {
    let mut sample = straggler();
    sample.figures().advice = advice(&sample.doc);
    shows(&sample, STRAGGLER);
}

#[test]
fn a_run_that_failed() {
    let sample = Sample::new(2).pass("a", 4, &[], 32).pass("b", 4, &["a"], 32).run(0.5);
    let sample = sample.piece(0, (1, 4), (1, 1), (0.0, 0.5), "failed", 1.0).counted().set(|s| {
        s.run_mut().ended = Verdict { kind: "failed".into(), words: "FUN failed at element 3".into() };
        let life = |state, began| Some(TaskLife { state, ready: began, began, ended: None });
        (s.doc.tasks[0].life, s.doc.tasks[1].life) = (life("failed", Some(0.0)), life("waiting", None));
    });
    shows(&sample, FAILED);
}

#[test]
fn a_thousand_passes_are_a_few_lines() {
    let lines = explain(&thousand().doc);
    assert_eq!(lines.len(), 40);
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{lines:#?}");
    let row = "  and 990 more          19,800             491 s   158.4 kB";
    assert_eq!(lines[36], row);
    assert_eq!(lines[37], "critical path: p1 > p2 > p3 > p4 > 995 more > p1000, 100 s");
}

#[test]
fn long_names_and_many_of_them_stay_short() {
    let long = "a name that is much longer than anybody would like it to be\nand has two lines".to_owned();
    let mut sample = Sample::new(2);
    for nth in 0..30 {
        sample = sample.data(&format!("{long} {nth}"), "registered", 1000 + nth);
    }
    sample = sample.pass(&long, 10, &[], 80);
    for nth in 0..30 {
        sample = sample.then(&format!("{long} {nth}"));
    }
    let lines = explain(&sample.doc);
    assert!(lines.iter().all(|line| line.chars().count() <= 100 && !line.contains('\n')), "{lines:#?}");
    assert_eq!(lines.len(), 28, "{lines:#?}");
    assert!(
        lines.contains(&"  and 22 more, 22.2 kB".to_owned())
            && lines.contains(&"      and 23 more passes".to_owned())
    );
}

const PLAN: &str = "";
const RUN: &str = "";
const STRAGGLER: &str = "";
const FAILED: &str = "";
