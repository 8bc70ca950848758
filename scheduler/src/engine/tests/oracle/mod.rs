//! The oracle: random programs on the real engine and the real board, with workers, messages, losses, failures and time as a
//! seed has them, against what the same passes give one after the other. A seed that fails is shrunk, and printed with its program and
//! what happened to it. `MEMSHARE_SEED=123` runs that seed alone, `MEMSHARE_SEEDS=1000000` runs so many, `MEMSHARE_SEEDS=5000..6000` those;
//! `sh tools/seeds.sh` runs a million and can be resumed.
//!
//! | file | what stands there |
//! |---|---|
//! | `program` | random programs |
//! | `trouble` | random histories, and which of their faults are kept |
//! | `shrink` | from a seed that fails to the least that does |
//! | `met` | counts of what seeds met |
//! | `replay` | runs again by their logs |
//! | `resume` | runs that go on after the session died |
//! | `../sim` | the simulated run, and what must hold after each of its steps |
mod met;
mod program;
mod replay;
mod resume;
mod shrink;
mod trouble;

use super::sim::pace::Pace;
use super::sim::rng::Rng;
use super::sim::{Driver, Nature};
use crate::engine::{Cause, Outcome};
use met::Met;
use rayon::prelude::*;
use std::ops::Range;
use std::panic::catch_unwind;
use trouble::{FaultSet, Trouble};

/// How many seeds `cargo test` tries.
const SEEDS: u64 = 10_000;
/// Seeds that failed once, beyond those, and what they found.
const FOUND: [u64; 2] = [124_751, 602828];

#[test]
fn random_programs_give_what_they_give_one_after_the_other() {
    let seeds = match (word("MEMSHARE_SEED"), word("MEMSHARE_SEEDS")) {
        (Some(seed), _) => {
            let seed = seed.parse().expect("a number");
            seed..seed + 1
        }
        (None, Some(seeds)) => range(&seeds),
        (None, None) => 0..SEEDS,
    };
    let clock = std::time::Instant::now();
    let found = FOUND.iter().filter(|seed| !seeds.contains(seed)).copied();
    let all: Vec<u64> = seeds.clone().chain(found).collect();
    let tried =
        all.into_par_iter().map(|seed| catch_unwind(|| run(seed, &FaultSet::all())).map_err(|_| seed));
    let all: Vec<Result<Met, u64>> = tried.collect();
    let broken: Vec<u64> = all.iter().filter_map(|one| one.err()).collect();
    if let Some(&first) = broken.first() {
        panic!("{} of {} seeds fail, {broken:?}\n{}", broken.len(), all.len(), shrink::describe(first));
    }
    let met = all.into_iter().flatten().fold(Met::default(), Met::and);
    let count = seeds.end - seeds.start;
    println!("seeds {seeds:?}, {:.0} a second: {met:?}", count as f64 / clock.elapsed().as_secs_f64());
    if count >= SEEDS {
        met.check(count);
    }
}

fn word(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// `5000..6000`, or how many.
fn range(seeds: &str) -> Range<u64> {
    let number = |word: &str| word.parse::<u64>().expect("a number");
    match seeds.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(seeds),
    }
}

/// One seed; panics where something does not hold.
fn run(seed: u64, kept: &FaultSet) -> Met {
    let mut rng = Rng::new(seed);
    let plan = program::limited(program::plan(&mut rng), seed);
    let mut trouble = Trouble::new(&mut rng, &plan, kept);
    let settings = trouble.settings(&mut rng, &plan);
    let pace = Pace::new(Rng::new(rng.word()));
    let mut driver = Driver::new(&plan, settings, trouble.natures.clone(), pace);
    let outcome = trouble.play(&mut rng, &mut driver);
    driver.after_the_end();
    check(&driver, &trouble, &outcome, settings.retries);
    driver.check_account();
    if driver.losses() == 0 {
        let (peak, most) = (driver.board().peak_bytes(), plan.peak_bytes() + driver.slack());
        assert!(peak <= most, "{peak} bytes were held, {most} predicted");
    }
    Met::one(&driver, &trouble, &outcome)
}

/// The outcome is one that these troubles can have, and says the right thing.
fn check(driver: &Driver, trouble: &Trouble, outcome: &Outcome, retries: u32) {
    let limited = driver.plan().spec().passes.iter().any(|pass| pass.limit.is_some());
    assert!(limited || !trouble.is_none() || *outcome == Outcome::Done, "{outcome:?} without a reason");
    let nature = |stage: crate::id::StageId, position: crate::board::ElementPosition| {
        let pass = driver.plan().stages()[stage.index()].passes[position.step as usize];
        trouble.natures.get(&(pass, position.element)).copied()
    };
    match outcome {
        Outcome::Done => {
            let bad = |(pass, element): &(crate::id::PassId, u64)| !driver.is_late(*pass, *element);
            assert!(!trouble.natures.keys().any(bad), "each element was run, also the bad ones");
        }
        Outcome::Failed(failure) => {
            let late = driver.board().is_expired(failure.stage, failure.position);
            assert!(late || nature(failure.stage, failure.position) == Some(Nature::Fails));
            let place = |failure: &crate::engine::Failure| {
                (failure.stage, failure.position.element, failure.position.step)
            };
            let lowest =
                driver.reported().iter().min_by_key(|failure| place(failure)).expect("it was reported");
            assert_eq!(place(failure), place(lowest), "the lowest of those reported");
            let known = driver.board().failures(failure.stage);
            assert!(known
                .iter()
                .any(|chunk| chunk.chunk == failure.chunk && chunk.failed == Some(failure.position)));
        }
        Outcome::WorkerKilled { stage, position, deaths, .. } => {
            assert_eq!(*deaths, retries + 1);
            let kills = nature(*stage, *position) == Some(Nature::Kills);
            assert!(kills || trouble.died, "{position:?} of stage {stage} kills nobody");
        }
        Outcome::ElementTimeout { stage, position } => {
            assert!(driver.board().is_expired(*stage, *position));
            assert!(driver.losses() > 0, "a worker that lives says so itself");
        }
        Outcome::Cancelled { cause: Cause::User } => assert!(trouble.cancelled),
        Outcome::Cancelled { cause: Cause::Timeout } => {
            assert!(trouble.timeout_ns.is_some_and(|after| driver.now() >= after));
        }
        Outcome::NoWorkers { .. } => assert!(trouble.launch_failed || trouble.lost),
    }
}
