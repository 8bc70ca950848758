//! What the session holds of a run that goes on: where its end is waited for, and how far it is.

use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::board::Control;
use crate::id::StageId;
use crate::os::now_ns;
use crate::plan::Plan;
use crate::run::{BoardImage, Finished};

/// Where a run's end is waited for.
#[derive(Debug)]
pub struct RunHandle {
    finished: Mutex<Option<Box<Finished>>>,
    has_ended: Condvar,
    plan: Arc<Plan>,
    /// The board's own counts are looked at: a look costs the run nothing, and no worker hears of it. Its memory goes with the
    /// run all the same.
    board: Weak<BoardImage>,
}

/// How far a run is, pass by pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Elements of each pass whose stage has their results.
    pub done: Vec<u64>,
    /// Elements of each pass that were done before the run began.
    pub reused: Vec<u64>,
    /// Elements of each pass.
    pub elements: Vec<u64>,
    /// Whether its stage is open and not through.
    pub at_work: Vec<bool>,
    /// Since the run began; `None` of one that waits for another to end.
    pub seconds: Option<f64>,
}

impl RunHandle {
    pub(crate) fn new(plan: &Arc<Plan>, board: &Arc<BoardImage>) -> RunHandle {
        RunHandle {
            finished: Mutex::default(),
            has_ended: Condvar::new(),
            plan: plan.clone(),
            board: Arc::downgrade(board),
        }
    }

    pub(crate) fn complete(&self, finished: Finished) {
        *self.finished.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(finished));
        self.has_ended.notify_all();
    }

    /// Whether the run goes on, or waits for another to end.
    pub fn goes_on(&self) -> bool {
        self.board().is_some_and(|image| image.board().control() == Control::Go)
    }

    /// Waits up to `patience` for the end of the run; whether it has ended.
    pub fn wait(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        while finished.is_none() {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return false };
            finished = self.has_ended.wait_timeout(finished, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// What came of the run, once.
    pub fn take(&self) -> Option<Box<Finished>> {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Its board, as long as nobody took what came of the run. Whoever looks at it lets go of it at once.
    pub fn board(&self) -> Option<Arc<BoardImage>> {
        self.board.upgrade()
    }

    /// How far the run is: exact, however many workers died, and never less than before. `None` when it was taken.
    /// O(stages + chunks that are out).
    pub fn progress(&self) -> Option<Progress> {
        let image = self.board()?;
        let board = image.board();
        let passes = self.plan.spec().passes.len();
        let mut progress = Progress {
            done: vec![0; passes],
            reused: vec![0; passes],
            elements: vec![0; passes],
            at_work: vec![false; passes],
            seconds: None,
        };
        for (id, stage) in self.plan.stages().iter().enumerate() {
            let (id, elements) = (StageId(id as u32), stage.board.elements);
            let done = board.done_elements(id);
            let at_work = done < elements && board.is_opened(id);
            for pass in stage.passes.iter().map(|pass| pass.index()) {
                progress.done[pass] = done;
                progress.reused[pass] = stage.given_elements();
                progress.elements[pass] = elements;
                progress.at_work[pass] = at_work;
            }
        }
        progress.seconds = board.begun_ns().map(|begun| now_ns().saturating_sub(begun) as f64 / 1e9);
        Some(progress)
    }
}
