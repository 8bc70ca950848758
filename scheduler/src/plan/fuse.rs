//! Which passes run together: a *stage* is a set of passes over the same number of elements of which none waits for all of
//! another.
//!
//! Passes in dependence order go into the stages of those whose elements they read, if nothing that they read as a whole
//! comes after such a stage. Passes over the same collection that wait for nothing more join too: the collection is then
//! walked once. Joining never closes a circle of stages: that is asked of petgraph before every join.
use super::{CallSpec, PassCall, Source};
use crate::id::PassId;
use crate::policy::{Policy, Schedule};
use petgraph::algo::has_path_connecting;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeSet, HashMap};

/// The stages in the making.
struct Fusion<'a> {
    spec: &'a CallSpec,
    /// Passes of each stage; emptied when it was joined to another.
    members: Vec<Vec<PassId>>,
    /// What the passes of each stage have in common.
    kinds: Vec<Kind>,
    stage_of: Vec<Option<usize>>,
    /// Node `i` is stage `i`: who waits for whom.
    waits: DiGraph<(), ()>,
    /// The last stage that walks a collection of so many elements, in a phase.
    walks: HashMap<(Source, u64, u32), usize>,
}

/// How many elements a stage's passes go over, the rule that one of them asks for, and their phase.
#[derive(Clone, Copy)]
struct Kind {
    elements: u64,
    policy: Policy,
    phase: u32,
}

impl Kind {
    fn of(call: &PassCall) -> Kind {
        Kind { elements: call.elements, policy: call.policy, phase: call.phase }
    }

    /// Whether one log can be cut for both: as many elements, the same rule, or one that leaves it open, and the same phase.
    fn is_like(&self, other: &Kind) -> bool {
        let open = |kind: &Kind| kind.policy.schedule == Schedule::Auto;
        let alike = self.policy == other.policy || open(self) || open(other);
        self.elements == other.elements && self.elements > 0 && self.phase == other.phase && alike
    }

    /// That of both: the rule that one asks for, if one does.
    fn and(self, other: Kind) -> Kind {
        if self.policy.schedule == Schedule::Auto {
            other
        } else {
            self
        }
    }
}

/// The passes of each stage, in an order in which a stage stands after all it waits for; `order` is that of the passes.
/// O(passes x (stages + edges)) at worst, near O(passes) where stages are few.
pub(super) fn fuse(spec: &CallSpec, order: &[PassId]) -> Vec<Vec<PassId>> {
    let mut fusion = Fusion {
        spec,
        members: Vec::new(),
        kinds: Vec::new(),
        stage_of: vec![None; spec.passes.len()],
        waits: DiGraph::new(),
        walks: HashMap::new(),
    };
    for &pass in order {
        let stage = fusion.place(pass);
        fusion.put(pass, stage);
    }
    let sorted = petgraph::algo::toposort(&fusion.waits, None).expect("no join closes a circle");
    let mut stages: Vec<Vec<PassId>> =
        sorted.into_iter().map(|node| std::mem::take(&mut fusion.members[node.index()])).collect();
    stages.retain(|stage| !stage.is_empty());
    stages
}

