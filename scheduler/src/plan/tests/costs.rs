//! Costs of elements, and the pieces that are cut by them.
use super::sketch;
use crate::board::StageSpec;
use crate::plan::{compile, CallSpec, Costs, Origin, Piece, Plan};
use crate::policy::{appended_capacity, Policy, Schedule};
use proptest::prelude::*;

fn costs(each: Vec<f32>, origin: Origin) -> Costs {
    Costs::new(each, origin, None).expect("costs")
}

/// A call over X with costs.
fn call(costs: Costs, workers: u32, levels: u32) -> CallSpec {
    let mut spec = sketch(&format!("a {}: X ^{levels}", costs.each().len()));
    (spec.passes[0].costs, spec.workers) = (Some(costs), workers);
    spec
}

fn pieces(each: Vec<f32>, workers: u32) -> Vec<Piece> {
    compile(call(costs(each, Origin::Known), workers, 0)).expect("a plan").stages()[0].pieces.to_vec()
}

/// In the order of elements.
fn sorted(plan: &Plan) -> Vec<(u64, u64)> {
    let mut all: Vec<_> = plan.stages()[0].pieces.iter().map(|piece| (piece.start, piece.end)).collect();
    all.sort_unstable();
    all
}

#[test]
fn costs_that_are_no_costs_are_refused_with_their_place() {
    let refused =
        |each: &[f32]| Costs::new(each.to_vec(), Origin::Known, None).expect_err("no costs").to_string();
    assert!(refused(&[1.0, -1.0]).contains("the cost of element 2 is -1"));
    assert!(refused(&[f32::NAN]).contains("element 1 is NaN"));
    assert!(refused(&[0.0, 0.0, f32::INFINITY]).contains("element 3 is inf"));
    assert!(Costs::new(vec![1.0], Origin::Known, Some(0.0)).is_err());
    assert!(Costs::of_doubles(&[1.0, f64::NAN], Origin::Known, None).is_err());
    let mut spec = call(costs(vec![1.0; 4], Origin::Known), 2, 0);
    spec.passes[0].elements = 5;
    let error = compile(spec).expect_err("costs of others").to_string();
    assert!(error.contains("pass 'a' goes over 5 elements, but has costs of 4"), "{error}");
    let mut spec = sketch("a 10: X");
    spec.passes[0].policy = Policy::of(Schedule::Profiled);
    let error = compile(spec).expect_err("no costs").to_string();
    assert!(error.contains("none are given"), "{error}");
}

#[test]
fn costs_of_any_scale_are_taken_in() {
    let huge = Costs::of_doubles(&[1e300, 5e299, 0.0], Origin::Known, None).expect("costs");
    assert_eq!(huge.each(), [1.0, 0.5, 0.0]);
    let tiny = Costs::of_doubles(&[1e-300, 5e-301], Origin::Known, None).expect("costs");
    assert_eq!(tiny.each(), [1.0, 0.5]);
    let timed = Costs::of_doubles(&[3.0, 1.0], Origin::Known, Some(1e9)).expect("costs");
    assert_eq!((timed.each(), timed.unit_ns(), timed.total()), (&[3.0, 1.0][..], Some(1e9), 4.0));
    assert_eq!(timed.variation(), 0.5);
}

#[test]
fn known_costs_decide_under_auto_and_sizes_only_where_they_vary() {
    let schedule = |costs: Costs, policy: Policy| {
        let mut spec = call(costs, 2, 0);
        spec.passes[0].policy = policy;
        let plan = compile(spec).expect("a plan");
        let stage = &plan.stages()[0];
        let (schedule, is_cut) = (stage.board.policy.schedule, !stage.pieces.is_empty());
        assert_eq!(is_cut, schedule == Schedule::Profiled);
        schedule
    };
    let even = |origin| costs(vec![2.0; 100], origin);
    let uneven = |origin| costs((0..100).map(|i| i as f32).collect(), origin);
    assert_eq!(schedule(even(Origin::Known), Policy::auto()), Schedule::Profiled);
    assert_eq!(schedule(even(Origin::Sizes), Policy::auto()), Schedule::Auto);
    assert_eq!(schedule(uneven(Origin::Sizes), Policy::auto()), Schedule::Profiled);
    assert_eq!(schedule(even(Origin::Sizes), Policy::of(Schedule::Profiled)), Schedule::Profiled);
    assert_eq!(schedule(uneven(Origin::Known), Policy::fixed(3)), Schedule::Fixed, "what the user says goes");
    assert_eq!(schedule(costs(vec![0.0; 9], Origin::Known), Policy::of(Schedule::Profiled)), Schedule::Auto);
}

#[test]
fn the_costliest_come_first_and_a_heavy_element_is_alone() {
    let mut each = vec![1.0; 1_000];
    each[700] = 500.0;
    let pieces = pieces(each, 2);
    assert_eq!((pieces[0].start, pieces[0].end, pieces[0].cost), (700, 701, 500.0));
    let share = 1_499.0 / 2.0;
    assert!(pieces[1..].iter().all(|piece| piece.cost <= share / 16.0 * 1.1), "sixteenths of a share");
    let last = pieces.last().expect("pieces");
    assert!(last.cost <= share / 64.0, "small ones at last, for what measured costs leave open");
    assert!(pieces.len() < 2 * 40, "{} pieces", pieces.len());
    let next: Vec<u64> = pieces[1..4].iter().map(|piece| piece.start).collect();
    assert!(
        next.windows(2).any(|two| two[1].abs_diff(two[0]) > 200),
        "those alike are from all over: {next:?}"
    );
}

