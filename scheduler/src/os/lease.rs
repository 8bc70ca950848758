//! Whether anybody else has a segment open or mapped: the kernel is asked, which knows of every process.
//!
//! A write lease is granted on a file that nobody else has open; and who maps a file keeps it open. It is given back at once. Whoever
//! opens the file between the two has a signal sent to this process: one that is ignored by default is chosen.

use super::file::SegmentFile;

/// Linux's command that chooses the signal; `libc` does not name it.
const F_SETSIG: libc::c_int = 10;

impl SegmentFile {
    /// Whether nothing but this very descriptor has the segment open, in any process, and nothing maps it. `false` too where the system
    /// cannot tell. This descriptor must be open for writing. Mappings that were made through it are not seen.
    pub fn is_alone(&self) -> bool {
        let fd = self.descriptor();
        // SAFETY: an open descriptor, which lives as long as `self`; these commands take a number and touch no memory of ours.
        unsafe {
            let alone = libc::fcntl(fd, F_SETSIG, libc::SIGURG) == 0
                && libc::fcntl(fd, libc::F_SETLEASE, libc::F_WRLCK) == 0;
            if alone {
                libc::fcntl(fd, libc::F_SETLEASE, libc::F_UNLCK);
            }
            alone
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::os::per_process::tests::{forked, nobody_forks};
    use crate::os::{Exit, Mapping, Place, Segment, SegmentFile};

    /// A segment whose name is gone, and another way to open it.
    fn nameless() -> SegmentFile {
        let name = format!("memshare-test-{}-lease", std::process::id());
        let (segment, file) = Segment::create(&name, 8192, &Place::Memory).unwrap();
        drop(segment);
        file.renamed(name)
    }

    #[test]
    fn who_opens_or_maps_a_segment_is_seen() {
        let _alone = nobody_forks();
        let file = nameless();
        assert!(file.is_alone() && file.is_alone());
        let other = SegmentFile::open_read(&file.handle()).unwrap().unwrap();
        assert!(!file.is_alone(), "open");
        let mapping = Mapping::private(&other).unwrap();
        drop(other);
        assert!(!file.is_alone(), "mapped");
        drop(mapping);
        assert!(file.is_alone());
    }

    #[test]
    fn a_mapping_that_a_fork_shares_is_seen_when_one_of_the_two_gave_it_up() {
        let _alone = nobody_forks();
        let file = nameless();
        let mapping = Mapping::private(&SegmentFile::open_read(&file.handle()).unwrap().unwrap()).unwrap();
        let ended = forked(|| {
            drop(mapping);
            !file.is_alone()
        });
        assert_eq!(ended, Exit::Code(0));
        assert!(file.is_alone(), "both did");
    }
}
