//! The errors of native code in words for R users: what failed, and which of the package's functions and settings help.
use std::path::Path;

use inspect::error::Error as InspectError;
use inspect::words::bytes;
use scheduler::error::Error;
use scheduler::os::space::FILE_LIMIT;
use scheduler::os::Place;
use scheduler::plan::Lifetime;

/// Rows of a plan's resources that a message shows.
const SHOWN: usize = 8;
const DISK: &str = "set options(memshare.dir = ) to a directory on a disk";

/// An error of the scheduler's.
pub fn words(error: &Error) -> String {
    let what = match error {
        Error::NoSpace { needed, free, limit, dir } => {
            return no_space([*needed, *free, *limit], dir);
        }
        Error::NoPlace { dir, .. } if dir == Place::Memory.dir() => {
            return format!(
                "shared memory cannot be used: {error}; mount it so that you can write to it, or {DISK}"
            );
        }
        Error::NoMemory { needed } => {
            return format!(
                "{} of memory cannot be had: this process may take no more (ulimit -v), or the machine has none",
                bytes(*needed)
            );
        }
        Error::NoPlace { .. } => "set options(memshare.dir = ) to a directory that you can write to",
        Error::OverBudget { needed, budget, table } => {
            return format!(
                "this plan needs {} of shared memory at the same time, and may take {}; what takes most:{}\nregister what several \
                 plans share, give FUN.VALUE or smaller results, raise memControl(memory = ), or {DISK}",
                bytes(*needed),
                bytes(*budget),
                rows(table)
            );
        }
        Error::NotWritable { namespace, name } => {
            return format!(
                "variable '{namespace}.{name}' cannot be written into: registered data stays as it is; make the variable with \
                 memAllocate(), or with memMap(writable = TRUE) for a file"
            );
        }
        Error::AlreadyRegistered { .. } => "release it first with releaseVariables()",
        Error::NotAllocated { .. } => "register it with registerVariables()",
        Error::Profile { .. } => "make it anew with memProfile()",
        _ => return error.to_string(),
    };
    format!("{error}; {what}")
}

/// A place that is too small: bytes needed, free, and in all.
fn no_space([needed, free, limit]: [u64; 3], dir: &Path) -> String {
    let (needed, free, limit) = (bytes(needed), bytes(free), bytes(limit));
    if dir.as_os_str() == FILE_LIMIT {
        return format!(
            "a file of at least {needed} is needed, and this process may write files of {limit} at most ({FILE_LIMIT})"
        );
    }
    let (what, help) = match dir == Place::Memory.dir() {
        true => ("shared memory", format!(", enlarge {}, or {DISK}", dir.display())),
        false => ("room", " or make room there".to_owned()),
    };
    let dir = dir.display();
    format!("not enough {what} in {dir}: {needed} needed, {free} free of {limit}; release variables{help}")
}

/// The first rows of a table of what takes memory, a line each.
fn rows(table: &[(String, u64, Lifetime)]) -> String {
    let step = |step: Option<u32>| step.map_or("?".into(), |step| step.to_string());
    let row = |(name, size, life): &(String, u64, Lifetime)| {
        format!("\n  {name}: {}, from step {} to {}", bytes(*size), step(life.born), step(life.last_use))
    };
    table.iter().take(SHOWN).map(row).collect()
}

/// An error about a record.
pub fn words_of_record(error: &InspectError) -> String {
    match error {
        InspectError::Record { .. } => format!("{error}; memSave() makes such files"),
        _ => error.to_string(),
    }
}
