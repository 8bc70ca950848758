//! What a dead worker left to read.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::id::WorkerId;
use crate::trace;

/// Lines of a dead worker's log that are kept.
pub(crate) const KEPT: usize = 100;
/// Bytes that are looked at for them.
const BYTES: u64 = 64 << 10;
/// Lines that a message shows.
const SHOWN: usize = 8;

/// A worker's death in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// Its place in the run.
    pub worker: WorkerId,
    /// Its process.
    pub pid: Option<u32>,
    /// How it ended, in words.
    pub how: String,
    /// The signal that ended its process, if one did.
    pub signal: Option<i32>,
    /// The last lines that its log got in the run.
    pub log: Vec<String>,
}

impl Death {
    /// Who died and how, with the lines that most likely say why.
    pub fn reason(&self) -> String {
        reason(self.pid, &self.how, &self.log)
    }

    /// The lines that most likely say why.
    pub fn last_words(&self) -> Vec<&str> {
        telling(&self.log)
    }
}

/// Who ended and how, for people.
pub(crate) fn reason(pid: Option<u32>, how: &str, log: &[String]) -> String {
    let who = pid.map_or("a worker".into(), |pid| format!("worker {pid}"));
    let words = telling(log);
    if words.is_empty() {
        return format!("{who}: {how}");
    }
    format!("{who}: {how}; its last words:\n  {}", words.join("\n  "))
}

/// The last lines, but for our own. R's account of a crash begins with the cause, and ends with the calls that led to FUN: of
/// it the beginning is shown, down to FUN.
fn telling(log: &[String]) -> Vec<&str> {
    let is_said = |line: &&str| !line.trim().is_empty() && trace::parse(line).is_none();
    let said: Vec<&str> = log.iter().map(String::as_str).filter(is_said).collect();
    match said.iter().rposition(|line| line.contains("*** caught ")) {
        None => said[said.len().saturating_sub(SHOWN)..].to_vec(),
        Some(crash) => {
            let account = said[crash..].iter().copied();
            account.take_while(|line| !line.contains(": ms_worker_loop(")).take(SHOWN).collect()
        }
    }
}

/// The last lines of a log from a place on; none where it cannot be read.
pub(crate) fn since(log: &Path, from: u64, most: usize) -> Vec<String> {
    let Ok((bytes, whole)) = last_bytes(log, from, BYTES) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().skip(usize::from(!whole)).collect();
    lines[lines.len().saturating_sub(most)..].iter().map(|line| line.replace('\0', " ")).collect()
}

/// The bytes from a place on, at most the last so many, and whether these are all.
pub(super) fn last_bytes(log: &Path, from: u64, most: u64) -> std::io::Result<(Vec<u8>, bool)> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    // A log that is shorter than it was began anew.
    let from = if from > length { 0 } else { from };
    let start = from.max(length.saturating_sub(most));
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok((bytes, start == from))
}
