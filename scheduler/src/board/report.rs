//! A stage's reports: for every entry of its log and its extras, where each output of the chunk lies and, where a stage
//! has several steps, when each of them ran. Written by the worker that holds the lease, before it ends the lease by the
//! entry's word; read by whoever saw that word.
use super::memory::Board;
use super::reader::{BoardReader, Stage};
use super::record::{Output, Span};
use super::sync::{AtomicU64, Ordering};
use super::Lease;
use crate::id::{ChunkId, StageId};

/// What one step of a stage did within a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// From its first element to its last; other steps ran in between.
    pub span: Span,
    /// The time that it took of that.
    pub busy_ns: u64,
}

/// Words of an output (where, how long, how much of it was read for the last time), and of a step.
const OUTPUT: usize = 3;
const STEP: usize = 3;
/// Where among an output's words stands how much of it was read.
const READ: usize = 2;

/// Words of an entry's report.
pub(super) const fn width(outputs: u32, steps: u32) -> usize {
    OUTPUT * outputs as usize + if steps > 1 { STEP * steps as usize } else { 0 }
}

impl Stage {
    /// The words of the report of entry `chunk`, within the stage's.
    fn report(&self, chunk: ChunkId) -> std::ops::Range<usize> {
        let width = width(self.outputs, self.steps);
        chunk.index() * width..(chunk.index() + 1) * width
    }
}

impl Board {
    /// Puts down where a chunk's outputs lie and what its steps did; what is beyond the stage's numbers is dropped.
    pub(super) fn put_report(&self, lease: &Lease, outputs: &[Output], steps: &[StepReport]) {
        let Some(stage) = self.stage(lease.stage) else { return };
        let Some(words) = self.reports(stage).get(stage.report(lease.chunk)) else { return };
        let (first, second) = words.split_at(OUTPUT * stage.outputs as usize);
        for (words, output) in first.chunks_exact(OUTPUT).zip(outputs) {
            store(words, &output.pack());
        }
        for (words, step) in second.chunks_exact(STEP).zip(steps) {
            store(words, &[step.span.started_ns, step.span.ended_ns, step.busy_ns]);
        }
    }

    /// Counts `results` more of a chunk's output as read for the last time; gives how many that makes. Whoever makes it all
    /// of them may give the output back: nobody is at it any more.
    pub fn count_read(&self, stage: StageId, chunk: ChunkId, nth: u32, results: u64) -> Option<u64> {
        let stage = self.stage(stage).filter(|stage| nth < stage.outputs)?;
        let word = self.reports(stage).get(stage.report(chunk))?.get(OUTPUT * nth as usize + READ)?;
        // Acquire and Release: what the others read, they read before the last one's answer.
        Some(word.fetch_add(results, Ordering::AcqRel).saturating_add(results))
    }
}

impl BoardReader {
    /// Where output `nth` of a chunk lies. Only true of a chunk that was seen `Done`.
    pub fn output(&self, stage: StageId, chunk: ChunkId, nth: u32) -> Option<Output> {
        let stage = self.stage(stage).filter(|stage| nth < stage.outputs)?;
        let words = self.reports(stage).get(stage.report(chunk))?;
        Some(Output::unpack(load(&words[OUTPUT * nth as usize..])))
    }

    /// What step `nth` of a chunk did; `None` where the stage has one step, whose time is the chunk's. Only true of a
    /// chunk that was seen `Done`.
    pub fn step(&self, stage: StageId, chunk: ChunkId, nth: u32) -> Option<StepReport> {
        let stage = self.stage(stage).filter(|stage| stage.steps > 1 && nth < stage.steps)?;
        let words = self.reports(stage).get(stage.report(chunk))?;
        let [started_ns, ended_ns, busy_ns] =
            load(&words[OUTPUT * stage.outputs as usize + STEP * nth as usize..]);
        Some(StepReport { span: Span { started_ns, ended_ns }, busy_ns })
    }
}

fn store(words: &[AtomicU64], values: &[u64]) {
    for (word, value) in words.iter().zip(values) {
        word.store(*value, Ordering::Relaxed);
    }
}

/// The first words; the callers' tables hold as many.
fn load<const N: usize>(words: &[AtomicU64]) -> [u64; N] {
    std::array::from_fn(|nth| words[nth].load(Ordering::Relaxed))
}
