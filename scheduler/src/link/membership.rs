//! A worker's part in one run: claim, work, deliver, until the run ends.

use std::collections::HashMap;

use crate::board::{Activity, Board, Control, Delivered, Lease, Output, Span, Spot, StepReport};
use crate::error::{Error, Result};
use crate::id::{ResourceId, StageId, WorkerId};
use crate::link::drains::{Drains, Spent};
use crate::link::parts::Parts;
use crate::link::{Link, Word};
use crate::os::{now_ns, Mapping, SegmentFile, SegmentHandle};
use crate::store::{Content, CONTENT};
use crate::wire::{FromWorker, RunSpec, ToWorker};

/// A worker's part in one run. Dropping it lets go of the run's board; pages that FUN's views still reach stay mapped.
#[derive(Debug)]
pub struct Membership {
    run: u64,
    slot: WorkerId,
    spec: RunSpec,
    /// Results pages that were written to.
    open: HashMap<ResourceId, SegmentFile>,
    drains: Drains,
    over: bool,
    /// What this worker is at, and since when.
    at: (Activity, u64),
    // `board` points into `_mapping`, which is never moved out and drops after it.
    board: Board,
    _mapping: Mapping,
}

/// What a worker has to hand in for one chunk.
#[derive(Default)]
pub struct Delivery<'a> {
    /// The results of each output; for a failed chunk its error alone.
    pub outputs: &'a [&'a dyn Content],
    /// What FUN said meanwhile: warnings, messages.
    pub notes: Option<&'a dyn Content>,
    /// When the chunk was begun, on the clock of [`now_ns`].
    pub started_ns: u64,
    /// What each step did, where there are several.
    pub steps: &'a [StepReport],
    /// What each element cost, step by step, in nanoseconds; empty where that is not measured.
    pub costs: &'a [Vec<f32>],
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.turn_to(self.at.0);
        self.board.leave(self.slot);
        tracing::debug!(run = self.run, worker = self.slot.0 + 1, "left");
    }
}

impl Membership {
    /// Attaches to `board`; `None` if the run is over already.
    pub(crate) fn enter(run: u64, slot: WorkerId, board: &SegmentHandle) -> Result<Option<Self>> {
        let Some(file) = SegmentFile::open_write(board)? else { return Ok(None) };
        let mapping = Mapping::shared(&file)?;
        let skip = CONTENT as usize;
        let length = mapping.len().checked_sub(skip).ok_or_else(|| Error::Damaged {
            segment: board.name.clone(),
            reason: "it is shorter than its header".into(),
        })?;
        // SAFETY: the mapping is shared, writable and `length` bytes long from its content on, and it lives in the same
        // struct as the board, which is dropped first.
        let board = unsafe { Board::attach(mapping.as_ptr().add(skip), length) }?;
        // Who comes when others have done it all: the board may still be there, but pages are given back already.
        if board.control() == Control::Ended {
            return Ok(None);
        }
        let spec = RunSpec::from_bytes(board.payload())?;
        let (open, drains) = (HashMap::new(), Drains::default());
        let at = (Activity::Map, now_ns());
        tracing::debug!(run, worker = slot.0 + 1, "joined");
        board.join(slot, std::process::id(), at.1);
        board.turn_to(slot, at.0, at.1);
        Ok(Some(Membership { run, slot, spec, open, drains, over: false, at, board, _mapping: mapping }))
    }

    /// What the run is about.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// The next chunk to work on; waits where there is none yet. `None` when the run is over.
    pub fn next_lease(&mut self, link: &mut Link) -> Result<Option<Lease>> {
        while let Some(stage) = self.next_stage(link)? {
            if let Some(lease) = self.claim_from(stage) {
                return Ok(Some(lease));
            }
        }
        Ok(None)
    }

    /// The stage that has something to claim; waits where none has. `None` when the run is over.
    pub fn next_stage(&mut self, link: &mut Link) -> Result<Option<StageId>> {
        while !self.over {
            if let Some(stage) = self.board.next_stage(self.slot) {
                return Ok(Some(stage));
            }
            self.board.pause(self.slot);
            link.say(&FromWorker::Dry { run: self.run })?;
            self.hear(link)?;
        }
        Ok(None)
    }

