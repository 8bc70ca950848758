//! The owner of a view's bytes: an external pointer that holds a mapping, shared by all views into it. R keeps it as long
//! as one of them can be reached; its finalizer unmaps. Where no view was made, nothing waits for the collector.
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use extendr_ffi::*;
use scheduler::os::Mapping;

use super::origin::Origin;
use crate::r::{protect, Kind, Preserved, Result, Sexp};

/// What an owner holds.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) mapping: Arc<Mapping>,
    /// The page that is mapped, where others can read it too.
    pub(super) origin: Option<Rc<Origin>>,
    /// Of which bytes a pointer was given to somebody: they may be others than the page's.
    pub(super) exposed: Rc<Exposed>,
    /// What it counts in [`held`].
    counted: u64,
    /// A view was made of it.
    viewed: Cell<bool>,
}

/// An owner, kept for whoever makes views. When that is over and no view was made, as of values so small that they are copied, the mapping goes at once.
#[derive(Debug)]
pub struct Owner(Preserved);

/// Whether the memory of a page goes with the last mapping of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lives {
    /// It does: nobody else has it, or will have it.
    WithItsViews,
    /// It is a registered variable's, which has a name.
    WithItsName,
}

/// The bytes of a mapping that somebody has or had a pointer to.
#[derive(Debug, Default)]
pub struct Exposed {
    /// From the lowest address to behind the highest; none where there are no bytes.
    span: Cell<(usize, usize)>,
    /// How many, those of each pointer.
    bytes: Cell<usize>,
    /// A pointer was for writing.
    writable: Cell<bool>,
}

impl Exposed {
    /// So much of it is looked at in no time, whatever part of that was given away.
    const FEW: usize = 16 << 20;
    /// More than this many times what was given away takes too long to be looked at.
    const MANY: usize = 4;

    /// A pointer to so many bytes is given to somebody.
    pub fn note(&self, data: *const u8, bytes: usize, writable: bool) {
        let (from, to) = (data as usize, data as usize + bytes);
        let before = self.span.get();
        let first = self.bytes.get() == 0;
        self.span.set(if first { (from, to) } else { (before.0.min(from), before.1.max(to)) });
        self.bytes.set(self.bytes.get().saturating_add(bytes));
        self.writable.set(self.writable.get() || writable);
    }

    /// Whether a pointer was for writing.
    pub(super) fn is_writable(&self) -> bool {
        self.writable.get()
    }

    /// Whether somebody wrote to any of them, by a pointer of either kind; yes where that would take too long to be told.
    ///
    /// # Complexity
    /// Linear in the pages of memory from the first to the last of them.
    pub fn may_be_written(&self, mapping: &Mapping) -> bool {
        let ((from, to), bytes) = (self.span.get(), self.bytes.get());
        let far = to - from > Self::FEW && (to - from) / Self::MANY > bytes;
        bytes > 0 && (far || mapping.was_written(from - mapping.as_ptr() as usize, to - from))
    }
}

thread_local! {
    /// Bytes of pages that live with R's owners.
    static HELD: Cell<u64> = const { Cell::new(0) };
    /// Bytes of all pages that R's owners have mapped.
    static MAPPED: Cell<u64> = const { Cell::new(0) };
}

/// Bytes of memory that views of this process keep, also those that nobody needs any more: R's collector finds these, which does not know
/// how big they are. A mapping counts once for each of its owners; one of a registered variable does not count.
pub fn held() -> u64 {
    HELD.get()
}

/// Bytes that views of this process have mapped, also those that nobody needs any more, and also of registered variables, whose memory they would
/// keep after a release. Counted as for [`held`].
pub fn mapped() -> u64 {
    MAPPED.get()
}

impl Owner {
    /// An owner of `mapping` for the views to be made. With `origin`, the views can travel to workers as references.
    pub fn new(mapping: &Arc<Mapping>, origin: Option<&Rc<Origin>>, lives: Lives) -> Result<Owner> {
        let counted = if lives == Lives::WithItsViews { mapping.len() as u64 } else { 0 };
        // SAFETY: R's main thread, by the scope. R may jump until the finalizer is registered; only then there is something to finalize.
        let owner = protect(|s| unsafe {
            let owner = s.keep(R_MakeExternalPtr(std::ptr::null_mut(), R_NilValue, R_NilValue));
            R_RegisterCFinalizerEx(owner.raw(), Some(finalize), Rboolean::FALSE);
            Ok(Preserved::new(owner))
        })?;
        let (mapping, origin) = (Arc::clone(mapping), origin.map(Rc::clone));
        let owned = Owned { mapping, origin, exposed: Rc::default(), counted, viewed: Cell::new(false) };
        HELD.set(HELD.get() + counted);
        MAPPED.set(MAPPED.get() + owned.mapping.len() as u64);
        // SAFETY: R's main thread, which alone keeps values; the pointer that was just made.
        unsafe { R_SetExternalPtrAddr(owner.get().raw(), Box::into_raw(Box::new(owned)).cast()) };
        Ok(Owner(owner))
    }

