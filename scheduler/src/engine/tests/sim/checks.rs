//! What is read, and what must hold when it is, when something goes, and at the end.
use super::fun::cost;
use super::{values, Checked, Driver};
use crate::board::{BoardReader, ChunkState, Control, Lease};
use crate::engine::{Outcome, ResourceState, TaskState};
use crate::graph::{Scope, TaskKind};
use crate::id::{PassId, ResourceId, StageId};
use crate::link::{Part, Parts};
use crate::simulate::context::Context;
use crate::simulate::place::Life;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// All that a stage reads of other stages is there.
fn check_results(context: &Context, lease: &Lease) {
    let plan = &context.plan;
    let stage = &plan.stages()[lease.stage.index()];
    let calls = stage.passes.iter().map(|pass| &plan.spec().passes[pass.index()]);
    for source in calls.flat_map(|call| call.sources()) {
        let Some(other) = source.pass().filter(|other| !stage.passes.contains(other)) else { continue };
        let made = plan.result_of(other).and_then(|made| plan.maker_of(made));
        let (maker, _) = made.expect("what another stage reads leaves its own");
        assert!(is_done(context.board(), maker), "stage {} runs before {maker} is through", lease.stage);
    }
}

fn is_done(board: &BoardReader, stage: StageId) -> bool {
    Some(board.done_elements(stage)) == board.elements(stage)
}

impl Checked {
    /// A stage runs: all it reads is there, or what the chunk reads of it where it comes element by element.
    pub(super) fn check_inputs(&mut self, context: &Context, lease: &Lease) {
        check_results(context, lease);
        let plan = &context.plan;
        let stage = &plan.stages()[lease.stage.index()];
        let task = &plan.graph().tasks()[stage.task.index()];
        let reads = |resource: &ResourceId| task.accesses.iter().any(|(read, _)| read == resource);
        for resource in context.shared().filter(reads) {
            let there = self.there.get(&resource).copied().unwrap_or(0);
            let needed = if stage.streams.contains(&resource) { lease.end } else { u64::MAX };
            assert!(there >= needed, "stage {} reads {resource} to {needed}, not {there}", lease.stage);
            self.early += u64::from(there < u64::MAX);
        }
    }

    /// A result that another stage made.
    pub(super) fn read(&mut self, context: &Context, pass: PassId, element: u64) -> u64 {
        let resource = context.plan.result_of(pass).expect("it leaves its stage");
        let parts = self
            .parts
            .entry(resource)
            .or_insert_with(|| Parts::of(context.board(), &context.spec, resource).expect("parts"));
        let part = parts.all()[parts.find(element).expect("a part for each result")];
        self.pages.read(resource, part.output, element - part.start)
    }

    /// All results of a pass, as one number.
    pub(super) fn read_all(&mut self, context: &Context, pass: PassId) -> u64 {
        let resource = context.plan.result_of(pass).expect("it leaves its stage");
        if let Some(&known) = self.wholes.get(&resource) {
            assert!(!self.freed.contains(&resource), "{resource} is read after its end");
            return known;
        }
        let results = context.plan.spec().passes[pass.index()].results();
        let all: Vec<u64> = (0..results).map(|element| self.read(context, pass, element)).collect();
        let whole = values::whole(&all);
        self.wholes.insert(resource, whole);
        whole
    }

    /// A part goes: this stage has read all of it, and who else reads it is through.
    pub(super) fn check_spent(&self, context: &Context, stage: StageId, resource: ResourceId, part: &Part) {
        assert!(!context.plan.is_wanted(resource), "{resource} is wanted, and a part of it goes");
        let read = &self.done[stage.index()][part.start as usize..part.end as usize];
        assert!(read.iter().all(|&times| times == 1), "a part of {resource} goes before it was read");
        for task in context.plan.graph().consumers(resource) {
            if let TaskKind::Map(other) = context.plan.graph().tasks()[task.index()].kind {
                assert!(
                    other == stage || is_done(context.board(), other),
                    "stage {other} still reads {resource}"
                );
            }
        }
    }

