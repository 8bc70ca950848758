//! What the user asked for: data, passes over it, and which results they want.
use super::costs::Costs;
use crate::graph::Resource;
use crate::id::{PassId, ResourceId};
use crate::policy::Policy;
use serde::{Deserialize, Serialize};

/// Values that are folded to one at a time: a fold's tree has this many branches, whatever runs it.
pub const FOLD: u64 = 16;

/// Data, passes over it, wanted results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSpec {
    /// Variables. Scoped ones are copied in when the run begins.
    pub resources: Vec<Resource>,
    /// The passes, in any order; what a pass reads decides when it runs.
    pub passes: Vec<PassCall>,
    /// The passes whose results go to the caller.
    pub gather: Vec<PassId>,
    /// Workers of the run.
    pub workers: u32,
    /// The most bytes that scoped resources may take, if there is a bound.
    pub budget: Option<u64>,
    /// Whether the variables stay after their last reader, for another run of the plan.
    pub keep: bool,
    /// Whether results stay whole until their last reader is done, so that another run can go on from where this one stops.
    pub preserve: bool,
    /// Whether passes that meet element by element run in one stage.
    pub fuse: bool,
    /// Whether it is noted what each element costs.
    pub measure: bool,
}

impl CallSpec {
    /// A call as users make it: passes are fused, no bound of memory, nothing is kept, preserved or measured.
    pub fn new(
        resources: Vec<Resource>,
        passes: Vec<PassCall>,
        gather: Vec<PassId>,
        workers: u32,
    ) -> CallSpec {
        CallSpec {
            resources,
            passes,
            gather,
            workers,
            budget: None,
            keep: false,
            preserve: false,
            fuse: true,
            measure: false,
        }
    }
}

/// One apply over one or several collections in step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassCall {
    /// Its name, for people.
    pub name: String,
    /// What each element is made of; at least one.
    pub inputs: Vec<Source>,
    /// What each element may read besides, as a whole.
    pub sides: Vec<Source>,
    /// How many elements it goes over.
    pub elements: u64,
    /// Passes of one phase run together where they can; the next begins when all of it is through. A run on one machine has one, a run over hosts
    /// those that [`crate::hosts::phases`] gives.
    pub phase: u32,
    /// How many levels of a fold it does: each makes one result of every [`FOLD`] consecutive values. 0: a result each.
    pub levels: u32,
    /// How its chunks are sized.
    pub policy: Policy,
    /// The bytes of all its results, as far as known when the plan is made.
    pub bytes: u64,
    /// What its elements are expected to cost, if anything is known of that; one for each.
    pub costs: Option<Costs>,
    /// How long FUN may take for an element, if that is limited. Not a part of records: what is read from a file is shown, and not run.
    #[serde(skip)]
    pub limit: Option<TimeLimit>,
}

/// How long FUN may take for an element: from its call to its return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeLimit {
    /// So long.
    pub ns: u64,
    /// What becomes of an element that takes longer.
    pub then: WhenLate,
}

/// What becomes of an element whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhenLate {
    /// It fails, and with it the run.
    Fails,
    /// That it did not end is its result.
    IsResult,
}

impl PassCall {
    /// A pass that gives a result for each element, reads nothing besides, and of which nothing is known beforehand.
    pub fn new(name: impl Into<String>, inputs: Vec<Source>, elements: u64) -> PassCall {
        let (name, sides, policy) = (name.into(), Vec::new(), Policy::auto());
        PassCall {
            name,
            inputs,
            sides,
            elements,
            phase: 0,
            levels: 0,
            policy,
            bytes: 0,
            costs: None,
            limit: None,
        }
    }
}

/// What a pass reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// A variable: an element of it as an input, all of it as a side.
    Data(ResourceId),
    /// As an input: the result of the same element of another pass.
    Each(PassId),
    /// All results of another pass.
    Whole(PassId),
}

impl Source {
    /// The pass it comes from.
    pub fn pass(self) -> Option<PassId> {
        match self {
            Source::Data(_) => None,
            Source::Each(pass) | Source::Whole(pass) => Some(pass),
        }
    }
}

impl PassCall {
    /// Elements that end in one result.
    pub fn elements_per_result(&self) -> u64 {
        FOLD.checked_pow(self.levels).unwrap_or(u64::MAX)
    }

    /// How many results it has.
    pub fn results(&self) -> u64 {
        self.elements.div_ceil(self.elements_per_result())
    }

    /// All that it reads: inputs, then sides.
    pub fn sources(&self) -> impl Iterator<Item = Source> + '_ {
        self.inputs.iter().chain(&self.sides).copied()
    }
}
