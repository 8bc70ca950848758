//! The pages of the run at hand, each mapped when it is first read.
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use scheduler::board::PageSegment;
use scheduler::error::{Error, Result as Scheduled};
use scheduler::id::ResourceId;
use scheduler::link::{Membership, Parts};
use scheduler::os::name::{self, Named};
use scheduler::os::{Access, Mapping, SegmentFile};
use scheduler::store::open_page;

use super::kept;
use crate::about::Listed;
use crate::altrep;
use crate::codec::{self, BlobSource, Pieces, Referred};
use crate::r::{self, Failure, Preserved, Result};

/// A page, mapped privately: what is written to it is this worker's, and ends with the run.
pub(super) struct Opened {
    /// What keeps the mapping for views into it.
    owner: Box<altrep::Owner>,
    mapping: Arc<Mapping>,
    /// The pages that its value refers to; where they are when this moves is where they were.
    referred: Box<Referred>,
}

/// Results of an earlier stage, part by part.
pub(super) struct Made {
    pub(super) parts: Parts,
    page: Rc<Opened>,
    /// Where the parts lie that the page had no room for, if there are any.
    overflow: Option<Rc<Opened>>,
    /// The blob of each part, opened when it is first read.
    sources: Vec<Option<BlobSource<'static>>>,
}

/// The pages that were opened. A page goes with the last stage that reads it here.
#[derive(Default)]
pub(super) struct Pages {
    open: HashMap<(ResourceId, PageSegment), std::rc::Weak<Opened>>,
}

impl Opened {
    fn map(membership: &Membership, resource: ResourceId, segment: PageSegment) -> Result<Opened> {
        let file = file_of(membership, resource, segment)?;
        let is_variable = matches!(name::parse(&file.handle().name), Some(Named::Hold(_)));
        let kept = if is_variable { kept::take(&file)? } else { None };
        let mapping = kept.map_or_else(|| scheduler::store::map_private(&file).map(Arc::new), Ok)?;
        let owner = Box::new(altrep::Owner::new(&mapping, None, altrep::Lives::WithItsViews)?);
        if is_variable {
            kept::keep(file, &mapping, owner.exposed())?;
        }
        let mut referred = Box::<Referred>::default();
        let refers = membership.spec().refers.iter().find(|(id, _)| *id == resource);
        for address in refers.into_iter().flat_map(|(_, addresses)| addresses) {
            let mapping = Arc::new(scheduler::store::map_private(&address.open()?)?);
            // SAFETY: pages are sealed when they are registered or collected; this is kept as `source` says.
            unsafe { referred.push(&mapping) }?;
        }
        Ok(Opened { owner, mapping, referred })
    }

    /// The blob at `at`, `len` bytes at most. It is good as long as the page, which its holder keeps.
    pub(super) fn source(&self, at: u64, len: u64) -> Result<BlobSource<'static>> {
        // SAFETY: the mapping lies where its count keeps it; who takes the source keeps this page with it (`Made`, and the
        // steps of a stage), and views keep the owner.
        let forever: &'static Mapping = unsafe { &*Arc::as_ptr(&self.mapping) };
        // SAFETY: as above; the box stays where it is.
        let referred: &'static Referred = unsafe { &*std::ptr::from_ref(&*self.referred) };
        // SAFETY: as above, of the owner's box.
        let owner: &'static Preserved = unsafe { &*std::ptr::from_ref(&**self.owner) };
        // SAFETY: variables are sealed before a run begins, or, where stages read them as they come, all but the data of elements that
        // are not there yet, which no chunk covers; what an earlier stage made is complete where it is said to be.
        unsafe { BlobSource::open_with(forever, at, len, (owner, referred)) }
    }

    /// Bytes that are mapped.
    pub(super) fn bytes(&self) -> usize {
        self.mapping.len() + self.referred.bytes()
    }
}

fn file_of(membership: &Membership, resource: ResourceId, segment: PageSegment) -> Scheduled<SegmentFile> {
    let handle = membership.spec().segment(resource, segment);
    let gone = || Error::Damaged {
        segment: handle.map_or_else(|| format!("of resource {resource}"), |handle| handle.name.clone()),
        reason: "it was released while a run reads it".into(),
    };
    open_page(handle.ok_or_else(gone)?, Access::Read)?.ok_or_else(gone)
}

impl Pages {
    /// A page of the run.
    pub(super) fn open(&mut self, membership: &Membership, resource: ResourceId) -> Result<Rc<Opened>> {
        self.segment(membership, resource, PageSegment::Main)
    }

    /// A page of the run, or its overflow.
    fn segment(
        &mut self,
        membership: &Membership,
        resource: ResourceId,
        segment: PageSegment,
    ) -> Result<Rc<Opened>> {
        if let Some(open) = self.open.get(&(resource, segment)).and_then(std::rc::Weak::upgrade) {
            return Ok(open);
        }
        let opened = Rc::new(Opened::map(membership, resource, segment)?);
        self.open.insert((resource, segment), Rc::downgrade(&opened));
        Ok(opened)
    }

