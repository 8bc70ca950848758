//! All logs of a session, read line by line: the session's own, the fork server's, the workers'.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::book::{stretches, Stretch};
use super::tail::last_bytes;
use crate::error::{Error, Result};
use crate::trace;

/// Bytes of each log that are looked at: the last.
const BYTES: u64 = 4 << 20;

/// A line of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When, in seconds since 1970: as the line says, or the line before it, or when its run began for this worker.
    pub time: Option<f64>,
    /// The run.
    pub run: Option<u64>,
    /// `session`, `fork-server`, or `worker-3`: the file's name.
    pub log: String,
    /// The worker's place in its run, from 1 on.
    pub worker: Option<u32>,
    /// Its process.
    pub pid: Option<u32>,
    /// How grave it is; `None` of what FUN or R printed.
    pub level: Option<String>,
    /// The line.
    pub text: String,
}

/// The lines of the logs in `dir`, by time.
///
/// # Errors
/// [`Error::Os`] when the directory cannot be read. A log that goes meanwhile is left out.
pub fn read(dir: &Path) -> Result<Vec<Line>> {
    let failed = |e| Error::os(format!("reading the logs in {}", dir.display()), e);
    let stretches = stretches(dir);
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(log) = name.strip_suffix(".log").or_else(|| name.strip_suffix(".log.1")) else { continue };
        let mine: Vec<&Stretch> = stretches.iter().filter(|stretch| *stretch.log == *path).collect();
        if let Ok((bytes, whole)) = last_bytes(&path, 0, BYTES) {
            let length = std::fs::metadata(&path).map_or(0, |file| file.len());
            let start = if whole { 0 } else { length.saturating_sub(bytes.len() as u64) };
            lines.extend(lines_of(&bytes, start, whole, log, &mine));
        }
    }
    // What has no time stands first; of equal times the order of the file is kept.
    let key = |line: &Line| line.time.unwrap_or(0.0);
    lines.sort_by(|a, b| key(a).total_cmp(&key(b)));
    Ok(lines)
}

fn lines_of(bytes: &[u8], start: u64, whole: bool, log: &str, stretches: &[&Stretch]) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut at, mut time) = (start, None);
    let mut known = None;
    for (nth, raw) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let here = at;
        at += raw.len() as u64;
        if nth == 0 && !whole {
            continue; // it was cut
        }
        let text = String::from_utf8_lossy(raw);
        let text = text.trim_end_matches(['\n', '\r']);
        if text.trim().is_empty() {
            continue;
        }
        let stretch = stretches.iter().rev().find(|stretch| stretch.from <= here);
        if stretch.map(|stretch| stretch.run) != known {
            known = stretch.map(|stretch| stretch.run);
            time = stretch.map(|stretch| seconds(stretch.at)).or(time);
        }
        let said = trace::parse(text);
        time = said.as_ref().and_then(|said| trace::seconds(said.time)).or(time);
        lines.push(Line {
            time,
            run: said.as_ref().and_then(|said| said.run).or(known),
            log: log.to_owned(),
            worker: stretch.map(|stretch| stretch.worker.0 + 1),
            pid: stretch.and_then(|stretch| stretch.pid),
            level: said.map(|said| said.level.to_owned()),
            text: text.replace('\0', " "),
        });
    }
    lines
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}
