//! A specification compiled: the plan, what its workers are told, and for a plan that is run again and again the pages that it
//! keeps.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scheduler::graph::{Resource, Scope};
use scheduler::id::{PassId, ResourceId};
use scheduler::os::{space, SessionId};
use scheduler::page::Elements;
use scheduler::plan::{self, CallSpec, PassCall, Plan, Stage, TimeLimit, WhenLate};
use scheduler::store::{find, places, Page};

use super::earlier;
use super::encoded::{encoded, Encoded, Purpose};
use super::learn::{known, Learned};
use super::spec::{DataSource, Form, Input, Pass, Side, Spec, Start};
use crate::about::{self, Listed, Program, Step, Steps};
use crate::codec::References;
use crate::r::{self, Failure, Preserved, Result, Sexp};
use crate::session;

/// What a guess says of a pass whose results nobody knows: one number for each.
const GUESSED: u64 = 8;

/// A plan, ready to be run.
pub(super) struct Planned {
    pub(super) plan: Arc<Plan>,
    /// [`Program`], as bytes.
    pub(super) program: Vec<u8>,
    /// The resource of each source of data: the same object twice is one.
    pub(super) resource_of: Vec<ResourceId>,
    /// Where each resource of data comes from.
    pub(super) data: Vec<Data>,
    /// What each wanted result is to be.
    pub(super) forms: Arc<[Form]>,
    pub(super) retries: u32,
    pub(super) timeout_seconds: f64,
    /// What can be copied in element by element, and what those are.
    pub(super) streamed: Vec<(ResourceId, Elements)>,
    /// Whether nodes of the user's own cluster do the work.
    pub(super) external: bool,
    /// By what name each pass's profile is kept; empty for none.
    pub(super) keys: Arc<[String]>,
    /// Whether pages are kept for another run when this one fails.
    pub(super) keep: bool,
    /// What is done before its run begins.
    pub(super) start: Start,
    /// What each pass learned from runs before.
    pub(super) learned: Vec<Learned>,
}

/// Where a resource of data comes from.
pub(super) enum Data {
    /// An object that is to be copied in for each run, or was not yet for a plan that keeps its pages.
    Object(Preserved),
    /// A page that the plan keeps, and the pages that it refers to.
    Kept(Box<(Page, References)>),
    /// A registered variable, which must be the one that the plan was made for.
    Registered { namespace: String, name: String, session: SessionId, serial: u64 },
}

/// The data of a specification, as resources.
#[derive(Default)]
struct Resources {
    resources: Vec<Resource>,
    data: Vec<Data>,
    blobs: Vec<Option<Encoded>>,
    /// The resource of each source of data.
    resource_of: Vec<ResourceId>,
}

impl Resources {
    fn of(spec: &Spec, purpose: Purpose) -> Result<Resources> {
        let mut all = Resources::default();
        let mut seen: HashMap<usize, ResourceId> = HashMap::new();
        for (name, source) in &spec.data {
            let mut id = ResourceId(all.resources.len() as u32);
            match source {
                DataSource::Object(object) => {
                    id = *seen.entry(object.get().raw() as usize).or_insert(id);
                    // The same object twice is one.
                    if id.index() == all.resources.len() {
                        all.add_object(name, object.get(), purpose)?;
                    }
                }
                DataSource::Registered { namespace, name } => all.add_registered(namespace, name)?,
            }
            all.resource_of.push(id);
        }
        Ok(all)
    }

    fn add_object(&mut self, name: &str, object: Sexp, purpose: Purpose) -> Result<()> {
        let encoded = encoded(object, purpose)?;
        let bytes = encoded.0.size();
        self.resources.push(Resource { name: name.to_owned(), bytes, scope: Scope::Scoped });
        self.data.push(Data::Object(Preserved::new(object)));
        self.blobs.push(Some(encoded));
        Ok(())
    }

    fn add_registered(&mut self, namespace: &str, name: &str) -> Result<()> {
        let header = session::with(|session| Ok(find(namespace, name, session.place())?))?.header;
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        self.resources.push(Resource { name: name.clone(), bytes: header.bytes, scope: Scope::Pinned });
        let (session, serial) = (header.session, header.serial);
        self.data.push(Data::Registered { namespace, name, session, serial });
        self.blobs.push(None);
        Ok(())
    }
}

