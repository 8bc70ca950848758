//! What dead sessions left and nobody cleared away yet: what [`super::prune`] would remove, said before it does.

use super::content::places;
use super::find::segments;
use super::prune::Sessions;
use super::Header;
use crate::error::Result;
use crate::os::name::Named;
use crate::os::{Place, SegmentFile, SegmentHandle, SessionId};

/// A segment whose session is dead.
#[derive(Clone, Debug)]
pub struct Orphan {
    /// What a process opens it by.
    pub handle: SegmentHandle,
    /// What its name says it is.
    pub named: Named,
    /// The session that left it: of a hold the one that held.
    pub session: SessionId,
    /// What it says of itself; `None` for a session's lock, and for what was never finished or is damaged.
    pub header: Option<Header>,
    /// Bytes that go with it: none for a hold, which is a second name.
    pub bytes: u64,
}

/// The segments of dead sessions of this user, in memory and in the place's directory. What cannot be read is left out, as it
/// is by [`super::prune`].
///
/// # Errors
/// [`Error::Os`](crate::error::Error::Os) when a place cannot be listed.
pub fn orphans(place: &Place) -> Result<Vec<Orphan>> {
    let mut sessions = Sessions::default();
    let mut found = Vec::new();
    for place in places(place) {
        for (handle, named) in segments(&place)? {
            match left_behind(&handle, named, &mut sessions) {
                Ok(orphan) => found.extend(orphan),
                Err(e) => tracing::debug!(segment = handle.name, error = %e, "left out"),
            }
        }
    }
    Ok(found)
}

fn left_behind(handle: &SegmentHandle, named: Named, sessions: &mut Sessions) -> Result<Option<Orphan>> {
    let Some(file) = SegmentFile::open_read(handle)? else { return Ok(None) };
    let (session, header) = match named {
        Named::Lock(session) => (session, None),
        Named::Files(session) | Named::Page(session) | Named::Hold(session) => {
            (session, Header::read(&file).ok().flatten())
        }
        Named::Variable => match Header::read(&file)? {
            Some(header) => (header.session, Some(header)),
            None => return Ok(None),
        },
    };
    if sessions.is_alive(session, &handle.place) {
        return Ok(None);
    }
    let bytes = if matches!(named, Named::Hold(_)) { 0 } else { file.len()? };
    Ok(Some(Orphan { handle: file.handle(), named, session, header, bytes }))
}
