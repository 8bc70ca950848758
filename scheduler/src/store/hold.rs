//! Holds: a run keeps each registered variable that it reads, until its last reader of it is done.
//!
//! A hold is two things. A *second name* of the variable's segment, this session's own: whoever releases the variable
//! meanwhile, its owner in another session too, or registers the name anew, takes away the first name only, and the run's
//! workers go on opening the same segment by the second. And a *lock* that keeps writers out (`write`). Both end when the hold
//! is dropped; a session that dies takes its locks with it, and leaves names that the next cleaning removes.

use std::time::Duration;

use super::find::segments;
use super::{Found, Header, Store};
use crate::error::{Error, Result};
use crate::os::lock::ALL;
use crate::os::name::Named;
use crate::os::{
    name, Access, Link, Locked, Place, RangeLock, Segment, SegmentFile, SegmentHandle, SessionId,
};

/// How long a run waits for a write to end before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A variable that a run reads. Dropping it ends both the name and the lock, in the process that took it.
#[derive(Debug)]
pub struct Held {
    handle: SegmentHandle,
    // Before the name: a writer that comes in between finds the variable free and goes ahead.
    _lock: RangeLock,
    _link: Option<Segment>,
}

impl Held {
    /// What the run's workers open the variable by.
    pub fn handle(&self) -> SegmentHandle {
        self.handle.clone()
    }
}

impl Store {
    /// Holds a variable for a run. Where the file system has no second names the hold is of the lock alone, and its handle is the
    /// variable's own.
    ///
    /// # Errors
    /// [`Error::NotAllocated`] when it was released after it was found, [`Error::Busy`] when somebody keeps writing into it.
    ///
    /// # Complexity
    /// A link, an opening, a lock: a few microseconds, whatever the variable's size; one descriptor until it is dropped.
    pub fn hold(&self, found: &Found) -> Result<Held> {
        self.check_mine()?;
        let Header { namespace, name, .. } = &found.header;
        let released = || Error::NotAllocated { namespace: namespace.clone(), name: name.clone() };
        // A second name that bears this session's id needs this session's lock beside it.
        let link = match self.lock_in(&found.handle.place) {
            Ok(()) => Segment::link(&found.file, &name::hold(self.session(), self.next_serial()))?,
            Err(_) => Link::Refused,
        };
        let link = match link {
            Link::Made(link) => Some(link),
            Link::Gone => return Err(released()),
            Link::Refused => None,
        };
        let handle = link.as_ref().map_or_else(|| found.handle.clone(), Segment::handle);
        // An opening of its own: the lock belongs to it, and goes with it.
        let file = SegmentFile::open_read(&handle)?.ok_or_else(released)?;
        match RangeLock::take(file, Access::Read, ALL, PATIENCE)? {
            Locked::Held(lock) => {
                tracing::debug!(namespace, name, segment = handle.name, "held");
                Ok(Held { handle, _lock: lock, _link: link })
            }
            Locked::Refused(_) => Err(Error::Busy {
                namespace: namespace.clone(),
                name: name.clone(),
                by: "somebody keeps writing into it".into(),
            }),
        }
    }
}

/// A hold of some session.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Whose run it is.
    pub session: SessionId,
    /// The held segment.
    pub handle: SegmentHandle,
    /// What the variable says of itself.
    pub header: Header,
}

/// All holds of this user's sessions, in name order; what cannot be read is left out.
///
/// # Errors
/// [`Error::Os`] when a place cannot be listed.
pub fn holds(place: &Place) -> Result<Vec<Hold>> {
    let mut found = Vec::new();
    for place in super::content::places(place) {
        for (handle, named) in segments(&place)? {
            let Named::Hold(session) = named else { continue };
            let Ok(Some(file)) = SegmentFile::open_read(&handle) else { continue };
            let Ok(Some(header)) = Header::read(&file) else { continue };
            found.push(Hold { session, handle: file.handle(), header });
        }
    }
    Ok(found)
}