    /// Takes a chunk of a stage, if others left any. Chunks end where the parts end that the stage drains, so that a part can
    /// go when its chunk is done.
    pub fn claim_from(&mut self, stage: StageId) -> Option<Lease> {
        self.drains.claim(&self.board, &self.spec, self.slot, stage)
    }

    /// The chunk's first element is about to begin, at `started_ns` on the clock of [`now_ns`]: said before it does, so that
    /// whoever looks, or takes the chunk back from the dead, knows since when.
    pub fn begin(&self, lease: &Lease, started_ns: u64) {
        self.board.begin(lease, started_ns);
    }

    /// Whether all of a stage is done.
    pub fn is_done(&self, stage: StageId) -> bool {
        Some(self.board.done_elements(stage)) == self.board.elements(stage)
    }

    /// From now on this worker's time counts as spent on `activity`.
    pub fn turn_to(&mut self, activity: Activity) {
        let (before, since) = std::mem::replace(&mut self.at, (activity, now_ns()));
        self.board.spend(self.slot, before, self.at.1.saturating_sub(since));
        self.board.turn_to(self.slot, self.at.0, self.at.1);
    }

    /// Of the time that was spent on the present activity, so much belongs to another.
    pub fn of_which(&mut self, other: Activity, ns: u64) {
        let ns = ns.min(now_ns().saturating_sub(self.at.1));
        self.at.1 += ns;
        self.board.spend(self.slot, other, ns);
    }

    /// Whether it is to be noted what the elements of a stage cost.
    pub fn is_measured(&self, stage: StageId) -> bool {
        self.board.is_measured(stage)
    }

    /// Waits for the session's word.
    fn hear(&mut self, link: &mut Link) -> Result<()> {
        let before = self.at.0;
        self.turn_to(Activity::Wait);
        let word = link.wait()?;
        self.turn_to(before);
        match word {
            Word::Said(ToWorker::Wake) => {}
            Word::Said(ToWorker::EndRun | ToWorker::Exit) | Word::Gone => self.over = true,
            Word::Said(ToWorker::Run { .. }) => {
                return Err(Error::Message {
                    from: "the session".into(),
                    reason: "a new run was begun while another goes on".into(),
                })
            }
        }
        Ok(())
    }

    /// Whether the run goes on no further.
    pub fn is_stopped(&self) -> bool {
        self.board.control() != Control::Go
    }

    /// Claims nothing any more, and waits for the end of the run.
    pub fn sit_out(mut self, link: &mut Link) -> Result<()> {
        while !self.over {
            link.say(&FromWorker::Dry { run: self.run })?;
            self.hear(link)?;
        }
        Ok(())
    }

    /// Notes that the worker now works at `spot`, so that a death can be laid at its door. `false`: the run was stopped, drop
    /// the lease and ask for the next.
    pub fn enter_element(&self, spot: Spot) -> bool {
        self.board.element(self.slot, spot);
        self.board.control() == Control::Go
    }

    /// The parts of a resource that an earlier stage made.
    pub fn parts(&self, resource: ResourceId) -> Parts {
        Parts::of(&self.board, &self.spec, resource)
    }