#[test]
fn heavy_elements_at_the_end_leave_small_pieces_for_the_end_too() {
    for levels in [0, 1] {
        let mut each = vec![0.2; 990];
        each.extend([20.0; 10]);
        let spec = call(costs(each, Origin::Known), 2, levels);
        let plan = compile(spec).expect("a plan");
        let pieces = &plan.stages()[0].pieces;
        let share = 398.0 / 2.0;
        let small: Vec<f64> = pieces.iter().rev().take(4).map(|piece| piece.cost).collect();
        assert!(small.iter().all(|&cost| cost <= share / 32.0), "{levels} levels: {small:?} of {share}");
        assert!(pieces.len() < 60, "{} pieces", pieces.len());
    }
}

#[test]
fn no_piece_is_long_however_little_it_should_cost() {
    let mut each = vec![0.0; 10_000];
    each[0] = 1.0;
    let pieces = pieces(each, 4);
    assert!(pieces.iter().all(|piece| piece.end - piece.start <= 10_000 / 32));
}

#[test]
fn guessed_costs_are_cut_finer() {
    let each: Vec<f32> = (0..10_000).map(|i| (i % 100) as f32).collect();
    let count =
        |origin| compile(call(costs(each.clone(), origin), 4, 0)).expect("a plan").stages()[0].pieces.len();
    assert!(count(Origin::Sizes) > count(Origin::Known) * 3 / 2);
}

#[test]
fn pieces_of_known_time_are_not_so_short_that_chunks_show() {
    // 1,000 elements of 10 us on 4 workers: 2.5 ms a share.
    let timed = Costs::new(vec![10_000.0; 1_000], Origin::Known, Some(1.0)).expect("costs");
    let plan = compile(call(timed, 4, 0)).expect("a plan");
    assert!(plan.stages()[0].pieces.len() <= 40, "{}", plan.stages()[0].pieces.len());
    // 1,000 elements of an hour: no piece lasts longer than it must.
    let long = Costs::new(vec![3.6e12; 1_000], Origin::Known, Some(1.0)).expect("costs");
    let plan = compile(call(long, 4, 0)).expect("a plan");
    assert!(plan.stages()[0].pieces.iter().all(|piece| piece.end - piece.start == 1));
}

#[test]
fn passes_that_run_together_add_up() {
    let mut spec = sketch("a 4: X\nb 4: .a\nc 4: .b");
    spec.passes[0].costs = Some(costs(vec![1.0, 1.0, 1.0, 5.0], Origin::Known));
    spec.passes[1].costs = Some(costs(vec![9.0, 0.0, 0.0, 0.0], Origin::Sizes));
    spec.passes[2].costs = Some(costs(vec![30.0, 10.0, 20.0, 20.0], Origin::Known));
    let plan = compile(spec.clone()).expect("a plan");
    assert_eq!(plan.stages().len(), 1);
    let both = plan.stages()[0].costs.as_ref().expect("costs");
    assert_eq!(
        (both.each(), both.origin()),
        (&[2.0, 1.0, 1.5, 3.5][..], Origin::Known),
        "relative to their means"
    );
    let timed = |each: Vec<f32>, unit| Some(Costs::new(each, Origin::Known, Some(unit)).expect("costs"));
    spec.passes[0].costs = timed(vec![1.0, 1.0, 1.0, 5.0], 1e9);
    spec.passes[2].costs = timed(vec![3e9, 1e9, 2e9, 2e9], 1.0);
    let plan = compile(spec).expect("a plan");
    let both = plan.stages()[0].costs.as_ref().expect("costs");
    assert_eq!((both.each(), both.unit_ns()), (&[4e9, 2e9, 3e9, 7e9][..], Some(1.0)), "in nanoseconds");
}

proptest! {
    #[test]
    fn pieces_cover_every_element_once(
        each in prop::collection::vec(prop_oneof![Just(0f32), 0f32..1.0, Just(1e30), Just(1e-30)], 1..3_000),
        workers in 1u32..70, levels in 0u32..4, sizes in any::<bool>(), unit in prop::option::of(1e-3f64..1e12),
    ) {
        let origin = if sizes { Origin::Sizes } else { Origin::Known };
        let elements = each.len() as u64;
        let costs = Costs::new(each, origin, unit).expect("costs");
        let mut spec = call(costs, workers, levels);
        spec.passes[0].policy = Policy::of(Schedule::Profiled);
        let plan = compile(spec).expect("a plan");
        let stage = &plan.stages()[0];
        prop_assume!(!stage.pieces.is_empty());
        let StageSpec { align, appended_capacity: room, log_capacity, .. } = stage.board;
        let mut at = 0;
        for (start, end) in sorted(&plan) {
            prop_assert_eq!(start, at);
            prop_assert!(start < end && start % align == 0);
            at = end;
        }
        prop_assert_eq!(at, elements);
        let longest = (elements / (8 * u64::from(workers))).max(align) / align * align;
        prop_assert!(stage.pieces.iter().all(|piece| piece.end - piece.start <= longest));
        prop_assert_eq!(log_capacity, 0);
        // Room for all of them, for as many ranges withdrawn, and for deaths.
        prop_assert!(room as usize >= 2 * stage.pieces.len() + appended_capacity(workers) as usize);
        let share = stage.costs.as_ref().expect("costs").total() / f64::from(workers);
        let heavy = |piece: &&Piece| piece.end - piece.start <= align;
        let light = stage.pieces.iter().filter(|piece| !heavy(piece));
        let most = (share / 8.0).max(unit.map_or(0.0, |unit| (share / 3.0).min(6e5 / unit)));
        prop_assert!(light.into_iter().all(|piece| piece.cost <= most * 1.01), "no piece of several is costly");
    }
}
