//! Items as files of other programs hold them, and what each becomes in a page.
//!
//! Types are named as NumPy names them: byte order (`<`, `>`, `=` or `|`), kind, bytes. What a page has no type for goes into the next
//! wider one; an item that the wider one cannot hold exactly is refused.

use std::sync::Arc;

use super::Tag;

/// What the lowest integer of a type means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lowest {
    /// A number like any other, but for 4 bytes, which a page reads as missing.
    Number,
    /// That a value is missing.
    Missing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    Signed,
    Unsigned,
    Float,
    Complex,
    Bytes,
}

/// The type of a file's items.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemType {
    kind: Kind,
    width: u8,
    swapped: bool,
    lowest: Lowest,
    /// What each value of a byte stands for.
    codes: Option<Arc<[f64]>>,
}

/// Whole numbers up to here are doubles.
const EXACT: u64 = 1 << 53;

impl ItemType {
    /// The type of this name, if items of it can be read.
    pub fn named(name: &str, lowest: Lowest) -> Option<ItemType> {
        let mut letters = name.chars();
        let (order, kind) = (letters.next()?, letters.next()?);
        let width: u8 = letters.as_str().parse().ok()?;
        // No sign, no zero before it.
        if width.to_string() != letters.as_str() {
            return None;
        }
        let kind = match (kind, width) {
            ('b', 1) => Kind::Bool,
            ('i', 1 | 2 | 4 | 8) => Kind::Signed,
            ('u', 1 | 2 | 4 | 8) => Kind::Unsigned,
            ('f', 2 | 4 | 8) => Kind::Float,
            ('c', 8 | 16) => Kind::Complex,
            ('V', 1) => Kind::Bytes,
            _ => return None,
        };
        let swapped = match order {
            '<' => cfg!(target_endian = "big"),
            '>' => cfg!(target_endian = "little"),
            '=' => false,
            '|' if width == 1 => false,
            _ => return None,
        };
        Some(ItemType { kind, width, swapped, lowest, codes: None })
    }

    /// Bytes that stand for these numbers, 256 of them.
    pub fn coded(codes: &[f64]) -> Option<ItemType> {
        let codes = (codes.len() == 256).then(|| Arc::from(codes));
        Some(ItemType {
            kind: Kind::Unsigned,
            width: 1,
            swapped: false,
            lowest: Lowest::Number,
            codes: Some(codes?),
        })
    }

    /// Bytes of one item in the file.
    pub fn size(&self) -> u64 {
        self.width.into()
    }

    /// The type of the page's items.
    pub fn tag(&self) -> Tag {
        match (self.kind, self.width) {
            _ if self.codes.is_some() => Tag::Real,
            (Kind::Bool, _) => Tag::Logical,
            (Kind::Signed, 1..=4) | (Kind::Unsigned, 1..=2) => Tag::Integer,
            (Kind::Signed | Kind::Unsigned | Kind::Float, _) => Tag::Real,
            (Kind::Complex, _) => Tag::Complex,
            (Kind::Bytes, _) => Tag::Raw,
        }
    }

    /// Whether items are in a page what they are in the file.
    pub fn is_ours(&self) -> bool {
        let kept = matches!(
            (self.kind, self.width),
            (Kind::Signed, 4) | (Kind::Float, 8) | (Kind::Complex, 16) | (Kind::Bytes, 1)
        );
        kept && !self.swapped
    }

