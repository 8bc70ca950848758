//! Each type of a file's items becomes what it is in a page, in both byte orders, or is refused.

use super::*;

fn of(name: &str) -> ItemType {
    ItemType::named(name, Lowest::Number).unwrap()
}

fn converted(item: &ItemType, from: &[u8]) -> Result<Vec<u8>, (usize, String)> {
    let count = from.len() as u64 / item.size();
    let mut into = vec![0xee; (count * item.tag().item_size()) as usize];
    item.convert(from, &mut into).map(|()| into)
}

fn doubles(item: &ItemType, from: &[u8]) -> Vec<f64> {
    assert_eq!(item.tag(), Tag::Real);
    let bytes = converted(item, from).unwrap();
    bytes.chunks_exact(8).map(|b| f64::from_ne_bytes(b.try_into().unwrap())).collect()
}

fn integers(item: &ItemType, from: &[u8]) -> Vec<i32> {
    assert!(matches!(item.tag(), Tag::Integer | Tag::Logical));
    let bytes = converted(item, from).unwrap();
    bytes.chunks_exact(4).map(|b| i32::from_ne_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn integers_come_in_both_orders() {
    assert_eq!(integers(&of("|i1"), &[0x80, 0xff, 5]), [-128, -1, 5]);
    assert_eq!(integers(&of("|u1"), &[0x80, 0xff, 5]), [128, 255, 5]);
    assert_eq!(integers(&of("|b1"), &[0, 1, 2]), [0, 1, 1]);
    assert_eq!(integers(&of("<i2"), &[0, 0x80, 1, 2]), [-32768, 513]);
    assert_eq!(integers(&of(">i2"), &[0x80, 0, 1, 2]), [-32768, 258]);
    assert_eq!(integers(&of(">u2"), &[0x80, 0]), [32768]);
    assert_eq!(integers(&of(">i4"), &[0, 0, 1, 2]), [258]);
    assert_eq!(doubles(&of("<u4"), &[255; 4]), [4_294_967_295.0]);
    assert_eq!(doubles(&of(">i8"), &(-5_i64).to_be_bytes()), [-5.0]);
    assert_eq!(doubles(&of("<u8"), &EXACT.to_le_bytes()), [EXACT as f64]);
}

#[test]
fn the_lowest_integer_is_missing_where_it_is_said_to_be() {
    let missing = |name| ItemType::named(name, Lowest::Missing).unwrap();
    assert_eq!(integers(&missing("|i1"), &[0x80, 0x81]), [i32::MIN, -127]);
    assert_eq!(integers(&missing("<i2"), &[0, 0x80, 1, 0x80]), [i32::MIN, -32767]);
}

#[test]
fn an_integer_that_no_double_holds_is_named() {
    let from = [7_i64.to_le_bytes(), (EXACT as i64 + 1).to_le_bytes()].concat();
    assert_eq!(converted(&of("<i8"), &from), Err((1, "9007199254740993".into())));
    assert_eq!(converted(&of("<u8"), &[255; 8]), Err((0, u64::MAX.to_string())));
    assert_eq!(converted(&of("<i8"), &i64::MIN.to_le_bytes()), Err((0, i64::MIN.to_string())));
}

#[test]
fn floats_come_in_both_orders() {
    let halves = [0x3c00_u16, 0xc000, 0x0001, 0x0400, 0x7bff, 0x7c00, 0x8000];
    let from: Vec<u8> = halves.iter().flat_map(|half| half.to_be_bytes()).collect();
    let wanted = [1.0, -2.0, 2f64.powi(-24), 2f64.powi(-14), 65504.0, f64::INFINITY, 0.0];
    assert_eq!(doubles(&of(">f2"), &from), wanted);
    assert!(doubles(&of("<f2"), &0x7e00_u16.to_le_bytes())[0].is_nan());
    assert_eq!(doubles(&of(">f4"), &0.5_f32.to_be_bytes()), [0.5]);
    assert_eq!(doubles(&of(">f8"), &0.1_f64.to_be_bytes()), [0.1]);
    let complex = of(">c8");
    let from = [1.5_f32.to_be_bytes(), (-2.0_f32).to_be_bytes()].concat();
    assert_eq!(complex.tag(), Tag::Complex);
    assert_eq!(
        converted(&complex, &from).unwrap(),
        [1.5_f64.to_ne_bytes(), (-2.0_f64).to_ne_bytes()].concat()
    );
}

#[test]
fn codes_stand_for_numbers() {
    let codes: Vec<f64> = (0..256).map(|code| f64::from(code) / 100.0).collect();
    assert_eq!(doubles(&ItemType::coded(&codes).unwrap(), &[0, 255]), [0.0, 2.55]);
    assert!(ItemType::coded(&codes[1..]).is_none());
}

#[test]
fn other_types_have_no_name() {
    for name in [
        "", "<", "f8", "<f", "<f16", "<i3", "<U5", "|O", "<M8[ns]", "|S1", "|f8", "<c4", "<f08", "|V12",
        "<i+8",
    ] {
        assert_eq!(ItemType::named(name, Lowest::Number), None, "{name}");
    }
    assert!(of("=f8").is_ours() && of("=i4").is_ours() && of("|V1").is_ours() && of("=c16").is_ours());
    assert!(!of("|u1").is_ours() && !of("=f4").is_ours() && !of("|b1").is_ours());
    assert!(of("<f8").is_ours() != of(">f8").is_ours());
}
