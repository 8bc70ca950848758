//! One entry of a log: its word and, once it is done, where its results lie and how long it took. A cache line, so that
//! workers at neighbouring chunks do not slow each other.
use super::sync::{AtomicU64, Ordering};
use super::word::{ChunkState, Word};

/// A piece of a pass's results page: where, from the start of the page's content, and how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Where it begins.
    pub at: u64,
    /// Its bytes; 0 when there is nothing.
    pub len: u64,
}

/// When a chunk ran, by the clock that all processes of this host share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Nanoseconds of `CLOCK_MONOTONIC` at its first element.
    pub started_ns: u64,
    /// Nanoseconds of `CLOCK_MONOTONIC` after its results were written.
    pub ended_ns: u64,
}

/// An entry. Fields other than `word` are written by the worker that holds the lease, before it changes the word.
#[repr(C, align(64))]
pub(super) struct Record {
    pub(super) word: AtomicU64,
    started: AtomicU64,
    ended: AtomicU64,
    output_at: AtomicU64,
    output_len: AtomicU64,
    notes_at: AtomicU64,
    notes_len: AtomicU64,
    failed: AtomicU64,
}

/// What a worker says of a chunk when it is through with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) output: Output,
    pub(super) notes: Output,
    pub(super) failed: u64,
    pub(super) span: Span,
}

/// "No element": not a valid index, since passes are shorter.
pub(super) const NO_ELEMENT: u64 = u64::MAX;

impl Record {
    /// The word as it is now, with everything that its writer wrote before it.
    pub(super) fn load(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    /// The one way out of an entry's word: from exactly `from` to `to`, or not at all.
    pub(super) fn change(&self, from: Word, to: Word) -> bool {
        self.word.compare_exchange(from.0, to.0, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Ends a lease: the report, then the word. False when the lease was revoked meanwhile; then nobody reads the report.
    pub(super) fn finish(&self, leased: Word, state: ChunkState, report: &Report) -> bool {
        self.started.store(report.span.started_ns, Ordering::Relaxed);
        self.ended.store(report.span.ended_ns, Ordering::Relaxed);
        self.output_at.store(report.output.at, Ordering::Relaxed);
        self.output_len.store(report.output.len, Ordering::Relaxed);
        self.notes_at.store(report.notes.at, Ordering::Relaxed);
        self.notes_len.store(report.notes.len, Ordering::Relaxed);
        self.failed.store(report.failed, Ordering::Relaxed);
        self.change(leased, leased.with_state(state))
    }

    /// The report. Only true when the word was seen `Done` or `Failed` before.
    pub(super) fn report(&self) -> Report {
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        Report {
            output: Output { at: load(&self.output_at), len: load(&self.output_len) },
            notes: Output { at: load(&self.notes_at), len: load(&self.notes_len) },
            failed: load(&self.failed),
            span: Span { started_ns: load(&self.started), ended_ns: load(&self.ended) },
        }
    }

    /// An entry nobody wrote, outside of a board (the model's).
    #[cfg(all(test, loom))]
    pub(super) fn empty() -> Record {
        let zero = || AtomicU64::new(0);
        Record {
            word: zero(),
            started: zero(),
            ended: zero(),
            output_at: zero(),
            output_len: zero(),
            notes_at: zero(),
            notes_len: zero(),
            failed: zero(),
        }
    }
}
