//! A record on disk: a checksummed file, opened later or on another machine, with neither the data nor the session.
use std::path::Path;

use scheduler::board::MAX_ATTEMPT;
use scheduler::checksummed::{self, Format, Unusable};
use scheduler::engine::EventKind;
use scheduler::plan::Plan;
use scheduler::run::{Chunk, Ended, EventLog, Moved, State};

use crate::error::{Error, Result};
use crate::record::Record;

pub(crate) const FORMAT: Format = Format { magic: b"memshrec", version: 5, what: "a saved plan or run" };

impl Record {
    /// The bytes of its file.
    pub fn to_bytes(&self) -> Vec<u8> {
        FORMAT.to_bytes(self)
    }

    /// The record that such bytes hold. What was read is checked: views may follow every number in it.
    ///
    /// # Errors
    /// [`Error::Record`] for bytes that are no record of this version; `from` says whose they are, for people.
    pub fn from_bytes(bytes: &[u8], from: &str) -> Result<Record> {
        let bad = |reason| Error::Record { from: from.to_owned(), reason };
        let record: Record = FORMAT.open(bytes).map_err(bad)?;
        match &record.log {
            Some(log) if !fits(log, &record.plan) => {
                Err(bad(Unusable::Senseless("its log is not one of its plan".into())))
            }
            _ if !adds_up(&record) => Err(bad(Unusable::Senseless("its numbers are no measurements".into()))),
            _ => Ok(record),
        }
    }

    /// Writes it to `path`, in place of what is there.
    ///
    /// # Errors
    /// [`Error::File`] when the system refuses.
    pub fn save(&self, path: &Path) -> Result<()> {
        write(&self.to_bytes(), path)
    }

    /// Reads the record at `path`.
    ///
    /// # Errors
    /// [`Error::File`] when the system refuses, [`Error::Record`] for a file that is no record of this version.
    pub fn load(path: &Path) -> Result<Record> {
        Record::from_bytes(&read(path)?, &path.display().to_string())
    }
}

/// Writes the bytes of a record, or an export, to `path`.
///
/// # Errors
/// [`Error::File`] when the system refuses.
pub fn write(bytes: &[u8], path: &Path) -> Result<()> {
    let refused = |source| Error::File { verb: "write", path: path.to_owned(), source };
    checksummed::write(path, bytes).map_err(refused)
}

/// The bytes at `path`, whatever they are.
///
/// # Errors
/// [`Error::File`] when the system refuses.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let refused = |source| Error::File { verb: "read", path: path.to_owned(), source };
    checksummed::read(path).map_err(refused)
}

/// Whether what an event is about is there.
fn is_known(what: &EventKind, plan: &Plan) -> bool {
    let (stages, workers) = (plan.stages(), plan.workers());
    match what {
        EventKind::Began(task) | EventKind::Ended(task) => task.index() < plan.graph().tasks().len(),
        EventKind::Freed(resource) | EventKind::LetGo(resource) => {
            resource.index() < plan.graph().resources().len()
        }
        EventKind::Joined(worker) | EventKind::Died(worker, _) | EventKind::NotStarted(worker, _) => {
            worker.0 < workers
        }
        EventKind::Queued(stage, start, end, _) => {
            start < end && stages.get(stage.index()).is_some_and(|stage| *end <= stage.board.elements)
        }
        EventKind::Late(worker, stage, at) | EventKind::Killed(worker, stage, at) => {
            let stage = stages.get(stage.index());
            worker.0 < workers && stage.is_some_and(|stage| at.element < stage.board.elements)
        }
        EventKind::TakenBack(stage, _) | EventKind::Failed(stage, ..) => stage.index() < stages.len(),
        EventKind::Reused(stage, _, elements) => {
            stages.get(stage.index()).is_some_and(|stage| *elements <= stage.board.elements)
        }
        EventKind::Loaded(worker, stage, ..) => {
            worker.is_none_or(|worker| worker.0 < workers)
                && stage.is_none_or(|stage| stage.index() < stages.len())
        }
        EventKind::Stopped => true,
    }
}

