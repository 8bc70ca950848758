//! The page that views read, seen as something that other processes can read too: by its name as long as it has it, and by a
//! descriptor that is kept as long as the views are. Of the descriptors only the latest are kept, up to a number.
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use scheduler::os::{SegmentFile, SegmentHandle};
use scheduler::store::{most_open, OpenPage, Traits};

/// Pages of fewer bytes are not worth opening once more in every worker: what is in them is copied.
const WORTH_REFERRING: usize = 64 << 10;

thread_local! {
    /// The origins that keep a descriptor, oldest first.
    static KEPT: RefCell<VecDeque<Weak<Origin>>> = const { RefCell::new(VecDeque::new()) };
}

/// Where views come from.
#[derive(Debug)]
pub struct Origin {
    handle: SegmentHandle,
    /// Whether the page may be written into while it is read.
    pub writable: bool,
    open: RefCell<Option<Arc<OpenPage>>>,
}

impl Origin {
    /// The origin of views into a page of `bytes` and these `traits`, which `file` is; `None` for one that is not worth it.
    pub fn new(file: SegmentFile, bytes: usize, traits: &Traits) -> Option<Rc<Origin>> {
        if bytes < WORTH_REFERRING {
            return None;
        }
        let handle = file.handle();
        make_room();
        let open = RefCell::new(OpenPage::keep(file).map(Arc::new));
        let origin = Rc::new(Origin { handle, writable: traits.writable, open });
        KEPT.with_borrow_mut(|kept| kept.push_back(Rc::downgrade(&origin)));
        Some(origin)
    }

    /// The page, open; `None` when its descriptor had to make room and its name is gone, or too many are open.
    pub fn page(&self) -> Option<Arc<OpenPage>> {
        if let Some(open) = &*self.open.borrow() {
            return Some(Arc::clone(open));
        }
        let file = SegmentFile::open_read(&self.handle).ok()??;
        OpenPage::keep(file).map(Arc::new)
    }
}

/// Lets the oldest descriptors go, until there is room for one more.
fn make_room() {
    let most = most_open();
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= most {
            kept.retain(|origin| origin.strong_count() > 0);
        }
        while kept.len() >= most {
            let oldest = kept.pop_front().and_then(|origin| origin.upgrade());
            if let Some(origin) = oldest {
                origin.open.replace(None);
            }
        }
    });
}
