//! Locks between openings of one segment, within a process and over a fork.

use super::*;
use crate::os::{reap, Place, Segment};

const NOW: Duration = Duration::ZERO;

fn segment(test: u32) -> Segment {
    Segment::create(&format!("memshare-test-{}-lock{test}", std::process::id()), 8192, &Place::Memory)
        .unwrap()
        .0
}

fn ask(segment: &Segment, access: Access, range: Range<u64>, patience: Duration) -> Locked {
    RangeLock::take(segment.file().unwrap(), access, range, patience).unwrap()
}

fn refusal(locked: Locked) -> Option<Access> {
    match locked {
        Locked::Held(_) => None,
        Locked::Refused(access) => Some(access),
    }
}

#[test]
fn readers_share_and_keep_writers_out_everywhere() {
    let segment = segment(1);
    let (one, two) = (ask(&segment, Access::Read, ALL, NOW), ask(&segment, Access::Read, ALL, NOW));
    for range in [0..1, 5000..6000, 1 << 40..1 << 41, ALL] {
        assert_eq!(refusal(ask(&segment, Access::Write, range, NOW)), Some(Access::Read));
    }
    drop(one);
    assert_eq!(refusal(ask(&segment, Access::Write, 0..8, NOW)), Some(Access::Read), "the other still reads");
    drop(two);
    assert_eq!(refusal(ask(&segment, Access::Write, ALL, NOW)), None);
}

#[test]
fn a_reader_is_told_at_once_whatever_the_patience() {
    let segment = segment(2);
    let _reader = ask(&segment, Access::Read, ALL, NOW);
    let start = Instant::now();
    assert_eq!(refusal(ask(&segment, Access::Write, 0..8, Duration::from_secs(60))), Some(Access::Read));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn writers_of_parts_that_do_not_touch_go_together_and_others_wait() {
    let segment = segment(3);
    let first = ask(&segment, Access::Write, 0..4096, NOW);
    let behind = ask(&segment, Access::Write, 4096..1 << 40, NOW);
    assert!(matches!(behind, Locked::Held(_)));
    assert_eq!(refusal(ask(&segment, Access::Write, 4095..4097, NOW)), Some(Access::Write));
    assert_eq!(refusal(ask(&segment, Access::Read, ALL, NOW)), Some(Access::Write));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(30));
            drop((first, behind));
        });
        assert_eq!(refusal(ask(&segment, Access::Read, ALL, Duration::from_secs(30))), None);
    });
}

#[test]
fn a_forked_child_does_not_give_up_its_parents_lock_nor_keep_it() {
    let segment = segment(4);
    let lock = ask(&segment, Access::Read, ALL, NOW);
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    let _forking = crate::os::per_process::tests::forking();
    // SAFETY: the child makes system calls only and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(lock);
        // SAFETY: waits for the parent's end to close, then ends at once; the descriptors are open.
        unsafe {
            libc::close(ends[1]);
            let mut byte = 0_u8;
            libc::read(ends[0], std::ptr::from_mut(&mut byte).cast(), 1);
            libc::_exit(0);
        }
    }
    // The child has let go of its copy by now or will: the parent's lock stands either way.
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(refusal(ask(&segment, Access::Write, 0..1, NOW)), Some(Access::Read));
    drop(lock);
    assert_eq!(refusal(ask(&segment, Access::Write, 0..1, NOW)), None);
    // SAFETY: the descriptors are this function's and open.
    unsafe {
        libc::close(ends[1]);
        libc::close(ends[0]);
    }
    while reap(child as u32).is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_segment_open_for_reading_can_be_locked_for_reading_only() {
    let segment = segment(5);
    let read = || SegmentFile::open_read(&segment.handle()).unwrap().unwrap();
    assert!(matches!(RangeLock::take(read(), Access::Read, ALL, NOW), Ok(Locked::Held(_))));
    assert!(matches!(RangeLock::take(read(), Access::Write, ALL, NOW), Err(Error::Os { .. })));
}
