//! A session's pages and its registered variables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::content::{places, Content};
use super::find::registered_in;
use super::page::{size, Birth};
use super::{clear_away, clear_cache, find, Found, Kind, Memory, Page};
use crate::error::{Error, Result};
use crate::os::{name, space, FilesDirectory, Place, SegmentFile, SessionId, SessionLock};

/// How often a dead owner's name is looked at again while another process is clearing it away, a millisecond apart.
const TAKEOVERS: usize = 500;

/// A registered variable of this session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its content's size.
    pub bytes: u64,
}

/// All that a session shares; one a session. Dropping it gives everything back.
#[derive(Debug)]
pub struct Store {
    place: Place,
    // Before the lock: fields drop in order, and the session ends after its last page.
    variables: BTreeMap<(String, String), Page>,
    /// Directories of small files, one in each place that had to have one.
    files: Vec<FilesDirectory>,
    serial: AtomicU64,
    lock: SessionLock,
    /// Those in further places.
    further: Mutex<Vec<SessionLock>>,
}

impl Store {
    /// Begins a session, and clears away what dead ones left.
    ///
    /// # Errors
    /// As [`SessionLock::acquire`], in the last of the places. What cannot be cleared away is no error.
    pub fn open(place: Place) -> Result<Store> {
        let lock = first_of(&place, SessionLock::acquire)?;
        let (variables, serial, further) = (BTreeMap::new(), AtomicU64::new(1), Mutex::default());
        let store = Store { place, variables, files: Vec::new(), serial, lock, further };
        clear_away(&store.place);
        Ok(store)
    }

    /// The session's id.
    pub fn session(&self) -> SessionId {
        self.lock.id()
    }

    /// Where pages go when memory is short.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Changes where the pages to come go when memory is short; those that are stay where they are.
    pub fn set_place(&mut self, place: Place) {
        self.place = place;
    }

    /// Whether this process opened the store. A forked child did not: it owns nothing of it, and opens its own to share.
    pub fn is_mine(&self) -> bool {
        self.lock.is_mine()
    }

    /// A page of the session's own, written and sealed.
    ///
    /// # Errors
    /// [`Error::NoSpace`] when no place has room for it, [`Error::NoPlace`] when none can be made in the last of them; [`Error::Os`] when
    /// the system refuses, or in a forked child; what writing the content gives.
    pub fn page(&self, kind: Kind, content: &dyn Content, memory: Memory) -> Result<Page> {
        self.make(|birth, place| Page::make(birth, place, content, memory), kind, ("", ""))
    }

    /// A page of zeros for others to write to through a mapping: its memory is reserved.
    ///
    /// # Errors
    /// As [`Store::page`].
    pub fn zeros_page(&self, kind: Kind, bytes: u64) -> Result<Page> {
        self.make(|birth, place| Page::zeros(birth, place, bytes), kind, ("", ""))
    }

    /// A page for results, empty so far, in a place that has room for what is expected to be written to it. More may come: one in
    /// memory has its overflow in the directory, where there is one.
    ///
    /// # Errors
    /// As [`Store::page`]: room is needed for what is expected.
    pub fn results_page(&self, expected: u64, memory: Memory) -> Result<Page> {
        let how = |birth: Birth<'_>, place: &Place| Page::empty(birth, place, expected, memory);
        let page = self.make(how, Kind::Results, ("", ""))?;
        if page.handle().place == self.place {
            return Ok(page);
        }
        let (session, serial) = (self.session(), self.next_serial());
        let birth = Birth { kind: Kind::Results, session, serial, variable: ("", "") };
        Ok(match self.lock_in(&self.place).and_then(|()| Page::empty(birth, &self.place, 0, Memory::New)) {
            Ok(overflow) => page.with_overflow(overflow),
            // A directory that cannot be used is no reason to fail a run that may not need it.
            Err(e) => {
                tracing::warn!(%e, "results have no overflow");
                page
            }
        })
    }

