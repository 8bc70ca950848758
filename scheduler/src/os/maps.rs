//! What this user's processes have mapped, as `/proc` tells: for the question who keeps a page alive.
//!
//! A picture that is never quite of one moment. Processes that end meanwhile, or that this one may not look into, are left
//! out.

use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// A range of a process's memory that shows a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where it begins in that process.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// The file system's number, as `stat` gives it.
    pub device: u64,
    /// The file's number there.
    pub inode: u64,
    /// By which name the file was opened; where it is now if it was renamed.
    pub path: PathBuf,
    /// Whether that name is gone.
    pub deleted: bool,
}

impl Region {
    /// Its size.
    pub fn bytes(&self) -> u64 {
        self.end - self.start
    }
}

/// The processes of this user, without threads.
pub fn processes() -> Vec<u32> {
    let user = super::host::user();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let mut pids: Vec<u32> = entries
        .flatten()
        .filter(|entry| entry.metadata().is_ok_and(|meta| meta.uid() == user))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    pids.sort_unstable();
    pids
}

/// What files a process has mapped, from the lowest address on; nothing for one that cannot be looked into.
pub fn regions(pid: u32) -> Vec<Region> {
    parse(&fs::read(format!("/proc/{pid}/maps")).unwrap_or_default())
}

/// The name of a process's program, empty when it is not to be had.
pub fn command(pid: u32) -> String {
    let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    String::from_utf8_lossy(&name).trim_end().to_owned()
}

/// A process's program with its arguments, a blank between them; its name alone, or nothing, where more is not to be had.
pub fn command_line(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    let words: Vec<&str> = line.split('\0').filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        command(pid)
    } else {
        words.join(" ")
    }
}

fn parse(maps: &[u8]) -> Vec<Region> {
    maps.split(|&byte| byte == b'\n').filter_map(line).collect()
}

/// `start-end permissions offset device inode path`, numbers in hexadecimal but for the inode.
fn line(line: &[u8]) -> Option<Region> {
    let mut rest = line;
    let mut field = || {
        let end = rest.iter().position(|&byte| byte == b' ')?;
        let (word, tail) = rest.split_at(end);
        rest = tail.trim_ascii_start();
        std::str::from_utf8(word).ok()
    };
    let (range, _permissions, _offset, device, inode) = (field()?, field()?, field()?, field()?, field()?);
    let (start, end) = range.split_once('-')?;
    let address = |text| u64::from_str_radix(text, 16).ok();
    let (start, end) = (address(start)?, address(end)?);
    let (major, minor) = device.split_once(':')?;
    let number = |text| u32::from_str_radix(text, 16).ok();
    let device = rustix::fs::makedev(number(major)?, number(minor)?);
    let inode = inode.parse().ok().filter(|&inode: &u64| inode != 0 && start < end)?;
    let deleted = rest.strip_suffix(b" (deleted)");
    let path = PathBuf::from(std::ffi::OsString::from_vec(unescaped(deleted.unwrap_or(rest))));
    Some(Region { start, end, device, inode, path, deleted: deleted.is_some() })
}

/// The kernel writes a line's end within a name as `\012`.
fn unescaped(name: &[u8]) -> Vec<u8> {
    const END: &[u8] = b"\\012";
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, tail)) = rest.split_first() {
        match rest.strip_prefix(END) {
            Some(behind) => {
                out.push(b'\n');
                rest = behind;
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::os::{Mapping, Place, Segment};

    #[test]
    fn lines_are_read_and_what_shows_no_file_is_passed_over() {
        let maps = b"55d0c9c00000-55d0c9c21000 r--p 00000000 fe:00 1835 /usr/bin/a b\n\
            7f00-8f00 rw-p 00001000 00:1a 77 /dev/shm/memshare-x (deleted)\n\
            9000-a000 rw-p 00000000 00:00 0 \n\
            a000-b000 rw-p 00000000 00:00 0                                  [heap]\n\
            b000-c000 r--s 00000000 00:01 5      /odd\\012name\n\
            nonsense\n\
            d000-c000 r--p 00000000 00:01 5 /backwards\n";
        let found = parse(maps);
        let paths: Vec<&Path> = found.iter().map(|region| region.path.as_path()).collect();
        assert_eq!(
            paths,
            [Path::new("/usr/bin/a b"), Path::new("/dev/shm/memshare-x"), Path::new("/odd\nname")]
        );
        assert_eq!(
            (found[0].start, found[0].end, found[0].device, found[0].inode),
            (0x55d0_c9c0_0000, 0x55d0_c9c2_1000, rustix::fs::makedev(0xfe, 0), 1835)
        );
        assert_eq!(found.iter().map(|region| region.deleted).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(found[1].bytes(), 0x1000);
    }

    #[test]
    fn this_process_and_what_it_maps_are_found() {
        let pid = std::process::id();
        assert!(processes().contains(&pid) && !command(pid).is_empty());
        let program = std::env::args().collect::<Vec<_>>().join(" ");
        assert_eq!(command_line(pid), program);
        assert_eq!(command_line(u32::MAX), "", "no such process");
        let name = format!("memshare-test-{pid}-maps");
        let segment = Segment::create(&name, 10_000, &Place::Memory).unwrap().0;
        let mapping = Mapping::private(&segment.file().unwrap()).unwrap();
        let handle = segment.handle();
        let mine = || regions(pid).into_iter().filter(|r| r.inode == handle.inode && r.path == handle.path());
        assert_eq!(
            mine().map(|region| (region.bytes(), region.deleted)).collect::<Vec<_>>(),
            [(12_288, false)]
        );
        drop(segment);
        assert_eq!(mine().map(|region| region.deleted).collect::<Vec<_>>(), [true]);
        drop(mapping);
        assert_eq!(mine().count(), 0);
    }
}
