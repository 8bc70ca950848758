//! Which pages of this process's memory are its own copies, as `/proc/self/pagemap` tells: of a private mapping of a file, those
//! that were written to.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::host::page_size;

/// Bytes of an entry, one a page of memory.
const ENTRY: usize = 8;
/// Entries that are read at a time.
const AT_A_TIME: usize = 8192;
/// Bits of an entry: the page is in memory; it is in the swap space; it is a page of a file, or of shared memory.
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const OF_FILE: u64 = 1 << 61;

/// Whether any page between two addresses is this process's own copy; `None` where it cannot be told.
pub(super) fn any_own(start: usize, end: usize) -> Option<bool> {
    let page = page_size() as usize;
    let (first, last) = (start / page, end.div_ceil(page));
    let map = File::open("/proc/self/pagemap").ok()?;
    let mut buffer = vec![0; ENTRY * AT_A_TIME.min(last - first)];
    for at in (first..last).step_by(AT_A_TIME) {
        let part = &mut buffer[..ENTRY * AT_A_TIME.min(last - at)];
        map.read_exact_at(part, (at * ENTRY) as u64).ok()?;
        let mut entries =
            part.chunks_exact(ENTRY).filter_map(|entry| Some(u64::from_ne_bytes(*entry.first_chunk()?)));
        if entries.any(|entry| entry & (PRESENT | SWAPPED) != 0 && entry & OF_FILE == 0) {
            return Some(true);
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use crate::os::{page_size, Mapping, Place, Segment};

    #[test]
    fn written_pages_of_a_private_mapping_are_told_from_read_ones() {
        let page = page_size() as usize;
        let name = format!("memshare-test-{}-pagemap", std::process::id());
        let segment = Segment::create(&name, 100 * page as u64, &Place::Memory).unwrap().0;
        segment.file().unwrap().write_at(0, &vec![7; 100 * page]).unwrap();
        let mapping = Mapping::private(&segment.file().unwrap()).unwrap();
        assert!(!mapping.was_written(0, 100 * page), "nothing was touched");
        // SAFETY: within the mapping, of which nobody else has a reference.
        let sum: u64 =
            (0..100).map(|i| u64::from(unsafe { mapping.as_ptr().add(i * page).read_volatile() })).sum();
        assert_eq!(sum, 700);
        assert!(!mapping.was_written(0, 100 * page), "it was only read");
        // SAFETY: as above; the mapping is private and writable.
        unsafe { mapping.as_ptr().add(50 * page).write_volatile(8) };
        assert!(mapping.was_written(0, 100 * page) && mapping.was_written(50 * page + 9, 1));
        assert!(!mapping.was_written(0, 50 * page) && !mapping.was_written(51 * page, 49 * page));
        assert!(!mapping.was_written(50 * page, 0) && mapping.was_written(50 * page, usize::MAX));
    }
}
