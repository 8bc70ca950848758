//! A page that is kept open, so that it can be read as long as it is, name or no name.
//!
//! Results lose their names when they are collected, and a variable loses its own when it is released; whoever has a view goes
//! on reading. Who has the page open can let other processes of the user read it too: they open its descriptor through `/proc`
//! of the one that has it ([`PageAddress`]). Descriptors are few, so no more than some are kept.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::os::{most_descriptors, SegmentFile, SegmentHandle};

/// The most pages that a process keeps open, whatever it may.
const MOST: u64 = 256;
/// Of the descriptors that a process may have, one in this many is for pages that are kept open.
const SHARE: u64 = 8;

/// How many there are just now.
static OPEN: AtomicU64 = AtomicU64::new(0);

/// A page that is kept open. Dropping it closes it, in this process; a forked child has a descriptor of its own.
#[derive(Debug)]
pub struct OpenPage {
    file: SegmentFile,
}

/// Where another process of the user finds a page that this one keeps open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageAddress {
    /// Its name, which may be gone, and its number.
    pub handle: SegmentHandle,
    /// The file system that it lies in.
    pub device: u64,
    /// The process that keeps it open, until nobody needs it any more.
    pub pid: u32,
    /// The descriptor there.
    pub descriptor: i32,
}

/// How many pages a process keeps open for what may come.
pub fn most_open() -> usize {
    (most_descriptors() / SHARE).clamp(1, MOST) as usize
}

impl OpenPage {
    /// Keeps a page open; `None` when too many are: twice as many as are kept for what may come, since runs need some besides.
    pub fn keep(file: SegmentFile) -> Option<OpenPage> {
        let most = 2 * most_open() as u64;
        OPEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < most).then_some(open + 1))
            .ok()?;
        Some(OpenPage { file })
    }

    /// Where others find it.
    pub fn address(&self) -> PageAddress {
        PageAddress {
            handle: self.file.handle(),
            device: self.file.device(),
            pid: std::process::id(),
            descriptor: self.file.descriptor(),
        }
    }

    /// What tells it from all other pages that are open.
    pub fn number(&self) -> (u64, u64) {
        self.file.number()
    }
}

impl Drop for OpenPage {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

impl PageAddress {
    /// Opens the page for reading: by its name if that is still its own, else through the process that keeps it open.
    ///
    /// # Errors
    /// `Damaged` when neither leads to it.
    pub fn open(&self) -> Result<SegmentFile> {
        let is_it = |file: &SegmentFile| file.device() == self.device;
        // What else stands under the name or the descriptor by now, and why that cannot be opened, is not ours.
        let by_name = SegmentFile::open_read(&self.handle).ok().flatten().filter(is_it);
        let by_process =
            || SegmentFile::open_of(&self.handle, self.pid, self.descriptor).ok().flatten().filter(is_it);
        by_name.or_else(by_process).ok_or_else(|| Error::Damaged {
            segment: self.handle.name.clone(),
            reason: format!(
                "a view was given that reads it, its name is gone, and it cannot be opened as /proc/{}/fd/{}; \
                 give a copy of the view instead",
                self.pid, self.descriptor
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::{Place, Segment};

    fn segment(name: &str, byte: u8) -> Segment {
        let name = format!("memshare-test-{}-open-{name}", std::process::id());
        let segment = Segment::create(&name, 4096, &Place::Memory).unwrap().0;
        segment.file().unwrap().write_at(0, &[byte]).unwrap();
        segment
    }

    fn first(file: &SegmentFile) -> u8 {
        let mut byte = [0];
        file.read_at(0, &mut byte).unwrap();
        byte[0]
    }

    #[test]
    fn a_page_is_opened_with_and_without_its_name_and_not_mistaken_for_another() {
        let made = segment("a", 7);
        let open = OpenPage::keep(SegmentFile::open_read(&made.handle()).unwrap().unwrap()).unwrap();
        let address = open.address();
        assert_eq!(first(&address.open().unwrap()), 7);
        drop(made);
        assert_eq!(first(&address.open().unwrap()), 7, "through the descriptor");
        let other = segment("a", 8);
        assert_eq!(first(&address.open().unwrap()), 7, "the name is another's now");
        let wrong = PageAddress { device: address.device + 1, ..address.clone() };
        assert!(matches!(wrong.open(), Err(Error::Damaged { .. })));
        let gone = PageAddress { pid: u32::MAX, ..address.clone() };
        assert!(gone.open().unwrap_err().to_string().contains("copy of the view"));
        // The descriptor's number is another file's now, or nothing's.
        drop(open);
        let unlinked = PageAddress { handle: address.handle.clone(), ..address };
        assert!(matches!(unlinked.open(), Err(Error::Damaged { .. })));
        drop(other);
    }

    #[test]
    fn no_more_are_kept_than_some() {
        let made = segment("many", 1);
        let most = most_open();
        assert!((1..=256).contains(&most));
        let open = || OpenPage::keep(SegmentFile::open_read(&made.handle()).unwrap().unwrap());
        let kept: Vec<_> = std::iter::from_fn(open).take(3 * most).collect();
        assert!(kept.len() <= 2 * most);
        drop(kept);
        assert!(open().is_some());
    }
}
