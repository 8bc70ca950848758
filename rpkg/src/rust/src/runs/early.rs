//! Values that are made while their run goes on: the session waits for the run anyhow, and what it makes of the chunks that are done it need not make of
//! all of them at the end, when a core is idle for each worker. Of lists with very many small items; others are made at the end.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use scheduler::board::{BoardReader, Output, PageSegment};
use scheduler::id::{ChunkId, PassId, ResourceId, StageId};
use scheduler::os::{Access, SegmentFile, SegmentHandle};
use scheduler::page::BlobView;
use scheduler::plan::Plan;
use scheduler::run::RunHandle;
use scheduler::store::{open_page, Page, CONTENT};

use super::spec::Form;
use crate::codec::SmallItems;
use crate::r::{self, Kind, Preserved, Result};

/// Lists of fewer items are made at once, in a fraction of a millisecond.
const MANY: u64 = 1_000;
/// A chunk whose results take more is left to the end, where they are mapped: here they are read.
const AT_ONCE: u64 = 16 << 20;
/// The results are looked at when another part of the time is over, one in so many, but not sooner than [`SOONEST`]: so a look costs the workers little,
/// however long the run, and little is left at its end.
const PARTS: u32 = 16;
const SOONEST: Duration = Duration::from_millis(2);

/// The values of a run that are made while it goes on.
#[derive(Debug, Default)]
pub(super) struct Early {
    values: Vec<EarlyValue>,
    /// When the run began, and when the next look is due; there is none where there are no values.
    times: Option<(Instant, Instant)>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct EarlyValue {
    pass: PassId,
    maker: (StageId, u32),
    results: u64,
    page: SegmentHandle,
    /// Whether nothing more is taken, since what chunks hold is no list of small items, or lies elsewhere.
    left: bool,
    /// The value, once there is something of it.
    list: Option<Preserved>,
    /// The chunks whose results are in it.
    taken: HashSet<ChunkId>,
}

impl Early {
    /// Of the wanted results, in their `forms`, those whose items are many enough. `pages` are the run's own.
    pub(super) fn of(plan: &Plan, forms: &[Form], pages: &[(ResourceId, Page)]) -> Early {
        let mut values = Vec::new();
        // What was done before may lie elsewhere.
        let wanted = if plan.has_given() { &[][..] } else { &plan.spec().gather };
        for (&pass, &form) in wanted.iter().zip(forms) {
            let call = &plan.spec().passes[pass.index()];
            if form != Form::List || call.elements_per_result() != 1 || call.results() < MANY {
                continue;
            }
            let made = plan.result_of(pass).and_then(|id| Some((id, plan.maker_of(id)?)));
            let Some((resource, maker)) = made else { continue };
            let Some((_, page)) = pages.iter().find(|(id, _)| *id == resource) else { continue };
            let (results, page) = (call.results(), page.handle());
            let taken = HashSet::new();
            values.push(EarlyValue { pass, maker, results, page, left: false, list: None, taken });
        }
        let now = Instant::now();
        let times = (!values.is_empty()).then(|| (now, now + SOONEST));
        Early { values, times }
    }

    /// How long it is until the next look.
    pub(super) fn next_look(&self) -> Duration {
        self.times.map_or(Duration::MAX, |(_, next)| next.saturating_duration_since(Instant::now()))
    }

    /// Takes what is done by now, if a look is due.
    pub(super) fn look(&mut self, handle: &RunHandle) -> Result<()> {
        let Some((began, _)) = self.times.filter(|(_, next)| *next <= Instant::now()) else { return Ok(()) };
        if let Some(image) = handle.board() {
            self.values.iter_mut().try_for_each(|value| value.look(image.board()))?;
        }
        self.times = Some((began, Instant::now() + (began.elapsed() / PARTS).max(SOONEST)));
        Ok(())
    }

    /// The value of a pass, as far as it was made.
    pub(super) fn value(&self, pass: PassId) -> Option<&EarlyValue> {
        self.values.iter().find(|value| value.pass == pass)
    }
}

impl EarlyValue {
    fn look(&mut self, board: &BoardReader) -> Result<()> {
        if self.left {
            return Ok(());
        }
        let (stage, nth) = self.maker;
        // What is damaged is found at the end. No descriptor is held between two looks, for there may be many runs.
        let chunks = board.results(stage).unwrap_or_default();
        let Ok(Some(file)) = open_page(&self.page, Access::Read) else { return Ok(()) };
        for chunk in chunks {
            if self.taken.contains(&chunk.chunk) {
                continue;
            }
            let output = board.output(stage, chunk.chunk, nth).unwrap_or_default();
            let bytes = read(&file, output).unwrap_or_default();
            let view = BlobView::open(&bytes).ok();
            let fits = view.filter(|view| view.node(0).len == chunk.end - chunk.start);
            let Some(items) = fits.and_then(|view| SmallItems::of(&view, 0)) else {
                self.left = true;
                return Ok(());
            };
            self.take(&items, (chunk.start as usize, chunk.end as usize))?;
            self.taken.insert(chunk.chunk);
        }
        Ok(())
    }

    /// Puts items into their places, which lie within the stage, and so within the list.
    fn take(&mut self, items: &SmallItems<'_>, (start, end): (usize, usize)) -> Result<()> {
        let (results, list) = (self.results as usize, &mut self.list);
        r::protect(|s| {
            let list = list.get_or_insert_with(|| Preserved::new(s.vector(Kind::VECSXP, results))).get();
            (start..end).for_each(|at| items.put(s, at - start, list, at));
            Ok(())
        })
    }

    /// The value, and whether a chunk's results are in it; `None` where nothing is.
    pub(super) fn made(&self) -> Option<(&Preserved, &HashSet<ChunkId>)> {
        self.list.as_ref().map(|list| (list, &self.taken))
    }
}

/// What a chunk wrote; `None` of what lies elsewhere, or is too much to be read.
fn read(file: &SegmentFile, output: Output) -> Option<Vec<u8>> {
    if output.segment != PageSegment::Main || output.len > AT_ONCE {
        return None;
    }
    let mut bytes = vec![0; output.len as usize];
    file.read_at(CONTENT.saturating_add(output.at), &mut bytes).ok()?;
    Some(bytes)
}
