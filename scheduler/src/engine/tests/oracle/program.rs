//! Random programs: passes over variables and over each other, of every kind that a plan knows.
use crate::engine::tests::sim::pages::EACH;
use crate::engine::tests::sim::rng::Rng;
use crate::engine::tests::sim::{Nature, Natures};
use crate::error::Error;
use crate::graph::{Resource, Scope};
use crate::id::{PassId, ResourceId};
use crate::plan::{compile, CallSpec, Costs, Origin, PassCall, Plan, Source, TimeLimit, WhenLate};
use crate::policy::{Policy, Schedule};

/// Variables of each program.
const VARIABLES: u64 = 4;
/// A program's passes go over so many elements together at most, or little more.
const ELEMENTS: u64 = 700;

/// A plan; in one of two, variables come element by element.
pub(super) fn plan(rng: &mut Rng) -> Plan {
    let plan = whole(rng);
    if rng.once_in(2) {
        return plan;
    }
    // By the elements of a pass, or by a number that fits none.
    let mut elements = || match rng.below(8) {
        0 => 7,
        _ => plan.spec().passes[rng.below(plan.spec().passes.len() as u64) as usize].elements,
    };
    let data: Vec<_> = (0..VARIABLES as u32).map(|nth| (ResourceId(nth), elements())).collect();
    plan.streamed(&data)
}

/// A plan with time limits on its passes' elements, in one of four; the others as they are.
pub(super) fn limited(plan: Plan, seed: u64) -> Plan {
    // Numbers of its own: the program stays as its seed has it.
    let mut rng = Rng::new(!seed);
    if !rng.once_in(4) {
        return plan;
    }
    let mut spec = plan.spec().clone();
    for pass in spec.passes.iter_mut() {
        let ns = rng.pick(&[200_000, 2_000_000, 20_000_000, 1_000_000_000]);
        let collects = pass.levels == 0 && !rng.once_in(4);
        let then = if collects { WhenLate::IsResult } else { WhenLate::Fails };
        pass.limit = (!rng.once_in(3)).then_some(TimeLimit { ns, then });
    }
    let streamed: Vec<_> = (0..VARIABLES as u32)
        .map(ResourceId)
        .filter_map(|id| Some((id, plan.streamed_elements(id)?)))
        .collect();
    compile(spec).expect("limits take no memory").streamed(&streamed)
}

/// A plan; one in three has a budget that may make its stages wait.
pub(super) fn whole(rng: &mut Rng) -> Plan {
    let spec = spec(rng);
    let free = compile(spec.clone()).expect("a program that can run");
    if !rng.once_in(3) {
        return free;
    }
    let budget = free.peak_bytes() * rng.below(1_001) / 1_000;
    match compile(CallSpec { budget: Some(budget), ..spec }) {
        Ok(bound) => bound,
        Err(Error::OverBudget { needed, .. }) => {
            assert!(needed > budget);
            compile(CallSpec { budget: Some(needed), ..free.spec().clone() })
                .expect("what it needs is enough")
        }
        Err(other) => panic!("{other}"),
    }
}

fn spec(rng: &mut Rng) -> CallSpec {
    // Most are small, so that all their interleavings are met; some have forty passes.
    let most = rng.pick(&[3, 6, 12, 40]);
    let count = 1 + rng.below(most);
    let mut passes: Vec<PassCall> = Vec::new();
    let mut left = ELEMENTS;
    while (passes.len() as u64) < count {
        let pass = pass(rng, &passes, left);
        left = left.saturating_sub(pass.elements);
        passes.push(pass);
    }
    // What nobody reads is wanted more often than what somebody reads.
    let read =
        |pass: PassId| passes.iter().flat_map(PassCall::sources).any(|source| source.pass() == Some(pass));
    let ids = (0..passes.len() as u32).map(PassId);
    let gather = ids.filter(|&pass| if read(pass) { rng.once_in(5) } else { !rng.once_in(6) }).collect();
    let resource = |nth: u64| Resource {
        name: format!("x{nth}"),
        bytes: EACH * (1 + nth * 10),
        scope: if nth % 2 == 0 { Scope::Scoped } else { Scope::Pinned },
    };
    let resources = (0..VARIABLES).map(resource).collect();
    let call = CallSpec::new(resources, passes, gather, 1 + rng.below(4) as u32);
    shuffled(CallSpec { fuse: !rng.once_in(4), measure: rng.once_in(2), ..call }, rng)
}

