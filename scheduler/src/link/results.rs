//! The results pages of a run, as a worker writes to them: each is opened at its first write, and closed when the worker turns to
//! another stage, for an open page keeps its memory.
use std::collections::hash_map::{Entry, HashMap};

use crate::board::{Lease, Output, PageSegment, StepReport};
use crate::checkpoint::{ChunkLog, FinishedChunk};
use crate::error::{Error, Result};
use crate::id::ResourceId;
use crate::link::delivery::Delivery;
use crate::link::work::Outside;
use crate::link::Part;
use crate::os::{space, Access, SegmentFile};
use crate::store::{open_page, CONTENT};
use crate::wire::{RunSpec, Unlogged};

/// The segments that were opened: pages, and their overflows.
#[derive(Debug, Default)]
pub(super) struct Results {
    open: HashMap<(ResourceId, PageSegment), SegmentFile>,
    log: Logging,
}

/// Whether finished chunks are written down.
#[derive(Debug, Default)]
enum Logging {
    /// Not asked for, or given up.
    #[default]
    Off,
    On(ChunkLog),
    /// It failed just now, which is to be told.
    Failed(Unlogged),
}

/// What a process has to hand in, and where it goes.
pub(super) struct HandIn<'a> {
    pub(super) results: &'a mut Results,
    pub(super) spec: &'a RunSpec,
    pub(super) delivery: &'a Delivery<'a>,
}

impl Results {
    pub(super) fn new(spec: &RunSpec) -> Results {
        let log = spec.log.clone().map_or(Logging::Off, |target| Logging::On(ChunkLog::new(target)));
        Results { open: HashMap::new(), log }
    }

    /// Why chunks are no longer written down, once.
    pub(super) fn unlogged(&mut self) -> Option<Unlogged> {
        match std::mem::take(&mut self.log) {
            Logging::Failed(what) => Some(what),
            other => {
                self.log = other;
                None
            }
        }
    }

    pub(super) fn close(&mut self) {
        self.open.clear();
    }

    fn file(&mut self, spec: &RunSpec, resource: ResourceId, segment: PageSegment) -> Result<&SegmentFile> {
        match self.open.entry((resource, segment)) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(place) => {
                let damaged =
                    |reason: &str| Error::Damaged { segment: "of results".into(), reason: reason.into() };
                let handle = spec.segment(resource, segment);
                let handle = handle.ok_or_else(|| damaged("the run names no page for them"))?;
                let file = open_page(handle, Access::Write)?;
                Ok(place.insert(file.ok_or_else(|| damaged("the run is over"))?))
            }
        }
    }
}

impl Outside for HandIn<'_> {
    fn write(&mut self, piece: usize, resource: ResourceId, output: Output) -> Result<()> {
        let Delivery { outputs, notes, .. } = *self.delivery;
        let Some(content) = outputs.get(piece).copied().or(notes) else { return Ok(()) };
        let file = self.results.file(self.spec, resource, output.segment)?;
        let written = content.write(file, CONTENT + output.at);
        let Err(Error::NoSpace { dir, .. }) = &written else { return written };
        let limited = dir.as_os_str() == space::FILE_LIMIT;
        // What was written of it would be in the way of others, and of the word about it.
        if let Err(e) = file.punch(CONTENT + output.at, output.len) {
            tracing::debug!(%e, "a piece that did not fit stays until its page goes");
        }
        if limited {
            return Err(space::file_limit(output.len));
        }
        let place = file.handle().place;
        Err(space::of(&place)?.too_small(output.len, &place))
    }

    fn has_overflow(&self, resource: ResourceId) -> bool {
        self.spec.segment(resource, PageSegment::Overflow).is_some()
    }

    fn has_log(&self) -> bool {
        matches!(self.results.log, Logging::On(_))
    }

    fn log(&mut self, lease: &Lease) {
        let Logging::On(log) = &mut self.results.log else { return };
        let Delivery { outputs, notes, .. } = *self.delivery;
        let key = self.spec.stages.get(lease.stage.index()).map_or(0, |stage| stage.key);
        let pieces: Vec<_> = outputs.iter().map(|&output| Some(output)).chain([notes]).collect();
        let chunk = FinishedChunk { key, start: lease.start, end: lease.end, pieces: &pieces };
        if let Err(e) = log.append(&chunk) {
            let reason = e.to_string();
            self.results.log = Logging::Failed(Unlogged { reason, shortage: e.into_shortage().ok() });
        }
    }

    fn give_back(&mut self, resource: ResourceId, part: &Part) -> Result<()> {
        let part = part.output;
        // Not kept open: the page may be about to go.
        let file = self.spec.segment(resource, part.segment).map(|handle| open_page(handle, Access::Write));
        file.transpose()?.flatten().map_or(Ok(()), |file| file.punch(CONTENT + part.at, part.len))
    }

    fn steps(&self) -> &[StepReport] {
        self.delivery.steps
    }

    fn costs(&self) -> &[Vec<f32>] {
        self.delivery.costs
    }
}
