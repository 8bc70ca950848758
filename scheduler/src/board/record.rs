//! One entry of a log: its word and, once it is ended, what its worker says of it. A cache line, so that workers at
//! neighbouring chunks do not slow each other. Where its results lie, and how long each step took, stands in the stage's
//! *reports*, a table with as many columns as the stage has outputs and steps (`report.rs`).
use super::sync::{acquire64, AtomicU64, Ordering};
use super::word::{ChunkState, Word};

/// A piece of a results page: where, from the start of the page's content, and how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Where it begins: a multiple of a line.
    pub at: u64,
    /// Its bytes; 0 when there is nothing.
    pub len: u64,
    /// Which segment it lies in: in the overflow, at the same place there, when the page had no room.
    pub segment: PageSegment,
}

/// The segments that results of a pass can lie in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PageSegment {
    /// The page.
    #[default]
    Main,
    /// Its overflow, a second one in the session's directory.
    Overflow,
}

impl Output {
    /// Words of the board that an output takes.
    pub(super) const WORDS: usize = 2;

    /// Places are multiples of a line, so their lowest bit is free.
    pub(super) const fn pack(self) -> [u64; Output::WORDS] {
        [self.at | self.segment as u64, self.len]
    }

    pub(super) const fn unpack([at, len]: [u64; Output::WORDS]) -> Output {
        let segment = if at & 1 == 1 { PageSegment::Overflow } else { PageSegment::Main };
        Output { at: at & !1, len, segment }
    }
}

/// When something ran, by the clock that all processes of this host share; 0 for what did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Nanoseconds of `CLOCK_MONOTONIC` at its first element.
    pub started_ns: u64,
    /// Nanoseconds of `CLOCK_MONOTONIC` after its last, results written.
    pub ended_ns: u64,
}

/// An element, and the step of its stage that was at it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct ElementPosition {
    /// The step.
    pub step: u32,
    /// The element.
    pub element: u64,
}

impl ElementPosition {
    const STEP: u32 = super::word::MAX_ELEMENTS.count_ones();

    pub(super) const fn pack(self) -> u64 {
        ((self.step as u64) << ElementPosition::STEP) | self.element
    }

    /// `None` for [`NOWHERE`].
    pub(super) fn unpack(word: u64) -> Option<ElementPosition> {
        let position = ElementPosition {
            step: (word >> ElementPosition::STEP) as u32,
            element: word & super::word::MAX_ELEMENTS,
        };
        (word != NOWHERE).then_some(position)
    }
}

/// No element at all: not a valid index, since stages are shorter.
pub(super) const NOWHERE: u64 = u64::MAX;

/// An entry. Fields other than `word` are written by the worker that holds the lease, before it changes the word.
#[repr(C, align(64))]
pub(super) struct Record {
    pub(super) word: AtomicU64,
    started: AtomicU64,
    ended: AtomicU64,
    error: [AtomicU64; Output::WORDS],
    notes: [AtomicU64; Output::WORDS],
    failed: AtomicU64,
}

/// What a worker says in a chunk's record when it is through with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) span: Span,
    pub(super) notes: Output,
    /// A failed chunk: where the condition lies, and where it happened.
    pub(super) error: Output,
    pub(super) failed: Option<ElementPosition>,
}

impl Record {
    /// The word as it is now, with everything that its writer wrote before it.
    pub(super) fn load(&self) -> Word {
        Word(acquire64(&self.word))
    }

    /// The one way out of an entry's word: from exactly `from` to `to`, or not at all.
    pub(super) fn change(&self, from: Word, to: Word) -> bool {
        self.word.compare_exchange(from.0, to.0, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Its first element is about to begin; said by the worker that holds the lease, so that it is known of a chunk that never
    /// ends too.
    pub(super) fn begin(&self, started_ns: u64) {
        self.started.store(started_ns, Ordering::Relaxed);
    }

    /// When its first element began; 0 when its worker has not said so.
    pub(super) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Ends a lease: the ending, then the word. False when the lease was revoked meanwhile; then nobody reads the ending.
    pub(super) fn finish(&self, leased: Word, state: ChunkState, ending: &Ending) -> bool {
        self.started.store(ending.span.started_ns, Ordering::Relaxed);
        self.ended.store(ending.span.ended_ns, Ordering::Relaxed);
        for (words, output) in [(&self.error, ending.error), (&self.notes, ending.notes)] {
            words.iter().zip(output.pack()).for_each(|(word, value)| word.store(value, Ordering::Relaxed));
        }
        self.failed.store(ending.failed.map_or(NOWHERE, ElementPosition::pack), Ordering::Relaxed);
        self.change(leased, leased.with_state(state))
    }

    /// The ending. Only true when the word was seen `Done` or `Failed` before.
    pub(super) fn ending(&self) -> Ending {
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        let output = |words: &[AtomicU64; Output::WORDS]| Output::unpack(words.each_ref().map(load));
        Ending {
            span: Span { started_ns: load(&self.started), ended_ns: load(&self.ended) },
            notes: output(&self.notes),
            error: output(&self.error),
            failed: ElementPosition::unpack(load(&self.failed)),
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
            error: [zero(), zero()],
            notes: [zero(), zero()],
            failed: zero(),
        }
    }
}
