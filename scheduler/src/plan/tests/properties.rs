//! What holds of all plans.
use crate::graph::{Resource, Scope, TaskKind};
use crate::id::{PassId, ResourceId, StageId};
use crate::plan::{compile, CallSpec, PassCall, Plan, Source, FOLD};
use crate::policy::Policy;
use proptest::prelude::*;

/// A pass in the making: what kind of edges it would like, and its other numbers.
type Wish = (Vec<(u8, u32)>, Vec<u32>, u8, u8, u8);

/// Calls that can run: each pass reads data and passes named before it, elementwise where the numbers allow it.
pub(super) fn calls(passes: usize) -> impl Strategy<Value = CallSpec> {
    let wish = (
        prop::collection::vec((0u8..4, any::<u32>()), 1..4),
        prop::collection::vec(any::<u32>(), 0..3),
        0u8..6,
        0u8..10,
        0u8..5,
    );
    (prop::collection::vec(wish, 1..passes), any::<bool>(), any::<u64>(), prop::collection::vec(0u8..3, 4))
        .prop_map(|(wishes, fuse, gather, scopes)| spec(&wishes, fuse, gather, &scopes))
}

fn spec(wishes: &[Wish], fuse: bool, gather: u64, scopes: &[u8]) -> CallSpec {
    let mut passes: Vec<PassCall> = Vec::new();
    let variable = |nth: u32| Source::Data(ResourceId(nth % 4));
    for (nth, (inputs, sides, size, fold, policy)) in wishes.iter().enumerate() {
        let any = |pick: u32| PassId(pick % nth.max(1) as u32);
        // The first input decides how many elements there are.
        let elements = match inputs[0] {
            (0..=1, pick) if nth > 0 => passes[any(pick).index()].results(),
            _ => [0, 1, 5, 16, 40, 300][*size as usize],
        };
        let source = |&(kind, pick): &(u8, u32)| match kind {
            0..=1 if nth > 0 && passes[any(pick).index()].results() == elements => Source::Each(any(pick)),
            2 if nth > 0 && elements == 1 => Source::Whole(any(pick)),
            _ => variable(pick),
        };
        let inputs = inputs.iter().map(source).collect();
        let side =
            |&pick: &u32| if nth > 0 && pick % 3 > 0 { Source::Whole(any(pick)) } else { variable(pick) };
        let (levels, policy) = (
            if *fold < 8 { 0 } else { u32::from(fold - 7) },
            [Policy::auto(), Policy::auto(), Policy::auto(), Policy::fixed(4), Policy::fixed(7)]
                [*policy as usize],
        );
        let sides = sides.iter().map(side).collect();
        let bytes = 64 * elements.div_ceil(FOLD.pow(levels));
        passes.push(PassCall {
            sides,
            levels,
            policy,
            bytes,
            ..PassCall::new(format!("p{nth}"), inputs, elements)
        });
    }
    let resource = |nth: usize| Resource {
        name: format!("x{nth}"),
        bytes: 1_000 * (nth as u64 + 1),
        scope: if scopes[nth] == 0 { Scope::Pinned } else { Scope::Scoped },
    };
    let gather = (0..passes.len() as u32).filter(|nth| gather >> (nth % 64) & 1 == 1).map(PassId).collect();
    CallSpec { fuse, ..CallSpec::new((0..4).map(resource).collect(), passes, gather, 2) }
}

/// What must hold of the stages of any plan.
pub(super) fn check_stages(plan: &Plan) -> Result<(), String> {
    let ensure = |holds: bool, text: String| if holds { Ok(()) } else { Err(text) };
    let spec = plan.spec();
    let mut home: Vec<Option<usize>> = vec![None; spec.passes.len()];
    for (id, stage) in plan.stages().iter().enumerate() {
        for pass in &stage.passes {
            ensure(home[pass.index()].replace(id).is_none(), format!("{pass} is in two stages"))?;
        }
    }
    for (id, stage) in plan.stages().iter().enumerate() {
        let mut seen: Vec<PassId> = Vec::new();
        for &pass in &stage.passes {
            let call = &spec.passes[pass.index()];
            let all = call.elements == stage.board.elements;
            ensure(all, format!("{pass} goes over other elements than its stage"))?;
            ensure(
                stage.board.align % call.elements_per_result() == 0
                    || stage.board.align == call.elements.max(1),
                format!("blocks of {pass} are cut"),
            )?;
            let inputs = call.inputs.len();
            for (nth, source) in call.sources().enumerate() {
                let Some(other) = source.pass() else { continue };
                let from = home[other.index()].ok_or(format!("{other} is in no stage"))?;
                if from == id {
                    let before = seen.contains(&other) && spec.passes[other.index()].levels == 0;
                    let one_by_one = nth < inputs && matches!(source, Source::Each(_));
                    ensure(before && one_by_one, format!("{pass} cannot have {other} in its stage"))?;
                } else {
                    ensure(from < id, format!("{pass} reads {other} of a later stage"))?;
                    ensure(plan.result_of(other).is_some(), format!("{other} leaves its stage"))?;
                }
            }
            seen.push(pass);
        }
    }
    ensure(home.iter().all(Option::is_some), "a pass is in no stage".into())
}