    /// What of it was given away, known also when this is gone.
    pub fn exposed(&self) -> Rc<Exposed> {
        // SAFETY: R's main thread, which alone keeps values; an owner.
        unsafe { owned_by(self.0.get().raw()) }.map(|owned| Rc::clone(&owned.exposed)).unwrap_or_default()
    }
}

impl std::ops::Deref for Owner {
    type Target = Preserved;

    fn deref(&self) -> &Preserved {
        &self.0
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let owner = self.0.get().raw();
        // SAFETY: R's main thread, which alone keeps values; an owner. Where no view was made, this was the last that knew it.
        unsafe {
            if owned_by(owner).is_some_and(|owned| !owned.viewed.get()) {
                finalize(owner);
            }
        }
    }
}

/// A view is made of what this owns, which from here on may outlive its [`Owner`].
pub(super) fn note_view(owner: Sexp) {
    // SAFETY: R's main thread, by the value; what keeps the bytes, which the value keeps.
    unsafe { owned_by(owner.raw()) }.inspect(|owned| owned.viewed.set(true));
}

/// What an owner holds; `None` where that was given back, and of what is no owner: a test's views may be kept by any value.
///
/// # Safety
/// R's main thread; `owner` is what [`Owner::new`] made, or no external pointer, and stays reachable as long as the result is used.
unsafe fn owned_by<'a>(owner: SEXP) -> Option<&'a Owned> {
    // SAFETY: the address is null or what `Owner::new` put there.
    unsafe {
        if TYPEOF(owner) != Kind::EXTPTRSXP {
            return None;
        }
        R_ExternalPtrAddr(owner).cast::<Owned>().as_ref()
    }
}

/// What the owner of a view holds; `None` of one that was given back.
///
/// # Safety
/// R's main thread; `x` is a view of ours, and stays reachable as long as the result is used.
pub(super) unsafe fn owned<'a>(x: SEXP) -> Option<&'a Owned> {
    // SAFETY: a view's first data slot is its owner.
    unsafe { owned_by(R_altrep_data1(x)) }
}

/// Gives the mapping back, once. Called by R's collector, and where no view was made before. In a forked child it unmaps and closes what is the
/// child's own.
unsafe extern "C" fn finalize(owner: SEXP) {
    // SAFETY: the address is null or what `Owner::new` put there, which this takes; cleared at once, so never twice.
    unsafe {
        let address = R_ExternalPtrAddr(owner).cast::<Owned>();
        R_ClearExternalPtr(owner);
        if !address.is_null() {
            let owned = Box::from_raw(address);
            HELD.set(HELD.get() - owned.counted);
            MAPPED.set(MAPPED.get() - owned.mapping.len() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use scheduler::os::{Place, Segment};
    use scheduler::page::Tag;

    use super::*;
    use crate::altrep::vector;
    use crate::r::embedded::{r, with_r};

    #[test]
    fn what_nobody_views_goes_at_once_and_a_view_keeps_the_rest() {
        with_r(|| {
            let name = format!("memshare-test-owner-{}", std::process::id());
            let (_segment, file) = Segment::create(&name, 8192, &Place::Memory).unwrap();
            let mapping = Arc::new(Mapping::private(&file).unwrap());
            let owner = || Owner::new(&mapping, None, Lives::WithItsViews).unwrap();
            let before = (held(), mapped());
            drop(owner());
            assert_eq!(((held(), mapped()), Arc::strong_count(&mapping)), (before, 1));

            let seen = owner();
            // SAFETY: the mapping is longer, and stays; nobody reads the items.
            let view = unsafe {
                let data = mapping.bytes().as_ptr().cast_mut();
                protect(|s| Ok(Preserved::new(vector(s, Tag::Real, seen.get(), data, 8)))).unwrap()
            };
            drop(seen);
            assert_eq!((mapped() - before.1, Arc::strong_count(&mapping)), (8192, 2));
            drop(view);
            protect(|s| Ok(Preserved::new(r(s, "gc()")))).unwrap();
            assert_eq!(((held(), mapped()), Arc::strong_count(&mapping)), (before, 1));
        });
    }
}
