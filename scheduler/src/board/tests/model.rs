//! All interleavings (and all weak-memory outcomes that loom knows) of the protocol on a log of two or three elements:
//! `RUSTFLAGS="--cfg loom" cargo test --release --lib loom`.
use crate::board::log::{Appended, Claim, Log};
use crate::board::record::{ElementPosition, Ending, Output, Record, Span};
use crate::board::sync::{AtomicU32, AtomicU64, Ordering};
use crate::board::word::{ChunkState, Word};
use crate::id::WorkerId;
use loom::sync::Arc;
use loom::thread;

/// A stage without the memory around it.
struct Stage {
    records: Vec<Record>,
    /// A word of each record's report, as `put_report` stores it.
    reports: Vec<AtomicU64>,
    hint: AtomicU32,
    elements: u64,
    appended: Vec<Record>,
    starts: Vec<AtomicU64>,
    count: AtomicU32,
    appended_hint: AtomicU32,
}

impl Stage {
    fn new(elements: u64, appended: usize) -> Arc<Stage> {
        Arc::new(Stage {
            records: (0..elements).map(|_| Record::empty()).collect(),
            reports: (0..elements).map(|_| AtomicU64::new(0)).collect(),
            hint: AtomicU32::new(0),
            elements,
            appended: (0..appended).map(|_| Record::empty()).collect(),
            starts: (0..appended).map(|_| AtomicU64::new(0)).collect(),
            count: AtomicU32::new(0),
            appended_hint: AtomicU32::new(0),
        })
    }

    fn log(&self) -> Log<'_> {
        Log {
            records: &self.records,
            hint: &self.hint,
            elements: self.elements,
            there: self.elements,
            align: 1,
            given: 0,
        }
    }

    /// Takes the next element.
    fn claim(&self, worker: u32) -> Option<Claim> {
        self.log().claim(WorkerId(worker), |start, _| start + 1)
    }

    fn appended(&self) -> Appended<'_> {
        Appended {
            records: &self.appended,
            starts: &self.starts,
            count: &self.count,
            hint: &self.appended_hint,
        }
    }

    /// Takes one element after another until none is left; gives those whose completion counted. Reports are left out:
    /// each store would multiply the interleavings.
    fn work(&self, worker: u32) -> Vec<u64> {
        let mut done = Vec::new();
        while let Some(claim) = self.claim(worker) {
            let leased = Word::new(claim.end, WorkerId(worker), 0, ChunkState::Leased);
            if self.records[claim.index].change(leased, leased.with_state(ChunkState::Done)) {
                done.extend(claim.start..claim.end);
            }
        }
        done
    }

    /// Takes back what `worker` holds in the log and appends it again; gives how much that was.
    fn recover(&self, worker: u32) -> usize {
        let mut start = 0;
        let mut back = 0;
        for record in &self.records {
            let word = record.load();
            if word == Word::EMPTY {
                break;
            }
            let held = word.state() == ChunkState::Leased && word.worker() == WorkerId(worker);
            if held && record.change(word, word.with_state(ChunkState::Lost)) {
                self.appended().append(start, word.end(), 1).expect("room");
                back += 1;
            }
            start = word.end();
        }
        back
    }
}

/// An ending that says whose it is, so that a torn or early read shows.
fn ending(start: u64) -> Ending {
    let output = Output { at: 2 * start + 100, len: start + 200, ..Output::default() };
    Ending {
        error: output,
        notes: output,
        failed: Some(ElementPosition { step: 7, element: start + 300 }),
        span: Span { started_ns: start, ended_ns: start + 1 },
    }
}

/// Two workers take all of a log of `elements`; with `preemptions`, only histories with so many forced switches are tried.
fn share_a_log(elements: u64, preemptions: Option<usize>) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(move || {
        let stage = Stage::new(elements, 0);
        let other = Arc::clone(&stage);
        let thread = thread::spawn(move || other.work(1));
        let mut done = stage.work(0);
        done.extend(thread.join().expect("no panic"));
        done.sort_unstable();
        assert_eq!(done, (0..elements).collect::<Vec<_>>());
    });
}

#[test]
fn loom_two_workers_share_a_log_without_gap_or_overlap() {
    share_a_log(2, None);
    share_a_log(3, Some(2));
}

