//! What a board's entries say: which chunks there are, who has which, and what is done.
use super::log::{Appended, Log};
use super::reader::{damaged, BoardReader};
use super::record::{ElementPosition, Ending, Output, Record, Span};
use super::report::StepReport;
use super::slot::NO_LEASE;
use super::sync::{acquire32, acquire64, Ordering};
use super::word::{ChunkState, Word};
use super::Lease;
use crate::error::Result;
use crate::id::{ChunkId, StageId, WorkerId};

/// An entry, for whoever gathers, draws or explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkRecord {
    /// Its number.
    pub chunk: ChunkId,
    /// Its first element.
    pub start: u64,
    /// The element after its last.
    pub end: u64,
    /// Who has or had it (worker 0 while it is `Ready`).
    pub worker: WorkerId,
    /// How often its elements were tried before.
    pub attempt: u32,
    /// What it is in.
    pub state: ChunkState,
    /// `Failed`: the condition, in the page of the run's notes.
    pub error: Output,
    /// Warnings and messages of its elements.
    pub notes: Output,
    /// `Failed`: where.
    pub failed: Option<ElementPosition>,
    /// When it ran. `Leased`, `Lost`: when it began, no end; all zeros when its worker never got to its first element.
    pub span: Span,
}

/// A lease that was taken back from a dead worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The lease, which is no longer good.
    pub lease: Lease,
    /// Where FUN was, if anywhere.
    pub position: Option<ElementPosition>,
}

impl BoardReader {
    /// How many elements have their data there, see [`SupervisorBoard::set_there`](super::SupervisorBoard::set_there).
    pub fn there(&self, id: StageId) -> u64 {
        self.stage(id).map_or(0, |stage| self.head(stage).rare.there.load(Ordering::Relaxed))
    }

    /// Elements whose results are in the page: exact, whatever worker died when. O(chunks that are out), amortized O(1) an
    /// entry.
    pub fn done_elements(&self, stage: StageId) -> u64 {
        let Some(known) = self.stage(stage) else { return 0 };
        let mut progress = self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        progress[stage.index()].advance(self.log(known), self.appended(known))
    }

    /// The chunks that a worker holds on any stage. To be asked of a worker that is dead: a living one may be claiming.
    pub fn leases_of(&self, worker: WorkerId) -> Vec<Recovered> {
        let held = (0..self.stages()).map(StageId).flat_map(|stage| {
            let mine = |(_, _, word): &(ChunkId, u64, Word)| word.worker() == worker;
            self.out(stage).into_iter().filter(mine).map(move |(chunk, start, word)| Lease {
                stage,
                chunk,
                worker,
                start,
                end: word.end(),
                attempt: word.attempt(),
            })
        });
        held.map(|lease| Recovered { lease, position: self.position_of(&lease) }).collect()
    }

    /// All entries that somebody wrote, the log's first; those that name no elements of the stage, or no place of
    /// the board, are left out. O(entries).
    pub fn chunks(&self, stage: StageId) -> Vec<ChunkRecord> {
        let Some(elements) = self.elements(stage) else { return Vec::new() };
        let chunks =
            self.entries(stage).map(|(chunk, start, word, record)| chunk_record(chunk, start, word, record));
        let is_one = |chunk: &ChunkRecord| chunk.start < chunk.end && chunk.end <= elements;
        chunks.filter(|chunk| is_one(chunk) && chunk.worker.0 < self.workers()).collect()
    }

    /// The chunks of a stage that are done, in the order of elements: each one lies within the stage, none meets another, and none cuts
    /// what belongs together. Whoever reads results by index asks this. O(entries log entries).
    ///
    /// # Errors
    /// [`crate::error::Error::Damaged`] when the entries say otherwise: a worker wrote what no worker writes.
    pub fn results(&self, id: StageId) -> Result<Vec<ChunkRecord>> {
        let Some(stage) = self.stage(id) else { return Ok(Vec::new()) };
        let done = self.entries(id).filter(|(_, _, word, _)| word.state() == ChunkState::Done);
        let mut chunks: Vec<ChunkRecord> =
            done.map(|(chunk, start, word, record)| chunk_record(chunk, start, word, record)).collect();
        chunks.sort_by_key(|chunk| (chunk.start, chunk.end));
        let mut next = 0;
        for &ChunkRecord { chunk, start, end, .. } in &chunks {
            let whole = |at: u64| at == stage.spec.elements || at % stage.spec.align == 0;
            if start < next || start >= end || end > stage.spec.elements || !whole(start) || !whole(end) {
                let what = format!(
                    "chunk {chunk} of stage {id} cannot be elements {} to {end} of {}",
                    start.saturating_add(1),
                    stage.spec.elements
                );
                return Err(damaged(&what));
            }
            next = end;
        }
        Ok(chunks)
    }

    /// Where output `nth` of a chunk lies. Only true of a chunk that was seen `Done`.
    pub fn output(&self, stage: StageId, chunk: ChunkId, nth: u32) -> Option<Output> {
        self.reports(self.stage(stage)?).output(chunk, nth)
    }

