//! The pages of a simulated run: a number takes a line of 64 bytes. Who reads what is not there, or not there any more,
//! panics.
use crate::board::Output;
use crate::id::ResourceId;
use std::collections::BTreeMap;

/// Bytes of a number.
pub(crate) const EACH: u64 = 64;

/// Pages by resource.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    pages: BTreeMap<ResourceId, Page>,
    /// What they hold together.
    pub(crate) bytes: u64,
}

#[derive(Debug, Default)]
struct Page {
    numbers: Vec<Option<u64>>,
    /// Of numbers and of what was given as a whole.
    bytes: u64,
    gone: bool,
}

impl Pages {
    /// A variable of so many bytes comes.
    pub(crate) fn share(&mut self, resource: ResourceId, bytes: u64) {
        self.pages.entry(resource).or_default().bytes += bytes;
        self.bytes += bytes;
    }

    /// Room for so many bytes is taken.
    pub(crate) fn reserve(&mut self, resource: ResourceId, bytes: u64) {
        let page = self.pages.entry(resource).or_default();
        assert!(!page.gone, "resource {resource} is written to after its end");
        page.bytes += bytes;
        self.bytes += bytes;
    }

    /// Room that was taken turned out not to be there.
    pub(crate) fn unreserve(&mut self, resource: ResourceId, bytes: u64) {
        let page = self.pages.get_mut(&resource).expect("it was reserved");
        if !page.gone {
            page.bytes -= bytes;
            self.bytes -= bytes;
        }
    }

    /// Whether a page is gone.
    pub(crate) fn is_gone(&self, resource: ResourceId) -> bool {
        self.pages.get(&resource).is_some_and(|page| page.gone)
    }

    /// Writes to a place that was reserved.
    pub(crate) fn write(&mut self, resource: ResourceId, output: Output, values: &[u64]) {
        let page = self.pages.entry(resource).or_default();
        assert!(!page.gone, "resource {resource} is written to after its end");
        let (first, end) = ((output.at / EACH) as usize, ((output.at + output.len) / EACH) as usize);
        page.numbers.resize(page.numbers.len().max(end), None);
        for (place, value) in page.numbers[first..end].iter_mut().zip(values) {
            assert_eq!(place.replace(*value), None, "two results of {resource} at one place");
        }
    }

    /// A number of a part.
    pub(crate) fn read(&self, resource: ResourceId, output: Output, nth: u64) -> u64 {
        assert!(EACH * nth < output.len, "beyond the part");
        let page = self.pages.get(&resource).filter(|page| !page.gone);
        let page = page.unwrap_or_else(|| panic!("resource {resource} is read and not there"));
        page.numbers[(output.at / EACH + nth) as usize]
            .unwrap_or_else(|| panic!("{resource} is read too late"))
    }

    /// A part goes. One whose page is gone already changes nothing.
    pub(crate) fn punch(&mut self, resource: ResourceId, output: Output) {
        let page = self.pages.get_mut(&resource).expect("it was written");
        let (first, end) = ((output.at / EACH) as usize, ((output.at + output.len) / EACH) as usize);
        for place in &mut page.numbers[first..end] {
            assert!(place.take().is_some(), "a part of {resource} goes twice");
        }
        if !page.gone {
            page.bytes -= output.len;
            self.bytes -= output.len;
        }
    }

    /// A whole page goes.
    pub(crate) fn free(&mut self, resource: ResourceId) {
        let page = self.pages.entry(resource).or_default();
        assert!(!std::mem::replace(&mut page.gone, true), "resource {resource} goes twice");
        self.bytes -= std::mem::take(&mut page.bytes);
    }
}
