//! The run at hand: what was taken from the board, what is handed in.

use std::collections::BTreeMap;

use scheduler::board::{Activity, CallEnd};
use scheduler::error::Error;
use scheduler::id::StageId;
use scheduler::link::{Delivery, HandedIn, Link, Membership};
use scheduler::page::BlobWriter;

use super::chunk::{Call, Chunk, Place};
use super::encoded::{delivery, encoded, encoded_notes, outputs};
use super::kept;
use super::meter::Costs;
use super::packages::Packages;
use super::pages::Pages;
use super::stage::{Ready, WorkerStage};
use super::waiting::waiting;
use crate::about::Program;
use crate::codec;
use crate::r::{self, Failure, Preserved, Result, Scope, Sexp};

/// Pages of this many bytes that a stage leaves behind are worth a collection of garbage: only then their memory goes.
const WORTH_COLLECTING: usize = 32 << 20;

/// A worker's part in a run, as R sees it.
pub(super) struct Current {
    membership: Membership,
    program: Program,
    pages: Pages,
    /// Stages that are open here.
    stages: BTreeMap<StageId, WorkerStage>,
    /// The stage that was worked on last.
    at: Option<StageId>,
    chunk: Option<Chunk>,
    /// Whether the element under way took too long, now or when it was tried before.
    late: bool,
    /// Seconds that R spent on collecting garbage in this process, when it was last asked.
    garbage: f64,
    packages: Packages,
}

/// What comes next.
pub(super) enum Next {
    /// A chunk is under way and its calls are ready.
    Work,
    /// R has to make a step ready: its pass, its payload, what FUN captured.
    Prepare { pass: u32, payload: Vec<u8>, captured: Vec<Preserved> },
    /// The run is over.
    Over,
}

impl Current {
    pub(super) fn new(membership: Membership) -> Result<Current> {
        let program = Program::from_bytes(&membership.spec().program)?;
        let (pages, stages) = (Pages::default(), BTreeMap::new());
        Ok(Current {
            membership,
            program,
            pages,
            stages,
            at: None,
            chunk: None,
            late: false,
            garbage: r::garbage_seconds()?,
            packages: Packages::default(),
        })
    }

    /// The session's bytes on its state.
    pub(super) fn session(&self) -> &[u8] {
        &self.membership.spec().session
    }

    /// From now on a package is loaded, before FUN is called.
    pub(super) fn loading(&mut self) {
        self.membership.set_activity(Activity::Load);
        self.packages.begin();
    }

    /// It is loaded.
    pub(super) fn loaded(&mut self, link: &Link, package: &str) -> Result<()> {
        self.membership.set_activity(Activity::Map);
        self.packages.end(link, package)
    }

    /// Takes the next chunk, if none is under way; its stage is opened and made ready before.
    pub(super) fn next(&mut self, link: &mut Link) -> Result<Next> {
        while self.chunk.is_none() {
            let Some(id) = self.membership.next_stage(link)? else { return Ok(Next::Over) };
            match self.open_stage(id).and_then(|()| self.wanted(id)) {
                Ok(None) => {}
                Ok(Some(wanted)) => return Ok(wanted),
                Err(Failure::Scheduler(Error::Damaged { .. })) if self.came_late(id) => continue,
                Err(failure) => return Err(failure),
            }
            self.packages.know()?;
            kept::let_released_go();
            let Some(lease) = self.membership.claim() else { continue };
            self.membership.set_activity(Activity::Run);
            let elements_per_result = &self.membership.spec().stages[id.index()].elements_per_result;
            let costs = if self.membership.is_measured(id) { Costs::Elements } else { Costs::Steps };
            let chunk = Chunk::begin(lease, &self.stages[&id], elements_per_result, costs)?;
            self.membership.begin(chunk.meter.started_ns);
            self.chunk = Some(chunk);
        }
        Ok(Next::Work)
    }

    /// Opens a stage, and lets go of those that are through.
    fn open_stage(&mut self, id: StageId) -> Result<()> {
        if self.at == Some(id) {
            return Ok(());
        }
        self.membership.set_activity(Activity::Map);
        let mut left = 0;
        let membership = &self.membership;
        self.stages.retain(|&stage, open| {
            let over = membership.is_done(stage);
            left += if over { open.bytes() } else { 0 };
            !over
        });
        if left >= WORTH_COLLECTING {
            r::protect(|s| {
                s.call_base("gc", &[]);
                Ok(())
            })?;
        }
        if !self.stages.contains_key(&id) {
            let missing = || Failure::Internal(format!("the run has no stage {id}"));
            let about = self.program.stages.get(id.index()).ok_or_else(missing)?;
            self.stages.insert(id, WorkerStage::open(&self.membership, &mut self.pages, about)?);
        }
        self.at = Some(id);
        Ok(())
    }

