//! Variables that are copied in while their run goes on: how far the session's thread is, for the supervisor.
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use crate::engine::Event;
use crate::id::ResourceId;

/// More elements than any variable has.
const COMPLETE: u64 = u64::MAX;

/// A variable on its way into its page. The session's thread writes it and says how far it is; the supervisor asks.
#[derive(Debug)]
pub struct Copying {
    resource: ResourceId,
    /// Elements; [`COMPLETE`] when all of it is there.
    there: AtomicU64,
}

impl Copying {
    /// A variable of which nothing is there.
    pub fn new(resource: ResourceId) -> Arc<Copying> {
        Arc::new(Copying { resource, there: AtomicU64::new(0) })
    }

    /// So many elements, from the first on, are in the page. The run hears of it when the pool is told to look
    /// ([`super::Pool::look`]).
    pub fn set_there(&self, elements: u64) {
        // Release: the elements were written before.
        self.there.store(elements, Ordering::Release);
    }

    fn there(&self) -> u64 {
        self.there.load(Ordering::Acquire)
    }

    /// All of it is in the page.
    pub fn set_complete(&self) {
        self.set_there(COMPLETE);
    }
}

/// The variables of a run that were not complete when it was begun, and what its engine was told of each.
#[derive(Debug, Default)]
pub(crate) struct Copies(Vec<(Arc<Copying>, u64)>);

impl Copies {
    pub(crate) fn new(copies: Vec<Arc<Copying>>) -> Copies {
        Copies(copies.into_iter().map(|copy| (copy, 0)).collect())
    }

    /// Whether a variable is in its page; then nothing more is said of it.
    pub(crate) fn is_complete(&mut self, resource: ResourceId) -> bool {
        self.0.retain(|(copy, _)| copy.resource != resource || copy.there() < COMPLETE);
        !self.0.iter().any(|(copy, _)| copy.resource == resource)
    }

    /// What became known since this was asked last.
    pub(crate) fn news(&mut self) -> Vec<Event> {
        let mut news = Vec::new();
        self.0.retain_mut(|(copy, told)| {
            let resource = copy.resource;
            let elements = copy.there();
            if elements == COMPLETE {
                news.push(Event::Shared { resource });
                return false;
            }
            if elements > *told {
                *told = elements;
                news.push(Event::SharedTo { resource, elements });
            }
            true
        });
        news
    }
}
