//! Elements that are results of an earlier stage, part by part. Small ones share a vector, unless FUN kept it.
use super::pages::Made;
use super::reused::Reused;
use crate::codec::{self, BlobSource, SmallItems};
use crate::r::{Scope, Sexp};

/// Where the elements come from.
pub(super) struct PartFeed {
    made: Made,
    /// Whether big elements are copied, since the pages go as they are read.
    copied: bool,
    now: Option<Part>,
    last: Reused,
}

/// The part that the last element was of.
struct Part {
    start: u64,
    end: u64,
    source: BlobSource<'static>,
    small: Option<SmallItems<'static>>,
}

impl PartFeed {
    pub(super) fn new(made: Made, copied: bool) -> PartFeed {
        PartFeed { made, copied, now: None, last: Reused::default() }
    }

    /// Bytes that are mapped.
    pub(super) fn bytes(&self) -> usize {
        self.made.bytes()
    }

    /// Result `at`. Preserved.
    pub(super) fn element<'s>(&mut self, s: &'s Scope, at: u64) -> Sexp<'s> {
        let part = match self.now.take() {
            Some(part) if (part.start..part.end).contains(&at) => part,
            _ => self.part(at),
        };
        let place = (at - part.start) as usize;
        let element = match &part.small {
            Some(items) => {
                let vector = self.last.vector(s, s.null(), |s| items.blank(s));
                items.fill(place, vector);
                vector
            }
            None => codec::element(s, &part.source, 0, place),
        };
        let copy = self.copied && part.small.is_none();
        self.now = Some(part);
        if copy {
            s.duplicate(element)
        } else {
            element
        }
    }

    /// The part that holds a result. Its items may be of another type than those before.
    fn part(&mut self, at: u64) -> Part {
        self.last = Reused::default();
        match self.made.locate(at) {
            Ok((source, place)) => {
                let start = at - place as u64;
                let end = start + source.view.node(0).len;
                Part { start, end, source, small: SmallItems::of(&source.view, 0) }
            }
            // Its stage is through, so all its parts are there.
            Err(_) => unreachable!("a result of an earlier stage is missing"),
        }
    }
}
