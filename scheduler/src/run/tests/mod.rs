//! Sessions by seed: the order of runs, the pool's decisions and the real engine on simulated processes, with faults. What a session asks
//! for, how long everything takes and what goes wrong is the seed's to say. A seed that fails is shrunk and printed with what its session
//! did. `MEMSHARE_SEED=123` runs that seed alone, `MEMSHARE_SEEDS=5000..6000` those; `sh tools/seeds.sh` runs a million.
//!
//! | file | what stands there |
//! |---|---|
//! | `session` | what a session asks for, the supervisor's loop, and what must hold |
//! | `world` | the processes of a pool, on a virtual clock |
//! | `process` | one of them: fork server, mirror, worker |
//! | `faults`, `met` | what can go wrong, and counts of what did |
mod faults;
mod met;
mod process;
mod session;
mod world;

use crate::engine::tests::sim::rng;
use crate::os::Place;
use crate::pool::PoolConfig;
use crate::store::Store;
use faults::{Fault, FaultSet};
use met::Met;
use rayon::prelude::*;
use rng::Rng;
use session::Session;
use std::os::unix::fs::DirBuilderExt;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many seeds `cargo test` tries.
const SEEDS: u64 = 10_000;

#[test]
fn random_sessions_come_to_an_end_whatever_becomes_of_their_processes() {
    let word = |name: &str| std::env::var(name).ok();
    let seeds = match (word("MEMSHARE_SEED"), word("MEMSHARE_SEEDS")) {
        (Some(seed), _) => {
            let seed: u64 = seed.parse().expect("a number");
            seed..seed + 1
        }
        (None, Some(seeds)) => {
            let (from, to) = seeds.split_once("..").unwrap_or(("0", &seeds));
            from.parse().expect("a number")..to.parse().expect("a number")
        }
        (None, None) => 0..SEEDS,
    };
    let clock = std::time::Instant::now();
    let tried = seeds
        .clone()
        .into_par_iter()
        .map(|seed| catch_unwind(|| run(seed, &FaultSet::all())).map_err(|_| seed));
    let all: Vec<Result<Met, u64>> = tried.collect();
    let broken: Vec<u64> = all.iter().filter_map(|one| one.as_ref().err().copied()).collect();
    let _ = std::fs::remove_dir_all(listen_dir());
    if let Some(&first) = broken.first() {
        panic!("{} of {} seeds fail, {broken:?}\n{}", broken.len(), all.len(), describe(first));
    }
    let met = all.into_iter().flatten().fold(Met::default(), Met::and);
    let count = seeds.end - seeds.start;
    println!("sessions {seeds:?}, {:.0} a second: {met:?}", count as f64 / clock.elapsed().as_secs_f64());
    if count >= SEEDS {
        met.check();
    }
}

/// One seed; panics where something does not hold.
fn run(seed: u64, kept: &FaultSet) -> Met {
    let mut rng = Rng::new(seed);
    let faults = kept.of(&mut rng);
    let script = session::script(&mut rng, kept);
    let store = Store::open(Place::Memory).expect("a store");
    Session::new(&store, &mut rng, faults).play(script)
}

fn fails(seed: u64, kept: &FaultSet) -> Option<String> {
    let failure = catch_unwind(|| run(seed, kept)).err()?;
    let words = failure.downcast_ref::<String>().cloned();
    Some(words.or_else(|| failure.downcast_ref::<&str>().map(|&words| words.into())).unwrap_or_default())
}

/// The least that still fails: without the faults that it does not need, with the fewest commands.
fn least(seed: u64) -> FaultSet {
    let mut kept = FaultSet::all();
    for fault in Fault::ALL {
        let mut without = kept.clone();
        without.faults.retain(|&one| one != fault);
        if fails(seed, &without).is_some() {
            kept = without;
        }
    }
    let fewer = |commands| FaultSet { commands, ..kept.clone() };
    (1..10).map(fewer).find(|fewer| fails(seed, fewer).is_some()).unwrap_or(kept)
}

/// What is known of a seed that fails.
fn describe(seed: u64) -> String {
    let kept = least(seed);
    let why = fails(seed, &kept).unwrap_or_default();
    let mut rng = Rng::new(seed);
    let faults = kept.of(&mut rng);
    let script = session::script(&mut rng, &kept);
    format!(
        "seed {seed}: {why}\nit fails with {faults:?} (MEMSHARE_SEED={seed} cargo test --lib run::tests)\n\
         session: {script:#?}\nMended, it becomes a case of pool/state/tests.rs or tests/run.rs: what a seed means changes with the processes."
    )
}

/// Configurations are told apart by their argument.
fn number_of(config: &PoolConfig) -> u64 {
    config.args.first().map_or(0, |number| number.to_string_lossy().parse().expect("a number"))
}

/// Where nodes of a cluster would connect.
fn listen_dir() -> PathBuf {
    let dir = std::env::temp_dir().join(format!("memshare-sessions-{}", std::process::id()));
    std::fs::DirBuilder::new().mode(0o700).recursive(true).create(&dir).expect("a directory");
    dir
}

fn next_listener() -> u64 {
    static LISTENERS: AtomicU64 = AtomicU64::new(0);
    LISTENERS.fetch_add(1, Ordering::Relaxed)
}