/// Consumption, recounted: a stage consumes what is read element by element alone, and nobody else still needs.
fn check_drains(plan: &Plan) -> Result<(), TestCaseError> {
    let spec = plan.spec();
    let wanted: Vec<_> = spec.gather.iter().filter_map(|&pass| plan.result_of(pass)).collect();
    for (id, stage) in plan.stages().iter().enumerate() {
        for resource in (0..plan.graph().resources().len() as u32).map(ResourceId) {
            let reads = |stage: &crate::plan::Stage, whole: bool| {
                let inside = stage.passes.clone();
                let calls = inside.iter().map(|pass| &spec.passes[pass.index()]);
                calls.flat_map(|call| call.sources()).any(|source| match source {
                    Source::Each(pass) => {
                        !whole && plan.result_of(pass) == Some(resource) && !inside.contains(&pass)
                    }
                    Source::Whole(pass) => whole && plan.result_of(pass) == Some(resource),
                    Source::Data(_) => false,
                })
            };
            let others = plan.stages().iter().enumerate().filter(|(other, _)| *other != id);
            let last = others
                .filter(|(_, other)| reads(other, true) || reads(other, false))
                .all(|(_, other)| plan.graph().precedes(other.task, stage.task));
            let whole = plan.stages().iter().any(|stage| reads(stage, true));
            let should = reads(stage, false) && !whole && last && !wanted.contains(&resource);
            prop_assert_eq!(
                stage.consumes.contains(&resource),
                should,
                "stage {} and resource {}",
                id,
                resource
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn stages_are_sound(spec in calls(40)) {
        let fuse = spec.fuse;
        let plan = compile(spec).expect("a plan");
        if let Err(broken) = check_stages(&plan) {
            prop_assert!(false, "{}", broken);
        }
        prop_assert!(fuse || plan.stages().iter().all(|stage| stage.passes.len() == 1));
        let order = plan.graph().order();
        prop_assert_eq!(order.len(), plan.graph().tasks().len());
        for (id, stage) in plan.stages().iter().enumerate() {
            prop_assert_eq!(plan.graph().tasks()[stage.task.index()].kind, TaskKind::Map(StageId(id as u32)));
            prop_assert_eq!(stage.board.steps as usize, stage.passes.len());
            prop_assert_eq!(stage.board.outputs as usize, stage.outputs.len());
            for (later, other) in plan.stages().iter().enumerate() {
                prop_assert!(later >= id || !plan.graph().precedes(stage.task, other.task), "ids are an order");
            }
        }
        check_drains(&plan)?;
    }

    #[test]
    fn a_plan_comes_back_from_the_wire_as_it_went(spec in calls(12)) {
        let config = bincode::config::standard();
        let plan = compile(spec).expect("a plan");
        let bytes = bincode::serde::encode_to_vec(&plan, config).expect("bytes");
        let (back, used): (Plan, usize) = bincode::serde::decode_from_slice(&bytes, config).expect("a plan");
        prop_assert_eq!(used, bytes.len());
        prop_assert_eq!(back.stages(), plan.stages());
        prop_assert_eq!(back.graph().tasks(), plan.graph().tasks());
        prop_assert_eq!(back.graph().resources(), plan.graph().resources());
        prop_assert_eq!(back.graph().order(), plan.graph().order());
        prop_assert_eq!(back.peak_bytes(), plan.peak_bytes());
        prop_assert_eq!(back.lifetimes(), plan.lifetimes());
    }
}
