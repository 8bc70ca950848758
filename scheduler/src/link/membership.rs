//! A worker's part in one run: claim, work, deliver, until the run ends.

use crate::board::{Board, Control, Lease, Output, Span};
use crate::error::{Error, Result};
use crate::id::WorkerId;
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
    results: Vec<SegmentFile>,
    over: bool,
    // `board` points into `_mapping`, which is never moved out and drops after it.
    board: Board,
    _mapping: Mapping,
}

/// What a worker has to hand in for one chunk.
#[derive(Default)]
pub struct Delivery<'a> {
    /// The chunk's results, or for a failed chunk its error.
    pub output: Option<&'a dyn Content>,
    /// What FUN said meanwhile: warnings, messages.
    pub notes: Option<&'a dyn Content>,
    /// When the chunk was begun, on the clock of [`now_ns`].
    pub started_ns: u64,
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
        let mut results = Vec::with_capacity(spec.passes.len());
        for pass in &spec.passes {
            match SegmentFile::open_write(&pass.results)? {
                Some(file) => results.push(file),
                None => return Ok(None),
            }
        }
        Ok(Some(Membership { run, slot, spec, results, over: false, board, _mapping: mapping }))
    }

    /// What the run is about.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// The next chunk to work on; waits where there is none yet. `None` when the run is over.
    pub fn next_lease(&mut self, link: &mut Link) -> Result<Option<Lease>> {
        while !self.over {
            if self.board.control() == Control::Go {
                if let Some(lease) = self.board.claim(self.slot) {
                    return Ok(Some(lease));
                }
            }
            link.say(&FromWorker::Dry { run: self.run })?;
            self.hear(link)?;
        }
        Ok(None)
    }

    /// Waits for the session's word.
    fn hear(&mut self, link: &mut Link) -> Result<()> {
        match link.wait()? {
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

    /// Notes that the worker now works on `element`, so that a death can be laid at its door. `false`: the run was
    /// stopped, drop the lease and ask for the next.
    pub fn enter_element(&self, element: u64) -> bool {
        self.board.element(self.slot, element);
        self.board.control() == Control::Go
    }

    /// Hands in a finished chunk. `false`: the lease had been revoked, and the result does not count.
    pub fn complete(&self, lease: &Lease, delivery: &Delivery<'_>) -> Result<bool> {
        self.board.between_elements(self.slot);
        let output = self.write(lease, delivery.output)?;
        let notes = self.write(lease, delivery.notes)?;
        let span = Span { started_ns: delivery.started_ns, ended_ns: now_ns() };
        Ok(self.board.complete(lease, output, notes, span))
    }

    /// Hands in a chunk that ended in an error at `element`, and tells the session.
    pub fn fail(&self, link: &Link, lease: &Lease, element: u64, delivery: &Delivery<'_>) -> Result<bool> {
        let nothing = Output { at: 0, len: 0 };
        let written = self
            .write(lease, delivery.output)
            .and_then(|output| Ok((output, self.write(lease, delivery.notes)?)));
        // A full memory is the likeliest of reasons to fail, and the one that leaves no room to say so.
        let words = written.as_ref().err().map(ToString::to_string);
        let (output, notes) = written.unwrap_or((nothing, nothing));
        let span = Span { started_ns: delivery.started_ns, ended_ns: now_ns() };
        let counted = self.board.fail(lease, element, output, notes, span);
        if counted {
            let Lease { pass, chunk, .. } = *lease;
            link.say(&FromWorker::Failed { run: self.run, pass, chunk, element, words })?;
        }
        Ok(counted)
    }

    /// Writes `content` into the pass's results page, at a place that no other worker has.
    fn write(&self, lease: &Lease, content: Option<&dyn Content>) -> Result<Output> {
        let Some(content) = content else { return Ok(Output { at: 0, len: 0 }) };
        let len = content.bytes();
        let at = self.board.reserve_output(lease.pass, len).ok_or_else(|| Error::Damaged {
            segment: self.spec.passes[lease.pass.index()].results.name.clone(),
            reason: "the board has no such pass, or its results have no end".into(),
        })?;
        content.write(&self.results[lease.pass.index()], CONTENT + at)?;
        Ok(Output { at, len })
    }
}
