//! From a seed that fails to the least that does: without the faults that it does not need, in the shortest history.
use super::trouble::{Fault, FaultSet, Trouble};
use super::{program, run, Rng};
use std::panic::catch_unwind;

fn fails(seed: u64, kept: &FaultSet) -> Option<String> {
    let failure = catch_unwind(|| run(seed, kept)).err()?;
    let words = failure.downcast_ref::<String>().cloned();
    Some(
        words.or_else(|| failure.downcast_ref::<&str>().map(|words| (*words).to_owned())).unwrap_or_default(),
    )
}

/// The least that still fails.
fn least(seed: u64) -> FaultSet {
    let mut kept = FaultSet::all();
    for fault in Fault::ALL {
        let without = kept.without(fault);
        if fails(seed, &without).is_some() {
            kept = without;
        }
    }
    // Another length is another history, so this is no bisection: it is tried as long as it helps.
    let mut step = 1_024;
    while step > 0 {
        let shorter = kept.shorter(step);
        match fails(seed, &shorter) {
            Some(_) if shorter.steps < kept.steps => kept = shorter,
            _ => step /= 2,
        }
    }
    kept
}

/// What is known of a seed that fails: the failure, the faults that it needs, the program, and what happened.
pub(super) fn describe(seed: u64) -> String {
    let kept = least(seed);
    let why = fails(seed, &kept).unwrap_or_default();
    let mut rng = Rng::new(seed);
    let plan = program::limited(program::plan(&mut rng), seed);
    let trouble = Trouble::new(&mut rng, &plan, &kept);
    format!(
        "seed {seed}: {why}\nit fails with {kept:?} (MEMSHARE_SEED={seed} cargo test --lib oracle::random)\n\
         troubles: {trouble:?}\nprogram: {:#?}\nAdd the seed to FOUND when it is mended.",
        plan.spec()
    )
}

#[test]
fn a_seed_is_shrunk_to_what_it_needs() {
    // Nothing fails, so nothing is kept but what cannot go.
    let kept = FaultSet::all().without(Fault::Losses).shorter(1_000_000);
    assert_eq!(kept.steps, 0);
    assert!(!kept.keeps(Fault::Losses) && kept.keeps(Fault::Cancel));
    assert!(fails(0, &kept).is_none());
}
