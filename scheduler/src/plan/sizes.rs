//! What the results of a pass take in their page. Each chunk writes its results as one blob, at a place of its own, so to
//! the results themselves come a head for each chunk and what is left free behind it. How many chunks there are is known where
//! numbers alone decide how a stage is cut. Where time or costs do, it is known how many there can be: by the entries of the board's
//! log, or by what is cut anew when costs mislead. Never less is said than is taken, as long as the results are as large as is known
//! and no worker dies.
use super::{CallSpec, PassCall, Source, Stage};
use crate::board::reserved;
use crate::id::PassId;
use crate::page::packed_size;
use crate::policy::{next_chunk, recut_capacity, Schedule, Stats};
use serde::{Deserialize, Serialize};

/// Stages of more chunks than this are not cut on trial.
const MOST_CUT: u32 = 1 << 16;
/// What one chunk more takes at most: a head, and a line begun at its end.
const CHUNK: u64 = 256;
/// What a result more takes at most when a chunk's results cannot be packed: a node, and the line that it begins.
const LISTED: u64 = 24 + 64;

/// The size of a pass's results, as a run had it or as the call says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultSize {
    /// How many results.
    pub results: u64,
    /// In how many chunks.
    pub chunks: u64,
    /// What these took in their page, all together.
    pub bytes: u64,
    /// The bytes of each result, where all are plain vectors of one length.
    pub each: Option<u64>,
}

/// How a stage will be cut.
enum Cut {
    /// Into chunks of so many elements.
    Into(Vec<u64>),
    /// Into so many chunks at most.
    AtMost(u64),
}

impl ResultSize {
    /// Plain vectors of `each` bytes.
    pub fn of_each(results: u64, each: u64) -> ResultSize {
        let bytes = reserved(packed_size(results, each)).unwrap_or(u64::MAX);
        ResultSize { results, chunks: 1, bytes, each: Some(each) }
    }

    /// Of what a run wrote: results and bytes of each chunk. `None` where there are no results.
    pub fn measured(chunks: impl IntoIterator<Item = (u64, u64)>) -> Option<ResultSize> {
        let mut size = ResultSize { results: 0, chunks: 0, bytes: 0, each: None };
        let (mut even, mut least, mut most) = (true, u64::MAX, 0);
        for (results, bytes) in chunks {
            let data = bytes.checked_sub(packed_size(0, 0)).filter(|data| results > 0 && data % results == 0);
            let each = data.map(|data| data / results);
            even &= each.is_some() && (size.chunks == 0 || size.each == each);
            size = ResultSize {
                results: size.results + results,
                chunks: size.chunks + 1,
                bytes: size.bytes.saturating_add(reserved(bytes)?),
                each,
            };
            (least, most) = (least.min(results), most.max(results));
        }
        // One length of chunks alone does not tell vectors from what only looks like them in chunks of this length.
        size.each = size.each.filter(|_| even && least < most);
        (size.results > 0).then_some(size)
    }

    /// This, after a run that said `before`: chunks of one length do not tell what all results are, but may say the same.
    pub fn after(self, before: Option<ResultSize>) -> ResultSize {
        let same = |before: &ResultSize| {
            let (length, rest) = (self.results / self.chunks.max(1), self.results % self.chunks.max(1));
            let bytes = before.of_chunk(length).checked_mul(self.chunks);
            self.each.is_none() && rest == 0 && before.results == self.results && bytes == Some(self.bytes)
        };
        ResultSize { each: before.filter(same).and_then(|before| before.each).or(self.each), ..self }
    }

    /// What a chunk of so many results takes.
    pub fn of_chunk(&self, results: u64) -> u64 {
        reserved(packed_size(results, self.mean())).unwrap_or(u64::MAX)
    }

    /// The bytes of a result, about.
    pub fn mean(&self) -> u64 {
        let heads = self.chunks.saturating_mul(packed_size(0, 0));
        self.each.unwrap_or(self.bytes.saturating_sub(heads) / self.results.max(1))
    }

