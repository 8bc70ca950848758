//! The limits of memory, read from files as the kernel writes them.

use super::*;

#[test]
fn the_machine_counts_available_memory_and_swap() {
    let text = "MemTotal:       1000 kB\nMemFree:  10 kB\nMemAvailable:    400 kB\nSwapTotal: 100 kB\nSwapFree:  50 kB\n";
    assert_eq!(of_machine(text), Some(Space { free: 450 * 1024, limit: 1100 * 1024 }));
    assert_eq!(of_machine("MemTotal: 5 kB\n"), None, "an old kernel says nothing of what is available");
    assert_eq!(of_machine(""), None);
}

/// A directory of control groups, removed when dropped.
struct Groups(std::path::PathBuf);

impl Groups {
    fn new(files: &[(&str, &str)]) -> Groups {
        let unique = format!("memshare-groups-{}-{:?}", std::process::id(), std::thread::current().id());
        let root = std::env::temp_dir().join(unique);
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Groups(root)
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_tightest_group_above_the_process_counts() {
    let groups = Groups::new(&[
        ("a/memory.max", "10000\n"),
        ("a/memory.current", "9500\n"),
        ("a/memory.stat", "anon 9000\ninactive_file 100\nactive_file 200\nshmem 7\n"),
        ("a/b/memory.max", "5000\n"),
        ("a/b/memory.current", "100\n"),
        ("a/b/c/memory.max", "max\n"),
        ("a/b/c/memory.current", "50\n"),
    ]);
    // Of `a`, 500 are free and 300 more are cache.
    assert_eq!(of_group(&groups.0, "0::/a/b/c\n"), Some(Space { free: 800, limit: 10_000 }));
    assert_eq!(of_group(&groups.0, "0::/elsewhere\n"), None);
    assert_eq!(of_group(&groups.0, "nonsense"), None);
}

#[test]
fn the_first_version_is_read_where_a_container_mounts_it() {
    let groups = Groups::new(&[
        ("memory/memory.limit_in_bytes", "4096\n"),
        ("memory/memory.usage_in_bytes", "1000\n"),
        ("memory/memory.stat", "inactive_file 1\ntotal_inactive_file 10\ntotal_active_file 20\n"),
        ("memory/free/memory.limit_in_bytes", "9223372036854771712\n"),
        ("memory/free/memory.usage_in_bytes", "1000\n"),
    ]);
    let outside = "5:cpu:/x\n4:memory:/docker/not-here\n0::/\n";
    assert_eq!(of_group(&groups.0, outside), Some(Space { free: 4096 - 970, limit: 4096 }));
    assert_eq!(of_group(&groups.0, "4:memory:/free\n").map(|s| s.limit), Some(4096), "no limit is no limit");
}

#[test]
fn a_need_beyond_all_room_says_how_much_there_is() {
    let error = check(u64::MAX, &Place::Memory).unwrap_err();
    let Error::NoSpace { needed, free, limit, dir } = error else { panic!("{error}") };
    assert_eq!((needed, dir.as_path()), (u64::MAX, Path::new("/dev/shm")));
    assert!(free > 0 && limit >= free, "{free} of {limit}");
    check(1, &Place::Directory(std::env::temp_dir())).unwrap();
    assert!(of(&Place::Directory("/does/not/exist".into())).is_err());
}