    /// What R has to make ready for a stage.
    fn wanted(&mut self, id: StageId) -> Result<Option<Next>> {
        let Some(step) = self.stages.get(&id).and_then(WorkerStage::unready) else { return Ok(None) };
        let about = &self.program.stages[id.index()].steps[step];
        let (membership, pages) = (&self.membership, &mut self.pages);
        let captured = about.captured.iter().map(|&resource| pages.variable(membership, resource));
        let captured = captured.collect::<Result<_>>()?;
        Ok(Some(Next::Prepare { pass: about.pass, payload: about.payload.clone(), captured }))
    }

    /// R made the step ready that was asked for last.
    pub(super) fn make_ready(&mut self, ready: Ready) -> Result<()> {
        let Some(id) = self.at else { return Ok(()) };
        let stage = self.stages.get_mut(&id).and_then(|stage| Some((stage.unready()?, stage)));
        let Some((step, stage)) = stage else { return Ok(()) };
        match stage.steps[step].make_ready(&self.membership, &mut self.pages, ready) {
            Err(Failure::Scheduler(Error::Damaged { .. })) if self.came_late(id) => Ok(()),
            other => other,
        }
    }

    /// Whether a stage could not be opened because others did it all meanwhile, and its pages are gone; then it is forgotten.
    fn came_late(&mut self, id: StageId) -> bool {
        let late = self.membership.is_stopped() || self.membership.is_done(id);
        if late {
            self.stages.remove(&id);
            self.at = None;
        }
        late
    }

    /// Whether an element is under way: then a failure is the element's.
    pub(super) fn is_at_element(&self) -> bool {
        self.chunk.as_ref().is_some_and(|chunk| !chunk.encoded)
    }

    /// Where FUN is: the stage, the step and the element.
    pub(super) fn place(&self) -> Option<[f64; 3]> {
        let chunk = self.chunk.as_ref()?;
        let at = chunk.position();
        Some([chunk.lease.stage.index() as f64, f64::from(at.step), at.element as f64])
    }

    /// Whether the step under way takes a failed element's condition for its result.
    pub(super) fn collects(&self) -> bool {
        let step =
            self.chunk.as_ref().zip(self.stage()).and_then(|(chunk, stage)| stage.steps.get(chunk.step()));
        let over = self.chunk.as_ref().is_some_and(|chunk| chunk.through && !chunk.is_unsent());
        !over && step.is_some_and(|step| step.collect && step.levels == 0)
    }

    /// Whether FUN came back from all elements: what failed since is a result that cannot be sent.
    pub(super) fn is_through(&self) -> bool {
        self.chunk.as_ref().is_some_and(|chunk| chunk.through)
    }

    fn stage(&self) -> Option<&WorkerStage> {
        self.chunk.as_ref().and_then(|chunk| self.stages.get(&chunk.lease.stage))
    }

    /// Whether the time of the element under way is over while FUN is at it: then an interrupt is meant for it.
    pub(super) fn is_late(&self) -> bool {
        self.membership.is_late()
    }

    /// FUN is not at an element any more. `true` when that took too long.
    pub(super) fn ended(&mut self) -> bool {
        let stage = self.chunk.as_ref().map(|chunk| chunk.lease.stage);
        self.late |= stage.is_some_and(|stage| self.membership.returned(stage) == CallEnd::Late);
        self.late
    }

    /// The same, for whoever reports it: the seconds that it had. It is over then.
    pub(super) fn take_late(&mut self) -> Option<f64> {
        let late = self.ended();
        self.late = false;
        let chunk = self.chunk.as_ref().filter(|chunk| late && !chunk.through);
        let step = chunk.zip(self.stage()).and_then(|(chunk, stage)| stage.steps.get(chunk.step()));
        step.map(|step| step.limit_seconds)
    }

