//! Many sessions at once: registering the same name, cleaning while others begin, and a fork in between.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Barrier;
use std::thread;

use super::super::page::Birth;
use super::*;
use crate::os::{name, user, SessionLock};

/// A variable as a session leaves it that was killed: published, and no lock is held.
pub(super) fn leave_behind(namespace: &str, variable: &str) -> Page {
    let dead = SessionId(u64::from(std::process::id()) << 32 | 0xdead);
    assert!(!SessionLock::is_alive(dead, &Place::Memory));
    let birth = Birth { kind: Kind::Variable, session: dead, serial: 1, variable: (namespace, variable) };
    // A cleaner of another test may be quicker than the renaming: then it is made again.
    loop {
        let birth = Birth { ..birth };
        let Ok(mut page) = Page::make(birth, &Place::Memory, &b"dead".as_slice(), Memory::New) else {
            continue;
        };
        if matches!(page.segment.rename(&name::variable(user(), namespace, variable)), Ok(true)) {
            return page;
        }
    }
}

#[test]
fn of_many_registrars_one_wins_even_over_a_dead_owner() {
    const SESSIONS: usize = 8;
    let mut stores: Vec<Store> = (0..SESSIONS).map(|_| open()).collect();
    for round in 0..60 {
        let ns = namespace(&format!("race{round}"));
        let left = (round % 2 == 0).then(|| leave_behind(&ns, "x"));
        let start = Barrier::new(SESSIONS);
        let won: Vec<bool> = thread::scope(|scope| {
            let racers: Vec<_> = stores
                .iter_mut()
                .map(|store| {
                    let (ns, start) = (&ns, &start);
                    scope.spawn(move || {
                        start.wait();
                        let mine = store.session().0.to_le_bytes();
                        match register(store, ns, "x", &mine) {
                            Ok(()) => true,
                            Err(Error::AlreadyRegistered { .. }) => false,
                            Err(e) => panic!("{e}"),
                        }
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "round {round}: {won:?}");
        let winner = won.iter().position(|won| *won).unwrap();
        assert_eq!(content_of(&ns, "x").unwrap(), stores[winner].session().0.to_le_bytes());
        drop(left); // what is dropped late does not take the winner's name away
        assert!(content_of(&ns, "x").is_ok());
    }
    let sessions: Vec<SessionId> = stores.iter().map(Store::session).collect();
    drop(stores);
    assert!(sessions.into_iter().all(|session| pages_of(session, &Place::Memory) == 0));
}

#[test]
fn cleaning_never_hits_a_session_that_lives_or_begins() {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    prune(&Place::Memory).unwrap();
                }
            });
        }
        let busy: Vec<_> = (0..3)
            .map(|thread| {
                scope.spawn(move || {
                    for round in 0..100 {
                        let ns = namespace(&format!("clean{thread}-{round}"));
                        let mut store = open();
                        let page = store.page(Kind::Page, &b"page".as_slice(), Memory::New).unwrap();
                        register(&mut store, &ns, "x", b"variable").unwrap();
                        assert_eq!(content_of(&ns, "x").unwrap(), b"variable");
                        page.file().unwrap();
                        assert!(SessionLock::is_alive(store.session(), &Place::Memory));
                    }
                })
            })
            .collect();
        let ended: Vec<_> = busy.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        ended.into_iter().for_each(|end| end.unwrap());
    });
}

#[test]
fn fifty_sessions_share_at_once() {
    let ns = namespace("fifty");
    let start = Barrier::new(50);
    thread::scope(|scope| {
        for session in 0_u8..50 {
            let (ns, start) = (&ns, &start);
            scope.spawn(move || {
                let mut store = open();
                register(&mut store, ns, &format!("x{session}"), &[session; 1000]).unwrap();
                start.wait();
                for other in 0_u8..50 {
                    assert_eq!(content_of(ns, &format!("x{other}")).unwrap(), [other; 1000]);
                }
                start.wait();
            });
        }
    });
    assert!(list(&Place::Memory).unwrap().iter().all(|page| page.header.namespace != ns));
}

#[test]
fn cleaning_removes_the_dead_once() {
    let ns = namespace("dead");
    let left = leave_behind(&ns, "x");
    assert!(is_unallocated(find(&ns, "x", &Place::Memory)), "a dead session's variable is not allocated");
    prune(&Place::Memory).unwrap();
    assert!(!left.handle().path().exists());
    assert!(!prune(&Place::Memory).unwrap().contains(&left.handle().name));
}
