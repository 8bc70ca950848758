//! Lives, peaks, consumes and budgets.
use super::properties::calls;
use super::{plan, sketch, stages};
use crate::error::Error;
use crate::graph::{Access, Scope};
use crate::id::ResourceId;
use crate::plan::{compile, CallSpec, Costs, Origin, Plan};
use proptest::prelude::*;

#[test]
fn a_resource_dies_at_its_last_reader() {
    // a -> b -> c -> d: each of 100 bytes, never more than two at a time.
    for edge in [".", "*"] {
        let mut spec = sketch(&format!(
            "a 100: X =100
             b 100: {edge}a =100
             c 100: {edge}b =100
             d 100: {edge}c =100"
        ));
        spec.resources[0].bytes = 100;
        let spec = CallSpec { fuse: false, ..spec };
        assert_eq!(compile(spec).expect("a plan").peak_bytes(), 200);
    }
}

#[test]
fn what_is_read_chunk_by_chunk_goes_as_the_next_comes() {
    // X is small; a, b and c are large: two whole ones never meet.
    let spec = sketch("a 100: X =5000\n b 100: .a =5000\n c 100: .b =5000");
    let plan = compile(CallSpec { fuse: false, ..spec.clone() }).expect("a plan");
    let consumes: Vec<_> = plan.stages().iter().map(|stage| stage.consumes.clone()).collect();
    assert_eq!(consumes, [vec![], vec![ResourceId(1)], vec![ResourceId(2)]]);
    assert_eq!(plan.peak_bytes(), 6_000);
    // What is wanted, or read as a whole, or read again later, does not go by chunks.
    let wanted = CallSpec { fuse: false, gather: vec![spec.gather[0], crate::id::PassId(0)], ..spec };
    assert_eq!(compile(wanted).expect("a plan").stages()[1].consumes, []);
    let consumes = |lines: &str| {
        let plan = compile(CallSpec { fuse: false, ..sketch(lines) }).expect("a plan");
        plan.stages().iter().map(|stage| stage.consumes.len()).collect::<Vec<_>>()
    };
    assert_eq!(consumes("a 9: X\n b 9: .a / *a"), [0, 0], "also as a whole");
    assert_eq!(
        consumes("a 9: X\n b 9: X / *a\n c 9: .a / *b"),
        [0, 0, 0],
        "as a whole by a function that may keep it"
    );
    assert_eq!(consumes("a 9: X\n b 9: .a\n c 9: .a"), [0, 0, 0], "by two, of which either may be the last");
    assert_eq!(
        consumes("a 9: X\n b 9: .a\n c 9: .a / *b"),
        [0, 0, 2].map(|n: usize| n.min(1)),
        "the last one"
    );
    assert_eq!(consumes("a 9: X\n b 9: .a\n c 9: .a .b"), [0, 0, 2], "both");
}

#[test]
fn a_stage_that_is_cut_by_costs_eases_nothing() {
    // Its pieces are taken out of order: of each part of b something may stay unread to the end.
    let mut spec = sketch("a 100: X =5000\n b 100: .a =5000\n c 100: .b =5000");
    spec.passes[2].costs =
        Some(Costs::new((0..100u8).map(f32::from).collect::<Vec<_>>(), Origin::Known, None).expect("costs"));
    let plan = compile(CallSpec { fuse: false, ..spec }).expect("a plan");
    assert!(!plan.stages()[2].pieces.is_empty());
    assert_eq!(plan.stages()[2].consumes, [ResourceId(2)], "what was read to its end goes all the same");
    assert_eq!(plan.peak_bytes(), 10_000);
}

#[test]
fn a_budget_that_all_fit_in_changes_nothing() {
    let spec = sketch("a 9: X =500\n b 9: Y =500\n c 1: *a / *b");
    let free = compile(spec.clone()).expect("a plan");
    let bound = compile(CallSpec { budget: Some(free.peak_bytes()), ..spec }).expect("a plan");
    assert_eq!((free.peak_bytes(), free.allowance()), (3_000, None));
    assert_eq!((bound.peak_bytes(), bound.allowance()), (3_000, None));
}

/// Two branches that meet: each takes a large intermediate, so that both together need more than one after the other.
fn branches() -> CallSpec {
    let mut spec = sketch(
        "big1 9: X =4000
         small1 1: *big1 =10
         big2 9: Y =4000
         small2 1: *big2 =10
         last 1: *small1 / *small2",
    );
    spec.resources.iter_mut().for_each(|resource| resource.bytes = 100);
    spec
}

#[test]
fn a_budget_that_only_one_after_the_other_fits_makes_stages_wait() {
    let free = compile(branches()).expect("a plan");
    assert_eq!((free.peak_bytes(), free.allowance()), (8_200, None));
    for budget in [4_300, 8_199] {
        let bound = compile(CallSpec { budget: Some(budget), ..branches() }).expect("a plan");
        assert_eq!((bound.peak_bytes(), bound.allowance()), (budget, Some(budget)));
    }
    assert_eq!(stages(&free), "big1 | small1 | big2 | small2 | last", "small1 frees big1 before big2 comes");
}