    /// Makes items of the page of as many items of the file. Both hold whole items.
    ///
    /// # Errors
    /// The place of the first item that the page's type cannot hold, and what it is.
    pub fn convert(&self, from: &[u8], into: &mut [u8]) -> Result<(), (usize, String)> {
        if let Some(codes) = &self.codes {
            return each(from, into, |[byte]: [u8; 1]| Ok(codes[usize::from(byte)].to_ne_bytes()));
        }
        match (self.kind, self.width) {
            (Kind::Bool, _) => each(from, into, |[byte]: [u8; 1]| Ok(i32::from(byte != 0).to_ne_bytes())),
            (Kind::Signed, 1) => {
                each(from, into, |b| Ok(self.short(i8::from_ne_bytes(b).into(), i8::MIN.into())))
            }
            (Kind::Signed, 2) => each(from, into, |b| {
                Ok(self.short(i16::from_ne_bytes(self.ordered(b)).into(), i16::MIN.into()))
            }),
            (Kind::Unsigned, 1) => each(from, into, |[b]: [u8; 1]| Ok(i32::from(b).to_ne_bytes())),
            (Kind::Unsigned, 2) => {
                each(from, into, |b| Ok(i32::from(u16::from_ne_bytes(self.ordered(b))).to_ne_bytes()))
            }
            (Kind::Signed, 4) => each(from, into, |b: [u8; 4]| Ok(self.ordered(b))),
            (Kind::Unsigned, 4) => {
                each(from, into, |b| Ok(f64::from(u32::from_ne_bytes(self.ordered(b))).to_ne_bytes()))
            }
            (Kind::Signed, _) => each(from, into, |b| {
                let number = i64::from_ne_bytes(self.ordered(b));
                exact(number.unsigned_abs(), number as f64).ok_or_else(|| number.to_string())
            }),
            (Kind::Unsigned, _) => each(from, into, |b| {
                let number = u64::from_ne_bytes(self.ordered(b));
                exact(number, number as f64).ok_or_else(|| number.to_string())
            }),
            (Kind::Float | Kind::Complex, _) => self.convert_floats(from, into),
            (Kind::Bytes, _) => each(from, into, |b: [u8; 1]| Ok(b)),
        }
    }

    /// A complex number is two of them.
    fn convert_floats(&self, from: &[u8], into: &mut [u8]) -> Result<(), (usize, String)> {
        match (self.kind, self.width) {
            (Kind::Float, 2) => {
                each(from, into, |b| Ok(half(u16::from_ne_bytes(self.ordered(b))).to_ne_bytes()))
            }
            (Kind::Float, 4) | (Kind::Complex, 8) => {
                each(from, into, |b| Ok(f64::from(f32::from_ne_bytes(self.ordered(b))).to_ne_bytes()))
            }
            _ => each(from, into, |b: [u8; 8]| Ok(self.ordered(b))),
        }
    }

    fn ordered<const N: usize>(&self, mut bytes: [u8; N]) -> [u8; N] {
        if self.swapped {
            bytes.reverse();
        }
        bytes
    }

    /// An integer of the page, in which the lowest one says that a value is missing.
    fn short(&self, number: i32, lowest: i32) -> [u8; 4] {
        let missing = number == lowest && self.lowest == Lowest::Missing;
        if missing { i32::MIN } else { number }.to_ne_bytes()
    }
}

fn each<const N: usize, const M: usize>(
    from: &[u8],
    into: &mut [u8],
    item: impl Fn([u8; N]) -> Result<[u8; M], String>,
) -> Result<(), (usize, String)> {
    let places = from.chunks_exact(N).zip(into.chunks_exact_mut(M));
    for (place, (from, into)) in places.enumerate() {
        let mut bytes = [0; N];
        bytes.copy_from_slice(from);
        into.copy_from_slice(&item(bytes).map_err(|what| (place, what))?);
    }
    Ok(())
}

fn exact(size: u64, number: f64) -> Option<[u8; 8]> {
    (size <= EXACT).then(|| number.to_ne_bytes())
}

/// A number of 2 bytes (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    match (exponent, bits & 1023) {
        (31, 0) => sign * f64::INFINITY,
        (31, _) => f64::NAN,
        (0, _) => sign * fraction * 2f64.powi(-24),
        _ => sign * (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

#[cfg(test)]
#[path = "item_tests.rs"]
mod tests;
