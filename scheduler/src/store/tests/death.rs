//! Sessions in processes of their own: killed, forked, and counted. They are this test binary, run again for the test
//! `role`, which does nothing otherwise.
#![allow(clippy::disallowed_methods)] // real processes, made and killed the plain way

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;
use crate::os::name::Named;
use crate::os::per_process::tests::forking;
use crate::os::{reap, Peer, SessionLock};

const ROLE: &str = "MEMSHARE_TEST_ROLE";
const NAMESPACE: &str = "MEMSHARE_TEST_NAMESPACE";

fn helper(role: &str, namespace: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "store::tests::death::role", "--ignored", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(NAMESPACE, namespace)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

#[test]
#[ignore = "a role in the other tests"]
fn role() {
    let (Ok(role), Ok(ns)) = (std::env::var(ROLE), std::env::var(NAMESPACE)) else { return };
    match role.as_str() {
        "owner" => owner(&ns),
        "cycles" => cycles(&ns),
        _ => few_descriptors(&ns),
    }
}

/// Registers, and says so; killed at any time after.
fn owner(ns: &str) {
    let mut store = open();
    register(&mut store, ns, "x", b"of the dead").unwrap();
    let page = store.page(Kind::Page, &b"page".as_slice(), Memory::New).unwrap();
    println!("\nsession {} {}", store.session().0, page.handle().name);
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// A process that is an owner, its session, and the name of its page.
fn owner_of(ns: &str) -> (Child, SessionId, String) {
    let mut owner = helper("owner", ns).spawn().unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let line = lines.map_while(|line| line.ok()).find(|line| line.starts_with("session")).unwrap();
    let fields: Vec<&str> = line.split(' ').collect();
    (owner, SessionId(fields[1].parse().unwrap()), fields[2].to_owned())
}

fn left(name: &str) -> bool {
    Place::Memory.dir().join(name).exists()
}

#[test]
fn what_a_killed_session_left_is_taken_over_or_removed() {
    let ns = namespace("killed");
    let (mut owner, session, page) = owner_of(&ns);

    let mut store = open();
    assert_eq!(content_of(&ns, "x").unwrap(), b"of the dead");
    let refused = register(&mut store, &ns, "x", b"mine").unwrap_err().to_string();
    assert!(refused.contains(&format!("registered by process {}", owner.id())), "{refused}");
    prune(store.place()).unwrap();
    assert!(SessionLock::is_alive(session, &Place::Memory) && left(&page));
    // Names of what it left: the variable, and what bears the session's own names.
    let orphans = || {
        let all = orphans(&Place::Memory).unwrap();
        let its = all.into_iter().filter(|orphan| orphan.session == session);
        its.map(|orphan| (orphan.named, orphan.header.map(|header| header.name))).collect::<Vec<_>>()
    };
    assert_eq!(orphans(), []);

    owner.kill().unwrap();
    owner.wait().unwrap();
    assert!(!SessionLock::is_alive(session, &Place::Memory));
    assert!(is_unallocated(find(&ns, "x", &Place::Memory)));
    let named = [
        (Named::Lock(session), None),
        (Named::Page(session), Some(String::new())),
        (Named::Variable, Some("x".to_owned())),
    ];
    let found = orphans();
    // Another test's session may begin at any time, and clears away what it meets.
    assert!(found.iter().all(|orphan| named.contains(orphan)), "{found:?}");
    register(&mut store, &ns, "x", b"mine").unwrap();
    assert_eq!(content_of(&ns, "x").unwrap(), b"mine");
    prune(store.place()).unwrap();
    assert!(!left(&page), "its page is still there");
    assert!(!left(&crate::os::name::lock(session)), "its lock is still there");
    assert_eq!(content_of(&ns, "x").unwrap(), b"mine");
}

#[test]
fn a_dying_session_is_waited_for() {
    let (mut owner, _, page) = owner_of(&namespace("dying"));
    let peer = Peer::open(owner.id()).unwrap();
    let dies = std::thread::spawn(move || {
        // How long it takes to die.
        std::thread::sleep(Duration::from_millis(300));
        owner.kill().unwrap();
        owner.wait().unwrap();
    });
    assert!(left(&page));
    clear_away_after(&peer, &Place::Memory);
    assert!(!left(&page), "its page is still there");
    dies.join().unwrap();
}

#[test]
fn a_forked_child_owns_nothing_and_takes_nothing_away() {
    let ns = namespace("fork");
    let mut store = open();
    register(&mut store, &ns, "x", b"parent's").unwrap();
    let page = store.page(Kind::Page, &b"page".as_slice(), Memory::New).unwrap();
    let _forking = forking();
    // SAFETY: the child makes plain calls and allocates, which the C library keeps possible after a fork, and leaves by
    // `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let owns_nothing = !store.is_mine() && !store.owns(&ns, "x") && store.registered().is_empty();
        let refused = register(&mut store, &ns, "y", b"").is_err()
            && store.page(Kind::Page, &Odd::fine(), Memory::New).is_err();
        let reads = content_of(&ns, "x").is_ok_and(|content| content == b"parent's");
        let not_owner = matches!(store.release(&ns, &["x".into()]), Err(Error::NotOwner { .. }));
        drop((store, page));
        let code = i32::from(!(owns_nothing && refused && reads && not_owner));
        // SAFETY: ends the child at once, before the harness's own code runs in it.
        unsafe { libc::_exit(code) };
    }
    let exit = loop {
        match reap(child as u32) {
            Some(exit) => break exit,
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    assert_eq!(exit.to_string(), "exited with status 0");
    assert_eq!(content_of(&ns, "x").unwrap(), b"parent's");
    page.file().unwrap();
    assert!(SessionLock::is_alive(store.session(), &Place::Memory));
}

#[test]
fn many_cycles_and_many_variables_need_no_descriptors() {
    for role in ["cycles", "few descriptors"] {
        let output = helper(role, &namespace(role)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

fn cycles(ns: &str) {
    let count = |what: &str| std::fs::read_dir(format!("/proc/self/{what}")).unwrap().count();
    let maps = || std::fs::read_to_string("/proc/self/maps").unwrap().matches("memshare-").count();
    let mut store = open();
    let before = count("fd");
    for cycle in 0..1200 {
        register(&mut store, ns, "x", &[cycle as u8; 100]).unwrap();
        assert_eq!(content_of(ns, "x").unwrap()[99], cycle as u8);
        store.page(Kind::Page, &[0_u8; 10].as_slice(), Memory::New).unwrap();
        store.release(ns, &["x".into()]).unwrap();
    }
    assert_eq!((count("fd"), maps()), (before, 0));
    let session = store.session();
    drop(store);
    assert_eq!(count("fd"), before - 1, "the lock's");
    assert_eq!(pages_of(session, &Place::Memory), 0);
}

fn few_descriptors(ns: &str) {
    let limit = libc::rlimit { rlim_cur: 24, rlim_max: 24 };
    // SAFETY: passes a whole struct that lives through the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    let mut store = open();
    let names: Vec<String> = (0..300).map(|i| format!("x{i}")).collect();
    let content: &[u8] = b"content";
    let list: Vec<(String, &dyn Content)> = names.iter().map(|n| (n.clone(), &content as _)).collect();
    store.register(ns, &list).unwrap();
    assert!(names.iter().all(|name| content_of(ns, name).unwrap() == content));
}