    /// The next call of FUN; `None` when the chunk is through or the run was stopped.
    pub(super) fn call<'s>(&mut self, s: &'s Scope) -> Option<Call<'s>> {
        let chunk = self.chunk.as_mut()?;
        let id = chunk.lease.stage;
        let stage = self.stages.get_mut(&id)?;
        let membership = &mut self.membership;
        let call = chunk.next(s, stage, |position| membership.enter_element(position));
        self.note_waiting();
        let call = call?;
        self.late = !self.membership.call(id);
        Some(Call { late: self.late, ..call })
    }

    /// Takes the result of the call under way, or what stands for one that could not be sent.
    pub(super) fn result(&mut self, s: &Scope, value: Sexp) {
        if let Some(chunk) = self.chunk.as_mut().filter(|chunk| !chunk.through) {
            if let Some(stage) = self.stages.get(&chunk.lease.stage) {
                chunk.took(s, stage, value);
            }
        } else if let Some(chunk) = &mut self.chunk {
            chunk.replace_unsent(value);
        }
    }

    /// Takes what FUN said at the element under way.
    pub(super) fn note(&mut self, condition: Preserved) {
        let Some(chunk) = &mut self.chunk else { return };
        let stage = self.stages.get(&chunk.lease.stage);
        // Between two elements the step is past the last.
        let step = stage.and_then(|stage| stage.steps.get(chunk.step()).or(stage.steps.last()));
        if let Some(step) = step {
            chunk.note(step.pass, condition);
        }
    }

    /// Takes what was said while this was in use: by what R ran to read an element, or to encode a result. With no chunk at hand it waits.
    fn note_waiting(&mut self) {
        if self.chunk.is_some() {
            waiting().into_iter().for_each(|condition| self.note(condition));
        }
    }

    /// Hands in the chunk that is through. `false`: it failed for want of room, and this worker does nothing more. The chunk is kept
    /// until that succeeded, so that an error on the way is the chunk's.
    pub(super) fn deliver(&mut self, link: &Link) -> Result<bool> {
        self.collected()?;
        let Some(chunk) = self.chunk.as_mut().filter(|chunk| !chunk.stopped) else {
            self.drop_chunk();
            return Ok(true);
        };
        let Some(stage) = self.stages.get_mut(&chunk.lease.stage) else {
            return Err(Failure::Internal("the stage of a chunk is not open".into()));
        };
        if !std::mem::replace(&mut chunk.through, true) {
            stage.mean_ns = chunk.meter.stop(chunk.lease.end - chunk.lease.start);
            self.packages.look(link, chunk.lease.stage, &chunk.meter)?;
        }
        self.membership.set_activity(Activity::Serialize);
        let blobs = encoded(chunk).map_err(|(place, failure)| {
            // The error is that of the element whose result it is.
            chunk.cannot_send(stage, place);
            failure
        })?;
        self.note_waiting();
        let Some(chunk) = self.chunk.as_mut() else { return Ok(true) };
        let notes = encoded_notes(&chunk.notes)?;
        chunk.encoded = true;
        let handed_in = self.membership.deliver(link, &delivery(chunk, &outputs(&blobs), notes.as_ref()))?;
        let goes_on = match handed_in {
            HandedIn::Counts | HandedIn::Nothing => true,
            HandedIn::Refused { output, shortage } => {
                let stage = self.stages.get(&chunk.lease.stage);
                if let (Some(output), Some(stage)) = (output, stage) {
                    let nth =
                        chunk.results().get(output).map_or(0, |results| results.first_beyond(shortage.free));
                    chunk.go_back(stage, Place { output, nth });
                }
                let nothing = Delivery::default();
                self.membership.fail(link, chunk.position(), &nothing, Some(shortage))?;
                false
            }
        };
        self.drop_chunk();
        self.membership.set_activity(Activity::Run);
        Ok(goes_on)
    }

    /// Reports that the element under way failed, or that this worker could not begin. When the run was stopped, an
    /// element that failed by itself is still reported, for it may be the lowest; an interrupt is the stop's own doing.
    pub(super) fn fail(&mut self, link: &mut Link, error: Sexp, interrupted: bool) -> Result<()> {
        if self.membership.is_stopped() && (interrupted || self.chunk.is_none()) {
            self.drop_chunk();
            return Ok(());
        }
        // First, for R may find that the error cannot be sent: another is reported then.
        let mut words = BlobWriter::new();
        codec::encode(error, &mut words)?;
        if self.chunk.is_none() {
            let Some(lease) = self.membership.next_lease(link)? else { return Ok(()) };
            self.chunk = Some(Chunk::begin(lease, &WorkerStage::empty(), &[], Costs::Steps)?);
        }
        self.note_waiting();
        let Some(chunk) = &self.chunk else { return Ok(()) };
        // What FUN said before is not worth the error.
        let notes = encoded_notes(&chunk.notes).unwrap_or(None);
        let words = [words.finish()];
        let outputs = outputs(&words);
        let delivery = delivery(chunk, &outputs, notes.as_ref());
        self.membership.fail(link, chunk.position(), &delivery, None)?;
        self.drop_chunk();
        Ok(())
    }

    /// What R spent on garbage since it was last asked was not FUN's.
    fn collected(&mut self) -> Result<()> {
        let now = r::garbage_seconds()?;
        let before = std::mem::replace(&mut self.garbage, now);
        self.membership.of_which(Activity::Collect, ((now - before) * 1e9) as u64);
        Ok(())
    }

    /// Takes no further part, until the run is over.
    pub(super) fn sit_out(mut self, link: &mut Link) -> Result<()> {
        self.drop_chunk();
        Ok(self.membership.sit_out(link)?)
    }

    fn drop_chunk(&mut self) {
        self.membership.drop_chunk();
        let Some(chunk) = self.chunk.take() else { return };
        if let Some(stage) = self.stages.get_mut(&chunk.lease.stage) {
            stage.steps.iter_mut().for_each(|step| step.end_chunk());
        }
    }
}
