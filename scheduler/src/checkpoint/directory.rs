//! The directory of a checkpoint: made, found again, held by one session at a time, and known to be of one run.
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::log::{self, LogTarget, Logged, PREFIX};
use crate::checksummed::Format;
use crate::error::{Error, Result};
use crate::os::{unix_ns, user, Access, Locked, Place, RangeLock, SegmentFile, SegmentHandle};

const FORMAT: Format = Format { magic: b"memshchk", version: 1, what: "a checkpoint" };
/// What says which run it is of.
const RUN: &str = "run";
const LOCK: &str = "lock";
/// A longer description is none of ours.
const MOST: u64 = 64 << 20;
/// How long another session is waited for, which may just be on its way out.
const PATIENCE: Duration = Duration::from_millis(200);

/// What a run is told by: names for people, and what stands for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    parts: Vec<(String, String)>,
    seed: i32,
}

/// A checkpoint that this session holds.
#[derive(Debug)]
pub struct Checkpoint {
    dir: PathBuf,
    run: [u8; 16],
    seed: i32,
    /// Logs of earlier sessions, and the chunks of each.
    pub(super) logs: Vec<(SegmentFile, Vec<Logged>)>,
    _lock: RangeLock,
}

/// What came of opening a checkpoint.
#[derive(Debug)]
pub enum Opened {
    /// It is of this run, or of none so far.
    Ours(Box<Checkpoint>),
    /// It is of another run: what is not the same there, or missing in one of the two.
    Other(Vec<String>),
}

impl Checkpoint {
    /// Opens the checkpoint in `dir` for a run that is told by these parts, and makes it where there is none; then `seed` is its seed.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for what is no directory of this user's, or no checkpoint, or has another session at it; [`Error::NoSpace`]
    /// for a full disk; else what the system refuses.
    pub fn open(dir: &Path, parts: Vec<(String, String)>, seed: i32) -> Result<Opened> {
        make(dir)?;
        let dir = dir.canonicalize().map_err(|e| unusable(dir, &e.to_string()))?;
        Checkpoint::open_made(&dir, parts, seed).map_err(|e| not_ours(&dir, e))
    }

    fn open_made(dir: &Path, parts: Vec<(String, String)>, seed: i32) -> Result<Opened> {
        let lock = lock(dir)?;
        let identity = match find(dir)? {
            Some(found) => found,
            None => {
                let identity = Identity { parts: parts.clone(), seed };
                put(dir, &FORMAT.to_bytes(&identity))?;
                identity
            }
        };
        let changed = changed(&identity.parts, &parts);
        if !changed.is_empty() {
            return Ok(Opened::Other(changed));
        }
        let hash = blake3::hash(&FORMAT.to_bytes(&identity));
        let run = std::array::from_fn(|place| hash.as_bytes()[place]);
        let logs = logs(dir, &run)?;
        Ok(Opened::Ours(Box::new(Checkpoint {
            dir: dir.to_owned(),
            run,
            seed: identity.seed,
            logs,
            _lock: lock,
        })))
    }

    /// Its directory, from the root.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The seed of the first run.
    pub fn seed(&self) -> i32 {
        self.seed
    }

    /// Where the workers of another run write.
    pub fn target(&self) -> LogTarget {
        let name = format!("{:x}-{}", unix_ns(), std::process::id());
        LogTarget { dir: self.dir.clone(), run: self.run, name }
    }
}

fn unusable(dir: &Path, reason: &str) -> Error {
    Error::Checkpoint { dir: dir.to_owned(), reason: reason.to_owned() }
}

/// The error of a file that no checkpoint has, with the directory and what to do.
fn not_ours(dir: &Path, error: Error) -> Error {
    let reason = match &error {
        Error::Damaged { segment, reason } => format!("its file '{segment}': {reason}"),
        Error::Os { source, .. } if source.kind() == std::io::ErrorKind::IsADirectory => error.to_string(),
        _ => return error,
    };
    unusable(dir, &format!("{reason}; remove this directory, or give another"))
}

