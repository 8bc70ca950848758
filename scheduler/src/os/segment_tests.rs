//! Segments, files and mappings on the real `/dev/shm`.

use std::os::unix::fs::{symlink, PermissionsExt};

use std::path::PathBuf;

use super::*;
use crate::os::Mapping;

/// A name that no cleaner takes for a dead session's, other in each test and each process.
fn fresh(test: u32) -> String {
    format!("memshare-test-{}-{test}", std::process::id())
}

fn is_damaged<T: std::fmt::Debug>(result: Result<T>, why: &str) {
    match result {
        Err(Error::Damaged { reason, .. }) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_segment_is_made_once_for_the_user_alone_and_goes_with_its_owner() {
    let name = fresh(1);
    let segment = Segment::create(&name, 10_000, &Place::Memory).unwrap().0;
    let path = segment.handle().path();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(segment.file().unwrap().len().unwrap(), 10_000);
    let Err(Error::Os { source, .. }) = Segment::create(&name, 1, &Place::Memory) else {
        panic!("made twice")
    };
    assert_eq!(source.kind(), io::ErrorKind::AlreadyExists);
    assert!(path.exists(), "the second one's failure took the first one's name away");
    drop(segment);
    assert!(!path.exists());
    assert!(Segment::create(&name, 0, &Place::Memory).is_err());
}

#[test]
fn what_is_written_is_read_and_an_early_end_is_an_error() {
    for place in [Place::Memory, Place::Directory(std::env::temp_dir())] {
        let segment = Segment::create(&fresh(2), 5000, &place).unwrap().0;
        let file = segment.file().unwrap();
        file.reserve().unwrap();
        file.write_at(4990, b"0123456789").unwrap();
        let read = SegmentFile::open_read(&segment.handle()).unwrap().unwrap();
        let mut got = [0; 10];
        read.read_at(4990, &mut got).unwrap();
        assert_eq!(&got, b"0123456789");
        is_damaged(read.read_at(4991, &mut got), "ends too early");
        assert!(matches!(read.write_at(0, b"x"), Err(Error::Os { .. })), "it was opened for reading");
        assert_eq!(read.len().unwrap(), 5000);
    }
}

#[test]
fn a_private_mapping_keeps_its_writes_and_outlives_the_name() {
    let segment = Segment::create(&fresh(3), 8192, &Place::Memory).unwrap().0;
    let file = segment.file().unwrap();
    file.write_at(0, &[7; 8192]).unwrap();
    let read = SegmentFile::open_read(&segment.handle()).unwrap().unwrap();
    let (one, two) = (Mapping::private(&read).unwrap(), Mapping::private(&read).unwrap());
    let seen = Mapping::read_only(&read).unwrap();
    // SAFETY: the mapping is private, writable and 8192 bytes long; no slice of it is alive.
    unsafe { one.as_ptr().write(1) };
    // SAFETY: nothing writes to the segment any more, nor through these mappings.
    let (one_bytes, two_bytes, seen_bytes) = unsafe { (one.bytes(), two.bytes(), seen.bytes()) };
    assert_eq!((one_bytes[0], two_bytes[0], seen_bytes[0]), (1, 7, 7));
    drop((segment, file, read));
    assert!(one_bytes[1..].iter().chain(two_bytes).chain(seen_bytes).all(|&byte| byte == 7));
    assert_eq!(one.len(), 8192);
}

#[test]
fn a_shared_mapping_is_seen_by_all_and_needs_a_file_open_for_writing() {
    let segment = Segment::create(&fresh(4), 4096, &Place::Memory).unwrap().0;
    segment.file().unwrap().reserve().unwrap();
    let file = segment.file().unwrap();
    let shared = Mapping::shared(&file).unwrap();
    // SAFETY: the mapping is writable, 4096 bytes long, and no slice of it is alive.
    unsafe { shared.as_ptr().add(9).write(5) };
    let mut got = [0];
    file.read_at(9, &mut got).unwrap();
    assert_eq!(got, [5]);
    let read = SegmentFile::open_read(&segment.handle()).unwrap().unwrap();
    assert!(Mapping::shared(&read).is_err());
}

#[test]
fn a_name_given_up_and_taken_again_is_not_the_old_segment() {
    let name = fresh(5);
    let old = Segment::create(&name, 1, &Place::Memory).unwrap().0;
    let handle = old.handle();
    std::fs::remove_file(handle.path()).unwrap();
    let new = Segment::create(&name, 1, &Place::Memory).unwrap().0;
    assert!(SegmentFile::open_read(&handle).unwrap().is_none());
    is_damaged(old.file(), "taken away from outside");
    drop(old);
    assert!(new.handle().path().exists(), "the old owner took the new one's name away");
}

#[test]
fn renaming_gives_way_to_a_name_that_is_taken() {
    for place in [Place::Memory, Place::Directory(std::env::temp_dir())] {
        let (mut one, mut two) = (
            Segment::create(&fresh(6), 1, &place).unwrap().0,
            Segment::create(&fresh(7), 1, &place).unwrap().0,
        );
        let target = fresh(8);
        assert!(one.rename(&target).unwrap());
        assert!(!two.rename(&target).unwrap());
        assert_eq!((one.handle().name.as_str(), two.handle().name), (target.as_str(), fresh(7)));
        assert_eq!(one.file().unwrap().inode(), one.handle().inode);
        two.file().unwrap();
        let path = one.handle().path();
        drop(one);
        assert!(!path.exists() && two.rename(&target).unwrap());
    }
}

#[test]
fn what_someone_planted_is_refused_and_nothing_is_followed_or_waited_for() {
    let segment = Segment::create(&fresh(9), 1, &Place::Memory).unwrap().0;
    let path = segment.handle().path();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    is_damaged(SegmentFile::open_read(&segment.handle()), "other users can open it");

    let dir = Place::Directory(std::env::temp_dir());
    let planted = SegmentHandle::named(fresh(10), dir);
    symlink("/etc/passwd", planted.path()).unwrap();
    is_damaged(SegmentFile::open_read(&planted), "link");
    std::fs::remove_file(planted.path()).unwrap();
    fs::mknodat(fs::CWD, planted.path(), fs::FileType::Fifo, fs::Mode::RUSR | fs::Mode::WUSR, 0).unwrap();
    is_damaged(SegmentFile::open_read(&planted), "not a regular file");
    std::fs::remove_file(planted.path()).unwrap();
    assert!(SegmentFile::open_read(&planted).unwrap().is_none());
}

#[test]
fn an_orphan_is_removed_by_exactly_one() {
    let segment = Segment::create(&fresh(11), 1, &Place::Memory).unwrap().0;
    let open = || SegmentFile::open_write(&segment.handle()).unwrap().unwrap();
    let (one, two) = (open(), open());
    assert!(one.remove_orphan().unwrap());
    assert!(!two.remove_orphan().unwrap(), "the other one still holds the lock");
    drop(one);
    assert!(!two.remove_orphan().unwrap(), "the name is gone");
}

/// A tmpfs of one mebibyte; `None` where this process may not mount.
struct Small(PathBuf);

impl Small {
    fn mount() -> Option<Small> {
        let path = std::env::temp_dir().join(fresh(12));
        std::fs::create_dir(&path).unwrap();
        let target = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: the strings end with 0 and live through the call.
        let failed = unsafe {
            libc::mount(c"none".as_ptr(), target.as_ptr(), c"tmpfs".as_ptr(), 0, c"size=1m".as_ptr().cast())
        };
        if failed == 0 {
            return Some(Small(path));
        }
        std::fs::remove_dir(&path).unwrap();
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let target = std::ffi::CString::new(self.0.to_str().unwrap()).unwrap();
        // SAFETY: the string ends with 0 and lives through the call.
        unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[test]
fn a_full_place_is_an_error_with_figures() {
    let Some(small) = Small::mount() else {
        eprintln!("not run: this process may not mount a small tmpfs");
        return;
    };
    let place = Place::Directory(small.0.clone());
    let mebibyte = 1 << 20;
    assert_eq!(super::super::space::of(&place).unwrap().limit, mebibyte);
    let segment = Segment::create(&fresh(13), 2 * mebibyte, &place).unwrap().0;
    // A reservation that fails takes nothing; a write takes what there is, until the segment goes.
    for (result, left) in [
        (segment.file().unwrap().reserve(), mebibyte),
        (segment.file().unwrap().write_at(0, &vec![1; 2 << 20]), 0),
    ] {
        let Err(Error::NoSpace { needed, free, limit, dir }) = result else { panic!("{result:?}") };
        assert_eq!((needed, free, limit, dir), (2 * mebibyte, left, mebibyte, small.0.clone()));
    }
    drop(segment);
    assert_eq!(super::super::space::of(&place).unwrap().free, mebibyte, "room is given back");
}
