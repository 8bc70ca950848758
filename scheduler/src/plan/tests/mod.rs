//! Calls that compile, calls that must not, and what a plan says of them.
mod basics;
mod costs;
mod fusion;
mod memory;
mod phases;
mod properties;
mod sizes;
mod stream;

use super::{compile, CallSpec, PassCall, Plan, Source};
use crate::graph::{Resource, Scope};
use crate::id::{PassId, ResourceId};
use crate::policy::Policy;

/// A call in short. A line a pass, `name elements: inputs / sides`, in which `X` (upper case) is a variable, `.a` an element
/// of pass a, `*a` all of it; `^2` makes it a fold of two levels, `@4` cuts it into chunks of 4, `=400` says what its
/// results take (else 8 bytes each). Variables are scoped and take 1,000 bytes. The last pass is wanted.
pub(super) fn sketch(lines: &str) -> CallSpec {
    let lines: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let names: Vec<&str> = lines.iter().map(|line| line.split(' ').next().expect("a name")).collect();
    let mut resources: Vec<Resource> = Vec::new();
    let mut variable = |name: &str| {
        let known = resources.iter().position(|resource| resource.name == name);
        let place = known.unwrap_or_else(|| {
            resources.push(Resource { name: name.into(), bytes: 1_000, scope: Scope::Scoped });
            resources.len() - 1
        });
        Source::Data(ResourceId(place as u32))
    };
    let find = |name: &str| {
        PassId(names.iter().position(|known| *known == name).expect("the name of a pass") as u32)
    };
    let mut passes: Vec<PassCall> = Vec::new();
    for (line, name) in lines.iter().zip(&names) {
        let (head, reads) = line.split_once(':').expect("name elements: reads");
        let elements = head.split(' ').nth(1).expect("elements").parse().expect("a number");
        let mut pass = PassCall { bytes: u64::MAX, ..PassCall::new(*name, Vec::new(), elements) };
        let mut aside = false;
        for word in reads.split_whitespace() {
            let number = || word[1..].parse::<u64>().expect("a number");
            let source = match word.as_bytes()[0] {
                b'/' => {
                    aside = true;
                    continue;
                }
                b'^' => {
                    pass.levels = number() as u32;
                    continue;
                }
                b'@' => {
                    pass.policy = Policy::fixed(number());
                    continue;
                }
                b'=' => {
                    pass.bytes = number();
                    continue;
                }
                b'.' => Source::Each(find(&word[1..])),
                b'*' => Source::Whole(find(&word[1..])),
                _ => variable(word),
            };
            if aside { &mut pass.sides } else { &mut pass.inputs }.push(source);
        }
        if pass.bytes == u64::MAX {
            pass.bytes = 8 * pass.results();
        }
        passes.push(pass);
    }
    let gather = vec![PassId(passes.len() as u32 - 1)];
    CallSpec::new(resources, passes, gather, 4)
}

/// The plan of a call in short.
pub(super) fn plan(lines: &str) -> Plan {
    compile(sketch(lines)).expect("a plan")
}

/// The stages in short: `a+b | c`.
pub(super) fn stages(plan: &Plan) -> String {
    let name = |pass: &PassId| plan.spec().passes[pass.index()].name.clone();
    let stage = |passes: &[PassId]| passes.iter().map(name).collect::<Vec<_>>().join("+");
    plan.stages().iter().map(|one| stage(&one.passes)).collect::<Vec<_>>().join(" | ")
}

/// Section 8 of the design: mu and s over X, z from both. X is given in the call; only z is wanted.
pub(super) fn chain() -> CallSpec {
    sketch(
        "mu 100: X =10
         s 100: X =20
         z 100: X / *mu *s =400",
    )
}