/// Whether all that a log points at is there.
fn fits(log: &EventLog, plan: &Plan) -> bool {
    let (stages, workers) = (plan.stages(), plan.workers());
    let within =
        |at: u32, count: usize, len: usize| (at as usize).checked_add(count).is_some_and(|end| end <= len);
    let chunk = |chunk: &Chunk| {
        stages.get(chunk.stage.index()).is_some_and(|stage| {
            let is_done = chunk.state == State::Done;
            let steps = if is_done && stage.passes.len() > 1 { stage.passes.len() } else { 0 };
            chunk.start < chunk.end
                && chunk.end <= stage.board.elements
                && chunk.worker.0 < workers
                && chunk.started_ns <= chunk.ended_ns
                && within(chunk.outputs_at, stage.outputs.len(), log.outputs.len())
                && within(chunk.steps_at, steps, log.steps.len())
        })
    };
    let passes = plan.spec().passes.len();
    let ended = match &log.ended {
        Ended::Failed(position) | Ended::WorkerDied { position, .. } | Ended::ElementTimeout(position) => {
            position.pass.index() < passes
        }
        Ended::Done | Ended::Cancelled | Ended::Timeout | Ended::NoWorkers { .. } => true,
    };
    log.events.iter().all(|event| is_known(&event.what, plan))
        && ended
        && log.workers.iter().all(|life| life.worker.0 < workers)
        && log.activities.len() <= workers as usize
        && log.hosts.iter().all(|host| host.first.checked_add(host.workers).is_some_and(|end| end <= workers))
        && log.chunks.iter().all(chunk)
        && log.steps.iter().all(|step| step.pass.index() < passes)
        && log.stages.len() == stages.len()
        && log.passes.len() == passes
}

/// What all durations, counts and bytes of a record come to at most, and what an instant is: some centuries, some exbibytes. So no sum
/// of some of them overflows.
const MOST: u64 = i64::MAX as u64;

/// Whether the numbers of a record can be what was counted and measured.
fn adds_up(record: &Record) -> bool {
    let planned = record.plan.spec().passes.iter().map(|pass| pass.elements);
    let noted = record.notes.iter().map(|note| note.elements);
    let mut all = planned.chain(noted).chain(record.log.iter().flat_map(amounts));
    all.try_fold(0, u64::checked_add).is_some_and(|sum| sum <= MOST)
        && record.log.as_ref().is_none_or(|log| {
            log.chunks.iter().all(|chunk| chunk.attempt <= MAX_ATTEMPT)
                && log.stages.iter().all(|stage| stage.lost <= u64::from(u16::MAX))
                && instants(log).all(|at| at <= MOST)
        })
}

/// What a log counted, and how long things took.
fn amounts(log: &EventLog) -> impl Iterator<Item = u64> + '_ {
    let stages = log.stages.iter().flat_map(|stage| [stage.chunks, stage.lost, stage.chunks_ns]);
    [log.wall_ns, log.data_bytes, log.copied.0, log.copied.1, log.peak_bytes]
        .into_iter()
        .chain(log.activities.iter().flatten().copied())
        .chain(log.outputs.iter().copied())
        .chain(log.steps.iter().map(|step| step.fun_ns))
        .chain(stages)
        .chain(log.passes.iter().flat_map(|pass| [pass.fun_ns, pass.bytes]))
        .chain(log.hosts.iter().flat_map(|host| [host.elements, host.peak_bytes]))
        .chain(moved(log).map(|moved| moved.bytes))
}

/// What crossed the network.
fn moved(log: &EventLog) -> impl Iterator<Item = &Moved> {
    log.hosts.iter().flat_map(|host| host.sent.iter().chain(&host.received))
}

/// When it says that something was, and which elements were slow.
fn instants(log: &EventLog) -> impl Iterator<Item = u64> + '_ {
    let chunks = log.chunks.iter().flat_map(|chunk| [chunk.started_ns, chunk.ended_ns, chunk.fun_ns]);
    let steps = log.steps.iter().flat_map(|step| [step.started_ns, step.ended_ns]);
    let stages = log.stages.iter().flat_map(|stage| [stage.began_ns, stage.ended_ns, stage.longest_ns]);
    log.events
        .iter()
        .map(|event| event.at_ns)
        .chain(log.workers.iter().flat_map(|life| [life.joined_ns, life.left_ns]))
        .chain(log.hosts.iter().flat_map(|host| [host.joined_ns, host.left_ns]))
        .chain(moved(log).flat_map(|moved| [moved.from_ns, moved.until_ns]))
        .chain(chunks)
        .chain(steps)
        .chain(stages)
        .chain(log.passes.iter().flat_map(|pass| pass.slowest.iter().map(|&(element, _)| element)))
}