    /// What step `nth` of a chunk did; `None` where the stage has one step, whose time is the chunk's. Only true of a
    /// chunk that was seen `Done`.
    pub fn step(&self, stage: StageId, chunk: ChunkId, nth: u32) -> Option<StepReport> {
        self.reports(self.stage(stage)?).step(chunk, nth)
    }

    /// Whether all elements of a stage are done. Entries that claim more than there is count too: who reads the results finds out.
    pub fn is_done(&self, stage: StageId) -> bool {
        self.elements(stage).is_some_and(|elements| self.done_elements(stage) >= elements)
    }

    /// One entry, if somebody wrote it. O(1).
    pub fn chunk(&self, stage: StageId, chunk: ChunkId) -> Option<ChunkRecord> {
        let known = self.stage(stage)?;
        let (start, record) = match chunk.0.checked_sub(known.spec.log_capacity) {
            None => {
                let records = self.log(known).records;
                let before = chunk.index().checked_sub(1).map_or(0, |before| records[before].load().end());
                (before, records.get(chunk.index())?)
            }
            Some(nth) => {
                let appended = self.appended(known);
                let written = nth < acquire32(appended.count);
                let record = appended.records.get(nth as usize).filter(|_| written)?;
                (appended.starts.get(nth as usize)?.load(Ordering::Relaxed), record)
            }
        };
        let word = record.load();
        (word != Word::EMPTY).then(|| chunk_record(chunk, start, word, record))
    }

    /// The chunks in which FUN failed. A worker says so itself; the board is asked when one died, since it may have died
    /// before its word was out: then nobody else knows, and the stage would never end. Left out as by
    /// [`BoardReader::chunks`]. O(entries).
    pub fn failures(&self, stage: StageId) -> Vec<ChunkRecord> {
        let mut chunks = self.chunks(stage);
        chunks.retain(|chunk| chunk.state == ChunkState::Failed);
        chunks
    }

    /// What the worker is at: stage, chunk, step and element, as far as it said so.
    pub fn at_work(&self, worker: WorkerId) -> Option<(StageId, ChunkId, Option<ElementPosition>)> {
        let slot = self.slot(worker)?;
        let lease = acquire64(&slot.lease);
        let position = slot.position.load(Ordering::Relaxed);
        (lease != NO_LEASE).then(|| {
            (StageId((lease >> 32) as u32), ChunkId(lease as u32), ElementPosition::unpack(position))
        })
    }

    fn position_of(&self, lease: &Lease) -> Option<ElementPosition> {
        let (stage, chunk, position) = self.at_work(lease.worker)?;
        let within = |position: &ElementPosition| (lease.start..lease.end).contains(&position.element);
        position.filter(within).filter(|_| stage == lease.stage && chunk == lease.chunk)
    }

    /// The entries of a stage that are leased: chunk, start, word.
    fn out(&self, id: StageId) -> Vec<(ChunkId, u64, Word)> {
        let Some(stage) = self.stage(id) else { return Vec::new() };
        let mut progress = self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        progress[id.index()].advance(self.log(stage), self.appended(stage));
        progress[id.index()].out(self.log(stage), self.appended(stage))
    }

    /// The entries that are written, the log's first: chunk, start, word, record.
    fn entries(&self, id: StageId) -> impl Iterator<Item = (ChunkId, u64, Word, &Record)> + use<'_> {
        self.stage(id).into_iter().flat_map(move |stage| written(self.log(stage), self.appended(stage)))
    }
}

/// The written entries of both arrays.
fn written<'a>(
    log: Log<'a>,
    appended: Appended<'a>,
) -> impl Iterator<Item = (ChunkId, u64, Word, &'a Record)> + use<'a> {
    let first = log.records.len();
    let mut start = 0;
    let logged = log.records.iter().enumerate().map_while(move |(index, record)| {
        let word = record.load();
        let here = std::mem::replace(&mut start, word.end());
        (word != Word::EMPTY).then_some((ChunkId(index as u32), here, word, record))
    });
    let count = acquire32(appended.count) as usize;
    let again = appended.records.iter().zip(appended.starts).enumerate().take(count).map(
        move |(index, (record, start))| {
            (ChunkId((first + index) as u32), start.load(Ordering::Relaxed), record.load(), record)
        },
    );
    logged.chain(again)
}

fn chunk_record(chunk: ChunkId, start: u64, word: Word, record: &Record) -> ChunkRecord {
    let state = word.state();
    let Ending { span, notes, error, failed } = match state {
        ChunkState::Done | ChunkState::Failed => record.ending(),
        ChunkState::Leased | ChunkState::Lost => {
            Ending { span: Span { started_ns: record.started(), ended_ns: 0 }, ..Ending::default() }
        }
        ChunkState::Empty | ChunkState::Ready => Ending::default(),
    };
    ChunkRecord {
        chunk,
        start,
        end: word.end(),
        worker: word.worker(),
        attempt: word.attempt(),
        state,
        error,
        notes,
        failed,
        span,
    }
}
