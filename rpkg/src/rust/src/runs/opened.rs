//! Pages of results, mapped, so that R values can be made of what lies there.
use std::sync::Arc;

use scheduler::board::{Output, PageSegment};
use scheduler::os::Mapping;
use scheduler::store::Page;

use crate::altrep::{self, Origin};
use crate::codec::BlobSource;
use crate::r::Result;

/// What becomes of views into a page of results.
#[derive(Clone, Copy)]
pub(super) enum Views {
    /// The user gets them.
    Lasting,
    /// They are for us alone.
    Passing,
}

/// A page, mapped.
pub(super) struct Opened {
    mapping: Arc<Mapping>,
    owner: altrep::Owner,
    /// What the page had no room for.
    overflow: Option<Box<Opened>>,
}

impl Opened {
    /// A page whose writers are through. Of `Views::Lasting` the views can travel as references, as long as R has them.
    pub(super) fn map(page: &Page, views: Views) -> Result<Opened> {
        let file = page.file()?;
        let mapping = Arc::new(Mapping::private(&file)?);
        let origin = match views {
            Views::Lasting => Origin::new(file, mapping.len(), &page.header().traits),
            Views::Passing => None,
        };
        let owner = altrep::Owner::new(&mapping, origin.as_ref(), altrep::Lives::WithItsViews)?;
        let overflow =
            page.overflow().map(|overflow| Self::map(overflow, views).map(Box::new)).transpose()?;
        Ok(Opened { mapping, owner, overflow })
    }

    pub(super) fn source(&self, output: Output) -> Result<BlobSource<'_>> {
        if let (PageSegment::Overflow, Some(overflow)) = (output.segment, &self.overflow) {
            return overflow.source(Output { segment: PageSegment::Main, ..output });
        }
        // SAFETY: the chunk is done or failed, so this was written before that was said, and nobody writes there again.
        unsafe { BlobSource::open(&self.mapping, output.at, output.len, &self.owner) }
    }
}