/// Makes the directory, if there is none; it must be this user's alone to write to.
fn make(dir: &Path) -> Result<()> {
    let refused = |e: std::io::Error| unusable(dir, &format!("it cannot be made: {e}"));
    match fs::symlink_metadata(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(refused)?;
        }
        Err(e) => return Err(unusable(dir, &e.to_string())),
        Ok(found) if found.is_symlink() => {
            return Err(unusable(dir, "it is a link; give the directory itself"))
        }
        Ok(found) if !found.is_dir() => return Err(unusable(dir, "it is not a directory")),
        Ok(_) => {}
    }
    let found = fs::symlink_metadata(dir).map_err(refused)?;
    if found.uid() != user() {
        return Err(unusable(dir, "it belongs to another user"));
    }
    if found.mode() & 0o022 != 0 {
        return Err(unusable(dir, "other users can write to it; chmod it to 700"));
    }
    Ok(())
}

/// The session's hold on it.
fn lock(dir: &Path) -> Result<RangeLock> {
    let place = Place::Directory(dir.to_owned());
    let handle = SegmentHandle::named(LOCK, place.clone());
    let file = match SegmentFile::open_write(&handle)? {
        Some(file) => file,
        None => match SegmentFile::create_new(LOCK, &place) {
            Ok(file) => file,
            // Another session was quicker.
            Err(Error::Os { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
                SegmentFile::open_write(&handle)?.ok_or_else(|| unusable(dir, "its lock comes and goes"))?
            }
            Err(Error::Os { source, .. }) => {
                return Err(unusable(dir, &format!("it cannot be written to: {source}")))
            }
            Err(other) => return Err(other),
        },
    };
    match RangeLock::take(file, Access::Write, 0..u64::MAX, PATIENCE)? {
        Locked::Held(lock) => Ok(lock),
        Locked::Refused(_) => {
            Err(unusable(dir, "a run that goes on is using it, of this session or of another"))
        }
    }
}

/// What it is of; `None` where nothing says so.
fn find(dir: &Path) -> Result<Option<Identity>> {
    let Some(file) = log::open(dir, RUN)? else { return Ok(None) };
    let damaged = |reason: &str| Error::Damaged { segment: RUN.into(), reason: reason.into() };
    let length = file.len()?;
    if length > MOST {
        return Err(damaged("it is far too long"));
    }
    let mut bytes = vec![0; length as usize];
    file.read_at(0, &mut bytes)?;
    FORMAT.open(&bytes).map(Some).map_err(|e| damaged(&e.to_string()))
}

/// Says what it is of, in one step.
fn put(dir: &Path, bytes: &[u8]) -> Result<()> {
    let part = format!("{RUN}.part");
    let path = dir.join(&part);
    // Whoever left it has not the lock.
    let _ = fs::remove_file(&path);
    let file = SegmentFile::create_new(&part, &Place::Directory(dir.to_owned()))?;
    let written = file.write_at(0, bytes).and_then(|()| file.sync());
    if let Err(e) = written {
        let _ = fs::remove_file(&path);
        return Err(e);
    }
    fs::rename(&path, dir.join(RUN)).map_err(|e| unusable(dir, &e.to_string()))
}

/// What differs, by name: parts whose values are not the same, and those that only one has.
fn changed(before: &[(String, String)], now: &[(String, String)]) -> Vec<String> {
    let value = |parts: &[(String, String)], name: &str| {
        parts.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    let names = before.iter().chain(now).map(|(name, _)| name);
    let mut changed: Vec<String> =
        names.filter(|name| value(before, name) != value(now, name)).cloned().collect();
    let mut seen = std::collections::HashSet::new();
    changed.retain(|name| seen.insert(name.clone()));
    changed
}

/// The logs of the run. Whatever else lies there is none of ours.
fn logs(dir: &Path, run: &[u8; 16]) -> Result<Vec<(SegmentFile, Vec<Logged>)>> {
    let mut names: Vec<String> = names(dir)?;
    names.sort_unstable();
    let mut logs = Vec::new();
    for name in names {
        let Some(file) = log::open(dir, &name)? else { continue };
        match log::read(&file, run)? {
            Some(chunks) if chunks.is_empty() => {}
            Some(chunks) => logs.push((file, chunks)),
            None => tracing::warn!(name, "not a log of this checkpoint, left alone"),
        }
    }
    Ok(logs)
}

/// The names of the logs in a directory.
pub(super) fn names(dir: &Path) -> Result<Vec<String>> {
    let refused = |e: std::io::Error| unusable(dir, &format!("it cannot be read: {e}"));
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(refused)? {
        let name = entry.map_err(refused)?.file_name().into_string();
        names.extend(name.ok().filter(|name| name.starts_with(PREFIX)));
    }
    Ok(names)
}
