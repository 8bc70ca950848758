//! What a session asks for, and when.
use super::super::faults::FaultSet;
use super::super::rng::Rng;
use crate::graph::{Resource, Scope};
use crate::id::{PassId, ResourceId};
use crate::plan::{compile, CallSpec, PassCall, Plan, Source};
use crate::policy::Policy;

const SECOND: u64 = 1_000_000_000;

/// What the session does.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    Begin {
        elements: [u64; 2],
        workers: u32,
        generation: u64,
        is_fresh: bool,
        is_external: bool,
    },
    /// Says that a run is to come, which may be long in coming.
    Expect,
    /// The run that was begun as this one.
    Cancel(usize),
    Configure {
        forks: bool,
    },
}

/// What a session does, and when: a word every few seconds.
pub(crate) fn script(rng: &mut Rng, kept: &FaultSet) -> Vec<(u64, Does)> {
    let (mut at, mut begun, mut generation) = (0, 0, 0);
    let mut script = Vec::new();
    for _ in 0..2 + rng.below(8) {
        at += rng.pick(&[0, 0, SECOND / 100, SECOND / 10, SECOND, 5 * SECOND, 30 * SECOND]);
        at += rng.below(SECOND / 10);
        let does = match rng.below(9) {
            0 if begun > 0 => Does::Cancel(rng.below(begun) as usize),
            1 | 2 => Does::Configure { forks: !rng.once_in(3) },
            3 => Does::Expect,
            _ => {
                begun += 1;
                if rng.once_in(3) {
                    generation = rng.below(3);
                }
                let elements = [rng.below(20), rng.below(20)];
                let workers = 1 + rng.below(4) as u32;
                let (is_fresh, is_external) = (rng.once_in(8), rng.once_in(12));
                Does::Begin { elements, workers, generation, is_fresh, is_external }
            }
        };
        script.push((at, does));
    }
    script.truncate(kept.commands);
    script
}

/// Two passes, one after the other.
pub(super) fn plan(elements: [u64; 2], workers: u32) -> Plan {
    let pass = |name: &str, input, elements| PassCall {
        policy: Policy::fixed(3),
        bytes: 1,
        ..PassCall::new(name, vec![input], elements)
    };
    let passes = vec![
        pass("a", Source::Data(ResourceId(0)), elements[0]),
        pass("b", Source::Whole(PassId(0)), elements[1]),
    ];
    let resources = vec![Resource { name: "X".into(), bytes: 1, scope: Scope::Pinned }];
    let gather = vec![PassId(0), PassId(1)];
    compile(CallSpec { fuse: false, ..CallSpec::new(resources, passes, gather, workers) }).expect("a plan")
}
