//! What a run needs, and what comes of it.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::board::{GivenChunk, Output, SupervisorBoard};
use crate::engine::{Outcome, Settings};
use crate::error::Result;
use crate::id::{ChunkId, ResourceId, StageId};
use crate::os::{Listener, Mapping};
use crate::plan::Plan;
use crate::pool::logs::Death;
use crate::pool::Generation;
use crate::run::copying::{Copies, Copying};
use crate::run::recorder::EventRecorder;
use crate::store::{Kind, Page, Store, CONTENT};
use crate::wire::{RunSpec, Unlogged, Unwritten};

/// Something whose dropping lets go of a variable.
pub type Pin = Box<dyn Any + Send>;

/// A run, described.
pub struct JobSpec {
    /// The plan.
    pub plan: Arc<Plan>,
    /// What the board tells the workers.
    pub spec: RunSpec,
    /// The pages that live for this run only, by resource: copied-in data and the results pages.
    pub pages: Vec<(ResourceId, Page)>,
    /// Of these, the variables that are still copied in when the run is begun. Their nodes are written.
    pub copies: Vec<Arc<Copying>>,
    /// What keeps variables in place that are not this run's own, each until its last reader here is done.
    pub pins: Vec<(ResourceId, Pin)>,
    /// Bytes of copied-in data that are somebody else's to free, which the run's account begins with.
    pub kept_bytes: u64,
    /// Chunks that are done already, by stage; the plan was made for them. Their results lie in the pages.
    pub given: Vec<Vec<GivenChunk>>,
    /// Whether pages that are still needed when the run fails are kept for another run.
    pub keep: bool,
    /// How failures are met.
    pub settings: Settings,
    /// Where the user's own cluster nodes come in; then none of the pool's workers takes part.
    pub external: Option<Listener>,
    /// What the pool's workers must have begun as.
    pub generation: Generation,
}

/// A run, ready to be begun: its board is made.
#[derive(Debug)]
pub struct Job {
    pub(crate) plan: Arc<Plan>,
    pub(crate) board: Arc<BoardImage>,
    pub(crate) pages: Vec<(ResourceId, Page)>,
    pub(crate) copies: Copies,
    pub(crate) pins: Vec<(ResourceId, Pin)>,
    pub(crate) keep: bool,
    pub(crate) settings: Settings,
    pub(crate) external: Option<Listener>,
    pub(crate) generation: Generation,
}

/// A board and the memory it lies in.
#[derive(Debug)]
pub struct BoardImage {
    board: SupervisorBoard,
    _mapping: Mapping,
    page: Page,
}

impl BoardImage {
    /// The board.
    pub fn board(&self) -> &SupervisorBoard {
        &self.board
    }

    /// A worker's hold on it, to be dropped before this.
    #[cfg(test)]
    pub(crate) fn attach(&self) -> crate::board::WorkerBoard {
        let skip = CONTENT as usize;
        // SAFETY: the mapping holds the board from its content on, is writable, and lives as long as this.
        let board = unsafe {
            crate::board::WorkerBoard::attach(self._mapping.as_ptr().add(skip), self._mapping.len() - skip)
        };
        board.expect("a board")
    }

    /// The page that it lies in.
    pub fn page(&self) -> &Page {
        &self.page
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub outcome: Outcome,
    /// The board as it ended: every chunk's record.
    pub board: Arc<BoardImage>,
    /// The results pages.
    pub results: Vec<(ResourceId, Page)>,
    /// What there was no room for, of failed chunks.
    pub unwritten: Vec<(StageId, ChunkId, Unwritten)>,
    /// Counts and times.
    pub stats: RunStats,
    /// What the supervisor saw.
    pub(crate) recorder: EventRecorder,
}

/// Counts and times of a run.
#[derive(Debug, Clone, Default)]
pub struct RunStats {
    /// Workers that took part, replacements included.
    pub workers: u32,
    /// Workers that died.
    pub deaths: u32,
    /// How they died, in order.
    pub died: Vec<Death>,
    /// What workers found worth telling.
    pub notes: Vec<String>,
    /// Chunks that were done again.
    pub retries: u32,
    /// From begin to end.
    pub seconds: f64,
    /// Why chunks were not written down in its checkpoint, where that failed.
    pub unlogged: Option<Unlogged>,
    /// The most bytes that its own pages held: copied-in data and results.
    pub peak_bytes: u64,
    /// Stages whose costs misled, each with the first element of every piece that was taken back and cut again.
    pub withdrawn: Vec<(StageId, Vec<u64>)>,
}

impl Job {
    /// Lays the board out in shared memory, reserved in full before the first store to it.
    ///
    /// # Errors
    /// [`Error::NoSpace`](crate::error::Error::NoSpace) where memory has no room for the board;
    /// [`Error::BadPlan`](crate::error::Error::BadPlan) for a plan that no board can have.
    pub fn new(store: &Store, job: JobSpec) -> Result<Job> {
        let JobSpec {
            plan,
            spec,
            pages,
            copies,
            pins,
            kept_bytes,
            given,
            keep,
            settings,
            external,
            generation,
        } = job;
        let payload = spec.to_bytes();
        let layout = plan.board_spec(&payload);
        let page = store.zeros_page(Kind::Board, layout.bytes()?)?;
        let mapping = Mapping::shared(&page.file()?)?;
        let skip = CONTENT as usize;
        // SAFETY: the mapping is fresh, zeroed, writable and as long as the layout asks for, nobody else knows its name
        // yet, and it is kept in the same struct as the board.
        let board =
            unsafe { SupervisorBoard::create(mapping.as_ptr().add(skip), mapping.len() - skip, &layout) }?;
        let shared = pages.iter().filter(|(resource, _)| plan.maker_of(*resource).is_none());
        board.take_bytes(kept_bytes + shared.map(|(_, page)| page.bytes()).sum::<u64>());
        give(&board, spec.notes, &given)?;
        let board = Arc::new(BoardImage { board, _mapping: mapping, page });
        let copies = Copies::new(copies);
        Ok(Job { plan, board, pages, copies, pins, keep, settings, external, generation })
    }

    /// Its board.
    pub fn board(&self) -> &BoardImage {
        &self.board
    }
}

/// Puts down on the board what is done already, and that its results are in the pages.
fn give(board: &SupervisorBoard, notes: (StageId, u32), given: &[Vec<GivenChunk>]) -> Result<()> {
    let mut taken: BTreeMap<(StageId, u32), u64> = BTreeMap::new();
    let mut take = |place: (StageId, u32), output: &Output| {
        let end = taken.entry(place).or_default();
        *end = (*end).max(output.at.saturating_add(output.len));
    };
    for (id, chunks) in given.iter().enumerate() {
        let stage = StageId(id as u32);
        if !chunks.is_empty() {
            board.give(stage, chunks)?;
        }
        for chunk in chunks {
            chunk.outputs.iter().enumerate().for_each(|(nth, output)| take((stage, nth as u32), output));
            take(notes, &chunk.notes);
        }
    }
    taken.into_iter().for_each(|((stage, nth), bytes)| board.take_output(stage, nth, bytes));
    Ok(())
}
