//! Rules on where the workers' time went: packages, elements that are hardly worth a call, names that results repeat.
use super::advice::{even, says};
use super::sample::Sample;
use crate::advice::advice;
use crate::run_view::LoadView;
use crate::*;

/// Packages that were loaded, by a worker or for all.
fn loads(worker: Option<u32>, in_fun: bool, packages: &str, until: f64) -> LoadView {
    LoadView { worker, packages: packages.into(), in_fun, from: 0.0, until }
}

/// A run of two workers, each of which spent half of its time on loading.
fn loading(loads: Vec<LoadView>) -> Sample {
    let mut sample = Sample::new(2).pass("z", 400, &[], 3200).run(2.0);
    for worker in 1..=2u64 {
        sample = sample.chunk(0, (200 * worker - 199, 200 * worker), worker as u32, (1.0, 2.0));
    }
    let mut sample = sample.counted();
    for spent in &mut sample.run_mut().activities {
        (spent.load, spent.wait) = (spent.wait, 0.0);
    }
    let run = sample.run_mut();
    run.figures.spent = crate::spent::sum(&run.activities);
    run.loads = loads;
    sample
}

#[test]
fn packages_that_take_long_to_load_are_named_with_their_time() {
    let forks = loading(vec![loads(None, false, "survival", 0.8), loads(None, false, "Matrix", 0.2)]);
    says(
        &forks,
        &["loading packages took 50 % of the workers' time (survival 800 ms and Matrix 200 ms): workers were started for this \
           run: the next run finds them loaded"],
    );
    assert!(explain(&forks.doc).join("\n").contains("workers' time: FUN 50 %, loading packages 50 %"));
    let workers = loading(vec![loads(Some(1), false, "limma", 1.0), loads(Some(2), false, "limma", 0.9)]);
    says(
        &workers,
        &["loading packages took 50 % of the workers' time (limma 1 s): 2 workers did so for this run alone; library(limma) \
           in the session, or on a cluster's nodes, does it once"],
    );
    let elements = loading(vec![loads(Some(1), true, "limma, statmod", 1.0)]);
    says(
        &elements,
        &["loading packages took 50 % of the workers' time (limma, statmod 1 s): 1 worker did so in an element of FUN; \
           library(limma) in the session, or memControl(packages = \"limma\"), loads it once for all of them"],
    );
}

#[test]
fn workers_that_wait_for_packages_alone_are_not_called_late() {
    let mut sample = loading(vec![loads(None, false, "survival", 1.0)]);
    sample.run_mut().workers.iter_mut().for_each(|worker| worker.joined = 1.0);
    assert!(!advice(&sample.doc).concat().contains("joined"), "{:?}", advice(&sample.doc));
}

#[test]
fn elements_that_are_hardly_worth_a_call_are_told_of() {
    let mut sample = Sample::new(2).pass("z", 100_000, &[], 800_000).run(1.0);
    for nth in 0..20u64 {
        let from = 0.1 * (nth / 2) as f64;
        let elements = (5000 * nth + 1, 5000 * nth + 5000);
        sample = sample.piece(0, elements, (nth as u32 % 2 + 1, 1), (from, from + 0.1), ("done", 0.95));
    }
    says(
        &sample.counted(),
        &["FUN takes 19 us an element, about what a call of an R function costs: where R does many elements at once \
           (rowMeans(), matrix products), one call over a block of them, or over all, takes much less"],
    );
}

#[test]
fn names_that_each_result_repeats_are_told_of() {
    let mut sample = even(0.99);
    sample.doc.passes[0].repeated_names = 100;
    sample.pass_figures(0).bytes = 600_000;
    says(
        &sample,
        &["each of the 4,000 results carries the same names, 400.0 kB in all: name FUN.VALUE in memControl(), and unname() \
           the results"],
    );
    sample.doc.passes[0].repeated_names = 10;
    assert!(!advice(&sample.doc).concat().contains("names"), "not worth a word");
}

#[test]
fn hosts_that_waited_for_the_network_are_told_of() {
    let moved = |sent: u64, received: u64| {
        let mut sample = loading(Vec::new());
        let figures = &mut sample.run_mut().figures;
        (figures.sent_bytes, figures.received_bytes, figures.network_seconds) = (sent, received, 1.0);
        figures.utilisation = 0.5;
        advice(&sample.doc).concat()
    };
    let sent = moved(120_000_000, 1000);
    assert!(sent.contains("sending 120.0 MB to hosts took 50 % of the run, at 120.0 MB a second"), "{sent}");
    let received = moved(1000, 80_000_000);
    assert!(
        received.contains("80.0 MB of values came back from hosts, in 1 s of the run's 2 s"),
        "{received}"
    );
    // Of little data the network is not the cause.
    assert!(!moved(10_000, 10_000).contains("hosts"));
}
