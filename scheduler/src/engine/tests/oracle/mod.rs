//! The oracle: random programs on the real core and the real board, with workers, messages, deaths, failures and time as a
//! seed has them, against what the same passes give one after the other. `MEMSHARE_SEED=123` runs that seed alone,
//! `MEMSHARE_SEEDS=1000000` runs so many.
//!
//! | room | what stands there |
//! |---|---|
//! | `program` | random programs |
//! | `trouble` | random histories |
//! | `../sim` | the simulated run, and what must hold at each of its moments |
mod program;
mod trouble;

use super::sim::rng::Rng;
use super::sim::{Driver, Nature};
use crate::engine::{Cause, Outcome};
use rayon::prelude::*;
use std::panic::catch_unwind;
use trouble::Trouble;

/// How many seeds `cargo test` tries.
const SEEDS: u64 = 10_000;

/// What became of a seed's run, to see that all kinds are met.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    done: u64,
    failed: u64,
    killed: u64,
    cancelled: u64,
    timed_out: u64,
    abandoned: u64,
    deaths: u64,
    drained: u64,
    held_back: u64,
    recut: u64,
}

#[test]
fn random_programs_give_what_they_give_one_after_the_other() {
    let number = |name: &str| std::env::var(name).ok().map(|word| word.parse::<u64>().expect("a number"));
    if let Some(seed) = number("MEMSHARE_SEED") {
        println!("{:?}", run(seed));
        return;
    }
    let seeds = number("MEMSHARE_SEEDS").unwrap_or(SEEDS);
    let clock = std::time::Instant::now();
    let tried = (0..seeds).into_par_iter().map(|seed| catch_unwind(|| run(seed)).map_err(|_| seed));
    let all: Vec<Result<Met, u64>> = tried.collect();
    let broken: Vec<u64> = all.iter().filter_map(|one| one.err()).collect();
    assert!(
        broken.is_empty(),
        "{} of {seeds} seeds; look closer with MEMSHARE_SEED={} cargo test --lib oracle::random",
        broken.len(),
        broken[0]
    );
    let met = all.into_iter().flatten().fold(Met::default(), Met::and);
    println!("{seeds} seeds, {:.0} a second: {met:?}", seeds as f64 / clock.elapsed().as_secs_f64());
    if seeds >= SEEDS {
        let Met { done, failed, killed, cancelled, timed_out, abandoned, .. } = met;
        let Met { deaths, drained, held_back, recut, .. } = met;
        let kinds =
            [done, failed, killed, cancelled, timed_out, abandoned, deaths, drained, held_back, recut];
        assert!(kinds.iter().all(|&count| count * 1_000 >= seeds), "a kind is hardly ever met: {met:?}");
    }
}

/// One seed; panics where something does not hold.
fn run(seed: u64) -> Met {
    let mut rng = Rng::new(seed);
    let plan = program::plan(&mut rng);
    let mut trouble = Trouble::new(&mut rng, &plan);
    let settings = trouble.settings(&mut rng, &plan);
    let mut driver = Driver::new(&plan, settings, trouble.natures.clone());
    let outcome = trouble.play(&mut rng, &mut driver);
    check(&driver, &trouble, &outcome, settings.retries);
    driver.check_account();
    if driver.deaths == 0 {
        let (peak, most) = (driver.board.peak_bytes(), plan.peak_bytes() + driver.slack());
        assert!(peak <= most, "{peak} bytes were held, {most} predicted");
    }
    Met::one(&driver, &outcome)
}

/// The outcome is one that these troubles can have, and says the right thing.
fn check(driver: &Driver, trouble: &Trouble, outcome: &Outcome, retries: u32) {
    assert!(!trouble.is_none() || *outcome == Outcome::Done, "{outcome:?} without a reason");
    let nature = |stage: crate::id::StageId, spot: crate::board::Spot| {
        let pass = driver.plan.stages()[stage.index()].passes[spot.step as usize];
        trouble.natures.get(&(pass, spot.element)).copied()
    };
    match outcome {
        Outcome::Done => assert!(trouble.natures.is_empty(), "each element was run, also the bad ones"),
        Outcome::Failed(failure) => {
            assert_eq!(nature(failure.stage, failure.spot), Some(Nature::Fails));
            let place =
                |failure: &crate::engine::Failure| (failure.stage, failure.spot.element, failure.spot.step);
            let lowest =
                driver.reported.iter().min_by_key(|failure| place(failure)).expect("it was reported");
            assert_eq!(place(failure), place(lowest), "the lowest of those reported");
            let known = driver.board.failures(failure.stage);
            assert!(known
                .iter()
                .any(|chunk| chunk.chunk == failure.chunk && chunk.failed == Some(failure.spot)));
        }
        Outcome::WorkerKilled { stage, spot, deaths, .. } => {
            assert_eq!(*deaths, retries + 1);
            let kills = nature(*stage, *spot) == Some(Nature::Kills);
            assert!(kills || trouble.killed, "{spot:?} of stage {stage} kills nobody");
        }
        Outcome::Cancelled { cause: Cause::User } => assert!(trouble.cancelled),
        Outcome::Cancelled { cause: Cause::Timeout } => {
            assert!(trouble.timeout_ns.is_some_and(|after| driver.now >= after));
        }
        Outcome::NoWorkers { .. } => assert!(trouble.launch_failed || trouble.killed),
    }
}

impl Met {
    fn one(driver: &Driver, outcome: &Outcome) -> Met {
        let stages = driver.plan.stages();
        let mut met = Met {
            deaths: u64::from(driver.deaths > 0),
            drained: u64::from(stages.iter().any(|stage| !stage.drains.is_empty())),
            held_back: u64::from(driver.plan.allowance().is_some()),
            recut: u64::from(!driver.engine().withdrawn().is_empty()),
            ..Met::default()
        };
        let kind = match outcome {
            Outcome::Done => &mut met.done,
            Outcome::Failed(_) => &mut met.failed,
            Outcome::WorkerKilled { .. } => &mut met.killed,
            Outcome::Cancelled { cause: Cause::User } => &mut met.cancelled,
            Outcome::Cancelled { cause: Cause::Timeout } => &mut met.timed_out,
            Outcome::NoWorkers { .. } => &mut met.abandoned,
        };
        *kind = 1;
        met
    }

    fn and(self, other: Met) -> Met {
        Met {
            done: self.done + other.done,
            failed: self.failed + other.failed,
            killed: self.killed + other.killed,
            cancelled: self.cancelled + other.cancelled,
            timed_out: self.timed_out + other.timed_out,
            abandoned: self.abandoned + other.abandoned,
            deaths: self.deaths + other.deaths,
            drained: self.drained + other.drained,
            recut: self.recut + other.recut,
            held_back: self.held_back + other.held_back,
        }
    }
}
