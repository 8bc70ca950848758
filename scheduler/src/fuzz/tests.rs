//! The targets under changed documents and bytes of no kind; and what was found once.
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

#[global_allocator]
static WATCHED: Watched = Watched;

/// Of each target, read once.
static DOCUMENTS: LazyLock<Vec<Vec<Vec<u8>>>> =
    LazyLock::new(|| TARGETS.iter().map(Target::documents).collect());

#[test]
fn a_valid_document_is_read_and_what_asks_for_too_much_is_noticed() {
    for target in TARGETS {
        assert!(!(target.seeds)().is_empty(), "{}", target.name);
        target.documents().iter().for_each(|document| target.read(document));
    }
    let greedy = Target { run: |_| drop(std::hint::black_box(vec![0_u8; 2 << 20])), ..TARGETS[0] };
    assert!(std::panic::catch_unwind(|| greedy.read(&[])).is_err());
}

/// Lengths that the bytes behind them cannot have: room is made for what there is.
#[test]
fn no_room_is_made_for_a_length_that_cannot_be() {
    let length = [0xfc, 0xff, 0xff, 0xff, 0x7f];
    for bytes in [length.to_vec(), [&length, [1; 300].as_slice()].concat()] {
        let asked = beyond(1 << 20, || _ = crate::wire::unpack::<String>(&bytes, "a test"));
        assert_eq!(asked, 0, "bytes beyond a megabyte");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_document_is_read_or_refused(
        which in any::<prop::sample::Index>(),
        script in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        for (target, documents) in TARGETS.iter().zip(DOCUMENTS.iter()) {
            target.read(&changed(&documents[which.index(documents.len())], &script));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for target in TARGETS {
            target.read(&bytes);
        }
    }
}
