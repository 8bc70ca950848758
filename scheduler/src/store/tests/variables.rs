//! Registering, finding, releasing, and what damaged pages do.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;

#[test]
fn a_variable_is_found_by_all_and_released_by_its_owner_alone() {
    let ns = namespace("one");
    let (mut store, mut other) = (open(), open());
    register(&mut store, &ns, "x", b"content").unwrap();
    assert_eq!(content_of(&ns, "x").unwrap(), b"content");
    let found = find(&ns, "x", &Place::Memory).unwrap();
    assert_eq!(std::fs::metadata(found.handle.path()).unwrap().permissions().mode() & 0o7777, 0o600);
    let header = &found.header;
    assert_eq!((header.kind, header.bytes, header.session), (Kind::Variable, 7, store.session()));
    assert_eq!(
        (header.owner_pid, header.namespace.as_str(), header.name.as_str()),
        (std::process::id(), &*ns, "x")
    );
    assert_eq!(store.registered(), [Entry { namespace: ns.clone(), name: "x".into(), bytes: 7 }]);
    assert!(other.registered().is_empty() && !other.owns(&ns, "x"));

    let refused = register(&mut store, &ns, "x", b"").unwrap_err().to_string();
    assert!(refused.contains("was already registered by this session"), "{refused}");
    let refused = register(&mut other, &ns, "x", b"").unwrap_err().to_string();
    assert!(
        refused.contains(&format!("was already registered by process {}", std::process::id())),
        "{refused}"
    );
    assert!(matches!(other.release(&ns, &["x".into()]), Err(Error::NotOwner { .. })));

    let kept = found.map().unwrap();
    store.release(&ns, &["x".into()]).unwrap();
    assert!(is_unallocated(find(&ns, "x", &Place::Memory)));
    assert!(is_unallocated(store.release(&ns, &["x".into()])));
    // SAFETY: the page was sealed, and nothing writes to it.
    assert_eq!(&unsafe { kept.bytes() }[CONTENT as usize..], b"content");
    register(&mut other, &ns, "x", b"").unwrap();
    assert_eq!(content_of(&ns, "x").unwrap(), b"");
}

#[test]
fn all_of_a_registration_or_none() {
    let ns = namespace("all");
    let (mut store, mut other) = (open(), open());
    register(&mut other, &ns, "taken", b"theirs").unwrap();
    let broken = Odd { broken: true, ..Odd::fine() };
    let excess = Odd { excess: true, ..Odd::fine() };
    let good: &[u8] = b"good";
    let lists: [&[(&str, &dyn Content)]; 4] = [
        &[("a", &good), ("b", &good), ("c", &broken)],
        &[("a", &good), ("c", &excess)],
        &[("a", &good), ("taken", &good)],
        &[("a", &good), ("b", &good), ("a", &good)],
    ];
    for list in lists {
        let list: Vec<(String, &dyn Content)> = list.iter().map(|&(name, c)| (name.into(), c)).collect();
        store.register(&ns, &list).unwrap_err();
        assert!(is_unallocated(find(&ns, "a", &Place::Memory)));
        assert_eq!(pages_of(store.session(), &Place::Memory), 0);
    }
    assert_eq!(content_of(&ns, "taken").unwrap(), b"theirs");
    store.register(&ns, &[("a".into(), &good), ("b".into(), &good)]).unwrap();
    assert!(is_unallocated(store.release(&ns, &["a".into(), "none".into()])));
    assert!(store.owns(&ns, "a"), "released although the other one could not be");
    store.release(&ns, &["a".into(), "b".into(), "a".into()]).unwrap();
    assert!(store.registered().is_empty());
}

#[test]
fn the_impossible_size_is_refused_and_leaves_nothing() {
    struct Huge;
    impl Content for Huge {
        fn bytes(&self) -> u64 {
            u64::MAX - 5
        }
        fn write(&self, _: &SegmentFile, _: u64) -> Result<()> {
            panic!("there was no room")
        }
    }
    let (ns, dir) = (namespace("huge"), Dir::new("huge"));
    let mut store = open();
    let small: &[u8] = b"small";
    for place in [Place::Memory, dir.place()] {
        store.set_place(place.clone());
        let refused = store.page(Kind::Page, &Huge, Memory::New).unwrap_err();
        assert!(
            matches!(&refused, Error::NoSpace { needed: u64::MAX, dir, .. } if dir == place.dir()),
            "{refused}"
        );
        assert!(matches!(store.zeros_page(Kind::Board, 1 << 62), Err(Error::NoSpace { .. })));
        let both: [(String, &dyn Content); 2] = [("s".into(), &small), ("h".into(), &Huge)];
        assert!(matches!(store.register(&ns, &both), Err(Error::NoSpace { .. })));
        assert_eq!(pages_of(store.session(), &place), 0);
    }
    assert_eq!(dir.files(), 0);
}

#[test]
fn the_directory_is_used_when_memory_is_full_and_searched_too() {
    let (ns, dir) = (namespace("dir"), Dir::new("dir"));
    let mut store = Store::open(dir.place()).unwrap();
    assert_eq!(store.page(Kind::Page, &Odd::fine(), Memory::New).unwrap().handle().place, Place::Memory);
    let page = store.page(Kind::Results, &Odd::too_big_for_memory(), Memory::New).unwrap();
    assert_eq!(page.handle().place, dir.place());
    assert_eq!(pages_of(store.session(), &Place::Memory), 0, "the attempt in memory is gone");
    drop(page);
    store.register(&ns, &[("x".into(), &Odd::too_big_for_memory())]).unwrap();
    assert_eq!(find(&ns, "x", &dir.place()).unwrap().handle.place, dir.place());
    assert!(is_unallocated(find(&ns, "x", &Place::Memory)), "who does not know the directory");
    let mut other = Store::open(dir.place()).unwrap();
    assert!(matches!(register(&mut other, &ns, "x", b""), Err(Error::AlreadyRegistered { .. })));
    let full = Odd { full: Cell::new(9), ..Odd::fine() };
    assert!(matches!(store.page(Kind::Page, &full, Memory::New), Err(Error::NoSpace { .. })));
    drop(store);
    assert_eq!(dir.files(), 0);
    assert!(is_unallocated(find(&ns, "x", &dir.place())));
}