#[test]
fn what_fits_in_no_order_is_refused_with_a_table() {
    let spec = CallSpec { budget: Some(4_000), ..branches() };
    let error = compile(spec).expect_err("too little");
    let words = error.to_string();
    let Error::OverBudget { needed, budget, table } = error else { panic!("{error:?}") };
    // At its worst X is gone and Y is there, with what the first branch left.
    assert_eq!((needed, budget), (4_200, 4_000));
    let rows: Vec<_> = table.iter().map(|(name, bytes, _)| (name.as_str(), *bytes)).collect();
    assert_eq!(rows[..2], [("big1", 4_000), ("big2", 4_000)], "the biggest first");
    assert_eq!(rows.len(), 7);
    assert_eq!((table[0].2.born, table[0].2.last_use), (Some(1), Some(2)));
    assert!(words.contains("4200 bytes"), "{words}");
}

#[test]
fn pinned_variables_and_unused_ones_are_not_counted() {
    let mut spec = sketch("a 9: X / Y =7");
    spec.resources[1].scope = Scope::Pinned;
    spec.resources.push(crate::graph::Resource { name: "unused".into(), bytes: 99, scope: Scope::Scoped });
    assert_eq!(compile(spec).expect("a plan").peak_bytes(), 1_007);
    assert_eq!(plan("a 0: X =0").peak_bytes(), 1_000);
}

/// What lives when stage `now` runs, from scratch: `when` says when each stage runs.
fn living(plan: &Plan, now: u64, when: &dyn Fn(usize) -> u64) -> u64 {
    let resources = plan.graph().resources().iter().enumerate();
    let wanted = |id: ResourceId| plan.is_wanted(id);
    let mut sum: u64 = 0;
    for (index, resource) in resources.filter(|(_, resource)| resource.scope == Scope::Scoped) {
        let id = ResourceId(index as u32);
        let touched = |access: Option<Access>| {
            let stages = plan.stages().iter().enumerate();
            let touching = stages.filter(move |(_, stage)| {
                let accesses = &plan.graph().tasks()[stage.task.index()].accesses;
                accesses.iter().any(|(other, how)| *other == id && access.is_none_or(|access| *how == access))
            });
            touching.map(|(stage, _)| when(stage)).collect::<Vec<_>>()
        };
        let born = touched(Some(Access::Write)).first().copied().unwrap_or(0);
        let last = touched(None).into_iter().max();
        let used = last.is_some_and(|last| last >= now || wanted(id));
        sum += if born <= now && used { resource.bytes } else { 0 };
    }
    let bytes = |id: &ResourceId| plan.graph().resources()[id.index()].bytes;
    for (_, stage) in plan.stages().iter().enumerate().filter(|(index, _)| when(*index) == now) {
        let made: u64 =
            stage.outputs.iter().filter_map(|&pass| plan.result_of(pass)).map(|id| bytes(&id)).sum();
        sum -= if stage.pieces.is_empty() { made.min(stage.consumes.iter().map(bytes).sum()) } else { 0 };
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_peak_is_that_of_a_naive_count(spec in calls(20)) {
        let plan = compile(spec).expect("a plan");
        let alone = |stage: usize| stage as u64 + 1;
        let together = |stage: usize| u64::from(plan.graph().step(plan.stages()[stage].task));
        let steps = 0..=plan.graph().tasks().len() as u64;
        let most = |when: &dyn Fn(usize) -> u64| steps.clone().map(|now| living(&plan, now, when)).max();
        prop_assert_eq!(Some(plan.peak_bytes()), most(&alone).max(most(&together)));
        for stage in plan.stages() {
            let accesses = &plan.graph().tasks()[stage.task.index()].accesses;
            let scoped = accesses.iter().map(|(id, _)| &plan.graph().resources()[id.index()]);
            let needs: u64 = scoped.filter(|resource| resource.scope == Scope::Scoped).map(|r| r.bytes).sum();
            let eased: u64 = stage.consumes.iter().map(|id| plan.graph().resources()[id.index()].bytes).sum();
            prop_assert!(plan.peak_bytes() >= needs.saturating_sub(eased));
        }
    }

    #[test]
    fn a_budget_is_kept_or_refused(spec in calls(20), part in 0u64..1_100) {
        let free = compile(spec.clone()).expect("a plan");
        let alone = (0..=free.stages().len() as u64).map(|now| living(&free, now, &|stage| stage as u64 + 1)).max();
        let budget = free.peak_bytes() * part / 1_000;
        match compile(CallSpec { budget: Some(budget), ..spec }) {
            Ok(plan) => {
                prop_assert!(alone <= Some(budget));
                prop_assert_eq!(plan.peak_bytes(), free.peak_bytes().min(budget));
                prop_assert_eq!(plan.allowance(), (budget < free.peak_bytes()).then_some(budget));
                prop_assert_eq!(plan.stages(), free.stages(), "the order is the same");
            }
            Err(Error::OverBudget { needed, budget: allowed, table }) => {
                prop_assert_eq!((Some(needed), allowed), (alone, budget));
                prop_assert!(needed > budget);
                prop_assert!(table.is_sorted_by(|a, b| a.1 >= b.1) && !table.is_empty());
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}
