//! A page that this session owns: made under a name of the session's own, written, sealed, and if it is a variable then
//! renamed to what others find it by.

use super::cache::{self, Reuse};
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
    /// Where its memory may serve another page after it. Behind `segment`: its name goes first.
    _reuse: Option<Reuse>,
}

/// Whose memory a new page takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// New memory. Any process of the user that sees it can open the page by its name.
    New,
    /// Also that of a page before it. Only processes that see this one (`/proc`) can open it then, as this session's own workers do.
    Used,
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
    pub(super) fn make(
        birth: Birth<'_>,
        place: &Place,
        content: &dyn Content,
        memory: Memory,
    ) -> Result<Page> {
        let (bytes, traits) = (content.bytes(), content.traits());
        // What is written into later finds its room then, or is refused now.
        let reserve = traits.writable && traits.file.is_none();
        let whole = content.is_whole() && traits == Traits::default();
        let memory = if whole { memory } else { Memory::New };
        let fill = |file: &SegmentFile| {
            if reserve {
                file.reserve()?;
            }
            content.write(file, CONTENT)
        };
        let (segment, file) = Self::segment(&birth, place, (bytes, size(bytes)), memory)?;
        let page = Self::seal(birth, segment, &file, bytes, traits, fill)?;
        Ok(page.reused(file, place, (bytes, memory)))
    }

    /// Makes a page of zeros, reserved, for others to write to through a mapping.
    pub(super) fn zeros(birth: Birth<'_>, place: &Place, bytes: u64) -> Result<Page> {
        let (segment, file) = Self::segment(&birth, place, (bytes, size(bytes)), Memory::New)?;
        Self::seal(birth, segment, &file, bytes, Traits::default(), SegmentFile::reserve)
    }

    /// Makes a page with nothing in it, for others to append to: about so many bytes.
    pub(super) fn empty(birth: Birth<'_>, place: &Place, expected: u64, memory: Memory) -> Result<Page> {
        let (segment, file) = Self::segment(&birth, place, (expected, CONTENT), memory)?;
        let page = Self::seal(birth, segment, &file, 0, Traits::default(), |_| Ok(()))?;
        Ok(page.reused(file, place, (expected, memory)))
    }

    /// A segment for about so many bytes of content, used or new. It is this long, but for used ones for results.
    fn segment(
        birth: &Birth<'_>,
        place: &Place,
        (content, length): (u64, u64),
        memory: Memory,
    ) -> Result<(Segment, SegmentFile)> {
        let name = name::page(birth.session, birth.serial);
        if is_kept(content, place, memory) {
            if let Some(file) = cache::take(content, name.clone()) {
                if birth.kind != Kind::Results {
                    file.resize(length)?;
                }
                return Ok((Segment::nameless(&file), file));
            }
        }
        space::check(size(content), place)?;
        Segment::create(&name, length, place)
    }

    fn seal(
        birth: Birth<'_>,
        segment: Segment,
        file: &SegmentFile,
        bytes: u64,
        traits: Traits,
        fill: impl FnOnce(&SegmentFile) -> Result<()>,
    ) -> Result<Page> {
        let header = Header::new(birth.kind, bytes, birth.session, birth.serial, birth.variable, traits)?;
        let length = file.len()?;
        fill(file)?;
        if file.len()? != length {
            let reason = format!("its content is longer than the {bytes} bytes it announced");
            return Err(Error::Damaged { segment: segment.handle().name, reason });
        }
        header.write(file)?;
        Ok(Page { segment, header, overflow: None, _reuse: None })
    }

    /// Has its memory kept when it goes, where that is worth it. `file` is mapped by nobody.
    fn reused(self, file: SegmentFile, place: &Place, (bytes, memory): (u64, Memory)) -> Page {
        Page { _reuse: is_kept(bytes, place, memory).then(|| Reuse::of(file)), ..self }
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

/// Whether the memory of a page for so many bytes may serve several pages.
fn is_kept(bytes: u64, place: &Place, memory: Memory) -> bool {
    memory == Memory::Used && *place == Place::Memory && bytes >= cache::WORTH_KEEPING
}

/// The size of the segment for a content; saturated, so that the impossible is refused for want of room.
pub(super) fn size(bytes: u64) -> u64 {
    bytes.saturating_add(CONTENT)
}
