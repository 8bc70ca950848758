//! Variables that are copied in while their run goes on: how far the session's thread is, for the supervisor.
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;

use crate::engine::Event;
use crate::id::ResourceId;

/// A variable on its way into its page. The session's thread writes it and says how far it is; the supervisor asks.
#[derive(Debug)]
pub struct Copying {
    resource: ResourceId,
    there: AtomicU64,
    complete: AtomicBool,
}

impl Copying {
    /// A variable of which nothing is there.
    pub fn new(resource: ResourceId) -> Arc<Copying> {
        Arc::new(Copying { resource, there: AtomicU64::new(0), complete: AtomicBool::new(false) })
    }

    /// So many elements, from the first on, are in the page. The run hears of it when the pool is told to look
    /// ([`super::Pool::look`]).
    pub fn set_there(&self, elements: u64) {
        // Release: the elements were written before.
        self.there.store(elements, Ordering::Release);
    }

    /// All of it is in the page.
    pub fn set_complete(&self) {
        self.complete.store(true, Ordering::Release);
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
        self.0.retain(|(copy, _)| copy.resource != resource || !copy.complete.load(Ordering::Acquire));
        !self.0.iter().any(|(copy, _)| copy.resource == resource)
    }

    /// What became known since this was asked last.
    pub(crate) fn news(&mut self) -> Vec<Event> {
        let mut news = Vec::new();
        self.0.retain_mut(|(copy, told)| {
            let resource = copy.resource;
            if copy.complete.load(Ordering::Acquire) {
                news.push(Event::Shared { resource });
                return false;
            }
            let elements = copy.there.load(Ordering::Acquire);
            if elements > *told {
                *told = elements;
                news.push(Event::SharedTo { resource, elements });
            }
            true
        });
        news
    }
}
