//! What this R session holds: its store and its views. On R's main thread only, reached through [`with`].
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use scheduler::os::Place;
use scheduler::store::{clear_away, Store};

use crate::r::{Failure, Result};

/// A variable's namespace and name.
pub type Key = (String, String);

/// The session.
#[derive(Debug)]
pub struct Session {
    /// The process that it belongs to: a forked child begins with nothing of its own.
    pid: u32,
    /// Where pages go when memory is short.
    place: Place,
    /// Opened when first needed: a session that only reads shares nothing, not even a lock.
    store: Option<Store>,
    /// Views that were retrieved and not released, with how often.
    pub views: BTreeMap<Key, u64>,
}

thread_local! {
    static SESSION: RefCell<Session> = const { RefCell::new(Session::new()) };
}

impl Session {
    const fn new() -> Self {
        Session { pid: 0, place: Place::Memory, store: None, views: BTreeMap::new() }
    }

    /// The store, opened if it is not yet.
    pub fn store(&mut self) -> Result<&mut Store> {
        if self.store.is_none() {
            self.store = Some(Store::open(self.place.clone())?);
        }
        self.store.as_mut().ok_or_else(|| Failure::Internal("no store".into()))
    }

    /// The store, if anything was shared yet.
    pub fn opened(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Where pages are looked for, and go when memory is short.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// From now on, pages go to this directory when memory is short; `None` for nowhere.
    pub fn set_directory(&mut self, directory: Option<PathBuf>) {
        self.place = directory.map_or(Place::Memory, Place::Directory);
        let place = self.place.clone();
        if let Some(store) = &mut self.store {
            store.set_place(place);
        }
    }

    /// Gives everything back: variables, pages, the session's lock, and what its forked children left, which end without giving back anything. Views
    /// that R still holds stay readable.
    pub fn close(&mut self) {
        if let Some(store) = self.store.take() {
            clear_away(store.place());
        }
        self.views.clear();
    }
}

/// Runs `f` on the session. `f` must not call R: R may run code of ours that asks for the session too.
pub fn with<T>(f: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
    SESSION.with(|session| {
        let mut session =
            session.try_borrow_mut().map_err(|_| Failure::Internal("the session is in use".into()))?;
        let pid = std::process::id();
        if session.pid != pid {
            // A forked child's store is the parent's: letting go of it here takes nothing from the parent.
            session.store = None;
            session.pid = pid;
        }
        f(&mut session)
    })
}
