//! A worker's part in one run: claim, work, deliver, until the run ends. The steps are [`Work`]'s; here they meet the process's
//! pages, clock and channel.

use std::time::Duration;

use crate::board::{Activity, CallEnd, Control, ElementPosition, Lease, WorkerBoard};
use crate::error::{Error, Result, Shortage};
use crate::id::{ResourceId, StageId, WorkerId};
use crate::link::consumption::Consumption;
use crate::link::delivery::{Delivery, HandedIn};
use crate::link::parts::Parts;
use crate::link::results::{HandIn, Results};
use crate::link::work::{Attached, HandInStep, Report, Work};
use crate::link::{Link, Word};
use crate::os::{self, now_ns, Mapping, SegmentFile, SegmentHandle};
use crate::store::{Content, CONTENT};
use crate::trace;
use crate::wire::{FromWorker, RunSpec, ToWorker, Unwritten};

/// An interrupt that the board speaks of and that has not come after so long does not come any more.
const INTERRUPTED_WITHIN_NS: u64 = 1_000_000_000;

/// A worker's part in one run. Dropping it lets go of the run's board; pages that FUN's views still reach stay mapped.
#[derive(Debug)]
pub struct Membership {
    run: u64,
    slot: WorkerId,
    spec: RunSpec,
    work: Work,
    /// Open results pages, those of the stage that was claimed from last.
    results: Results,
    claimed: Option<StageId>,
    consumes: Consumption,
    over: bool,
    /// What this worker is at, and since when.
    at: (Activity, u64),
    // `board` points into `_mapping`, which is never moved out and drops after it.
    board: WorkerBoard,
    _mapping: Mapping,
}

impl Link {
    /// Waits for the next run. `None` when the worker should leave: it was told so, or the session is gone. Memory that FUN's values had is given back when
    /// nothing came for so long.
    ///
    /// # Errors
    /// What is wrong with the board that it was called to, or with what the session said.
    pub fn next_run(&mut self, keeps_memory: Duration) -> Result<Option<Membership>> {
        loop {
            if self.ours && self.is_idle(keeps_memory)? {
                os::give_back_freed();
            }
            match self.wait()? {
                Word::Said(ToWorker::Run { run, slot, board, log }) => {
                    if self.ours {
                        self.log_by(log.as_ref());
                    }
                    // The session may have died, or ended the run, between its word and our look.
                    match Membership::enter(run, slot, &board)? {
                        Some(membership) => return Ok(Some(membership)),
                        None => continue,
                    }
                }
                Word::Said(ToWorker::Wake | ToWorker::EndRun) => continue,
                Word::Said(ToWorker::Exit) | Word::Gone => return Ok(None),
            }
        }
    }

