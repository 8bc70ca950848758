//! How much of a stage is done: exact, and cheap however often it is asked. Each entry is looked at once when it is claimed,
//! and again only while its chunk is out; a long chunk does not make the ones after it be counted again.
use super::log::{Appended, Log};
use super::record::Record;
use super::sync::{acquire32, Ordering};
use super::word::{ChunkState, Word};
use crate::id::ChunkId;

/// What was counted. All before `log` and `appended` are claimed; of these, `out` are in a state that still changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    log: usize,
    log_start: u64,
    appended: usize,
    done: u64,
    out: Vec<(ChunkId, u64)>,
}

impl Progress {
    /// Counts on; gives the elements done.
    pub(super) fn advance(&mut self, log: Log<'_>, appended: Appended<'_>) -> u64 {
        let Progress { out, done, .. } = self;
        out.retain(|&(chunk, start)| match settled(record(log, appended, chunk).load(), start) {
            Some(more) => {
                *done += more;
                false
            }
            None => true,
        });
        while let Some(record) = log.records.get(self.log) {
            let word = record.load();
            if word == Word::EMPTY {
                break;
            }
            self.note(self.log, self.log_start, word);
            (self.log, self.log_start) = (self.log + 1, word.end());
        }
        // Ranges are taken from the first on: behind one that is ready, none is taken.
        let count = acquire32(appended.count) as usize;
        while let (true, Some(record)) = (self.appended < count, appended.records.get(self.appended)) {
            let word = record.load();
            if word.state() == ChunkState::Ready {
                break;
            }
            let start = appended.starts.get(self.appended).map_or(0, |start| start.load(Ordering::Relaxed));
            self.note(log.records.len() + self.appended, start, word);
            self.appended += 1;
        }
        self.done
    }

    fn note(&mut self, index: usize, start: u64, word: Word) {
        match settled(word, start) {
            Some(more) => self.done += more,
            None => self.out.push((ChunkId(index as u32), start)),
        }
    }

    /// The chunks that are leased, of those that were counted: chunk, start, word.
    pub(super) fn out(&self, log: Log<'_>, appended: Appended<'_>) -> Vec<(ChunkId, u64, Word)> {
        let all = self.out.iter().map(|&(chunk, start)| (chunk, start, record(log, appended, chunk).load()));
        all.filter(|(_, _, word)| word.state() == ChunkState::Leased).collect()
    }
}

/// The entry of a chunk that was counted.
fn record<'a>(log: Log<'a>, appended: Appended<'a>, chunk: ChunkId) -> &'a Record {
    match chunk.index().checked_sub(log.records.len()) {
        None => &log.records[chunk.index()],
        Some(nth) => &appended.records[nth],
    }
}

/// The elements that an entry adds, if it never changes again.
fn settled(word: Word, start: u64) -> Option<u64> {
    match word.state() {
        ChunkState::Done => Some(word.end().saturating_sub(start)),
        ChunkState::Failed | ChunkState::Lost => Some(0),
        ChunkState::Leased | ChunkState::Ready | ChunkState::Empty => None,
    }
}