    /// Makes a page where there is room. What is kept in memory for later pages is given back for it.
    fn make(
        &self,
        how: impl Fn(Birth<'_>, &Place) -> Result<Page>,
        kind: Kind,
        variable: (&str, &str),
    ) -> Result<Page> {
        self.check_mine()?;
        let page = first_of(&self.place, |place| {
            self.lock_in(place)?;
            let made =
                || how(Birth { kind, session: self.session(), serial: self.next_serial(), variable }, place);
            let first = made();
            let full = matches!(first, Err(Error::NoSpace { .. })) && *place == Place::Memory;
            if full && clear_cache() {
                made()
            } else {
                first
            }
        })?;
        tracing::debug!(segment = page.handle().name, kind = kind.name(), bytes = page.bytes(), "made");
        Ok(page)
    }

    /// A directory of the session's own for small files, in the place where pages go when memory is short. It goes with the store.
    ///
    /// # Errors
    /// As [`SessionLock::acquire`] and [`FilesDirectory::make`] in that place, or in a forked child.
    pub fn files(&mut self) -> Result<&Path> {
        self.check_mine()?;
        let there = |made: &FilesDirectory| *made.place() == self.place && made.path().is_dir();
        let at = match self.files.iter().position(there) {
            Some(at) => at,
            None => {
                self.lock_in(&self.place)?;
                self.files.push(FilesDirectory::make(self.session(), &self.place)?);
                self.files.len() - 1
            }
        };
        Ok(self.files[at].path())
    }

    /// Makes sure of this session's sign of life in a place in which it makes a segment.
    pub(super) fn lock_in(&self, place: &Place) -> Result<()> {
        if self.lock.place() == place {
            return Ok(());
        }
        let mut further = self.further.lock().unwrap_or_else(PoisonError::into_inner);
        if !further.iter().any(|lock| lock.place() == place) {
            further.push(self.lock.also_in(place, || self.next_serial())?);
        }
        Ok(())
    }

    /// Registers variables: all of them or, on an error, none. A name whose owner died is taken over.
    ///
    /// # Errors
    /// [`Error::AlreadyRegistered`] for a name that a living session has, or that is given twice; else as [`Store::page`].
    pub fn register(&mut self, namespace: &str, variables: &[(String, &dyn Content)]) -> Result<()> {
        self.check_mine()?;
        let mut seen = BTreeSet::new();
        for (name, _) in variables {
            // Before anything is copied; it is the renaming below that decides.
            if !seen.insert(name) || self.owns(namespace, name) {
                return Err(taken(namespace, name, "this session".into()));
            }
            for place in places(&self.place) {
                self.check_free(namespace, name, &place)?;
            }
        }
        if self.place == Place::Memory {
            let needed = variables.iter().fold(0, |sum: u64, (_, c)| sum.saturating_add(size(c.bytes())));
            space::check(needed, &Place::Memory)?;
        }
        let mut pages = Vec::with_capacity(variables.len());
        for (name, content) in variables {
            let made = self.make(
                |b, place| Page::make(b, place, *content, Memory::New),
                Kind::Variable,
                (namespace, name),
            )?;
            pages.push(made);
        }
        for page in &mut pages {
            self.publish(page)?;
        }
        for page in pages {
            let key = (page.header().namespace.clone(), page.header().name.clone());
            tracing::debug!(namespace, name = key.1, bytes = page.bytes(), "registered");
            self.variables.insert(key, page);
        }
        Ok(())
    }

    /// Gives a variable's page the name that others find it by.
    fn publish(&self, page: &mut Page) -> Result<()> {
        let header = page.header().clone();
        let (namespace, name) = (header.namespace.as_str(), header.name.as_str());
        let public = name::variable(header.uid, namespace, name);
        let place = page.handle().place;
        for _ in 0..TAKEOVERS {
            if page.segment.rename(&public)? {
                // Two places can each hold the name. Who comes second to either sees the other one, and draws back.
                return places(&self.place)
                    .iter()
                    .filter(|other| **other != place)
                    .try_for_each(|other| self.check_free(namespace, name, other));
            }
            // One look for both questions: a second one might find, and remove, what another registrar has just published.
            let Some(other) = registered_in(namespace, name, &place)? else { continue };
            refuse_living(&other)?;
            if let Some(file) = SegmentFile::open_write(&other.handle)? {
                file.remove_orphan()?;
            }
        }
        Err(taken(namespace, name, "a dead session, whose segment could not be removed".into()))
    }

    /// An error if a living session has the name in this place.
    fn check_free(&self, namespace: &str, name: &str, place: &Place) -> Result<()> {
        registered_in(namespace, name, place)?.map_or(Ok(()), |other| refuse_living(&other))
    }

    /// Releases variables: all of them or, on an error, none. Mappings that others hold stay readable. Gives their bytes.
    ///
    /// # Errors
    /// [`Error::NotOwner`] for a variable of another session; [`Error::NotAllocated`] for one that nobody has.
    pub fn release(&mut self, namespace: &str, names: &[String]) -> Result<u64> {
        for name in names {
            if !self.owns(namespace, name) {
                let owner_pid = find(namespace, name, &self.place)?.header.owner_pid;
                return Err(Error::NotOwner { namespace: namespace.into(), name: name.clone(), owner_pid });
            }
        }
        let mut bytes = 0;
        for name in names {
            let page = self.variables.remove(&(namespace.to_owned(), name.clone()));
            bytes += page.map_or(0, |page| page.bytes());
            tracing::debug!(namespace, name, "released");
        }
        Ok(bytes)
    }

    /// This session's variables, by namespace and name.
    pub fn registered(&self) -> Vec<Entry> {
        let mine = self.variables.iter().filter(|_| self.is_mine());
        mine.map(|((namespace, name), page)| Entry {
            namespace: namespace.clone(),
            name: name.clone(),
            bytes: page.bytes(),
        })
        .collect()
    }

    /// Whether this session registered the variable.
    pub fn owns(&self, namespace: &str, name: &str) -> bool {
        self.is_mine() && self.variables.contains_key(&(namespace.to_owned(), name.to_owned()))
    }

    /// The number of the next page, or of the next hold.
    pub(super) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn check_mine(&self) -> Result<()> {
        if self.is_mine() {
            return Ok(());
        }
        let reason = std::io::Error::other("a forked process has to open a store of its own");
        Err(Error::os("cannot share through the parent process's store", reason))
    }
}

/// Makes something in the first place that has room for it and can be used: in memory, else in the directory if there is one.
fn first_of<T>(place: &Place, make: impl Fn(&Place) -> Result<T>) -> Result<T> {
    let mut refused = None;
    for place in places(place) {
        match make(&place) {
            Err(e @ (Error::NoSpace { .. } | Error::NoPlace { .. })) => refused = Some(e),
            made => return made,
        }
    }
    Err(refused.unwrap_or(Error::Unsupported("a store without a place")))
}

/// An error if the owner of this variable lives.
fn refuse_living(other: &Found) -> Result<()> {
    let header = &other.header;
    if SessionLock::is_alive(header.session, &other.handle.place) {
        return Err(taken(&header.namespace, &header.name, format!("process {}", header.owner_pid)));
    }
    Ok(())
}

fn taken(namespace: &str, name: &str, owner: String) -> Error {
    Error::AlreadyRegistered { namespace: namespace.into(), name: name.into(), owner }
}
