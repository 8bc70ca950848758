//! A page that this session owns: made under a name of the session's own, written, sealed, and if it is a variable then
//! renamed to what others find it by.

use super::content::{Content, Traits, CONTENT};
use super::{Header, Kind};
use crate::error::{Error, Result};
use crate::os::{name, space, Place, Segment, SegmentFile, SegmentHandle, SessionId};

/// An owned, sealed page. Dropping it takes its name away; the memory goes with the last mapping.
#[derive(Debug)]
pub struct Page {
    pub(super) segment: Segment,
    header: Header,
    /// Of a page of results in memory, where the session has a directory: what goes there when memory is full.
    overflow: Option<Box<Page>>,
}

/// What names a page to be made.
pub(super) struct Birth<'a> {
    pub(super) kind: Kind,
    pub(super) session: SessionId,
    pub(super) serial: u64,
    /// Namespace and name of a variable; else empty.
    pub(super) variable: (&'a str, &'a str),
}

impl Page {
    /// Makes a page in `place`: checked for room, written, sealed. Nothing is left of one that fails.
    pub(super) fn make(birth: Birth<'_>, place: &Place, content: &dyn Content) -> Result<Page> {
        let traits = content.traits();
        // What is written into later finds its room then, or is refused now.
        let reserve = traits.writable && traits.file.is_none();
        Self::seal(birth, place, content.bytes(), traits, |file| {
            if reserve {
                file.reserve()?;
            }
            content.write(file, CONTENT)
        })
    }

    /// Makes a page of zeros, reserved, for others to write to through a mapping.
    pub(super) fn zeros(birth: Birth<'_>, place: &Place, bytes: u64) -> Result<Page> {
        Self::seal(birth, place, bytes, Traits::default(), SegmentFile::reserve)
    }

    /// Makes a page with nothing in it, for others to append to.
    pub(super) fn empty(birth: Birth<'_>, place: &Place) -> Result<Page> {
        Self::seal(birth, place, 0, Traits::default(), |_| Ok(()))
    }

    fn seal(
        birth: Birth<'_>,
        place: &Place,
        bytes: u64,
        traits: Traits,
        fill: impl FnOnce(&SegmentFile) -> Result<()>,
    ) -> Result<Page> {
        let header = Header::new(birth.kind, bytes, birth.session, birth.serial, birth.variable, traits)?;
        let size = size(bytes);
        space::check(size, place)?;
        let (segment, file) = Segment::create(&name::page(birth.session, birth.serial), size, place)?;
        fill(&file)?;
        if file.len()? != size {
            let reason = format!("its content is longer than the {bytes} bytes it announced");
            return Err(Error::Damaged { segment: segment.handle().name, reason });
        }
        header.write(&file)?;
        Ok(Page { segment, header, overflow: None })
    }

    /// Has what does not fit in here go to another page, which goes with this one.
    pub(super) fn with_overflow(self, overflow: Page) -> Page {
        Page { overflow: Some(Box::new(overflow)), ..self }
    }

    /// Where a writer puts what does not fit in here, at the same place there.
    pub fn overflow(&self) -> Option<&Page> {
        self.overflow.as_deref()
    }

    /// What another process opens it by.
    pub fn handle(&self) -> SegmentHandle {
        self.segment.handle()
    }

    /// The content's size.
    pub fn bytes(&self) -> u64 {
        self.header.bytes
    }

    /// What it says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Opens it for reading and writing; its content begins at [`CONTENT`].
    ///
    /// # Errors
    /// As [`Segment::file`].
    pub fn file(&self) -> Result<SegmentFile> {
        self.segment.file()
    }
}

/// The size of the segment for a content; saturated, so that the impossible is refused for want of room.
pub(super) fn size(bytes: u64) -> u64 {
    bytes.saturating_add(CONTENT)
}
