//! Writing into a variable that was made for it: in place, from any process of the user, on parts that do not touch at the
//! same time.
//!
//! The bytes go by `pwrite`, never through a mapping: what is full, gone or forbidden is an error then and not a signal. Every
//! write locks the range from its first item to its last. It waits for other writes, which are short, and is refused while a
//! run reads the variable: results would depend on who came first.

use std::time::Duration;

use super::{dim, BlobView, Run, Selection, Tag};
use crate::error::{Error, Result};
use crate::os::{Access, DataFile, Locked, Place, RangeLock, SegmentFile, SegmentHandle, SessionLock};
use crate::store::{holds, Found, Header, CONTENT};

/// How long a write waits for others that are in its way.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of one value repeated that are written at a time.
const PATTERN: usize = 1 << 20;

/// What is written.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// The bytes of as many items as are meant.
    Each(&'a [u8]),
    /// The bytes of one item, for all that are meant.
    Same(&'a [u8]),
}

/// A variable, about to be written into.
#[derive(Debug)]
pub struct Writing {
    handle: SegmentHandle,
    header: Header,
    tag: Tag,
    len: u64,
    dim: Option<Vec<u64>>,
    /// Where its items begin in a mapping of it, counted from the header's beginning. Locks count so too, whether the items lie
    /// in the segment or in a file.
    at: u64,
}

impl Writing {
    /// Looks at what the variable is.
    ///
    /// # Errors
    /// [`Error::NotWritable`] unless it was allocated or mapped to be written to; [`Error::Damaged`] when it is no value;
    /// [`Error::Os`] when its items are not plain.
    pub fn open(found: &Found) -> Result<Writing> {
        let header = found.header.clone();
        if !header.traits.writable {
            return Err(Error::NotWritable { namespace: header.namespace, name: header.name });
        }
        let mapping = found.map()?;
        // SAFETY: the page is sealed, and of a variable like this one only items change (`Mapping::bytes`), which are not
        // looked at here.
        let all = unsafe { mapping.bytes() };
        let view = BlobView::open(&all[CONTENT as usize..])?;
        let node = view.node(0);
        if node.tag.item_size() == 0 {
            return Err(beyond(&header, "it has no plain items"));
        }
        let at = view.data(&node).as_ptr() as usize - mapping.as_ptr() as usize;
        let (tag, len, dim) = (node.tag, node.len, dim(&view));
        Ok(Writing { handle: found.handle.clone(), header, tag, len, dim, at: at as u64 })
    }

    /// The type of its items.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// How many items it has.
    pub fn items(&self) -> u64 {
        self.len
    }

    /// The extents of an array; `None` of a vector.
    pub fn dim(&self) -> Option<&[u64]> {
        self.dim.as_deref()
    }

    /// Writes the items that are meant. `place` is where to look for who is in the way.
    ///
    /// # Errors
    /// [`Error::Busy`] when a run reads the variable, or others keep writing there; [`Error::NotAllocated`] when it was released;
    /// [`Error::NoSpace`] for a disk that is full; [`Error::Os`] for items that it does not have. After an error in the middle, a
    /// part is written.
    pub fn write(self, meant: &Selection, values: Values<'_>, place: &Place) -> Result<()> {
        let size = self.tag.item_size();
        let given = match values {
            Values::Each(bytes) => bytes.len() as u64 == meant.count().saturating_mul(size),
            Values::Same(bytes) => bytes.len() as u64 == size,
        };
        let Some((first, end)) = meant.bounds() else { return Ok(()) };
        if !given || end > self.len {
            return Err(beyond(&self.header, "what is to be written does not fit"));
        }
        let lock = self.lock(first * size, end * size, place)?;
        let target = self.target(lock.file())?;
        let pattern = match values {
            Values::Same(bytes) => bytes.repeat(PATTERN.min((meant.count() * size) as usize) / bytes.len()),
            Values::Each(_) => Vec::new(),
        };
        meant.runs(&mut |run: Run| {
            let (at, bytes) = (run.at * size, run.len * size);
            match values {
                Values::Each(all) => target.put(at, &all[(run.from * size) as usize..][..bytes as usize]),
                Values::Same(_) => (0..bytes).step_by(pattern.len()).try_for_each(|done| {
                    target.put(at + done, &pattern[..pattern.len().min((bytes - done) as usize)])
                }),
            }
        })
    }

    fn lock(&self, first: u64, end: u64, place: &Place) -> Result<RangeLock> {
        let Header { namespace, name, .. } = &self.header;
        let file = SegmentFile::open_write(&self.handle)?
            .ok_or_else(|| Error::NotAllocated { namespace: namespace.clone(), name: name.clone() })?;
        let range = self.at.saturating_add(first)..self.at.saturating_add(end);
        match RangeLock::take(file, Access::Write, range, PATIENCE)? {
            Locked::Held(lock) => Ok(lock),
            Locked::Refused(access) => Err(Error::Busy {
                namespace: namespace.clone(),
                name: name.clone(),
                by: match access {
                    Access::Read => readers(self.handle.inode, place),
                    Access::Write => "others keep writing into it".into(),
                },
            }),
        }
    }

    fn target<'a>(&self, segment: &'a SegmentFile) -> Result<Target<'a>> {
        Ok(match &self.header.traits.file {
            None => Target::Segment(segment, self.at),
            Some(part) => Target::File(DataFile::open_part(part, Access::Write)?, part.offset),
        })
    }
}

/// Where the items lie, and from which byte on.
enum Target<'a> {
    Segment(&'a SegmentFile, u64),
    File(DataFile, u64),
}

impl Target<'_> {
    fn put(&self, at: u64, bytes: &[u8]) -> Result<()> {
        match self {
            Target::Segment(file, start) => file.write_at(start + at, bytes),
            Target::File(file, start) => file.write_at(start + at, bytes),
        }
    }
}

fn beyond(header: &Header, reason: &str) -> Error {
    let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, reason.to_owned());
    Error::os(format!("cannot write into variable '{}.{}'", header.namespace, header.name), source)
}

/// Who holds this segment for a run, in words.
fn readers(inode: u64, place: &Place) -> String {
    let held = holds(place).unwrap_or_default();
    let mut pids: Vec<u32> = held
        .iter()
        .filter(|hold| hold.handle.inode == inode)
        .filter_map(|hold| SessionLock::holder(hold.session, &hold.handle.place))
        .collect();
    pids.sort_unstable();
    pids.dedup();
    match pids.as_slice() {
        [] => "a run reads it".into(),
        [pid] if *pid == std::process::id() => "a run of this session reads it".into(),
        [pid] => format!("a run of process {pid} reads it"),
        several => {
            let several: Vec<String> = several.iter().map(u32::to_string).collect();
            format!("runs of the processes {} read it", several.join(", "))
        }
    }
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
