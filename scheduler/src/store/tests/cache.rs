//! Memory that serves one page after another. What is kept is the process's, so one test at a time.
use std::sync::RwLockWriteGuard;

use super::*;
use crate::os::per_process::tests::{forked, nobody_forks};
use crate::os::{now_ns, Access, Exit, Mapping};

const MIB: usize = 1 << 20;

/// Nothing is kept at its beginning and its end.
struct Alone {
    _lock: RwLockWriteGuard<'static, ()>,
}

impl Alone {
    fn new() -> Alone {
        let lock = nobody_forks();
        clear_cache();
        Alone { _lock: lock }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        clear_cache();
        set_cache(u64::MAX);
    }
}

fn page_of(store: &Store, content: &[u8]) -> Page {
    store.page(Kind::Page, &content, Memory::Used).unwrap()
}

fn inode(page: &Page) -> u64 {
    page.handle().inode
}

/// What a worker reads of it.
fn mapped(page: &Page) -> Mapping {
    map_private(&open_page(&page.handle(), Access::Read).unwrap().expect("the page")).unwrap()
}

fn bytes(mapping: &Mapping) -> &[u8] {
    // SAFETY: the page is sealed, and nothing writes through this mapping.
    let bytes = unsafe { mapping.bytes() };
    &bytes[CONTENT as usize..]
}

#[test]
fn the_memory_of_a_page_that_went_serves_the_next_one() {
    let _alone = Alone::new();
    let store = open();
    let first = page_of(&store, &[7; 3 * MIB]);
    let (number, name) = (inode(&first), first.handle().name);
    assert_eq!(bytes(&mapped(&first)), [7; 3 * MIB]);
    drop(first);
    assert_eq!(pages_of(store.session(), &Place::Memory), 0, "what is kept has no name");
    for size in [2 * MIB, 4 * MIB, 3 * MIB] {
        let next = page_of(&store, &vec![size as u8 ^ 9; size]);
        assert_eq!(inode(&next), number);
        assert_ne!(next.handle().name, name);
        assert_eq!(bytes(&mapped(&next)), vec![size as u8 ^ 9; size]);
    }
    assert_ne!(inode(&page_of(&store, &[1; 30 * MIB])), number, "ten times as big");
    assert_ne!(inode(&page_of(&store, &[1; MIB - 1])), number, "too small to be worth it");
    let new = store.page(Kind::Page, &[1; 3 * MIB].as_slice(), Memory::New).unwrap();
    assert_ne!(inode(&new), number, "one that others must find by its name");
    assert!(new.handle().path().exists());
}

#[test]
fn a_page_that_somebody_reads_is_left_alone() {
    let _alone = Alone::new();
    let store = open();
    let first = page_of(&store, &[7; MIB]);
    let (view, number) = (mapped(&first), inode(&first));
    drop(first);
    let second = page_of(&store, &[8; MIB]);
    assert_ne!(inode(&second), number);
    assert_eq!(bytes(&view), [7; MIB]);
    drop(view);
    assert_eq!(inode(&page_of(&store, &[9; MIB])), number);
    assert_eq!(bytes(&mapped(&second)), [8; MIB]);
}

#[test]
fn an_old_handle_does_not_lead_to_a_new_page() {
    let _alone = Alone::new();
    let store = open();
    let first = page_of(&store, &[7; MIB]);
    drop(first);
    let old = page_of(&store, &[8; MIB]);
    let handle = old.handle();
    assert!(handle.nameless.is_some());
    drop(old);
    // Nobody has it: it is still the page that it was.
    assert!(open_page(&handle, Access::Write).unwrap().is_some());
    let new = page_of(&store, &[9; MIB]);
    assert_eq!(new.handle().inode, handle.inode);
    assert!(open_page(&handle, Access::Read).unwrap().is_none());
    assert!(open_page(&handle, Access::Write).unwrap().is_none());
    drop(new);
    clear_cache();
    assert!(open_page(&handle, Access::Read).unwrap().is_none(), "nor to nothing");
}

#[test]
fn results_are_written_over_older_ones() {
    let _alone = Alone::new();
    let store = open();
    let write = |page: &Page, byte: u8, len: usize| page.file().unwrap().write_at(CONTENT, &vec![byte; len]);
    let first = store.results_page(2 * MIB as u64, Memory::Used).unwrap();
    write(&first, 7, 2 * MIB).unwrap();
    let number = inode(&first);
    drop(first);
    let second = store.results_page(2 * MIB as u64, Memory::Used).unwrap();
    assert_eq!(inode(&second), number);
    write(&second, 8, MIB).unwrap();
    assert_eq!(bytes(&mapped(&second))[..MIB], [8; MIB]);
}

#[test]
fn what_is_kept_is_bounded_and_goes_after_a_while_or_when_memory_is_asked_for() {
    let _alone = Alone::new();
    let store = open();
    let kept = |page: &Page| {
        let handle = page.handle();
        move || SegmentFile::open_read(&handle).unwrap().is_some()
    };
    // Of an unused page, so that its handle leads to what is kept.
    drop(page_of(&store, &[1; MIB]));
    let page = page_of(&store, &[2; MIB]);
    let is_kept = kept(&page);
    drop(page);
    assert!(is_kept());
    assert!(sweep_cache(now_ns()).is_some() && is_kept());
    assert!(sweep_cache(now_ns() + 31_000_000_000).is_none() && !is_kept(), "after a while");
    set_cache(3 * MIB as u64);
    let pages = [1, 2, 3].map(|byte| page_of(&store, &[byte; MIB + 4096]));
    let numbers: Vec<u64> = pages.iter().map(inode).collect();
    drop(pages);
    let again = [4, 5, 6].map(|byte| page_of(&store, &[byte; MIB + 4096]));
    assert_eq!(again.iter().filter(|page| numbers.contains(&inode(page))).count(), 2, "of three, two fit");
    drop(again);
    let full = Odd::too_big_for_memory();
    assert!(store.page(Kind::Page, &full, Memory::New).is_ok(), "there is room when it was given back");
    assert!(!clear_cache());
    set_cache(0);
    drop(page_of(&store, &[1; MIB]));
    assert!(!clear_cache(), "none is wanted");
}

#[test]
fn a_forked_child_keeps_nothing_of_its_parents() {
    let _alone = Alone::new();
    let store = open();
    drop(page_of(&store, &[1; MIB]));
    let page = page_of(&store, &[2; MIB]);
    let ended = forked(|| {
        drop(page);
        !clear_cache()
    });
    assert_eq!(ended, Exit::Code(0));
    assert!(clear_cache(), "the parent has its own");
}