#[test]
fn results_in_memory_have_their_overflow_in_the_directory() {
    let dir = Dir::new("overflow");
    let mut store = open();
    assert!(store.results_page(0, Memory::New).unwrap().overflow().is_none(), "there is no directory");
    store.set_place(dir.place());
    let page = store.results_page(0, Memory::New).unwrap();
    let overflow = page.overflow().expect("there is a directory").handle();
    assert_eq!((page.handle().place, overflow.place), (Place::Memory, dir.place()));
    assert_eq!((dir.files(), pages_of(store.session(), &dir.place())), (1, 2));
    drop(page);
    assert_eq!(dir.files(), 0, "it goes with its page");
    let there = store.results_page(1 << 61, Memory::New);
    assert!(matches!(there, Err(Error::NoSpace { .. })), "not even the directory has so much room");
    // A directory that is gone is noticed by who needs it.
    store.set_place(Place::Directory("/nowhere/at/all".into()));
    assert!(store.results_page(0, Memory::New).unwrap().overflow().is_none());
}

#[test]
fn pages_are_sealed_and_boards_reserved() {
    let store = open();
    let board = store.zeros_page(Kind::Board, 100_000).unwrap();
    assert_eq!((board.bytes(), board.header().kind), (100_000, Kind::Board));
    let file = SegmentFile::open_read(&board.handle()).unwrap().unwrap();
    assert_eq!(&Header::read(&file).unwrap().unwrap(), board.header());
    let blocks = std::os::unix::fs::MetadataExt::blocks(&std::fs::metadata(board.handle().path()).unwrap());
    assert!(blocks * 512 >= 100_000 + CONTENT, "{blocks} blocks");
    let page = store.page(Kind::Page, &b"bytes".as_slice(), Memory::New).unwrap();
    assert_ne!(page.header().serial, board.header().serial);
    let mut read = [0; 5];
    page.file().unwrap().read_at(CONTENT, &mut read).unwrap();
    assert_eq!(&read, b"bytes");
}

#[test]
fn a_results_page_that_has_grown_is_read_and_mapped_whole() {
    let store = open();
    let page = store.results_page(100, Memory::New).unwrap();
    page.file().unwrap().write_at(CONTENT, b"results").unwrap();
    let file = SegmentFile::open_read(&page.handle()).unwrap().unwrap();
    assert_eq!(Header::read(&file).unwrap().unwrap().bytes, 0);
    let mapping = map_private(&file).unwrap();
    // SAFETY: nothing writes to it any more.
    assert_eq!(unsafe { &mapping.bytes()[CONTENT as usize..] }, b"results");
}

#[test]
fn a_damaged_variable_is_an_error_with_a_reason() {
    let ns = namespace("damaged");
    let mut store = open();
    register(&mut store, &ns, "x", b"content").unwrap();
    let found = find(&ns, "x", &Place::Memory).unwrap();
    let file = SegmentFile::open_write(&found.handle).unwrap().unwrap();
    let path = found.handle.path();
    let reason = |what: &str| match find(&ns, "x", &Place::Memory) {
        Err(Error::Damaged { reason, .. }) => assert!(reason.contains(what), "{reason}"),
        other => panic!("{other:?}"),
    };
    let resize = |bytes| std::fs::File::options().write(true).open(&path).unwrap().set_len(bytes).unwrap();
    resize(CONTENT + 6);
    reason("its header says 7");
    resize(50);
    reason("less than a header");
    resize(CONTENT + 7);
    reason("its header is damaged");
    file.write_at(0, &[0; 8]).unwrap();
    reason("no header");
    let elsewhere =
        Header::new(Kind::Variable, 7, store.session(), 1, (&ns, "y"), Traits::default()).unwrap();
    elsewhere.write(&file).unwrap();
    reason("something else");
    // Nor is it removed by who wants the name, or cleans up: it may be a later memshare's.
    assert!(matches!(register(&mut open(), &ns, "x", b""), Err(Error::Damaged { .. })));
    prune(store.place()).unwrap();
    assert!(path.exists());
}

proptest! {
    #[test]
    fn no_damage_to_a_page_does_more_than_an_error(
        damage in prop::collection::vec((0..CONTENT + 64, any::<u8>()), 1..8), length in 0..CONTENT + 64,
    ) {
        let ns = namespace("fuzz");
        let mut store = open();
        register(&mut store, &ns, "x", &[1; 64]).unwrap();
        let found = find(&ns, "x", &Place::Memory).unwrap();
        let file = SegmentFile::open_write(&found.handle).unwrap().unwrap();
        for (at, byte) in damage {
            file.write_at(at, &[byte]).unwrap();
        }
        if length % 2 == 0 {
            std::fs::File::options().write(true).open(found.handle.path()).unwrap().set_len(length).unwrap();
        }
        let again = find(&ns, "x", &Place::Memory);
        prop_assert!(matches!(&again, Ok(_) | Err(Error::Damaged { .. })), "{again:?}");
        list(&Place::Memory).unwrap();
        drop(again);
        drop(store);
        prop_assert!(is_unallocated(find(&ns, "x", &Place::Memory)));
    }
}
