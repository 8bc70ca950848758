//! One element that kills, one that fails unheard, and what the core itself costs. What else may happen to a run: `oracle`.
use super::plan;
use super::sim::pace::Pace;
use super::sim::rng::Rng;
use super::sim::{Driver, Nature, Natures, When};
use crate::engine::{Event, Loss, Outcome, Settings};
use crate::id::{PassId, WorkerId};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn one_element_that_kills_is_the_one_that_is_named(
        element in 0u64..30, retries in 0u32..4, workers in 1u32..4, seed in any::<u64>(),
    ) {
        let plan = plan(&[(30, 0, &[])], workers);
        let natures = Natures::from([((PassId(0), element), Nature::Kills)]);
        let settings = Settings { workers, retries, ..Settings::default() };
        let mut driver = Driver::new(&plan, settings, natures, Pace::new(Rng::new(seed)));
        let outcome = driver.finish();
        let named = matches!(outcome, Outcome::WorkerKilled { position, deaths, .. } if position == super::at(element) && deaths == retries + 1);
        prop_assert!(named, "{:?}", outcome);
    }
}

#[test]
fn a_failure_of_a_worker_that_was_cut_off_just_before_its_claim_ends_the_run() {
    for seed in 0..300 {
        let plan = plan(&[(4, 1, &[])], 2);
        let natures = Natures::from([((PassId(0), 0), Nature::Fails)]);
        let settings = Settings { workers: 2, ..Settings::default() };
        let mut driver = Driver::new(&plan, settings, natures, Pace::new(Rng::new(seed)));
        driver.feed(Event::Started);
        let workers = [0, 1].map(WorkerId);
        let aims = |driver: &Driver| workers.into_iter().find(|&worker| driver.is_at(worker, When::Aims));
        while aims(&driver).is_none() {
            assert!(driver.next());
        }
        driver.lose(aims(&driver).expect("one does"), Loss::CutOff);
        let outcome = driver.finish();
        let failed = matches!(outcome, Outcome::Failed(failure) if failure.position == super::at(0));
        assert!(failed, "seed {seed}: {outcome:?}");
    }
}

#[test]
#[ignore = "a measurement; run alone with --release -- --ignored --nocapture"]
fn cost_of_the_core() {
    use crate::engine::state::Core;
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
            expired: Vec::new(),
            stage: StageId(0),
            chunk: ChunkId(0),
            start,
            end: start + 9,
            attempt: 0,
            position: Some(super::at(start + 4)),
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