    /// A wanted result is handed over: it lies in the page as it should, without a gap.
    pub(super) fn check_result(&self, context: &Context, resource: ResourceId) {
        let wanted = |pass: &&PassId| context.plan.result_of(**pass) == Some(resource);
        let pass = *context.plan.spec().gather.iter().find(wanted).expect("nobody wants it");
        let (stage, nth) = context.plan.maker_of(resource).expect("a result");
        let per_result = context.plan.spec().passes[pass.index()].elements_per_result();
        let mut chunks = context.board().chunks(stage);
        chunks.retain(|chunk| chunk.state == ChunkState::Done);
        chunks.sort_unstable_by_key(|chunk| chunk.start);
        let (mut next, mut found) = (0, Vec::new());
        for chunk in chunks {
            assert_eq!(chunk.start, next, "stage {stage} has a gap or did something twice");
            assert!(chunk.start % per_result == 0, "a block of {pass} is cut");
            next = chunk.end;
            let output = context.board().output(stage, chunk.chunk, nth).expect("an output");
            let results = chunk.end.div_ceil(per_result) - chunk.start / per_result;
            found.extend((0..results).map(|result| self.pages.read(resource, output, result)));
        }
        if self.late.is_empty() {
            assert_eq!(found, self.expected[pass.index()], "the results of pass {pass}");
        } else {
            let expected = values::interpret(context.plan.spec(), |pass, at| self.late.contains(&(pass, at)));
            assert_eq!(found, expected[pass.index()], "the results of pass {pass}");
        }
        check_costs(context, stage);
    }
}

/// Of a stage that is through, the cost of each element is there.
fn check_costs(context: &Context, stage: StageId) {
    for step in 0..context.plan.stages()[stage.index()].passes.len() {
        let Some(costs) = context.board().costs(stage, step as u32) else { continue };
        let given = &context.plan.stages()[stage.index()].given;
        let here = |element: u64| !given.iter().any(|chunk| (chunk.start..chunk.end).contains(&element));
        let mut costs = (0u64..).zip(&costs).filter(|(element, _)| here(*element));
        let wrong = costs.find(|(element, &found)| found != cost(step, *element));
        assert_eq!(wrong, None, "what an element of stage {stage} cost");
    }
}

impl Driver {
    /// The engine took a step.
    pub(super) fn check(&self, was_over: bool, after: &dyn Debug) {
        if let Err(broken) = self.engine().sanity_check() {
            panic!("after {after:?}: {broken}");
        }
        let held = self.sim.world.conditions.pages.bytes;
        assert_eq!(self.board().live_bytes(), held, "the account, after {after:?}");
        match self.outcome() {
            Some(outcome) if !was_over => self.check_finish(&outcome),
            None => self.check_work(after),
            Some(_) => {}
        }
    }

    /// Nothing waits that could go on: nobody sleeps while there is something to claim, and no stage is through without its successors
    /// knowing. What a worker's unread messages say, the engine cannot know; nor, before its next step, what one did that was cut off.
    fn check_work(&self, after: &dyn Debug) {
        let workers = &self.sim.world.workers;
        let heard = workers.iter().all(|worker| worker.said.is_empty());
        if !heard || self.board().control() != Control::Go {
            return;
        }
        let reached = workers.iter().filter(|worker| worker.life != Life::CutOff).count();
        for (id, stage) in self.plan().stages().iter().enumerate() {
            let stage_id = StageId(id as u32);
            let runs = self.engine().task_states()[stage.task.index()] == TaskState::Running;
            let through = runs && is_done(self.board(), stage_id);
            assert!(!through || reached < workers.len(), "stage {id} is through, after {after:?}");
            let sleeper = workers.iter().position(|worker| worker.life == Life::Lives && worker.asleep);
            let idle = runs && sleeper.is_some() && self.board().offers(stage_id);
            assert!(!idle, "worker {sleeper:?} sleeps, and stage {id} has work, after {after:?}");
        }
    }