    /// A whole variable.
    pub(super) fn variable(&mut self, membership: &Membership, resource: ResourceId) -> Result<Preserved> {
        let page = self.open(membership, resource)?;
        let source = page.source(0, u64::MAX)?;
        r::protect(|s| Ok(Preserved::new(codec::decode(s, &source, 0))))
    }

    /// What an earlier stage made.
    pub(super) fn made(&mut self, membership: &Membership, resource: ResourceId) -> Result<Made> {
        let parts = membership.parts(resource)?;
        let sources = vec![None; parts.all().len()];
        let page = self.open(membership, resource)?;
        let beyond = parts.all().iter().any(|part| part.output.segment == PageSegment::Overflow);
        let overflow =
            beyond.then(|| self.segment(membership, resource, PageSegment::Overflow)).transpose()?;
        Ok(Made { parts, page, overflow, sources })
    }

    /// All that an earlier stage made, as a list with its names.
    pub(super) fn list(&mut self, membership: &Membership, listed: Listed) -> Result<Preserved> {
        let mut made = self.made(membership, listed.of)?;
        let names = listed.names.map(|names| self.variable(membership, names)).transpose()?;
        let pieces = made.pieces()?;
        r::protect(|s| {
            let list = pieces.list(s);
            if let Some(names) = &names {
                list.set_attribute(s, "names", names.get());
            }
            Ok(Preserved::new(list))
        })
    }

    /// All that an earlier stage made, as a list of `values`, `k`, `n` and `names`: one vector of results of the length `k` where they are alike and
    /// that is asked for, else a list.
    pub(super) fn results(
        &mut self,
        membership: &Membership,
        listed: Listed,
        vector: bool,
    ) -> Result<Preserved> {
        let mut made = self.made(membership, listed.of)?;
        let names = listed.names.map(|names| self.variable(membership, names)).transpose()?;
        let pieces = made.pieces()?;
        r::protect(|s| {
            let alike = pieces.alike().filter(|_| vector);
            let values = match alike {
                Some(alike) => pieces.joined(s, alike),
                None => pieces.list(s),
            };
            let parts = [
                ("values", values),
                ("k", alike.map_or(s.null(), |(_, each)| r::real(s, each as f64))),
                ("n", r::real(s, pieces.count() as f64)),
                ("names", names.as_ref().map_or(s.null(), |names| s.kept(names.get()))),
            ];
            Ok(Preserved::new(r::named_list(s, &parts)))
        })
    }

    /// The one value that an earlier stage made.
    pub(super) fn one(&mut self, membership: &Membership, resource: ResourceId) -> Result<Preserved> {
        let mut made = self.made(membership, resource)?;
        let (source, place) = made.locate(0)?;
        r::protect(|s| Ok(Preserved::new(codec::element(s, &source, 0, place))))
    }
}

impl Made {
    /// The segment in which the part of a result lies.
    pub(super) fn page_of(&self, result: u64) -> &Rc<Opened> {
        let place = self.parts.find(result);
        self.segment(place.map_or(PageSegment::Main, |place| self.parts.all()[place].output.segment))
    }

    fn segment(&self, segment: PageSegment) -> &Rc<Opened> {
        match (segment, &self.overflow) {
            (PageSegment::Overflow, Some(overflow)) => overflow,
            _ => &self.page,
        }
    }

    /// Bytes that are mapped.
    pub(super) fn bytes(&self) -> usize {
        self.page.bytes() + self.overflow.as_ref().map_or(0, |overflow| overflow.bytes())
    }

    /// The blob of the part at `place`, held against what the board says of it when it is first read.
    fn source(&mut self, place: usize) -> Result<BlobSource<'static>> {
        if let Some(source) = self.sources[place] {
            return Ok(source);
        }
        let part = self.parts.all()[place];
        let source = self.segment(part.output.segment).source(part.output.at, part.output.len)?;
        codec::check_count((part.start, part.end), &source)?;
        Ok(*self.sources[place].insert(source))
    }

    /// All of it, good as long as this.
    fn pieces(&mut self) -> Result<Pieces<'static>> {
        let mut pieces = Pieces::default();
        for place in 0..self.sources.len() {
            let part = self.parts.all()[place];
            pieces.push((part.start, part.end), self.source(place)?)?;
        }
        Ok(pieces)
    }

    /// The blob that holds a result, and which of its items it is.
    pub(super) fn locate(&mut self, result: u64) -> Result<(BlobSource<'static>, usize)> {
        let missing = || Failure::Internal(format!("result {} of an earlier pass is missing", result + 1));
        let place = self.parts.find(result).ok_or_else(missing)?;
        Ok((self.source(place)?, (result - self.parts.all()[place].start) as usize))
    }
}
