//! Clearing away what dead sessions left: a session killed with SIGKILL takes no name away.
//!
//! Safe at any time beside living sessions: a session holds its lock before it makes its first page, every page says in its
//! name or header whose it is, and only what is certainly a dead session's is touched. What cannot be read stays.

use std::collections::HashMap;
use std::time::Duration;

use super::content::places;
use super::find::segments;
use super::Header;
use crate::error::Result;
use crate::os::name::Named;
use crate::os::{poll, FilesDirectory, Peer, Place, SegmentFile, SegmentHandle, SessionId, SessionLock};

/// How long a session may take to die, from the first descriptor that it closes to the last: on a busy machine others run in between.
const DYING: Duration = Duration::from_secs(10);

/// Removes the segments of dead sessions of this user, in memory and in the place's directory, and their small files; gives their names.
///
/// # Errors
/// [`Error::Os`](crate::error::Error::Os) when a place cannot be listed. A segment that cannot be removed is left alone.
pub fn prune(place: &Place) -> Result<Vec<String>> {
    let mut sessions = Sessions::default();
    let mut removed = Vec::new();
    for place in places(place) {
        for (handle, named) in segments(&place)? {
            match gone(&handle, named, &mut sessions) {
                Ok(true) => removed.push(handle.name),
                Ok(false) => {}
                Err(e) => tracing::debug!(segment = handle.name, error = %e, "left alone"),
            }
        }
    }
    if !removed.is_empty() {
        tracing::info!(segments = removed.len(), "dead sessions' segments cleared away");
    }
    Ok(removed)
}

/// [`prune`] where a session begins or ends: what cannot be cleared away is no error.
pub fn clear_away(place: &Place) {
    if let Err(error) = prune(place) {
        tracing::warn!(%error, "dead sessions' segments could not be cleared away");
    }
}

/// [`clear_away`] once this session has ended, which is dying: its channels close before its lock is free. It is waited for
/// ten seconds at most.
pub fn clear_away_after(session: &Peer, place: &Place) {
    if let Err(error) = poll(&[session.pidfd()], Some(DYING)) {
        tracing::warn!(%error, "the end of a session could not be waited for");
    }
    clear_away(place);
}

/// Removes what has this name if its session is dead.
fn gone(handle: &SegmentHandle, named: Named, sessions: &mut Sessions) -> Result<bool> {
    let owner = match named {
        Named::Lock(session) => return SessionLock::remove_dead(session, &handle.place),
        Named::Files(session) if sessions.is_alive(session, &handle.place) => return Ok(false),
        Named::Files(session) => return FilesDirectory::remove_dead(session, &handle.place),
        // A hold is its holder's, whoever registered what it leads to; only the hold's own name goes.
        Named::Page(session) | Named::Hold(session) => Some(session),
        Named::Variable => None,
    };
    if owner.is_some_and(|session| sessions.is_alive(session, &handle.place)) {
        return Ok(false);
    }
    let Some(file) = SegmentFile::open_write(handle)? else { return Ok(false) };
    if owner.is_none() {
        match Header::read(&file)? {
            Some(header) if !sessions.is_alive(header.session, &handle.place) => {}
            _ => return Ok(false),
        }
    }
    file.remove_orphan()
}

/// Whether sessions live, each asked once a place.
#[derive(Default)]
pub(super) struct Sessions(HashMap<(SessionId, Place), bool>);

impl Sessions {
    pub(super) fn is_alive(&mut self, session: SessionId, place: &Place) -> bool {
        let ask = || SessionLock::is_alive(session, place);
        *self.0.entry((session, place.clone())).or_insert_with(ask)
    }
}