#[test]
fn loom_whoever_sees_done_sees_the_report() {
    loom::model(|| {
        let stage = Stage::new(1, 0);
        let claim = stage.claim(0).expect("a chunk");
        let other = Arc::clone(&stage);
        let thread = thread::spawn(move || {
            let leased = Word::new(claim.end, WorkerId(0), 0, ChunkState::Leased);
            other.reports[0].store(5, Ordering::Relaxed);
            assert!(other.records[0].finish(leased, ChunkState::Done, &ending(0)));
        });
        if stage.records[0].load().state() == ChunkState::Done {
            assert_eq!(stage.records[0].ending(), ending(0));
            assert_eq!(stage.reports[0].load(Ordering::Relaxed), 5);
        }
        thread.join().expect("no panic");
    });
}

#[test]
fn loom_a_lease_ends_once_though_it_is_revoked_meanwhile() {
    // A worker that is thought dead and is not: its completion and the revocation race; the element counts once.
    loom::model(|| {
        let stage = Stage::new(1, 1);
        let claim = stage.claim(0).expect("a chunk");
        let other = Arc::clone(&stage);
        let thread = thread::spawn(move || {
            let leased = Word::new(claim.end, WorkerId(0), 0, ChunkState::Leased);
            other.records[0].finish(leased, ChunkState::Done, &ending(0))
        });
        let back = stage.recover(0);
        let completed = thread.join().expect("no panic");
        assert_eq!(usize::from(completed) + back, 1);
    });
}

#[test]
fn loom_what_is_put_back_is_taken_once_and_whole() {
    // Worker 0 holds the first element and is dead. The supervisor puts it back while workers 1 and 2 look for it.
    loom::model(|| {
        let stage = Stage::new(2, 1);
        stage.claim(0).expect("a chunk");
        let take = |worker: u32| {
            let stage = Arc::clone(&stage);
            thread::spawn(move || {
                let claim = stage.appended().claim(WorkerId(worker))?;
                assert_eq!((claim.start, claim.end, claim.attempt), (0, 1, 1));
                Some(claim.index)
            })
        };
        let (first, second) = (take(1), take(2));
        assert_eq!(stage.recover(0), 1);
        let (first, second) = (first.join().expect("no panic"), second.join().expect("no panic"));
        assert!(first.is_none() || second.is_none(), "taken twice");
        // Nobody is left who could take it but us: it is there exactly when nobody did.
        let left = stage.appended().claim(WorkerId(1));
        assert_eq!(left.is_some(), first.is_none() && second.is_none());
    });
}

#[test]
fn loom_two_extras_go_to_two_workers() {
    loom::model(|| {
        let stage = Stage::new(1, 2);
        stage.appended().append(0, 1, 1).expect("room");
        stage.appended().append(1, 2, 1).expect("room");
        let other = Arc::clone(&stage);
        let thread = thread::spawn(move || other.appended().claim(WorkerId(1)).map(|claim| claim.start));
        let mine = stage.appended().claim(WorkerId(0)).map(|claim| claim.start);
        let other = thread.join().expect("no panic");
        let mut both = [mine, other];
        both.sort_unstable();
        assert_eq!(both, [Some(0), Some(1)]);
    });
}

#[test]
fn loom_what_is_withdrawn_is_taken_by_nobody_and_what_is_taken_is_not_withdrawn() {
    // Two pieces; a worker takes what it can while the supervisor withdraws what is left and puts it back.
    loom::model(|| {
        let stage = Stage::new(1, 4);
        stage.appended().append(0, 1, 0).expect("room");
        stage.appended().append(1, 2, 0).expect("room");
        let other = Arc::clone(&stage);
        let thread = thread::spawn(move || other.appended().claim(WorkerId(1)));
        for (start, end, attempt) in stage.appended().withdraw() {
            stage.appended().append(start, end, attempt).expect("room");
        }
        let mut claims: Vec<Claim> = thread.join().expect("no panic").into_iter().collect();
        claims.extend(std::iter::from_fn(|| stage.appended().claim(WorkerId(0))));
        let mut taken: Vec<(u64, u64)> = claims.iter().map(|claim| (claim.start, claim.end)).collect();
        taken.sort_unstable();
        assert_eq!(taken, [(0, 1), (1, 2)]);
    });
}
