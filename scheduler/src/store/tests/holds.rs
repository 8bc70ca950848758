//! What a run holds outlives its name, whoever takes that away, and goes with the run or its session.

#![allow(clippy::disallowed_methods)] // a fork, made the plain way

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use super::*;
use crate::os::{name, Access, Locked, RangeLock, SegmentHandle, SessionLock};
use crate::page::{Selection, Stretches, Tag, Values, Writing, Zeros};

fn find_it(ns: &str) -> Found {
    find(ns, "x", &Place::Memory).unwrap()
}

/// What a worker reads that was given this handle.
fn content_behind(handle: &SegmentHandle) -> Option<Vec<u8>> {
    let file = SegmentFile::open_read(handle).unwrap()?;
    let mapping = map_private(&file).unwrap();
    // SAFETY: the page is sealed, and nothing writes to it.
    Some(unsafe { mapping.bytes() }[CONTENT as usize..].to_vec())
}

fn holds_of(session: SessionId) -> usize {
    holds(&Place::Memory).unwrap().iter().filter(|hold| hold.session == session).count()
}

/// Writes 7 into all three items of a variable that `allocate` made.
fn write_sevens(ns: &str) -> Result<()> {
    let all = Selection::items(Stretches::whole(3));
    Writing::open(&find_it(ns))?.write(&all, Values::Same(&7_f64.to_ne_bytes()), &Place::Memory)
}

fn allocate(store: &mut Store, ns: &str) {
    store.register(ns, &[("x".into(), &Zeros::new(Tag::Real, 3, &[]).unwrap())]).unwrap();
}

/// Whether a writer could have the variable's lock now.
fn is_free(found: &Found) -> bool {
    let file = SegmentFile::open_write(&found.handle).unwrap().unwrap();
    matches!(RangeLock::take(file, Access::Write, 0..1, Duration::ZERO).unwrap(), Locked::Held(_))
}

#[test]
fn a_variable_released_and_registered_anew_during_a_run_is_the_old_one_to_the_run() {
    let ns = namespace("hold");
    // What a session that is over held may be cleared away by any other of this machine, so the other run is one of a session that lives.
    let (mut owner, mut runner, other) = (open(), open(), open());
    register(&mut owner, &ns, "x", b"old").unwrap();
    let found = find_it(&ns);
    let (first, second) = (runner.hold(&found).unwrap(), other.hold(&found).unwrap());
    assert_ne!(first.handle().name, found.handle.name);
    assert_eq!(first.handle().inode, found.handle.inode);
    let path = found.handle.path();
    assert_eq!(std::fs::metadata(&path).unwrap().nlink(), 3);

    owner.release(&ns, &["x".into()]).unwrap();
    assert!(!path.exists() && is_unallocated(find(&ns, "x", &Place::Memory)));
    register(&mut runner, &ns, "x", b"new").unwrap();
    drop(found);
    assert_eq!(content_behind(&first.handle()).unwrap(), b"old");
    drop(owner);
    assert_eq!(content_behind(&second.handle()).unwrap(), b"old", "its owner's session is over");
    assert_eq!(content_of(&ns, "x").unwrap(), b"new");

    let handle = first.handle();
    drop(first);
    assert!(content_behind(&handle).is_none() && !handle.path().exists());
    assert_eq!(content_behind(&second.handle()).unwrap(), b"old", "the other run goes on");
    let handle = second.handle();
    drop(second);
    assert!(!handle.path().exists());
    assert_eq!(content_of(&ns, "x").unwrap(), b"new");
}

#[test]
fn what_was_released_after_it_was_found_cannot_be_held() {
    let ns = namespace("late");
    let (mut owner, runner) = (open(), open());
    register(&mut owner, &ns, "x", b"old").unwrap();
    let found = find_it(&ns);
    owner.release(&ns, &["x".into()]).unwrap();
    assert!(is_unallocated(runner.hold(&found)));
    register(&mut owner, &ns, "x", b"new").unwrap();
    assert!(is_unallocated(runner.hold(&found)), "the new one was held for the old one");
    assert_eq!(holds_of(runner.session()), 0);
    assert_eq!(content_of(&ns, "x").unwrap(), b"new");
}

/// The supervisor's thread ends what the session's began.
#[test]
fn a_hold_may_end_in_another_thread() {
    let ns = namespace("thread");
    let mut owner = open();
    register(&mut owner, &ns, "x", b"content").unwrap();
    let held = owner.hold(&find_it(&ns)).unwrap();
    std::thread::spawn(move || drop(held)).join().unwrap();
    assert!(is_free(&find_it(&ns)) && holds_of(owner.session()) == 0);
}

#[test]
fn holds_are_no_pages_and_are_listed_apart() {
    let ns = namespace("listed");
    let (mut owner, runner) = (open(), open());
    register(&mut owner, &ns, "x", b"content").unwrap();
    let held = runner.hold(&find_it(&ns)).unwrap();
    assert_eq!(
        (pages_of(owner.session(), &Place::Memory), pages_of(runner.session(), &Place::Memory)),
        (1, 0)
    );
    let listed = holds(&Place::Memory).unwrap();
    let listed: Vec<_> = listed.iter().filter(|hold| hold.session == runner.session()).collect();
    assert_eq!((listed.len(), &listed[0].handle), (1, &held.handle()));
    assert_eq!(
        (listed[0].header.namespace.as_str(), listed[0].header.session),
        (ns.as_str(), owner.session())
    );
}