impl Fusion<'_> {
    fn call(&self, pass: PassId) -> &PassCall {
        &self.spec.passes[pass.index()]
    }

    /// The stage for a pass: one that is there, or a new one.
    fn place(&mut self, pass: PassId) -> usize {
        let candidates = if self.spec.fuse { self.candidates(pass) } else { Vec::new() };
        let Some(stage) = candidates.into_iter().find(|&stage| self.fits(pass, stage)) else {
            self.members.push(Vec::new());
            self.kinds.push(Kind::of(self.call(pass)));
            self.waits.add_node(());
            return self.members.len() - 1;
        };
        for other in self.each(pass) {
            // It must fit both: what keeps it out of one keeps it out of the two joined.
            if other != stage && self.fits(pass, other) && self.may_merge(stage, other) {
                self.merge(stage, other);
            }
        }
        stage
    }

    /// Stages of the passes whose elements it reads, then the last one over the same collection.
    fn candidates(&self, pass: PassId) -> Vec<usize> {
        let mut candidates = self.each(pass);
        if let Some(&walk) = self.walk(pass).and_then(|walk| self.walks.get(&walk)) {
            // Only where it makes that stage wait for nothing new. All of the phases before is there.
            let phase = self.call(pass).phase;
            let quiet = self.before(pass).iter().all(|&before| {
                before == walk || self.kinds[before].phase != phase || self.waits_for(walk, before)
            });
            if quiet && !candidates.contains(&walk) {
                candidates.push(walk);
            }
        }
        candidates
    }

    /// The collection that a pass walks, if that is there before its phase begins: a variable, or values of a phase before.
    fn walk(&self, pass: PassId) -> Option<(Source, u64, u32)> {
        let call = self.call(pass);
        let there = call.inputs[0].pass().is_none_or(|other| self.call(other).phase != call.phase);
        (there && call.elements > 0).then_some((call.inputs[0], call.elements, call.phase))
    }

    /// The stages of the passes whose elements it reads.
    fn each(&self, pass: PassId) -> Vec<usize> {
        let mut stages: Vec<usize> = Vec::new();
        for input in &self.call(pass).inputs {
            if let Source::Each(other) = *input {
                stages.extend(self.stage_of[other.index()].filter(|stage| !stages.contains(stage)));
            }
        }
        stages
    }

    /// The stages of all passes that it reads.
    fn before(&self, pass: PassId) -> BTreeSet<usize> {
        let passes = self.call(pass).sources().filter_map(Source::pass);
        passes.filter_map(|pass| self.stage_of[pass.index()]).collect()
    }

    /// Whether the pass may join: it walks as many elements, is cut alike, takes nothing of the stage but elements that are
    /// there one by one, and nothing it reads comes after the stage.
    fn fits(&self, pass: PassId, stage: usize) -> bool {
        let call = self.call(pass);
        let alike = self.kinds[stage].is_like(&Kind::of(call));
        let inside = |other: PassId| self.stage_of[other.index()] == Some(stage);
        let one_by_one = call.sources().all(|source| match source {
            Source::Data(_) => true,
            Source::Each(other) => !inside(other) || self.call(other).levels == 0,
            Source::Whole(other) => !inside(other),
        });
        let later = |before: usize| before != stage && self.waits_for(before, stage);
        alike && one_by_one && !self.before(pass).into_iter().any(later)
    }

    fn may_merge(&self, one: usize, other: usize) -> bool {
        self.kinds[one].is_like(&self.kinds[other])
            && !self.waits_for(one, other)
            && !self.waits_for(other, one)
    }

    /// Whether `stage` comes after `before`, through however many others.
    fn waits_for(&self, stage: usize, before: usize) -> bool {
        let node = NodeIndex::new;
        stage != before && has_path_connecting(&self.waits, node(before), node(stage), None)
    }

    /// All of stage `from` goes into stage `into`.
    fn merge(&mut self, into: usize, from: usize) {
        let (target, node) = (NodeIndex::new(into), NodeIndex::new(from));
        for direction in [petgraph::Direction::Incoming, petgraph::Direction::Outgoing] {
            let others: Vec<NodeIndex> = self.waits.neighbors_directed(node, direction).collect();
            for other in others {
                let (first, second) = match direction {
                    petgraph::Direction::Incoming => (other, target),
                    petgraph::Direction::Outgoing => (target, other),
                };
                self.waits.update_edge(first, second, ());
            }
        }
        while let Some(edge) = self.waits.edges(node).next().map(|edge| petgraph::visit::EdgeRef::id(&edge)) {
            self.waits.remove_edge(edge);
        }
        while let Some(edge) = self.waits.first_edge(node, petgraph::Direction::Incoming) {
            self.waits.remove_edge(edge);
        }
        let moved = std::mem::take(&mut self.members[from]);
        for pass in &moved {
            self.stage_of[pass.index()] = Some(into);
        }
        self.members[into].extend(moved);
        self.kinds[into] = self.kinds[into].and(self.kinds[from]);
        for walk in self.walks.values_mut().filter(|walk| **walk == from) {
            *walk = into;
        }
    }

    fn put(&mut self, pass: PassId, stage: usize) {
        for before in self.before(pass) {
            if before != stage {
                self.waits.update_edge(NodeIndex::new(before), NodeIndex::new(stage), ());
            }
        }
        if let Some(walk) = self.walk(pass) {
            self.walks.insert(walk, stage);
        }
        self.members[stage].push(pass);
        self.kinds[stage] = self.kinds[stage].and(Kind::of(self.call(pass)));
        self.stage_of[pass.index()] = Some(stage);
    }
}
