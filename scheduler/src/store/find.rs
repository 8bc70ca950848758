//! Opening what any session of this user shares, by name, and listing all of it.

use super::content::{places, CONTENT};
use super::{Header, Kind};
use crate::error::{Error, Result};
use crate::os::name::{self, Named};
use crate::os::{user, Mapping, Place, SegmentFile, SegmentHandle, SessionLock};

/// A registered variable, open for reading.
#[derive(Debug)]
pub struct Found {
    /// What another process opens it by.
    pub handle: SegmentHandle,
    /// The open segment; it stays readable after its release.
    pub file: SegmentFile,
    /// What it says of itself.
    pub header: Header,
}

impl Found {
    /// Maps it for this caller alone, with its file if it has one.
    ///
    /// # Errors
    /// As [`Mapping::private_with`].
    pub fn map(&self) -> Result<Mapping> {
        map(&self.file, &self.header)
    }
}

/// Maps a sealed page privately, of whatever kind: all there is of it, also what lies in a file. A mapping of the segment
/// alone would show a variable from a file without its items.
///
/// # Errors
/// [`Error::Damaged`] for a page that was never sealed; else as [`Mapping::private_with`].
pub fn map_private(file: &SegmentFile) -> Result<Mapping> {
    let unsealed = || Error::Damaged { segment: file.handle().name, reason: "it has no header".into() };
    map(file, &Header::read(file)?.ok_or_else(unsealed)?)
}

fn map(file: &SegmentFile, header: &Header) -> Result<Mapping> {
    match &header.traits.file {
        None => Mapping::private(file),
        Some(part) => Mapping::private_with(file, part),
    }
}

/// A page of some session.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What a process opens it by.
    pub handle: SegmentHandle,
    /// What it says of itself.
    pub header: Header,
    /// Whether its session lives.
    pub alive: bool,
    /// Bytes that its segment has for content: of a results page those that were written so far.
    pub size: u64,
}

/// Opens the variable `name` of `namespace`, whichever living session registered it.
///
/// # Errors
/// [`Error::NotAllocated`] when no living session registered it; [`Error::Damaged`] for a segment of that name that is none of ours.
pub fn find(namespace: &str, name: &str, place: &Place) -> Result<Found> {
    for place in places(place) {
        if let Some(found) = registered_in(namespace, name, &place)? {
            if SessionLock::is_alive(found.header.session, &place) {
                return Ok(found);
            }
        }
    }
    Err(Error::NotAllocated { namespace: namespace.into(), name: name.into() })
}

/// The variable in this one place, its owner alive or dead.
pub(super) fn registered_in(namespace: &str, name: &str, place: &Place) -> Result<Option<Found>> {
    let handle = SegmentHandle::named(name::variable(user(), namespace, name), place.clone());
    let Some(file) = SegmentFile::open_read(&handle)? else { return Ok(None) };
    let handle = file.handle();
    let damaged = |reason: &str| Error::Damaged { segment: handle.name.clone(), reason: reason.into() };
    let header = Header::read(&file)?.ok_or_else(|| damaged("it has a variable's name and no header"))?;
    if header.kind != Kind::Variable || header.namespace != namespace || header.name != name {
        return Err(damaged("it holds something else than its name says"));
    }
    Ok(Some(Found { handle, file, header }))
}

/// All sealed pages of this user, in name order; what cannot be read is left out, and so are holds, second names of what is
/// listed already or was released.
///
/// # Errors
/// [`Error::Os`] when a place cannot be listed.
pub fn list(place: &Place) -> Result<Vec<Listed>> {
    let named = |named| matches!(named, Named::Page(_) | Named::Variable);
    pages(place, named, |_| true)
}

/// The boards among them, with less ado where much is registered.
///
/// # Errors
/// As [`list`].
pub fn boards(place: &Place) -> Result<Vec<Listed>> {
    pages(place, |named| matches!(named, Named::Page(_)), |header| header.kind == Kind::Board)
}

/// The sealed pages that are wanted, by what their names say and then by what they say themselves.
fn pages(place: &Place, by_name: fn(Named) -> bool, by_header: fn(&Header) -> bool) -> Result<Vec<Listed>> {
    let mut pages = Vec::new();
    for place in places(place) {
        for (handle, _) in segments(&place)?.into_iter().filter(|(_, named)| by_name(*named)) {
            let Ok(Some(file)) = SegmentFile::open_read(&handle) else { continue };
            let Some(header) = Header::read(&file).ok().flatten().filter(by_header) else { continue };
            let alive = SessionLock::is_alive(header.session, &place);
            let Ok(size) = file.len() else { continue };
            pages.push(Listed { handle: file.handle(), header, alive, size: size.saturating_sub(CONTENT) });
        }
    }
    Ok(pages)
}

/// Every segment of ours that has a name in this place, in name order.
pub(super) fn segments(place: &Place) -> Result<Vec<(SegmentHandle, Named)>> {
    let dir = place.dir();
    let unreadable = |e| Error::os(format!("cannot list the directory {}", dir.display()), e);
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(dir) {
        // A machine without shared memory has no segments in it.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && *place == Place::Memory => return Ok(found),
        entries => entries.map_err(unreadable)?,
    };
    for entry in entries {
        let file = entry.map_err(unreadable)?.file_name();
        let Some(text) = file.to_str() else { continue };
        if let Some(named) = name::parse(text) {
            found.push((SegmentHandle::named(text, place.clone()), named));
        }
    }
    found.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    Ok(found)
}