#[test]
fn a_dead_sessions_hold_goes_and_the_variable_stays() {
    let ns = namespace("left");
    let mut owner = open();
    register(&mut owner, &ns, "x", b"content").unwrap();
    let found = find_it(&ns);
    let dead = SessionId(u64::from(std::process::id()) << 32 | 0x401d);
    assert!(!SessionLock::is_alive(dead, &Place::Memory));
    let link = SegmentHandle { name: name::hold(dead, 1), ..found.handle.clone() };
    std::fs::hard_link(found.handle.path(), link.path()).unwrap();
    while link.path().exists() {
        prune(owner.place()).unwrap(); // a cleaner of another test may be at it
    }
    assert_eq!(content_of(&ns, "x").unwrap(), b"content");
    assert_eq!(std::fs::metadata(found.handle.path()).unwrap().nlink(), 1);
}

#[test]
fn a_dead_owners_variable_goes_and_the_living_hold_stays() {
    let ns = namespace("owner");
    let runner = open();
    let left = super::races::leave_behind(&ns, "x");
    let found = super::super::find::registered_in(&ns, "x", &Place::Memory).unwrap();
    // A cleaner of another test may have been quicker.
    let Some(held) = found.and_then(|found| runner.hold(&found).ok()) else { return };
    while left.handle().path().exists() {
        prune(runner.place()).unwrap();
    }
    prune(runner.place()).unwrap();
    assert_eq!(content_behind(&held.handle()).unwrap(), b"dead");
    let mut other = open();
    register(&mut other, &ns, "x", b"living").unwrap();
    drop(held);
    assert_eq!((holds_of(runner.session()), content_of(&ns, "x").unwrap()), (0, b"living".to_vec()));
}

#[test]
fn a_write_is_refused_while_a_run_reads_and_goes_when_the_last_one_ended() {
    let ns = namespace("busy");
    let (mut owner, runner) = (open(), open());
    allocate(&mut owner, &ns);
    write_sevens(&ns).unwrap();
    let (first, second) = (runner.hold(&find_it(&ns)).unwrap(), owner.hold(&find_it(&ns)).unwrap());
    for held in [first, second] {
        let start = Instant::now();
        let refused = write_sevens(&ns).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(10), "a run is not waited for");
        assert_eq!(refused.kind(), "busy");
        let text = refused.to_string();
        assert!(text.contains(&format!("'{ns}.x' is busy: a run of this session reads it")), "{text}");
        drop(held);
    }
    // What another test forks just now has all open files, and so the hold, for a moment.
    let deadline = Instant::now() + Duration::from_secs(10);
    while write_sevens(&ns).is_err() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    write_sevens(&ns).unwrap();
    assert!(is_free(&find_it(&ns)));
}

#[test]
fn a_run_waits_for_a_write_to_end() {
    let ns = namespace("wait");
    let mut owner = open();
    allocate(&mut owner, &ns);
    let found = find_it(&ns);
    let file = SegmentFile::open_write(&found.handle).unwrap().unwrap();
    let writing = RangeLock::take(file, Access::Write, 4096..4104, Duration::ZERO).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            drop(writing);
        });
        let start = Instant::now();
        owner.hold(&found).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(40));
    });
}

#[test]
fn a_forked_child_neither_ends_nor_keeps_a_hold() {
    let ns = namespace("child");
    let mut owner = open();
    register(&mut owner, &ns, "x", b"content").unwrap();
    let held = owner.hold(&find_it(&ns)).unwrap();
    let (handle, found) = (held.handle(), find_it(&ns));
    let _forking = crate::os::per_process::tests::forking();
    // SAFETY: the child makes plain calls and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let refused = i32::from(owner.hold(&found).is_ok());
        drop(held);
        // SAFETY: ends the child at once, before the harness's own code runs in it.
        unsafe { libc::_exit(refused) };
    }
    let exit = loop {
        match crate::os::reap(child as u32) {
            Some(exit) => break exit,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    assert_eq!(exit.to_string(), "exited with status 0", "a child held through its parent's store");
    assert!(handle.path().exists() && !is_free(&found));
    drop(held);
    assert!(!handle.path().exists() && is_free(&found));
}

#[test]
fn a_hold_lies_where_its_variable_does() {
    let (ns, dir) = (namespace("dir-hold"), Dir::new("hold"));
    let mut store = Store::open(dir.place()).unwrap();
    store.register(&ns, &[("x".into(), &Odd::too_big_for_memory())]).unwrap();
    let held = store.hold(&find(&ns, "x", &dir.place()).unwrap()).unwrap();
    assert_eq!((held.handle().place, dir.files()), (dir.place(), 2));
    store.release(&ns, &["x".into()]).unwrap();
    assert_eq!(content_behind(&held.handle()).unwrap(), b"odd");
    drop(held);
    assert_eq!(dir.files(), 0);
}

#[test]
#[ignore = "a measurement; run alone with --release -- --ignored --nocapture"]
fn cost_of_a_hold() {
    let ns = namespace("cost");
    let mut store = open();
    register(&mut store, &ns, "x", &[0; 100]).unwrap();
    let found = find_it(&ns);
    let start = Instant::now();
    for _ in 0..10_000 {
        drop(store.hold(&found).unwrap());
    }
    eprintln!("a hold and its end: {:.2} us", start.elapsed().as_secs_f64() * 100.0);
    let start = Instant::now();
    for _ in 0..10_000 {
        find_it(&ns);
    }
    eprintln!("finding a variable: {:.2} us", start.elapsed().as_secs_f64() * 100.0);
}
