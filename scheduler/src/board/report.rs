//! A stage's reports: for every entry of its log and its appended ranges, where each output of the chunk lies and, where a stage
//! has several steps, when each of them ran. Written by the worker that holds the lease, before it ends the lease by the
//! entry's word; read by whoever saw that word.
use super::record::{Output, Span};
use super::sync::{AtomicU64, Ordering};
use crate::id::ChunkId;

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

/// The reports of a stage.
pub(super) struct Reports<'a> {
    pub(super) words: &'a [AtomicU64],
    pub(super) outputs: u32,
    pub(super) steps: u32,
}

impl<'a> Reports<'a> {
    /// The words of an entry: those of its outputs, and those of its steps.
    fn of(&self, chunk: ChunkId) -> Option<(&'a [AtomicU64], &'a [AtomicU64])> {
        let width = width(self.outputs, self.steps);
        let words = self.words.get(chunk.index() * width..(chunk.index() + 1) * width)?;
        Some(words.split_at(OUTPUT * self.outputs as usize))
    }

    /// The words of an entry's output.
    fn output_words(&self, chunk: ChunkId, nth: u32) -> Option<&'a [AtomicU64]> {
        let (outputs, _) = self.of(chunk)?;
        outputs.chunks_exact(OUTPUT).nth(nth as usize)
    }

    /// Puts down where a chunk's outputs lie and what its steps did; what is beyond the stage's numbers is dropped.
    pub(super) fn put(&self, chunk: ChunkId, outputs: &[Output], steps: &[StepReport]) {
        let Some((first, second)) = self.of(chunk) else { return };
        for (words, output) in first.chunks_exact(OUTPUT).zip(outputs) {
            store(words, &output.pack());
        }
        for (words, step) in second.chunks_exact(STEP).zip(steps) {
            store(words, &[step.span.started_ns, step.span.ended_ns, step.busy_ns]);
        }
    }

    /// Counts `results` more of a chunk's output as read for the last time; gives how many that makes.
    pub(super) fn count_read(&self, chunk: ChunkId, nth: u32, results: u64) -> Option<u64> {
        let word = self.output_words(chunk, nth)?.get(READ)?;
        // Acquire and Release: what the others read, they read before the last one's answer.
        Some(word.fetch_add(results, Ordering::AcqRel).saturating_add(results))
    }

    /// Where output `nth` of a chunk lies.
    pub(super) fn output(&self, chunk: ChunkId, nth: u32) -> Option<Output> {
        self.output_words(chunk, nth).map(|words| Output::unpack(load(words)))
    }

    /// What step `nth` of a chunk did; `None` where the stage has one step.
    pub(super) fn step(&self, chunk: ChunkId, nth: u32) -> Option<StepReport> {
        let (_, steps) = self.of(chunk)?;
        let [started_ns, ended_ns, busy_ns] = load(steps.chunks_exact(STEP).nth(nth as usize)?);
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
