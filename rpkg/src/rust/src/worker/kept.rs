//! Mappings of registered variables, kept from one run to the next. A new mapping shows nothing until the kernel is asked for each part of it, which takes
//! about a third of the time of reading it; one that is used again is there.
//!
//! It is used again where nothing can tell: no view into it is left, and nobody wrote to it. A variable that was released would keep its memory by it, so it
//! is looked whether each still has a name, before each chunk and while nothing is to be done.
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use scheduler::error::Result;
use scheduler::os::{Mapping, SegmentFile};

use crate::altrep::Exposed;

/// Fewer bytes are shown as fast by a new mapping.
const WORTH_KEEPING: u64 = 64 << 10;
/// The most that are kept, those that were read last: each has a descriptor.
const MOST: usize = 16;

struct Kept {
    file: SegmentFile,
    mapping: Arc<Mapping>,
    exposed: Rc<Exposed>,
    /// Nobody wrote to it, and nobody has it any more.
    clean: bool,
}

impl Kept {
    fn is_alone(&self) -> bool {
        Arc::strong_count(&self.mapping) == 1
    }

    /// Whether it is as new. Asking the kernel takes milliseconds for some 100 MB that R code had a pointer to.
    fn is_clean(&self) -> bool {
        self.clean || self.is_alone() && !self.exposed.may_be_written(&self.mapping)
    }
}

thread_local! {
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// The mapping of a variable, which is kept no more, if it is as new.
///
/// # Errors
/// Those of asking about the file.
pub(super) fn take(file: &SegmentFile) -> Result<Option<Arc<Mapping>>> {
    let len = file.len()?;
    let is_it = |kept: &Kept| kept.file.number() == file.number();
    let kept = KEPT.with_borrow_mut(|all| all.iter().position(is_it).map(|at| all.remove(at)));
    Ok(kept.filter(|kept| kept.mapping.len() as u64 == len && kept.is_clean()).map(|kept| kept.mapping))
}

/// Looks at those that nobody has any more, so that the next run need not, and lets go what was written to.
pub(super) fn look() {
    KEPT.with_borrow_mut(|all| {
        all.retain_mut(|kept| {
            kept.clean = kept.is_clean();
            kept.clean || !kept.is_alone()
        })
    });
}

/// Keeps the mapping of a variable that the run reads. Not that of one whose data lies in a file, which is looked at each time.
///
/// # Errors
/// Those of asking about the file.
pub(super) fn keep(file: SegmentFile, mapping: &Arc<Mapping>, exposed: Rc<Exposed>) -> Result<()> {
    let len = file.len()?;
    if len >= WORTH_KEEPING && mapping.len() as u64 == len {
        let kept = Kept { file, mapping: Arc::clone(mapping), exposed, clean: false };
        KEPT.with_borrow_mut(|all| {
            if all.len() == MOST {
                all.remove(0);
            }
            all.push(kept);
        });
    }
    Ok(())
}

/// Whether there are any.
pub(super) fn any() -> bool {
    KEPT.with_borrow(|all| !all.is_empty())
}

/// Lets those go that were released.
pub(super) fn let_released_go() {
    KEPT.with_borrow_mut(|all| all.retain(|kept| kept.file.has_name().unwrap_or(false)));
}

/// Lets all go.
pub(super) fn clear() {
    KEPT.take();
}

#[cfg(test)]
mod tests {
    use scheduler::os::{Place, Segment};

    use super::*;
    use crate::altrep::{Lives, Owner};
    use crate::r::embedded::with_r;

    fn segment(name: &str) -> Segment {
        let name = format!("memshare-test-{}-kept-{name}", std::process::id());
        let segment = Segment::create(&name, 1 << 20, &Place::Memory).unwrap().0;
        segment.file().unwrap().write_at(0, &vec![7; 1 << 20]).unwrap();
        segment
    }

    /// What a run does that reads the variable: its mapping's address, whether it was there, and the owner.
    fn read(segment: &Segment) -> (usize, bool, Owner) {
        let file = segment.file().unwrap();
        let kept = take(&file).unwrap();
        let there = kept.is_some();
        let mapping = kept.unwrap_or_else(|| Arc::new(Mapping::private(&file).unwrap()));
        let owner = Owner::new(&mapping, None, Lives::WithItsName).unwrap();
        let at = mapping.as_ptr() as usize;
        keep(file, &mapping, owner.exposed()).unwrap();
        (at, there, owner)
    }

    #[test]
    fn a_mapping_is_used_again_unless_somebody_has_it_or_wrote_to_it() {
        with_r(|| {
            let (a, b) = (segment("a"), segment("b"));
            let (_, there, owner) = read(&a);
            assert!(!there && any());
            assert!(!read(&a).1, "an owner, which may have views, is left");
            drop(owner);
            assert!(read(&a).1 && !read(&b).1, "nobody has it");
            let (address, _, owner) = read(&a);
            owner.exposed().note(address as *const u8, 1 << 20, false);
            drop(owner);
            look();
            assert!(read(&a).1, "somebody could have written, but did not");
            let (address, _, owner) = read(&a);
            owner.exposed().note(address as *const u8, 1 << 20, true);
            // SAFETY: within the mapping, which is writable and of which nobody else has a reference.
            unsafe { (address as *mut u8).add(5000).write_volatile(8) };
            drop(owner);
            let (address, there, owner) = read(&a);
            assert!(!there, "somebody wrote");
            // SAFETY: within the mapping.
            assert_eq!(unsafe { (address as *const u8).add(5000).read_volatile() }, 7);
            drop(owner);
            for i in 0..=MOST {
                drop(read(&segment(&i.to_string())));
            }
            assert!(!read(&a).1, "others were read since");
            let_released_go();
            assert!(any());
            drop((a, b));
            let_released_go();
            assert!(!any());
        });
    }
}
