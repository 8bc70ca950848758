//! Random runs: whatever dies, fails, hangs or is cancelled in whatever order, the run ends, frees all it took, never
//! does an element twice, and says the right thing.
use super::plan;
use super::sim::{Driver, Nature, Natures};
use crate::engine::{Cause, Event, Loss, Outcome, Settings};
use crate::id::WorkerId;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Work(u32),
    Hear(u32),
    Settle(usize, bool),
    Kill(u32, bool),
    Cancel,
    Tick(u64),
}

fn steps(deaths: bool) -> impl Strategy<Value = Vec<Step>> {
    let worker = 0u32..3;
    let kill = (worker.clone(), any::<bool>()).prop_map(|(worker, mute)| Step::Kill(worker, mute));
    let settle = (any::<usize>(), prop::bool::weighted(0.1)).prop_map(|(nth, fail)| Step::Settle(nth, fail));
    let step = prop_oneof![
        12 => worker.clone().prop_map(Step::Work),
        8 => worker.prop_map(Step::Hear),
        4 => settle,
        1 => kill,
        1 => (0u64..300_000_000).prop_map(Step::Tick),
        1 => prop::bool::weighted(0.05).prop_map(|cancel| if cancel { Step::Cancel } else { Step::Tick(0) }),
    ];
    let tame = |step: &Step| !matches!(step, Step::Kill(..) | Step::Cancel | Step::Settle(_, true));
    prop::collection::vec(step.prop_filter("no deaths", move |step| deaths || tame(step)), 0..250)
}

fn run(driver: &mut Driver, step: &Step, workers: u32) {
    match *step {
        Step::Work(worker) => driver.work(WorkerId(worker % workers)),
        Step::Hear(worker) => driver.hear(WorkerId(worker % workers)),
        Step::Settle(nth, fail) => driver.settle(nth, fail),
        Step::Kill(worker, mute) => {
            let loss = if mute { Loss::Died } else { Loss::Stalled };
            driver.lose(WorkerId(worker % workers), mute, loss);
        }
        Step::Cancel => driver.feed(Event::Cancel { cause: Cause::User }),
        Step::Tick(ns) => driver.tick(ns),
    }
}

/// Then all is fair: every worker works, every message arrives, time passes. Must end.
fn to_the_end(driver: &mut Driver, workers: u32) -> Outcome {
    for round in 0..5_000 {
        if let Some(outcome) = driver.outcome.clone() {
            return outcome;
        }
        driver.settle(round, false);
        for worker in (0..workers).map(WorkerId) {
            driver.work(worker);
            driver.hear(worker);
        }
        if round % 100 == 99 {
            driver.tick(1_000_000_000);
        }
    }
    panic!("the run does not end: {:?}", driver.engine());
}

/// Three shapes: one stage, a chain with a side variable, two side by side and one after both; one of them over nothing.
fn shape(which: usize, sizes: [u64; 3], workers: u32) -> crate::plan::Plan {
    match which {
        0 => plan(&[(sizes[0], 0, &[])], workers),
        1 => plan(&[(sizes[0], 0, &[]), (sizes[1], 2, &[0])], workers),
        _ => plan(&[(sizes[0], 0, &[1]), (sizes[1], 1, &[]), (sizes[2], 0, &[2, 3])], workers),
    }
}

