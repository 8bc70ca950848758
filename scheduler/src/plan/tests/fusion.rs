//! Which passes run together, by table.
use super::{plan, sketch, stages};
use crate::id::PassId;
use crate::plan::{compile, CallSpec};

/// The stages of a call in short, which are also checked for what holds of all.
fn fused(lines: &str) -> String {
    let plan = plan(lines);
    super::properties::check_stages(&plan).expect(lines);
    stages(&plan)
}

#[test]
fn elementwise_neighbours_run_together() {
    assert_eq!(fused("a 9: X\n b 9: .a\n c 9: .b\n d 9: .c"), "a+b+c+d", "a chain");
    assert_eq!(fused("a 9: X\n b 9: .a\n c 9: .a\n d 9: .b .c"), "a+b+c+d", "a diamond");
    assert_eq!(fused("a 9: X\n b 9: .a\n c 9: .a\n d 9: .a"), "a+b+c+d", "a fan");
    assert_eq!(fused("a 9: X Y\n b 9: Y .a"), "a+b", "several collections in step");
}

#[test]
fn a_whole_edge_cuts() {
    assert_eq!(fused("a 9: X\n b 9: Y / *a"), "a | b");
    assert_eq!(fused("a 9: X\n b 1: *a"), "a | b");
    assert_eq!(
        fused("a 9: X\n b 9: .a\n c 9: .b / *b\n d 9: .c"),
        "a+b | c+d",
        "and what is behind goes with it"
    );
    assert_eq!(fused("a 9: X\n b 9: .a / *a"), "a | b", "its elements are there, the whole is not");
    assert_eq!(
        fused("mu 9: X\n dev 9: X / *mu\n sq 9: .dev\n s 9: .sq / *sq"),
        "mu | dev+sq | s",
        "passes over X wait for their own sides"
    );
}

#[test]
fn passes_over_the_same_collection_walk_it_once() {
    assert_eq!(fused("a 9: X\n b 9: X\n c 9: X"), "a+b+c");
    assert_eq!(fused("a 9: X\n b 9: Y"), "a | b");
    assert_eq!(fused("a 9: X\n b 8: X"), "a | b", "not to the same end");
    assert_eq!(fused("a 9: X\n b 9: Y / X"), "b | a", "a side is not walked");
    // b would make what a feeds wait for e.
    assert_eq!(fused("a 9: X\n e 5: Y\n b 9: X / *e"), "e | a | b");
    assert_eq!(fused("e 5: Y\n a 9: X / *e\n b 9: X / *e"), "e | a+b", "they wait for the same");
}

#[test]
fn a_pass_joins_two_stages_of_which_none_waits_for_the_other() {
    assert_eq!(fused("a 9: X\n b 9: Y\n c 9: .a .b"), "a+b+c");
    assert_eq!(fused("a 9: X\n b 9: Y\n c 9: Z\n d 9: .a .b\n e 9: .d .c"), "a+b+d+c+e");
    assert_eq!(fused("a 9: X\n b 9: Y / *a\n c 9: .a .b"), "a | b+c", "b waits for all of a");
}

#[test]
fn what_a_pass_reads_as_a_whole_is_never_in_its_stage() {
    // The two stages whose elements c takes could be one, but c needs all of b.
    assert_eq!(fused("a 9: X\n b 9: Y\n c 9: .a .b / *b"), "b | a+c");
    assert_eq!(fused("a 9: X\n b 9: Y\n c 9: .b .a / *b"), "b | a+c");
    // d stands between b and c: joined, the stage of a, b and c would wait for itself.
    assert_eq!(fused("a 9: X\n b 9: Y\n d 9: Z / *b\n c 9: .a .b / *d"), "b | d | a+c");
    // f gives one value for one element: there when all of it is folded, not before.
    assert_eq!(fused("a 1: X\n f 1: Y ^1\n c 1: .a .f"), "f | a+c");
    assert_eq!(fused("f 1: Y ^1\n c 1: .f"), "f | c");
}

#[test]
fn folds_end_their_stage() {
    assert_eq!(fused("a 100: X\n f 100: .a ^1\n g 7: .f"), "a+f | g");
    assert_eq!(fused("a 100: X\n f 100: .a ^2\n b 100: .a"), "a+f+b", "beside others");
    assert_eq!(fused("f 100: X ^1\n g 7: .f ^1\n h 1: .g"), "f | g | h");
    let plan = plan("a 1000: X\n f 1000: .a ^1\n g 1000: .a ^2\n last 4: .g / *f");
    assert_eq!(stages(&plan), "a+f+g | last");
    assert_eq!(plan.stages()[0].board.align, 256, "blocks of both begin together");
    assert_eq!(super::plan("f 20: X ^3").stages()[0].board.align, 20, "all of it is one block");
}

#[test]
fn only_what_is_cut_alike_runs_together() {
    assert_eq!(fused("a 9: X @3\n b 9: .a @4"), "a | b");
    assert_eq!(fused("a 9: X @3\n b 9: .a @3"), "a+b");
    assert_eq!(fused("a 9: X\n b 9: .a @4\n c 9: .b @5"), "a+b | c", "auto goes with any, but only with one");
    let plan = plan("a 9: X\n b 9: .a @4");
    assert_eq!(plan.stages()[0].board.policy, crate::policy::Policy::fixed(4), "what was asked for counts");
    assert_eq!(fused("a 9: X @3\n b 9: Y @4\n c 9: .a .b"), "b | a+c", "joined to the first");
}

#[test]
fn passes_over_nothing_stand_alone() {
    assert_eq!(fused("a 0: X\n b 0: .a\n c 0: X"), "a | c | b");
    assert_eq!(fused("a 0: X\n b 5: Y / *a"), "a | b");
}

#[test]
fn without_fusion_each_pass_has_its_stage() {
    let spec = CallSpec { fuse: false, ..sketch("a 9: X\n b 9: .a\n c 9: X\n d 9: .b .c") };
    let plan = compile(spec).expect("a plan");
    assert_eq!(plan.stages().len(), 4);
    assert!(plan.stages().iter().all(|stage| stage.passes.len() == 1 && stage.outputs == stage.passes));
}

#[test]
fn outputs_are_what_others_need() {
    let mut spec = sketch("a 9: X\n b 9: .a\n c 9: .b\n d 3: Y / *b");
    spec.gather = vec![PassId(2), PassId(3)];
    let plan = compile(spec).expect("a plan");
    assert_eq!(stages(&plan), "a+b+c | d");
    assert_eq!(plan.stages()[0].outputs, [PassId(1), PassId(2)]);
    assert_eq!(plan.stages()[1].outputs, [PassId(3)]);
}