/// Compiles a specification; also gives the blob of each resource that is an object, so that it is made once. Nothing is
/// copied.
pub(super) fn compile(spec: &Spec, purpose: Purpose) -> Result<(Planned, Vec<Option<Encoded>>)> {
    let Resources { resources, data, blobs, resource_of } = Resources::of(spec, purpose)?;
    let (mut passes, mut learned) = (Vec::new(), Vec::new());
    for pass in &spec.passes {
        let (costs, from) = known(pass)?;
        passes.push(PassCall { costs, ..pass_call(pass, &resource_of) });
        learned.push(from);
    }
    let call = CallSpec {
        budget: budget(spec, purpose)?,
        keep: purpose == Purpose::Plan,
        measure: spec.measure,
        preserve: spec.keep || !spec.start.is_fresh(),
        ..CallSpec::new(resources, passes, spec.gather.clone(), spec.workers)
    };
    let sizes: Vec<_> = learned.iter().map(|learned| learned.size).collect();
    let streamed = streamed(spec, &resource_of, &blobs);
    let counts: Vec<_> = streamed.iter().map(|(resource, elements)| (*resource, elements.count)).collect();
    let plan = plan::compile_sized(call, &sizes)?.streamed(&counts);
    let given = earlier::given(&spec.start, &plan)?;
    let plan = plan.with_given(given)?;
    let program = program(spec, &plan, &resource_of)?.to_bytes();
    let planned = Planned {
        plan: Arc::new(plan),
        program,
        resource_of,
        data,
        streamed,
        forms: spec.forms.clone().into(),
        retries: spec.retries,
        timeout_seconds: spec.timeout_seconds,
        external: spec.external,
        keys: spec.passes.iter().map(|pass| pass.key.clone()).collect(),
        keep: spec.keep,
        start: spec.start.clone(),
        learned,
    };
    Ok((planned, blobs))
}

/// Data that can be copied in element by element while passes read it so, by what elements: where all passes that cut it do it alike.
fn streamed(
    spec: &Spec,
    resource_of: &[ResourceId],
    blobs: &[Option<Encoded>],
) -> Vec<(ResourceId, Elements)> {
    let mut cuts: Vec<(ResourceId, Option<Elements>)> = Vec::new();
    for pass in &spec.passes {
        for input in &pass.inputs {
            let Input::Data(place, cut) = *input else { continue };
            let resource = resource_of[place.index()];
            let elements = cut.items().map(|items| Elements { count: pass.elements, items });
            match cuts.iter_mut().find(|(of, _)| *of == resource) {
                Some((_, known)) => *known = known.filter(|known| Some(*known) == elements),
                None => cuts.push((resource, elements)),
            }
        }
    }
    let comes = |(resource, elements): (ResourceId, Option<Elements>)| {
        let (blob, _) = blobs[resource.index()].as_ref()?;
        elements.filter(|elements| blob.can_stream(*elements)).map(|elements| (resource, elements))
    };
    cuts.into_iter().filter_map(comes).collect()
}

/// The most bytes that a plan may take: what the user said, else what is free.
fn budget(spec: &Spec, purpose: Purpose) -> Result<Option<u64>> {
    if spec.memory.is_finite() {
        return Ok(Some(spec.memory as u64));
    }
    // A call of one pass asks for no room but that of its pages, and what hosts ran for none here.
    if purpose == Purpose::Shown || purpose == Purpose::Run && spec.passes.len() == 1 {
        return Ok(None);
    }
    let place = session::with(|session| Ok(session.place().clone()))?;
    Ok(Some(space::free_in(&places(&place))?))
}