/// Natures of elements of stages, by the stages' first passes.
fn of_passes(plan: &crate::plan::Plan, natures: &BTreeMap<(u32, u64), Nature>) -> Natures {
    let pass = |stage: u32| Some(plan.stages().get(stage as usize)?.passes[0]);
    let both =
        natures.iter().filter_map(|(&(stage, element), &nature)| Some(((pass(stage)?, element), nature)));
    both.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn whatever_happens_it_ends_and_leaves_nothing(
        which in 0usize..3, sizes in any::<[u8; 3]>(), workers in 1u32..4, retries in 0u32..3,
        natures in prop::collection::btree_map((0u32..3, 0u64..20), prop_oneof![
            Just(Nature::Fails), Just(Nature::Kills), Just(Nature::Hangs), Just(Nature::Deaf),
        ], 0..3),
        start_at in 0usize..20,
        script in steps(true),
    ) {
        let plan = shape(which, sizes.map(|size| u64::from(size % 20)), workers);
        let hangs = natures.values().any(|nature| matches!(nature, Nature::Hangs | Nature::Deaf));
        let timeout_ns = hangs.then_some(20_000_000_000);
        let settings = Settings { workers, retries, timeout_ns, ..Settings::default() };
        let mut driver = Driver::new(&plan, settings, of_passes(&plan, &natures));
        for (nth, step) in script.iter().enumerate() {
            if nth == start_at {
                driver.feed(Event::Started);
            }
            run(&mut driver, step, workers);
        }
        driver.feed(Event::Started);
        match to_the_end(&mut driver, workers) {
            // `Driver::finish` has checked that all is done, once, and gathered.
            Outcome::Done | Outcome::NoWorkers { .. } => {}
            Outcome::Failed(failure) => {
                let found = (failure.stage.0, failure.spot.element);
                prop_assert_eq!(natures.get(&found), Some(&Nature::Fails));
                let reported = driver.reported.iter().map(|other| (other.stage.0, other.spot.element));
                prop_assert_eq!(reported.min(), Some(found), "the lowest of those reported");
            }
            Outcome::WorkerKilled { deaths, .. } => prop_assert_eq!(deaths, retries + 1),
            Outcome::Cancelled { cause: Cause::Timeout } => prop_assert!(hangs),
            Outcome::Cancelled { cause: Cause::User } => {
                prop_assert!(script.iter().any(|step| matches!(step, Step::Cancel)));
            }
        }
    }

    #[test]
    fn without_trouble_it_is_done(
        which in 0usize..3, sizes in any::<[u8; 3]>(), workers in 1u32..4, script in steps(false),
    ) {
        let plan = shape(which, sizes.map(|size| u64::from(size % 40)), workers);
        let mut driver = Driver::new(&plan, Settings { workers, ..Settings::default() }, BTreeMap::new());
        driver.feed(Event::Started);
        for step in &script {
            run(&mut driver, step, workers);
        }
        prop_assert_eq!(to_the_end(&mut driver, workers), Outcome::Done);
    }

    #[test]
    fn one_element_that_kills_is_the_one_that_is_named(
        element in 0u64..30, retries in 0u32..4, workers in 1u32..4,
    ) {
        let plan = plan(&[(30, 0, &[])], workers);
        let natures = of_passes(&plan, &BTreeMap::from([((0, element), Nature::Kills)]));
        let mut driver = Driver::new(&plan, Settings { workers, retries, ..Settings::default() }, natures);
        driver.feed(Event::Started);
        let outcome = to_the_end(&mut driver, workers);
        let named = matches!(outcome, Outcome::WorkerKilled { spot, deaths, .. } if spot == super::at(element) && deaths == retries + 1);
        prop_assert!(named, "{:?}", outcome);
    }
}

#[test]
#[ignore = "a measurement; run alone with --release -- --ignored --nocapture"]
fn cost_of_the_core() {
    use crate::engine::core::Core;
    use crate::engine::LostLease;
    use crate::id::{ChunkId, StageId};
    let plan = plan(&[(1 << 30, 1, &[])], 64);
    let mut core = Core::new(&plan, Settings { workers: 64, retries: u32::MAX - 1, ..Settings::default() });
    let mut out = Vec::new();
    core.on_event(Event::Started, 0, &mut out);
    let events = 1_000_000u32;
    let clock = std::time::Instant::now();
    for nth in 0..events {
        let worker = WorkerId(nth % 64);
        core.on_event(Event::WorkerJoined { worker }, u64::from(nth), &mut out);
        core.on_event(Event::WorkerDry { worker }, u64::from(nth), &mut out);
        out.clear();
    }
    println!("join and dry: {:?} for both", clock.elapsed() / events);
    let clock = std::time::Instant::now();
    let deaths = 100;
    for nth in 0..deaths {
        let start = u64::from(nth) * 100;
        let lease = LostLease {
            stage: StageId(0),
            chunk: ChunkId(0),
            start,
            end: start + 9,
            attempt: 0,
            spot: Some(super::at(start + 4)),
        };
        let leases = vec![lease];
        core.on_event(
            Event::WorkerLost {
                worker: WorkerId(nth % 64),
                leases,
                reason: "x".into(),
                loss: crate::engine::Loss::Died,
            },
            0,
            &mut out,
        );
    }
    println!("a death with a lease: {:?}", clock.elapsed() / deaths);
    let stages: Vec<(u64, u32, &[u32])> = (0..10_000).map(|_| (0, 1, &[][..])).collect();
    let plan = super::plan(&stages, 1);
    let mut core = Core::new(&plan, Settings::default());
    let clock = std::time::Instant::now();
    core.on_event(Event::Started, 0, &mut out);
    assert!(core.is_ended());
    println!(
        "10,000 empty stages, {} tasks: {:?} a task",
        core.task_states().len(),
        clock.elapsed() / core.task_states().len() as u32
    );
}
