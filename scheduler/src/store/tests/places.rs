//! Where segments lie: a directory beside memory, or in its place.

use super::*;
use crate::os::{FilesDirectory, Segment, SessionLock};

/// A page that lies in the directory, for want of memory.
fn page_in(store: &Store, dir: &Dir) -> Page {
    let page = store.page(Kind::Page, &Odd::too_big_for_memory(), Memory::New).unwrap();
    assert_eq!(page.handle().place, dir.place());
    page
}

#[test]
fn who_sees_the_directory_alone_sees_that_its_sessions_live() {
    let dir = Dir::new("alone");
    let store = Store::open(dir.place()).unwrap();
    assert_eq!(dir.names().len(), 0, "nothing is there before it is needed");
    let page = page_in(&store, &dir);
    // As in a container that has this directory and shared memory of its own.
    std::fs::remove_file(Place::Memory.dir().join(name::lock(store.session()))).unwrap();
    assert!(!SessionLock::is_alive(store.session(), &Place::Memory));
    assert!(SessionLock::is_alive(store.session(), &dir.place()));
    let ours = |removed: &[String]| removed.iter().filter(|name| dir.0.join(name).exists()).count();
    assert_eq!(ours(&prune(&dir.place()).unwrap()), 0);
    assert!(
        page.file().is_ok() && orphans(&dir.place()).unwrap().iter().all(|o| o.handle.place == Place::Memory)
    );
    let second = page_in(&store, &dir);
    assert_eq!(dir.names().len(), 3, "two pages and one lock");
    drop((page, second, store));
    assert_eq!(dir.names().len(), 0);
}

#[test]
fn a_run_that_reads_another_sessions_variable_in_a_directory_shows_there_that_it_lives() {
    let (ns, dir) = (namespace("held there"), Dir::new("held"));
    let mut owner = Store::open(dir.place()).unwrap();
    owner.register(&ns, &[("x".into(), &Odd::too_big_for_memory())]).unwrap();
    let reader = Store::open(dir.place()).unwrap();
    let held = reader.hold(&find(&ns, "x", &dir.place()).unwrap()).unwrap();
    assert!(SessionLock::is_alive(reader.session(), &dir.place()));
    std::fs::remove_file(Place::Memory.dir().join(name::lock(reader.session()))).unwrap();
    prune(&dir.place()).unwrap();
    assert!(held.handle().path().exists());
    drop((held, reader, owner));
    assert_eq!(dir.names().len(), 0);
}

#[test]
fn a_session_has_one_directory_for_files_in_a_place_and_a_dead_sessions_goes() {
    let dir = Dir::new("files");
    let mut store = Store::open(dir.place()).unwrap();
    let path = store.files().unwrap().to_owned();
    assert_eq!(store.files().unwrap(), path);
    std::fs::write(path.join("session.log"), "a line").unwrap();
    let dead = SessionId(u64::MAX - u64::from(std::process::id()));
    std::mem::forget(FilesDirectory::make(dead, &dir.place()).unwrap());
    std::fs::write(dir.0.join(name::files(dead)).join("session.log"), "a line").unwrap();
    assert!(prune(&dir.place()).unwrap().contains(&name::files(dead)));
    assert_eq!(dir.names().len(), 2, "the living session's files and its lock");
    std::fs::remove_dir_all(&path).unwrap();
    assert_eq!(store.files().unwrap(), path, "made anew");
    drop(store);
    assert_eq!(dir.names().len(), 0);
}

#[test]
fn what_a_dead_session_left_in_a_directory_goes() {
    let dir = Dir::new("dead there");
    let dead = SessionId(u64::MAX - u64::from(std::process::id()));
    let left = [name::page(dead, 7), name::hold(dead, 8), name::lock(dead)];
    let made: Vec<_> = left.iter().map(|name| Segment::create(name, 5000, &dir.place()).unwrap()).collect();
    std::mem::forget(made); // as a killed process leaves them; their files stay open, which changes nothing
    prune(&dir.place()).unwrap();
    assert_eq!(dir.names().len(), 0);
}

#[test]
fn a_directory_in_which_no_file_can_be_made_is_an_error_that_names_it() {
    let dir = Dir::new("none");
    let (missing, file) = (dir.0.join("missing"), dir.0.join("file"));
    std::fs::write(&file, b"no directory").unwrap();
    for place in [missing, file] {
        let store = Store::open(Place::Directory(place.clone())).unwrap();
        let full = store.page(Kind::Page, &Odd::too_big_for_memory(), Memory::New).unwrap_err();
        assert!(matches!(&full, Error::NoPlace { dir, .. } if *dir == place), "{full}");
        assert_eq!(full.kind(), "no_place");
        // What fits needs no directory.
        assert!(
            store.page(Kind::Page, &Odd::fine(), Memory::New).is_ok()
                && store.results_page(1, Memory::New).is_ok()
        );
    }
}
