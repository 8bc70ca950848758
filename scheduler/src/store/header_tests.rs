//! Headers come back as they were written, and damage is told, whatever it hits.

use proptest::prelude::*;

use super::*;

fn header(namespace: &str, name: &str, traits: Traits) -> Header {
    Header::new(Kind::Results, 77, SessionId(5), 9, (namespace, name), traits).unwrap()
}

fn plain(namespace: &str, name: &str) -> Header {
    header(namespace, name, Traits::default())
}

fn part(path: &str) -> FilePart {
    FilePart { path: path.into(), device: 1 << 40, inode: 3, offset: u64::MAX, bytes: 1 << 50 }
}

/// With a right checksum, as only this code or malice makes it.
fn summed(mut block: [u8; SIZE]) -> [u8; SIZE] {
    let sum = checksum(&block);
    block[CHECKSUM..FILE].copy_from_slice(&sum);
    block
}

#[test]
fn the_longest_names_fit_and_longer_ones_are_refused() {
    let long = "é".repeat((SIZE - STRINGS) / 2 - 1);
    let header = plain(&long, "xy");
    assert_eq!(Header::decode(&header.encode()).unwrap(), header);
    let traits = Traits::default();
    let refused = Header::new(Kind::Variable, 1, SessionId(1), 1, (&long, "xyz"), traits).unwrap_err();
    assert!(refused.to_string().contains("3984 bytes at most"), "{refused}");
}

#[test]
fn a_path_shares_the_room_of_the_names() {
    let fits = Traits { writable: true, file: Some(part(&"p".repeat(SIZE - STRINGS - 4))) };
    let written = header("ab", "xy", fits);
    assert_eq!(Header::decode(&written.encode()).unwrap(), written);
    let traits = Traits { writable: true, file: Some(part(&"p".repeat(SIZE - STRINGS - 3))) };
    let refused = Header::new(Kind::Variable, 1, SessionId(1), 1, ("ab", "xy"), traits).unwrap_err();
    assert!(refused.to_string().contains("a file's path take 3984 bytes at most"), "{refused}");
}

#[test]
fn a_path_need_not_be_text() {
    let path = OsStr::from_bytes(b"/data/\xff\xfe \n").into();
    let written = header("a", "b", Traits { writable: false, file: Some(FilePart { path, ..part("") }) });
    assert_eq!(Header::decode(&written.encode()).unwrap(), written);
    assert_eq!(written.total(), 77 + (1 << 50));
}

#[test]
fn other_layouts_are_named_as_such() {
    for other in [VERSION as u8 - 1, VERSION as u8 + 1] {
        let mut block = plain("a", "b").encode();
        block[8] = other;
        assert!(Header::decode(&block).unwrap_err().contains(&format!("layout {other}")));
    }
}

#[test]
fn lengths_that_do_not_fit_are_refused_even_with_a_right_checksum() {
    let mut block = plain("a", "b").encode();
    block[56..60].copy_from_slice(&[0xff; 4]);
    assert!(Header::decode(&summed(block)).unwrap_err().contains("too long"));
    let mut block = header("a", "b", Traits { writable: false, file: Some(part("/x")) }).encode();
    block[FILE + 32..FILE + 34].copy_from_slice(&[0xff; 2]);
    assert!(Header::decode(&summed(block)).unwrap_err().contains("too long"));
}

#[test]
fn flags_of_a_later_version_are_refused() {
    let mut block = plain("a", "b").encode();
    block[60] |= 4;
    assert!(Header::decode(&summed(block)).unwrap_err().contains("flags 0x4"));
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        ns in ".{0,40}", name in ".{0,40}", writable: bool,
        file in prop::option::of((prop::collection::vec(1_u8.., 1..200), any::<[u64; 4]>())),
    ) {
        let file = file.map(|(path, [device, inode, offset, bytes])| {
            FilePart { path: OsStr::from_bytes(&path).into(), device, inode, offset, bytes }
        });
        let written = header(&ns, &name, Traits { writable, file });
        prop_assert_eq!(Header::decode(&written.encode()).unwrap(), written);
    }

    #[test]
    fn any_changed_byte_is_noticed(
        at in 0..SIZE, xor in 1_u8.., ns in ".{0,40}", name in ".{0,40}", with_file: bool,
    ) {
        let traits = Traits { writable: with_file, file: with_file.then(|| part("/some/file")) };
        let mut block = header(&ns, &name, traits).encode();
        block[at] ^= xor;
        prop_assert!(Header::decode(&block).is_err());
    }

    #[test]
    fn any_bytes_with_a_right_checksum_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), SIZE - 12), strings in 0..2000_u16, flags in 0..4_u8,
    ) {
        let mut block = [0; SIZE];
        block[12..].copy_from_slice(&bytes);
        block[..8].copy_from_slice(&MAGIC);
        block[8] = VERSION as u8;
        block[57] = (strings >> 8) as u8;
        block[59] = strings as u8;
        block[60] = flags;
        block[61] = 0;
        block[FILE + 33] &= 15;
        if let Ok(header) = Header::decode(&summed(block)) {
            prop_assert_eq!(header.traits.file.is_some(), flags & 2 != 0);
            prop_assert!(header.total() >= header.bytes);
        }
    }
}
