//! The run at hand: what was taken from the board, what is handed in.

use std::collections::BTreeMap;

use scheduler::board::Activity;
use scheduler::error::{Error, Result as Scheduled};
use scheduler::id::StageId;
use scheduler::link::{Delivery, Link, Membership};
use scheduler::page::{Blob, BlobWriter};
use scheduler::store::Content;

use super::chunk::{Call, Chunk};
use super::meter::Meter;
use super::pages::Pages;
use super::stage::{Ready, Stage};
use crate::about::Program;
use crate::codec;
use crate::r::{self, Failure, Kept, Kind, Result, Scope, Sexp};

/// Pages of this many bytes that a stage leaves behind are worth a collection of garbage: only then their memory goes.
const WORTH_COLLECTING: usize = 32 << 20;

/// A worker's part in a run, as R sees it.
pub(super) struct Current {
    membership: Membership,
    program: Program,
    pages: Pages,
    /// Stages that are open here.
    stages: BTreeMap<StageId, Stage>,
    /// The stage that was worked on last.
    at: Option<StageId>,
    chunk: Option<Chunk>,
    /// Seconds that R spent on collecting garbage in this process, when it was last asked.
    garbage: f64,
}

/// What comes next.
pub(super) enum Next {
    /// A chunk is under way and its calls are ready.
    Work,
    /// R has to make a step ready: its pass, its payload, what FUN captured.
    Prepare { pass: u32, payload: Vec<u8>, captured: Vec<Kept> },
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
            garbage: r::garbage_seconds()?,
        })
    }

    /// The session's bytes on its state.
    pub(super) fn session(&self) -> &[u8] {
        &self.membership.spec().session
    }

    /// Takes the next chunk, if none is under way; its stage is opened and made ready before.
    pub(super) fn next(&mut self, link: &mut Link) -> Result<Next> {
        while self.chunk.is_none() {
            let Some(id) = self.membership.next_stage(link)? else { return Ok(Next::Over) };
            match self.turn_to(id).and_then(|()| self.wanted(id)) {
                Ok(None) => {}
                Ok(Some(wanted)) => return Ok(wanted),
                Err(Failure::Scheduler(Error::Damaged { .. })) if self.came_late(id) => continue,
                Err(failure) => return Err(failure),
            }
            let Some(lease) = self.membership.claim_from(id) else { continue };
            self.membership.turn_to(Activity::Run);
            let grains = &self.membership.spec().stages[id.index()].grains;
            let measured = self.membership.is_measured(id);
            let chunk = Chunk::begin(lease, &self.stages[&id], grains, measured)?;
            self.membership.begin(&lease, chunk.meter.started_ns);
            self.chunk = Some(chunk);
        }
        Ok(Next::Work)
    }

    /// Opens a stage, and lets go of those that are through.
    fn turn_to(&mut self, id: StageId) -> Result<()> {
        if self.at == Some(id) {
            return Ok(());
        }
        self.membership.turn_to(Activity::Map);
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
            self.stages.insert(id, Stage::open(&self.membership, &mut self.pages, about)?);
        }
        self.at = Some(id);
        Ok(())
    }

    /// What R has to make ready for a stage.
    fn wanted(&mut self, id: StageId) -> Result<Option<Next>> {
        let Some(step) = self.stages.get(&id).and_then(Stage::unready) else { return Ok(None) };
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
    pub(super) fn is_within_chunk(&self) -> bool {
        self.chunk.is_some()
    }

    /// Where FUN is: the stage, the step and the element.
    pub(super) fn place(&self) -> Option<[f64; 3]> {
        let chunk = self.chunk.as_ref()?;
        let at = chunk.spot();
        Some([chunk.lease.stage.index() as f64, f64::from(at.step), at.element as f64])
    }

    /// Whether the step under way takes a failed element's condition for its result.
    pub(super) fn collects(&self) -> bool {
        let step =
            self.chunk.as_ref().zip(self.stage()).and_then(|(chunk, stage)| stage.steps.get(chunk.step()));
        let through = self.chunk.as_ref().is_some_and(|chunk| chunk.through);
        !through && step.is_some_and(|step| step.collect && step.levels == 0)
    }

    fn stage(&self) -> Option<&Stage> {
        self.chunk.as_ref().and_then(|chunk| self.stages.get(&chunk.lease.stage))
    }

    /// The next call of FUN; `None` when the chunk is through or the run was stopped.
    pub(super) fn call(&mut self, s: &Scope) -> Option<Call> {
        let chunk = self.chunk.as_mut()?;
        let stage = self.stages.get_mut(&chunk.lease.stage)?;
        let membership = &self.membership;
        chunk.next(s, stage, |spot| membership.enter_element(spot))
    }

    /// Takes the result of the call under way.
    pub(super) fn result(&mut self, value: Sexp) {
        if let Some(chunk) = &mut self.chunk {
            if let Some(stage) = self.stages.get(&chunk.lease.stage) {
                chunk.took(stage, value);
            }
        }
    }

    /// Takes what FUN said at the element under way.
    pub(super) fn note(&mut self, condition: Sexp) {
        let pass = self.stage().zip(self.chunk.as_ref());
        let pass = pass.and_then(|(stage, chunk)| stage.steps.get(chunk.step())).map(|step| step.pass);
        if let (Some(chunk), Some(pass)) = (&mut self.chunk, pass) {
            chunk.note(pass, condition);
        }
    }

    /// Hands in the chunk that is through.
    pub(super) fn deliver(&mut self) -> Result<()> {
        let Some(mut chunk) = self.drop_chunk().filter(|chunk| !chunk.stopped) else { return Ok(()) };
        let mean_ns = chunk.meter.stop(chunk.lease.end - chunk.lease.start);
        if let Some(stage) = self.stages.get_mut(&chunk.lease.stage) {
            stage.mean_ns = mean_ns;
        }
        self.collected()?;
        self.membership.turn_to(Activity::Serialize);
        let blobs = match encoded(&chunk) {
            Ok(blobs) => blobs,
            Err((output, nth, failure)) => {
                // The error is that of the element whose result it is.
                if let Some(stage) = self.stages.get(&chunk.lease.stage) {
                    chunk.go_back(stage, output, nth);
                }
                self.chunk = Some(chunk);
                return Err(failure);
            }
        };
        hand_in(&chunk, &blobs, |delivery| self.membership.complete(&chunk.lease, delivery))?;
        self.membership.turn_to(Activity::Run);
        Ok(())
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
        let chunk = match self.drop_chunk() {
            Some(chunk) => chunk,
            None => match self.membership.next_lease(link)? {
                Some(lease) => Chunk::begin(lease, &Stage::empty(), &[], false)?,
                None => return Ok(()),
            },
        };
        let words = [words.finish()];
        hand_in(&chunk, &words, |delivery| self.membership.fail(link, &chunk.lease, chunk.spot(), delivery))
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

    fn drop_chunk(&mut self) -> Option<Chunk> {
        let chunk = self.chunk.take()?;
        if let Some(stage) = self.stages.get_mut(&chunk.lease.stage) {
            stage.steps.iter_mut().for_each(|step| step.end_chunk());
        }
        Some(chunk)
    }
}

/// The results of a chunk's outputs; or which result of which output cannot be sent, and why.
fn encoded(chunk: &Chunk) -> std::result::Result<Vec<Blob>, (usize, usize, Failure)> {
    let mut blobs = Vec::new();
    for (output, results) in chunk.results().enumerate() {
        let (mut writer, mut nth) = (BlobWriter::new(), 0);
        codec::encode_list(results, &mut writer, &mut nth).map_err(|failure| (output, nth, failure))?;
        blobs.push(writer.finish());
    }
    Ok(blobs)
}

/// Hands in a chunk with what FUN said meanwhile. The chunk keeps what the blobs borrow from.
fn hand_in(chunk: &Chunk, blobs: &[Blob], hand: impl FnOnce(&Delivery<'_>) -> Scheduled<bool>) -> Result<()> {
    let outputs: Vec<&dyn Content> = blobs.iter().map(|blob| blob as &dyn Content).collect();
    let notes = encoded_notes(&chunk.notes)?;
    let notes = notes.as_ref().map(|notes| notes as &dyn Content);
    let Meter { started_ns, reports: steps, costs, .. } = &chunk.meter;
    hand(&Delivery { outputs: &outputs, notes, started_ns: *started_ns, steps, costs })?;
    Ok(())
}

/// What FUN said: a list of the passes' numbers, the elements' numbers and the conditions.
fn encoded_notes(notes: &[(u32, u64, Kept)]) -> Result<Option<Blob>> {
    if notes.is_empty() {
        return Ok(None);
    }
    let list = r::protect(|s| {
        let (passes, indices) = (s.vector(Kind::REALSXP, notes.len()), s.vector(Kind::REALSXP, notes.len()));
        let conditions = s.vector(Kind::VECSXP, notes.len());
        for (place, (pass, element, condition)) in notes.iter().enumerate() {
            // SAFETY: the vectors were just made with one number for each note.
            unsafe {
                passes.data_mut().cast::<f64>().add(place).write(f64::from(*pass) + 1.0);
                indices.data_mut().cast::<f64>().add(place).write(*element as f64 + 1.0);
            }
            conditions.set_item(place, condition.get());
        }
        Ok(Kept::new(r::list(s, &[passes, indices, conditions])))
    })?;
    let mut writer = BlobWriter::new();
    codec::encode(list.get(), &mut writer)?;
    Ok(Some(writer.finish()))
}