    /// Whether another run says the same, but for how it was cut.
    pub fn is_like(&self, other: &ResultSize) -> bool {
        let (a, b) = (self.mean(), other.mean());
        self.results == other.results && self.each == other.each && a.abs_diff(b) <= a.max(b) / 100
    }

    /// What all take in a stage that is cut so.
    fn in_page(&self, call: &PassCall, cut: &Cut) -> u64 {
        let results = |elements: u64| elements.div_ceil(call.elements_per_result());
        let chunks = match cut {
            Cut::Into(chunks) => chunks.len() as u64,
            Cut::AtMost(chunks) => (*chunks).min(call.results()),
        };
        match (self.each, cut) {
            (Some(_), Cut::Into(chunks)) => {
                chunks.iter().fold(0, |sum, &chunk| self.of_chunk(results(chunk)).saturating_add(sum))
            }
            (Some(each), Cut::AtMost(_)) => {
                let free = 64 - (1 << each.trailing_zeros().min(6));
                let heads = chunks.saturating_mul(packed_size(0, 0) + free);
                each.saturating_mul(call.results()).saturating_add(heads)
            }
            (None, Cut::Into(_)) if chunks == self.chunks => self.bytes,
            (None, _) => {
                let more = chunks.saturating_sub(self.chunks).saturating_mul(CHUNK);
                self.bytes.saturating_add(more).saturating_add(call.results().saturating_mul(LISTED))
            }
        }
    }
}

/// Says in `spec` what the results of each output of a stage take, where that is known: `sizes`, by pass.
pub(super) fn settle(spec: &mut CallSpec, stage: &Stage, sizes: &[Option<ResultSize>]) {
    let known = |pass: &PassId| sizes.get(pass.index()).copied().flatten();
    if stage.outputs.iter().all(|pass| known(pass).is_none()) {
        return;
    }
    let cut = cut(spec, stage);
    for pass in &stage.outputs {
        let call = &mut spec.passes[pass.index()];
        if let Some(size) = known(pass).filter(|size| size.results == call.results()) {
            call.bytes = size.in_page(call, &cut);
        }
    }
}

/// The chunks of a stage, where they do not depend on time.
fn cut(spec: &CallSpec, stage: &Stage) -> Cut {
    let board = &stage.board;
    let most = board.elements.div_ceil(board.align);
    if !stage.pieces.is_empty() {
        // If their costs mislead, what is left of them is cut anew.
        let anew = u64::from(recut_capacity(board.elements, spec.workers));
        return Cut::AtMost((stage.pieces.len() as u64 + anew).min(most));
    }
    let outside = |source: &Source| matches!(source, Source::Each(pass) if !stage.passes.contains(pass));
    // Chunks end where parts end that others made: it depends on these.
    let follows = stage.passes.iter().any(|pass| spec.passes[pass.index()].inputs.iter().any(outside));
    let timed = matches!(board.policy.schedule, Schedule::Auto | Schedule::Adaptive);
    if timed || follows || board.log_capacity > MOST_CUT {
        return Cut::AtMost(u64::from(board.log_capacity).min(most));
    }
    let (mut chunks, mut start) = (Vec::new(), 0);
    while start < board.elements {
        let stats = Stats {
            remaining: board.elements - start,
            workers: u64::from(spec.workers),
            claimed_chunks: chunks.len() as u64,
            entries_left: u64::from(board.log_capacity).saturating_sub(chunks.len() as u64),
            ..Stats::default()
        };
        let wanted =
            if stats.entries_left <= 1 { stats.remaining } else { next_chunk(&board.policy, &stats) };
        let end = start.saturating_add(wanted).checked_next_multiple_of(board.align);
        let end = end.unwrap_or(board.elements).min(board.elements);
        chunks.push(end - start);
        start = end;
    }
    Cut::Into(chunks)
}
