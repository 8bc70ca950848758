//! Files of the user's: what is refused, and what a mapping of a segment with a file shows.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;
use crate::os::{page_size, Mapping, Segment, SegmentFile};

/// A directory of the test's own, gone when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new(test: u32) -> Dir {
        let path = std::env::temp_dir().join(format!("memshare-test-{}-data{test}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Dir(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn reason<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Error::File { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

fn segment(test: u32, bytes: u64) -> Segment {
    Segment::create(&format!("memshare-test-{}-part{test}", std::process::id()), bytes, &Place::Memory)
        .unwrap()
        .0
}

#[test]
fn only_a_regular_file_that_is_there_and_long_enough_will_do() {
    let dir = Dir::new(1);
    let path = dir.file("x", &[1; 100]);
    assert!(reason(DataFile::open(&dir.0.join("none"), Access::Read)).contains("no such file"));
    assert!(reason(DataFile::open(&path.join("below"), Access::Read)).contains("no such file"));
    for access in [Access::Read, Access::Write] {
        assert!(reason(DataFile::open(&dir.0, access)).contains("not a regular file"));
        assert!(reason(DataFile::open(Path::new("/dev/zero"), access)).contains("not a regular file"));
    }
    fs::mknodat(fs::CWD, dir.0.join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert!(reason(DataFile::open(&dir.0.join("pipe"), Access::Read)).contains("not a regular file"));
    let file = DataFile::open(&path, Access::Read).unwrap();
    assert_eq!(reason(file.part(1, 100)), "it is too short: 101 bytes needed, it has 100");
    assert!(reason(file.part(8, u64::MAX)).contains("too short"));
    assert!(matches!(file.write_at(0, b"x"), Err(Error::File { .. })), "it was opened for reading");
}

#[test]
fn a_part_is_of_one_file_for_ever() {
    let dir = Dir::new(2);
    let path = dir.file("x", &[1; 100]);
    symlink(&path, dir.0.join("link")).unwrap();
    let part = DataFile::open(&dir.0.join("link"), Access::Read).unwrap().part(4, 96).unwrap();
    DataFile::open_part(&part, Access::Write).unwrap().write_at(99, b"z").unwrap();
    assert_eq!(std::fs::read(&path).unwrap()[98..], [1, b'z']);
    std::fs::File::options().write(true).open(&path).unwrap().set_len(99).unwrap();
    assert!(reason(DataFile::open_part(&part, Access::Read)).contains("100 bytes needed, it has 99"));
    let other = dir.file("other", &[2; 100]);
    std::fs::rename(other, &path).unwrap();
    assert!(reason(DataFile::open_part(&part, Access::Read)).contains("another file has taken its place"));
    std::fs::remove_file(&path).unwrap();
    assert!(reason(DataFile::open_part(&part, Access::Read)).contains("no such file"));
}

#[test]
fn a_segment_and_its_file_are_one_slice_whatever_the_offset() {
    let dir = Dir::new(3);
    let page = page_size();
    let content: Vec<u8> = (0..3 * page + 77).map(|i| (i % 251) as u8).collect();
    let path = dir.file("x", &content);
    let segment = segment(3, page);
    segment.file().unwrap().write_at(0, b"head").unwrap();
    let file = SegmentFile::open_read(&segment.handle()).unwrap().unwrap();
    for offset in [0, 8, page - 1, page, 2 * page + 5, 3 * page] {
        for bytes in [1, 70, content.len() as u64 - offset] {
            let part = DataFile::open(&path, Access::Read).unwrap().part(offset, bytes).unwrap();
            let mapping = Mapping::private_with(&file, &part).unwrap();
            // SAFETY: nothing writes to the segment, the file or the mapping.
            let slice = unsafe { mapping.bytes() };
            assert_eq!(&slice[..5], b"head\0");
            let start = (page + offset % page) as usize;
            assert_eq!(slice[start..], content[offset as usize..(offset + bytes) as usize]);
        }
    }
}

#[test]
fn what_is_written_to_a_joined_mapping_stays_in_it_and_what_is_written_to_the_file_shows() {
    let dir = Dir::new(4);
    let path = dir.file("x", &[7; 8192]);
    let segment = segment(4, page_size());
    let part = DataFile::open(&path, Access::Read).unwrap().part(0, 8192).unwrap();
    let map = || Mapping::private_with(&segment.file().unwrap(), &part).unwrap();
    let (one, two) = (map(), map());
    let at = page_size() as usize;
    // SAFETY: the mapping is private, writable and longer than that; no slice of it is alive.
    unsafe { one.as_ptr().add(at).write(1) };
    DataFile::open_part(&part, Access::Write).unwrap().write_at(8000, &[9]).unwrap();
    // SAFETY: nothing writes any more.
    let (one, two) = unsafe { (one.bytes(), two.bytes()) };
    assert_eq!((one[at], two[at], one[at + 8000], two[at + 8000]), (1, 7, 9, 9));
    assert_eq!(std::fs::read(&path).unwrap()[0], 7);
    drop(segment);
    assert_eq!(one[at + 8191], 7);
}

#[test]
fn a_joined_mapping_goes_as_a_whole() {
    let dir = Dir::new(5);
    let path = dir.file("x", &[7; 9000]);
    let name = path.to_str().unwrap().to_owned();
    let segment = segment(5, page_size());
    let part = DataFile::open(&path, Access::Read).unwrap().part(100, 8900).unwrap();
    let maps = || std::fs::read_to_string("/proc/self/maps").unwrap();
    let shown = || (maps().matches(&name).count(), maps().matches(&segment.handle().name).count());
    let mapping = Mapping::private_with(&segment.file().unwrap(), &part).unwrap();
    assert_eq!(shown(), (1, 1));
    drop(mapping);
    assert_eq!(shown(), (0, 0));
}

#[test]
fn an_empty_part_needs_no_mapping_and_a_crooked_segment_is_refused() {
    let dir = Dir::new(6);
    let data = DataFile::open(&dir.file("x", b"12345678"), Access::Read).unwrap();
    let whole = segment(6, page_size());
    let empty = Mapping::private_with(&whole.file().unwrap(), &data.part(8, 0).unwrap()).unwrap();
    assert_eq!(empty.len() as u64, page_size());
    let crooked = segment(7, page_size() + 1);
    let refused = Mapping::private_with(&crooked.file().unwrap(), &data.part(0, 8).unwrap());
    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
}