fn pass(rng: &mut Rng, before: &[PassCall], left: u64) -> PassCall {
    let named = |rng: &mut Rng| PassId(rng.below(before.len() as u64) as u32);
    let chained = !before.is_empty() && !rng.once_in(3);
    let first = if chained { named(rng) } else { PassId(0) };
    let elements = match before.get(first.index()).filter(|_| chained) {
        Some(call) => call.results(),
        None => rng.pick(&[0, 1, 1, 2, 5, 9, 16, 17, 33, 60, 300]).min(left.max(2)),
    };
    let mut inputs = vec![if chained { Source::Each(first) } else { variable(rng) }];
    while rng.once_in(3) {
        let alike = |&pass: &PassId| before[pass.index()].results() == elements;
        let other = (!before.is_empty()).then(|| named(rng)).filter(alike);
        inputs.push(other.map_or_else(|| variable(rng), Source::Each));
    }
    if elements == 1 && !before.is_empty() && rng.once_in(2) {
        inputs[0] = Source::Whole(named(rng));
    }
    let mut sides = Vec::new();
    while rng.once_in(4) {
        let whole = !before.is_empty() && !rng.once_in(3);
        sides.push(if whole { Source::Whole(named(rng)) } else { variable(rng) });
    }
    let levels = if rng.once_in(5) { 1 + rng.below(2) as u32 } else { 0 };
    let name = format!("p{}", before.len());
    let costs = costs(rng, elements);
    let mut pass =
        PassCall { sides, levels, policy: policy(rng), costs, ..PassCall::new(name, inputs, elements) };
    pass.bytes = EACH * pass.results();
    pass
}

fn variable(rng: &mut Rng) -> Source {
    Source::Data(ResourceId(rng.below(VARIABLES) as u32))
}

fn policy(rng: &mut Rng) -> Policy {
    match rng.below(8) {
        0 => Policy::fixed(1 + rng.below(9)),
        1 => Policy::of(rng.pick(&[
            Schedule::Static,
            Schedule::Guided,
            Schedule::Factoring,
            Schedule::Adaptive,
        ])),
        _ => Policy::auto(),
    }
}

/// Of one pass in four something is known of what its elements cost.
fn costs(rng: &mut Rng, elements: u64) -> Option<Costs> {
    let known = rng.once_in(4);
    let origin = if rng.once_in(3) { Origin::Sizes } else { Origin::Known };
    let each: Vec<f32> = (0..elements).map(|_| rng.pick(&[0.0, 1.0, 1.0, 2.0, 50.0])).collect();
    known.then(|| Costs::new(each, origin, None).expect("costs"))
}

/// The same program with its passes named in another order.
fn shuffled(spec: CallSpec, rng: &mut Rng) -> CallSpec {
    if !rng.once_in(3) {
        return spec;
    }
    let mut place: Vec<u32> = (0..spec.passes.len() as u32).collect();
    for last in (1..place.len()).rev() {
        place.swap(last, rng.below(last as u64 + 1) as usize);
    }
    let moved = |pass: PassId| PassId(place[pass.index()]);
    let source = |source: &mut Source| match source {
        Source::Data(_) => {}
        Source::Each(pass) | Source::Whole(pass) => *pass = moved(*pass),
    };
    let CallSpec { mut passes, gather, .. } = spec;
    passes.iter_mut().for_each(|call| call.inputs.iter_mut().chain(&mut call.sides).for_each(source));
    let mut both: Vec<_> = place.iter().zip(passes).collect();
    both.sort_by_key(|(place, _)| **place);
    let passes = both.into_iter().map(|(_, pass)| pass).collect();
    CallSpec { passes, gather: gather.into_iter().map(moved).collect(), ..spec }
}

/// One to three elements that are not good.
pub(super) fn natures(rng: &mut Rng, plan: &Plan) -> Natures {
    let all = [Nature::Fails, Nature::Fails, Nature::Kills, Nature::Hangs, Nature::Deaf];
    let mut natures = Natures::new();
    for _ in 0..1 + rng.below(3) {
        let pass = rng.below(plan.spec().passes.len() as u64) as u32;
        let elements = plan.spec().passes[pass as usize].elements;
        if elements > 0 {
            natures.insert((PassId(pass), rng.below(elements)), rng.pick(&all));
        }
    }
    natures
}