    /// Logs as the session says. A filter that the session could read, this process can; and no run fails for its log.
    fn log_by(&self, setting: Option<&trace::Setting>) {
        if let Err(e) = trace::set(setting, None) {
            eprintln!("memshare: no log: {e}");
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.set_activity(self.at.0);
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
        let board = unsafe { WorkerBoard::attach(mapping.as_ptr().add(skip), length) }?;
        // Who comes when others have done it all: the board may still be there, but pages are given back already.
        if board.control() == Control::Ended {
            return Ok(None);
        }
        let spec = RunSpec::from_bytes(board.payload())?;
        let (work, results, consumes) = (Work::new(slot), Results::new(&spec), Consumption::default());
        let at = (Activity::Map, now_ns());
        tracing::debug!(run, worker = slot.0 + 1, "joined");
        board.join(slot, std::process::id(), at.1);
        board.set_activity(slot, at.0, at.1);
        Ok(Some(Membership {
            run,
            slot,
            spec,
            work,
            results,
            claimed: None,
            consumes,
            over: false,
            at,
            board,
            _mapping: mapping,
        }))
    }

    /// What the run is about.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// The next chunk to work on, begun now; waits where there is none yet. `None` when the run is over.
    ///
    /// # Errors
    /// As [`Membership::next_stage`].
    pub fn next_lease(&mut self, link: &mut Link) -> Result<Option<Lease>> {
        while self.next_stage(link)?.is_some() {
            if let Some(lease) = self.claim() {
                self.begin(now_ns());
                return Ok(Some(lease));
            }
        }
        Ok(None)
    }

    /// The stage that has something to claim; waits where none has. `None` when the run is over.
    ///
    /// # Errors
    /// [`Error::Os`] when the session is gone while it waits; [`Error::Message`] when what the session says makes no sense here.
    pub fn next_stage(&mut self, link: &mut Link) -> Result<Option<StageId>> {
        while !self.over {
            if let Some(stage) = self.work.aim(&self.board) {
                return Ok(Some(stage));
            }
            self.results.close();
            link.say(&FromWorker::Dry { run: self.run })?;
            self.hear(link)?;
        }
        Ok(None)
    }

    /// Takes a chunk of the stage that [`Membership::next_stage`] found, if others left any.
    pub fn claim(&mut self) -> Option<Lease> {
        let Membership { board, spec, consumes, work, .. } = self;
        let lease = work.claim(&mut Attached { board, spec, consumes })?;
        if self.claimed.replace(lease.stage) != Some(lease.stage) {
            self.results.close();
        }
        Some(lease)
    }

    /// The chunk's first element is about to begin, at `started_ns` on the clock of [`now_ns`].
    pub fn begin(&mut self, started_ns: u64) {
        self.work.begin(&self.board, started_ns);
    }

    /// Whether all of a stage is done.
    pub fn is_done(&self, stage: StageId) -> bool {
        self.board.is_done(stage)
    }

    /// From now on this worker's time counts as spent on `activity`.
    pub fn set_activity(&mut self, activity: Activity) {
        let (before, since) = std::mem::replace(&mut self.at, (activity, now_ns()));
        self.board.spend(self.slot, before, self.at.1.saturating_sub(since));
        self.board.set_activity(self.slot, self.at.0, self.at.1);
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
        self.set_activity(Activity::Wait);
        let word = link.wait()?;
        self.set_activity(before);
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
    ///
    /// # Errors
    /// As [`Membership::next_stage`].
    pub fn sit_out(mut self, link: &mut Link) -> Result<()> {
        while !self.over {
            link.say(&FromWorker::Dry { run: self.run })?;
            self.hear(link)?;
        }
        Ok(())
    }

    /// FUN is about to begin at `position`, so that a death can be blamed on it. `false`: the run was stopped, and the chunk is dropped.
    pub fn enter_element(&mut self, position: ElementPosition) -> bool {
        self.work.enter(&self.board, position)
    }

    /// FUN is called now on the element that was entered. `false`: it is not to be called, for its time was over when it was tried before.
    pub fn call(&self, stage: StageId) -> bool {
        !self.board.is_timed(stage) || self.work.call(&self.board, now_ns())
    }

    /// FUN came back, or was left, at an element of this stage. Once it is [`CallEnd::Late`], the interrupt that the session sent has reached
    /// this process, and the element has no other result than that it took too long.
    pub fn returned(&self, stage: StageId) -> CallEnd {
        if !self.board.is_timed(stage) || self.work.returned(&self.board) == CallEnd::InTime {
            return CallEnd::InTime;
        }
        // It is sent right after the word that made this late.
        let since = now_ns();
        while !self.board.is_interrupted(self.slot) && now_ns() - since < INTERRUPTED_WITHIN_NS {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.board.call_over(self.slot);
        CallEnd::Late
    }

    /// Whether the time of the call under way is over: then an interrupt is meant for it.
    pub fn is_late(&self) -> bool {
        self.board.is_late(self.slot)
    }

    /// Lets go of the chunk at hand, if there is one: the run was stopped, and nobody asks for it any more.
    pub fn drop_chunk(&mut self) {
        self.work.drop_chunk();
    }

    /// The parts of a resource that an earlier stage made.
    ///
    /// # Errors
    /// As [`Parts::of`].
    pub fn parts(&self, resource: ResourceId) -> Result<Parts> {
        Parts::of(&self.board, &self.spec, resource)
    }

    /// Hands in the chunk at hand, all of whose elements are through. After [`HandedIn::Refused`] or an error it is still held, and has
    /// to [`Membership::fail`].
    ///
    /// # Errors
    /// What is wrong with the run's pages, other than their room; or the session is gone.
    pub fn deliver(&mut self, link: &Link, delivery: &Delivery<'_>) -> Result<HandedIn> {
        let bytes = delivery.outputs.iter().map(|content| content.bytes());
        self.work.encoded(&self.board, bytes, delivery.notes.map_or(0, Content::bytes));
        let lease = self.work.held().map(|(lease, _)| lease);
        let mut end = HandedIn::Nothing;
        loop {
            match self.step(delivery)? {
                HandInStep::Reserved
                | HandInStep::Wrote
                | HandInStep::LeftOut
                | HandInStep::GaveBack
                | HandInStep::Failed => {}
                HandInStep::Logged => {
                    if let Some(what) = self.results.unlogged() {
                        tracing::warn!(
                            run = self.run,
                            reason = what.reason,
                            "chunks are not written down any more"
                        );
                        link.say(&FromWorker::Unlogged { run: self.run, what })?;
                    }
                }
                HandInStep::Diverted => tracing::debug!("results go to the directory, for memory is full"),
                // Said before it is done: who hears that all are done finds the lines of all.
                HandInStep::Costed => lease.iter().for_each(|lease| self.log_done(lease)),
                HandInStep::Completed { ends_stage } => {
                    end = HandedIn::Counts;
                    if ends_stage {
                        link.say(&FromWorker::StageEnded { run: self.run })?;
                    }
                }
                HandInStep::Revoked => {
                    tracing::debug!(run = self.run, "a chunk that was taken back does not count");
                    end = HandedIn::Nothing;
                }
                HandInStep::Refused(output, shortage) => return Ok(HandedIn::Refused { output, shortage }),
                HandInStep::None => return Ok(end),
            }
        }
    }

    /// Ends the chunk at hand with a failure at `position`, and tells the session: with an error (the delivery's one output), or with what
    /// there was no room for.
    ///
    /// # Errors
    /// What is wrong with the run's pages, other than their room; or the session is gone.
    pub fn fail(
        &mut self,
        link: &Link,
        position: ElementPosition,
        delivery: &Delivery<'_>,
        shortage: Option<Shortage>,
    ) -> Result<()> {
        let bytes = |content: Option<&dyn Content>| content.map_or(0, Content::bytes);
        let bytes = [bytes(delivery.outputs.first().copied()), bytes(delivery.notes)];
        self.work.fail(&self.board, position, bytes, shortage.map(Unwritten::Results));
        while !matches!(self.step(delivery)?, HandInStep::None | HandInStep::Failed | HandInStep::Revoked) {}
        let Some(Report { stage, chunk, position, unwritten }) = self.work.report() else { return Ok(()) };
        let run = self.run;
        tracing::debug!(
            run,
            stage = stage.0,
            chunk = chunk.0,
            element = position.element + 1,
            "chunk failed"
        );
        link.say(&FromWorker::Failed { run, stage, chunk, position, unwritten })
    }

    fn step(&mut self, delivery: &Delivery<'_>) -> Result<HandInStep> {
        let Membership { board, spec, consumes, work, results, .. } = self;
        // A look at the clock a chunk, not one a step.
        let now = if work.needs_time() { now_ns() } else { 0 };
        work.step(&mut Attached { board, spec, consumes }, now, &mut HandIn { results, spec, delivery })
    }

    fn log_done(&self, lease: &Lease) {
        tracing::trace!(
            run = self.run,
            stage = lease.stage.0,
            chunk = lease.chunk.0,
            start = lease.start + 1,
            end = lease.end,
            attempt = lease.attempt,
            ns = now_ns().saturating_sub(self.work.started_ns()),
            "chunk done"
        );
    }
}