    /// Hands in a finished chunk. `false`: the lease had been revoked, and the results do not count.
    pub fn complete(&mut self, lease: &Lease, delivery: &Delivery<'_>) -> Result<bool> {
        self.board.between_elements(self.slot);
        let mut outputs = Vec::with_capacity(delivery.outputs.len());
        for (nth, content) in delivery.outputs.iter().enumerate() {
            outputs.push(self.write(lease.stage, nth as u32, *content)?);
        }
        let notes = self.note(delivery.notes)?;
        let span = Span { started_ns: delivery.started_ns, ended_ns: now_ns() };
        let delivered = Delivered { outputs: &outputs, notes, span, steps: delivery.steps };
        // Said before it is done: who hears that all are done finds the lines of all.
        tracing::trace!(
            run = self.run,
            stage = lease.stage.0,
            chunk = lease.chunk.0,
            start = lease.start + 1,
            end = lease.end,
            attempt = lease.attempt,
            ns = span.ended_ns.saturating_sub(span.started_ns),
            "chunk done"
        );
        let counts = self.board.complete(lease, &delivered);
        if counts {
            for (step, costs) in delivery.costs.iter().enumerate() {
                self.board.put_costs(lease, step as u32, costs);
            }
            self.drain(lease);
        } else {
            tracing::debug!(run = self.run, stage = lease.stage.0, chunk = lease.chunk.0, "does not count");
        }
        Ok(counts)
    }

    /// Hands in a chunk that ended in an error at `spot`, and tells the session.
    pub fn fail(&mut self, link: &Link, lease: &Lease, spot: Spot, delivery: &Delivery<'_>) -> Result<bool> {
        let nothing = Output::default();
        let written = self
            .note(delivery.outputs.first().copied())
            .and_then(|error| Ok((error, self.note(delivery.notes)?)));
        // A full memory is the likeliest of reasons to fail, and the one that leaves no room to say so.
        let words = written.as_ref().err().map(ToString::to_string);
        let (error, notes) = written.unwrap_or((nothing, nothing));
        let span = Span { started_ns: delivery.started_ns, ended_ns: now_ns() };
        let counted = self.board.fail(lease, spot, error, notes, span);
        tracing::debug!(
            run = self.run,
            stage = lease.stage.0,
            chunk = lease.chunk.0,
            element = spot.element + 1,
            "chunk failed"
        );
        if counted {
            let Lease { stage, chunk, .. } = *lease;
            link.say(&FromWorker::Failed { run: self.run, stage, chunk, spot, words })?;
        }
        Ok(counted)
    }

    /// Writes to the page of the run's notes.
    fn note(&mut self, content: Option<&dyn Content>) -> Result<Output> {
        let (stage, nth) = self.spec.notes;
        content.map_or(Ok(Output::default()), |content| self.write(stage, nth, content))
    }

    /// Writes `content` into the page of a stage's output, at a place that no other worker has.
    fn write(&mut self, stage: StageId, nth: u32, content: &dyn Content) -> Result<Output> {
        let damaged = |reason: &str| Error::Damaged { segment: "of results".into(), reason: reason.into() };
        let outputs = self.spec.stages.get(stage.index()).map(|stage| &stage.outputs);
        let resource = outputs.and_then(|outputs| outputs.get(nth as usize)).copied();
        let resource = resource.ok_or_else(|| damaged("the run has no such output"))?;
        let len = content.bytes();
        let at = self.board.reserve_output(stage, nth, len);
        let at = at.ok_or_else(|| damaged("the board has no such output, or its results have no end"))?;
        let file = match self.open.entry(resource) {
            std::collections::hash_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                let handle = self.spec.pages.get(resource.index()).and_then(Option::as_ref);
                let handle = handle.ok_or_else(|| damaged("the run names no page for them"))?;
                let file = SegmentFile::open_write(handle)?;
                place.insert(file.ok_or_else(|| damaged("the run is over"))?)
            }
        };
        content.write(file, CONTENT + at)?;
        Ok(Output { at, len })
    }

    /// Gives back what this chunk was the last to read.
    fn drain(&mut self, lease: &Lease) {
        let Membership { spec, board, drains, .. } = self;
        for Spent { resource, maker: (stage, nth), part } in drains.spent(board, spec, lease) {
            let handle = spec.pages.get(resource.index()).and_then(Option::as_ref);
            let Some(Ok(Some(file))) = handle.map(SegmentFile::open_write) else { continue };
            match file.punch(CONTENT + part.output.at, part.output.len) {
                Ok(()) => board.return_output(stage, nth, part.output.len),
                Err(e) => tracing::debug!(%e, "a part stays until its page goes"),
            }
        }
    }
}
