//! Where a segment lies, and what another process knows it by.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where Linux shows the shared memory of `shm_open`.
const MEMORY: &str = "/dev/shm";

/// Where a segment lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Place {
    /// Shared memory.
    Memory,
    /// A file in this directory.
    Directory(PathBuf),
}

impl Place {
    /// The directory in which the segments' names stand.
    pub fn dir(&self) -> &Path {
        match self {
            Place::Memory => Path::new(MEMORY),
            Place::Directory(dir) => dir,
        }
    }
}

/// Names a segment to another process of the same user: it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SegmentHandle {
    /// The name.
    pub name: String,
    /// Where it lies.
    pub place: Place,
    /// The file's number, so that a name given up and taken again is not mistaken for this segment; 0 for whichever
    /// segment has the name.
    pub inode: u64,
    /// The process that keeps it open and the descriptor there, where the name is no path: the segment has none.
    pub nameless: Option<(u32, i32)>,
}

impl SegmentHandle {
    /// Whichever segment has this name.
    pub fn named(name: impl Into<String>, place: Place) -> Self {
        SegmentHandle { name: name.into(), place, inode: 0, nameless: None }
    }

    /// The path that it is opened by.
    pub fn path(&self) -> PathBuf {
        match self.nameless {
            Some((pid, descriptor)) => format!("/proc/{pid}/fd/{descriptor}").into(),
            None => self.place.dir().join(&self.name),
        }
    }
}
