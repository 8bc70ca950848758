//! What files hold in other types and orders is in the page what it is in the file.

use proptest::prelude::*;

use super::*;
use crate::os::{Mapping, Place, Segment};
use crate::page::{BlobView, Lowest, Tag};
use crate::store::CONTENT;

struct Scratch(std::path::PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn file(test: &str, bytes: &[u8]) -> Scratch {
    let path = std::env::temp_dir().join(format!("memshare-loaded-{}-{test}", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    Scratch(path)
}

fn read(test: &str, loaded: &Loaded) -> Vec<i32> {
    let name = format!("memshare-test-{}-loaded{test}", std::process::id());
    let segment = Segment::create(&name, CONTENT + loaded.bytes(), &Place::Memory).unwrap().0;
    loaded.write(&segment.file().unwrap(), CONTENT).unwrap();
    let mapping = Mapping::private(&segment.file().unwrap()).unwrap();
    // SAFETY: nothing writes to it.
    let view = BlobView::open(&unsafe { mapping.bytes() }[CONTENT as usize..]).unwrap();
    let node = view.node(0);
    assert_eq!(node.tag, Tag::Integer);
    view.data(&node).chunks_exact(4).map(|b| i32::from_ne_bytes(b.try_into().unwrap())).collect()
}

/// The items in the order of columns, by their indices.
fn turned(extents: &[u64], items: &[i16]) -> Vec<i32> {
    let count: u64 = extents.iter().product();
    let of = |mut place: u64| {
        extents.iter().fold(0, |number, extent| {
            let index = place % extent;
            place /= extent;
            number * extent + index
        })
    };
    (0..count).map(|place| items[of(place) as usize].into()).collect()
}

fn check(test: &str, extents: &[u64]) {
    let count: u64 = extents.iter().product();
    let items: Vec<i16> = (0..count).map(|number| (number * 7 % 30_011) as i16).collect();
    let bytes: Vec<u8> = items.iter().flat_map(|item| item.to_be_bytes()).collect();
    let scratch = file(test, &bytes);
    let part = DataFile::open(&scratch.0, Access::Read).unwrap().part(0, bytes.len() as u64).unwrap();
    let item = ItemType::named(">i2", Lowest::Number).unwrap();
    let loaded =
        Loaded::new(item.clone(), Shape::default(), vec![part.clone()], (Order::Rows, extents)).unwrap();
    assert_eq!(read(test, &loaded), turned(extents, &items), "{extents:?}");
    let loaded = Loaded::new(item, Shape::default(), vec![part], (Order::Columns, extents)).unwrap();
    assert!(read(test, &loaded).into_iter().eq(items.into_iter().map(i32::from)), "{extents:?}");
}

#[test]
fn big_arrays_of_every_form_are_turned() {
    for extents in [
        &[1500_u64, 700] as &[u64],
        &[3, 200_000],
        &[200_000, 3],
        &[3, 5, 700, 60],
        &[2; 19],
        &[0, 5],
        &[7],
        &[],
    ] {
        check("big", extents);
    }
}

#[test]
fn an_item_that_does_not_fit_and_a_file_that_ends_are_named() {
    let scratch = file("refused", &[3_i64.to_le_bytes(), i64::MAX.to_le_bytes()].concat());
    let part = DataFile::open(&scratch.0, Access::Read).unwrap().part(0, 16).unwrap();
    let item = ItemType::named("<i8", Lowest::Number).unwrap();
    let write = || {
        let loaded =
            Loaded::new(item.clone(), Shape::default(), vec![part.clone()], (Order::Columns, &[])).unwrap();
        let name = format!("memshare-test-{}-loadedrefused", std::process::id());
        let segment = Segment::create(&name, CONTENT + loaded.bytes(), &Place::Memory).unwrap().0;
        loaded.write(&segment.file().unwrap(), CONTENT).unwrap_err().to_string()
    };
    assert!(write().contains("item 2 is 9223372036854775807"));
    std::fs::OpenOptions::new().write(true).open(&scratch.0).unwrap().set_len(9).unwrap();
    assert!(write().contains("too short"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_array_is_turned(extents in prop::collection::vec(0..30_u64, 1..5)) {
        check("any", &extents);
    }
}
