//! The pages that a value refers to instead of copying what lies in them, each kept readable until this is dropped.
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use scheduler::os::lock::ALL;
use scheduler::os::{Access, Locked, RangeLock, SegmentFile};
use scheduler::page::Location;
use scheduler::store::{OpenPage, PageAddress};

use crate::altrep::{Origin, Reference};

/// The pages, in the order of their numbers in the blob.
#[derive(Debug, Default)]
pub struct References {
    pages: Vec<(PageAddress, Held)>,
    /// By file system and file: a page's number, or `None` of one that is copied.
    known: HashMap<usize, Option<u64>>,
    numbers: HashMap<(u64, u64), u64>,
    /// Whether pages that may be written into are referred to, and locked.
    locking: bool,
}

/// What keeps a page readable: it is kept open and, where it may be written into, locked against that.
#[derive(Clone, Debug)]
pub struct Held {
    _page: Arc<OpenPage>,
    _lock: Option<Arc<RangeLock>>,
}

impl References {
    /// None yet, of which some may be such as can be written into: that is not possible as long as this is kept. Of those that come of
    /// `default()` none is.
    pub fn locking() -> References {
        References { locking: true, ..References::default() }
    }

    /// Where the page is numbered, and numbered if it is not yet; `None` when it cannot be referred to.
    pub(super) fn locate(&mut self, reference: &Reference<'_>) -> Option<Location> {
        let origin = &**reference.origin;
        let key = std::ptr::from_ref(origin) as usize;
        let page = match self.known.get(&key) {
            Some(known) => *known,
            None => {
                let number = self.number(origin);
                self.known.insert(key, number);
                number
            }
        };
        Some(Location { page: page?, ..reference.location })
    }

    /// The number of the page that two origins may have in common.
    fn number(&mut self, origin: &Origin) -> Option<u64> {
        if origin.writable && !self.locking {
            return None;
        }
        let page = origin.page()?;
        if let Some(&number) = self.numbers.get(&page.number()) {
            return Some(number);
        }
        let address = page.address();
        let lock = if origin.writable { Some(Arc::new(locked(&address)?)) } else { None };
        let number = self.pages.len() as u64;
        self.numbers.insert(page.number(), number);
        self.pages.push((address, Held { _page: page, _lock: lock }));
        Some(number)
    }

    /// Where others find the pages.
    pub fn addresses(&self) -> Vec<PageAddress> {
        self.pages.iter().map(|(address, _)| address.clone()).collect()
    }

    /// What keeps the pages readable, for whoever needs them longer.
    pub fn held(&self) -> Vec<Held> {
        self.pages.iter().map(|(_, held)| held.clone()).collect()
    }
}

/// A lock against writers; `None` when one is writing just now: then its bytes are taken as they are.
fn locked(address: &PageAddress) -> Option<RangeLock> {
    // The lock belongs to one opening of the file, so this is another one.
    let file: SegmentFile = address.open().ok()?;
    match RangeLock::take(file, Access::Read, ALL, Duration::ZERO).ok()? {
        Locked::Held(lock) => Some(lock),
        Locked::Refused(_) => None,
    }
}