    fn check_finish(&self, outcome: &Outcome) {
        let seen = &self.sim.world.conditions;
        assert_eq!(self.board().control(), Control::Ended);
        assert!(seen.touched.is_subset(&seen.freed), "{:?} are left", seen.touched.difference(&seen.freed));
        let states = self.engine().resource_states();
        for (index, resource) in self.plan().graph().resources().iter().enumerate() {
            let begun = seen.touched.contains(&ResourceId(index as u32));
            let gone = states[index] == ResourceState::Freed;
            assert!(gone || !begun || resource.scope == Scope::Pinned, "{} is there", resource.name);
        }
        self.check_ends(outcome);
        if *outcome == Outcome::Done {
            let results = self.plan().spec().gather.iter().filter_map(|&pass| self.plan().result_of(pass));
            assert_eq!(seen.gathered, results.collect::<BTreeSet<ResourceId>>());
            for (stage, done) in seen.done.iter().enumerate() {
                assert!(done.iter().all(|&times| times == 1), "stage {stage} is done once: {done:?}");
            }
        }
    }

    /// What ended how: the stage to blame failed, all that had not ended was aborted by it, or cancelled.
    fn check_ends(&self, outcome: &Outcome) {
        let blamed = match outcome {
            Outcome::Failed(failure) => Some(failure.stage),
            Outcome::WorkerKilled { stage, .. } | Outcome::ElementTimeout { stage, .. } => Some(*stage),
            _ => None,
        };
        let cause = blamed.map(|stage| self.plan().stages()[stage.index()].task);
        for (index, (task, &state)) in
            self.plan().graph().tasks().iter().zip(self.engine().task_states()).enumerate()
        {
            let ended = state == TaskState::Finished;
            let should = match (task.kind, cause) {
                (TaskKind::Release(_), _) => ended || *outcome != Outcome::Done,
                _ if *outcome == Outcome::Done => ended,
                (_, Some(cause)) if cause.index() == index => state == TaskState::Failed,
                (_, Some(cause)) => ended || state == TaskState::Aborted(cause),
                (_, None) => ended || state == TaskState::Cancelled,
            };
            assert!(should, "{outcome:?}, and task {index} ({}) is {state:?}", task.label);
        }
    }

    /// What the caller holds at the end: wanted results as far as they were made, and variables of a run that never began.
    pub(in crate::engine::tests) fn check_account(&self) {
        let (seen, context) = (&self.sim.world.conditions, &self.sim.world.context);
        assert_eq!(self.board().live_bytes(), seen.pages.bytes);
        let resources = (0..self.plan().graph().resources().len() as u32).map(ResourceId);
        let kept =
            resources.filter(|&resource| !seen.freed.contains(&resource) || self.plan().is_wanted(resource));
        let held = kept.map(|resource| match self.plan().maker_of(resource) {
            // Room that was not there was returned.
            Some((stage, nth)) => {
                let (written, returned) = self.board().written(stage, nth);
                written - returned
            }
            None if seen.touched.is_empty() && context.shared().any(|shared| shared == resource) => {
                context.bytes(resource)
            }
            None => 0,
        });
        assert_eq!(self.board().live_bytes(), held.sum::<u64>(), "what the caller holds");
    }

    /// What may be there beside what is predicted: of results that go as they are read, each worker holds a part that it
    /// has not read to its end, and a chunk that it has.
    pub(in crate::engine::tests) fn slack(&self) -> u64 {
        let workers = u64::from(self.plan().workers());
        let consumed =
            self.plan().stages().iter().enumerate().filter(|(_, stage)| !stage.consumes.is_empty());
        let each = consumed.map(|(id, stage)| {
            let longest = |lengths: &mut dyn Iterator<Item = u64>| lengths.max().unwrap_or(0);
            let parts = |&resource: &ResourceId| {
                let parts = Parts::of(self.board(), &self.sim.world.context.spec, resource).expect("parts");
                longest(&mut parts.all().iter().map(|part| part.end - part.start))
            };
            let chunks = self.board().chunks(StageId(id as u32));
            let chunk = longest(&mut chunks.iter().map(|chunk| chunk.end - chunk.start));
            let parts: u64 = stage.consumes.iter().map(parts).sum();
            (workers + 1) * parts + workers * chunk * stage.outputs.len() as u64
        });
        super::pages::EACH * each.sum::<u64>()
    }
}