fn pass_call(pass: &Pass, resource_of: &[ResourceId]) -> PassCall {
    let data = |place: ResourceId| plan::Source::Data(resource_of[place.index()]);
    let mut sides = Vec::new();
    let inputs = pass.inputs.iter().map(|input| match *input {
        Input::Data(place, _) => data(place),
        Input::Each(pass) => plan::Source::Each(pass),
        Input::Value(pass, _) | Input::Whole(pass) => plan::Source::Whole(pass),
        Input::Results(pass, names, _) => {
            sides.extend(names.map(data));
            plan::Source::Whole(pass)
        }
    });
    let inputs = inputs.collect();
    for (_, side) in &pass.sides {
        match *side {
            Side::Data(place) => sides.push(data(place)),
            Side::One(pass) => sides.push(plan::Source::Whole(pass)),
            Side::List(pass, names) => {
                sides.push(plan::Source::Whole(pass));
                sides.extend(names.map(data));
            }
        }
    }
    sides.extend(pass.captured.iter().copied().map(data));
    let mut call = PassCall {
        sides,
        phase: pass.phase,
        levels: pass.levels,
        policy: pass.policy,
        ..PassCall::new(pass.name.clone(), inputs, pass.elements)
    };
    call.limit = pass.limit_seconds.is_finite().then(|| TimeLimit {
        ns: (pass.limit_seconds * 1e9).max(1.0) as u64,
        // What a fold lacks has no place in its tree.
        then: if pass.collect && pass.levels == 0 { WhenLate::IsResult } else { WhenLate::Fails },
    });
    call.bytes = call.results().saturating_mul(GUESSED);
    call
}

/// What the workers are told.
fn program(spec: &Spec, plan: &Plan, resource_of: &[ResourceId]) -> Result<Program> {
    let consumed: HashSet<ResourceId> =
        plan.stages().iter().flat_map(|stage| &stage.consumes).copied().collect();
    let stages = plan.stages().iter().map(|stage| {
        let steps = stage.passes.iter().map(|&pass| step(spec, plan, &consumed, stage, pass, resource_of));
        let place = |pass: &PassId| stage.passes.iter().position(|step| step == pass).unwrap_or(0) as u32;
        Ok(Steps { steps: steps.collect::<Result<_>>()?, outputs: stage.outputs.iter().map(place).collect() })
    });
    Ok(Program { stages: stages.collect::<Result<_>>()? })
}

fn step(
    spec: &Spec,
    plan: &Plan,
    consumed: &HashSet<ResourceId>,
    stage: &Stage,
    id: PassId,
    resource_of: &[ResourceId],
) -> Result<Step> {
    let pass = &spec.passes[id.index()];
    let data = |place: ResourceId| resource_of[place.index()];
    let result = |pass: PassId| {
        let inside = || Failure::Internal(format!("the results of pass {pass} do not leave their stage"));
        plan.result_of(pass).ok_or_else(inside)
    };
    let listed =
        |pass, names: Option<ResourceId>| result(pass).map(|of| Listed { of, names: names.map(data) });
    let input = |input: &Input| -> Result<about::Input> {
        Ok(match *input {
            Input::Data(place, cut) => about::Input::Cut(data(place), cut),
            Input::Value(pass, cut) => about::Input::CutOf(result(pass)?, cut),
            Input::Whole(pass) => about::Input::Whole(result(pass)?),
            Input::Results(pass, names, vector) => about::Input::Results(listed(pass, names)?, vector),
            Input::Each(pass) => match stage.passes.iter().position(|&step| step == pass) {
                Some(step) => about::Input::Step(step as u32),
                None => result(pass).map(|of| about::Input::Part { of, consumed: consumed.contains(&of) })?,
            },
        })
    };
    let side = |side: &Side| -> Result<about::Side> {
        Ok(match *side {
            Side::Data(place) => about::Side::Page(data(place)),
            Side::List(pass, names) => about::Side::List(listed(pass, names)?),
            Side::One(pass) => about::Side::One(result(pass)?),
        })
    };
    Ok(Step {
        pass: id.0,
        inputs: pass.inputs.iter().map(input).collect::<Result<_>>()?,
        sides: pass.sides.iter().map(|(name, of)| Ok((name.clone(), side(of)?))).collect::<Result<_>>()?,
        levels: pass.levels,
        payload: bytes_of(pass.payload.get())?,
        captured: pass.captured.iter().copied().map(data).collect(),
        collect: pass.collect,
        limit_seconds: pass.limit_seconds,
    })
}

/// A raw vector's bytes.
pub(crate) fn bytes_of(raw: Sexp) -> Result<Vec<u8>> {
    let data = r::protect(|_| Ok(raw.data()))?;
    let data = data.ok_or_else(|| Failure::Internal("a run's payload is not a raw vector".into()))?;
    // SAFETY: a raw vector of this length, an argument of the running call.
    Ok(unsafe { std::slice::from_raw_parts(data, raw.len()) }.to_vec())
}
