//! What results take in their pages: as they are measured, and as a plan foretells it.
use super::sketch;
use crate::plan::{compile, compile_sized, CallSpec, Costs, Origin, ResultSize};
use crate::policy::{recut_capacity, Policy, Schedule};

/// 100 results of `each` bytes, in the page of a plan of one pass that is cut by `policy` for `workers`.
fn in_page(size: ResultSize, policy: Policy, workers: u32) -> u64 {
    let mut spec = sketch("a 100: X =800");
    spec.passes[0].policy = policy;
    let spec = CallSpec { workers, ..spec };
    compile_sized(spec, &[Some(size)]).expect("a plan").spec().passes[0].bytes
}

#[test]
fn chunks_of_several_lengths_tell_that_all_results_are_alike() {
    let even = ResultSize::measured([(1, 128 + 8), (4, 128 + 32), (95, 128 + 760)]).expect("results");
    assert_eq!((even.results, even.chunks, even.bytes, even.each), (100, 3, 192 + 192 + 896, Some(8)));
    let one_length = ResultSize::measured([(50, 528), (50, 528)]).expect("results");
    assert_eq!((one_length.each, one_length.mean()), (None, 8));
    assert_eq!(one_length.after(Some(even)).each, Some(8), "as before");
    assert_eq!(one_length.after(Some(ResultSize::of_each(100, 80))).each, None, "not as before");
    assert_eq!(ResultSize::measured([(1, 136), (4, 161)]).expect("results").each, None);
    assert_eq!(ResultSize::measured([(1, 64), (4, 160)]).expect("results").each, None);
    assert_eq!(ResultSize::measured([]), None);
}

#[test]
fn what_is_cut_by_number_takes_what_is_foretold() {
    let size = ResultSize::of_each(100, 8);
    assert_eq!(in_page(size, Policy::fixed(10), 2), 10 * (128 + 128));
    assert_eq!(in_page(size, Policy::fixed(30), 2), 3 * (128 + 256) + (128 + 128));
    assert_eq!(in_page(size, Policy::of(Schedule::Static), 2), 2 * (128 + 448));
    // Guided by two workers: 50, 25, 13, 6, 3, 2, 1.
    let guided: u64 = [448, 256, 128, 64, 64, 64, 64].iter().map(|bytes| 128 + bytes).sum();
    assert_eq!(in_page(size, Policy::of(Schedule::Guided), 2), guided);
}

#[test]
fn what_is_cut_by_time_takes_no_more_than_is_foretold() {
    assert_eq!(in_page(ResultSize::of_each(100, 8), Policy::auto(), 2), 100 * (128 + 64), "each alone");
    assert_eq!(in_page(ResultSize::of_each(100, 6_400), Policy::auto(), 2), 100 * (128 + 6_400));
    let uneven = ResultSize { results: 100, chunks: 10, bytes: 1 << 20, each: None };
    assert_eq!(in_page(uneven, Policy::fixed(10), 2), 1 << 20, "as it was cut before");
    assert_eq!(in_page(uneven, Policy::fixed(20), 2), (1 << 20) + 100 * 88, "other results in a chunk");
    assert_eq!(in_page(uneven, Policy::auto(), 2), (1 << 20) + 90 * 256 + 100 * 88);
}

#[test]
fn what_is_cut_by_costs_may_be_cut_anew() {
    let mut spec = sketch("a 10000: X =800");
    let each: Vec<f32> = (0..10_000u16).map(|n| 1e4 + f32::from(n)).collect();
    spec.passes[0].costs = Some(Costs::new(each, Origin::Known, Some(1.0)).expect("costs"));
    let plan = compile_sized(spec, &[Some(ResultSize::of_each(10_000, 64))]).expect("a plan");
    let pieces = plan.stages()[0].pieces.len() as u64;
    let chunks = pieces + u64::from(recut_capacity(10_000, plan.workers()));
    assert!(pieces > 1 && chunks < 10_000);
    assert_eq!(plan.spec().passes[0].bytes, 10_000 * 64 + chunks * 128);
}

#[test]
fn sizes_of_other_numbers_of_results_say_nothing() {
    assert_eq!(in_page(ResultSize::of_each(99, 8_000), Policy::auto(), 2), 800);
    let spec = sketch("a 100: X =800");
    assert_eq!(compile_sized(spec.clone(), &[None]).expect("a plan"), compile(spec).expect("a plan"));
}

#[test]
fn the_plan_that_is_written_to_a_file_is_the_plan() {
    // Sizes decide the order: what they make of the call is what the plan is compiled from again.
    let spec = sketch("a 100: X =800\n b 100: Y =800\n c 1: *a / *b");
    let sizes = [Some(ResultSize::of_each(100, 8_000)), Some(ResultSize::of_each(100, 80)), None];
    let plan = compile_sized(CallSpec { fuse: false, ..spec }, &sizes).expect("a plan");
    let again = compile(plan.spec().clone()).expect("a plan");
    assert_eq!((plan.stages(), plan.peak_bytes()), (again.stages(), again.peak_bytes()));
}
