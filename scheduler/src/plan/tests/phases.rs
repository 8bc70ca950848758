//! Passes in phases, as a run over hosts has them, are fused as if each phase were a plan of its own, in which what comes from others is data.
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::properties::calls;
use crate::hosts::split;
use crate::id::PassId;
use crate::plan::{compile, CallSpec};

/// The passes of each stage, `of` numbers them as in all.
fn stages(spec: &CallSpec, of: &[PassId]) -> BTreeSet<Vec<PassId>> {
    let own = |passes: &[PassId]| {
        let mut passes: Vec<PassId> = passes.iter().map(|pass| of[pass.index()]).collect();
        passes.sort_unstable();
        passes
    };
    let plan = compile(spec.clone()).expect("a plan");
    plan.stages().iter().map(|stage| own(&stage.passes)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_phase_is_fused_as_if_it_were_alone(mut spec in calls(20)) {
        let mut apart = BTreeSet::new();
        for (nth, phase) in split(&spec).into_iter().enumerate() {
            apart.extend(stages(&phase.spec, &phase.passes));
            phase.passes.iter().for_each(|pass| spec.passes[pass.index()].phase = nth as u32);
        }
        let all: Vec<PassId> = (0..spec.passes.len() as u32).map(PassId).collect();
        prop_assert_eq!(stages(&spec, &all), apart);
    }
}
