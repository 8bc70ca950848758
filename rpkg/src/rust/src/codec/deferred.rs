//! Strings that R has not made yet: `as.character(1:n)` gives a vector that keeps the integers and makes a string when it is asked
//! for. Making all of them costs several times as much as writing the numbers as text, and they would stay in R's memory.
use extendr_ffi::{R_altrep_data1, ALTREP, CAR, INTEGER_GET_REGION};
use scheduler::page::StringTable;

use crate::r::{logical, Kind, Scope, Sexp};

/// Shorter vectors are left to R: the question what they are costs more than their strings.
const WORTH: usize = 1000;
/// Integers asked for at once: they may be as compact as `1:n`.
const PART: usize = 1024;
/// What R calls the class, and the package that it is of.
const NAMES: [&[u8]; 2] = [b"deferred_string", b"base"];

/// The integers of a character vector that R has not made from them yet; `None` for everything else.
pub(super) fn integers_of<'s>(s: &'s Scope, x: Sexp) -> Option<Sexp<'s>> {
    // SAFETY: a live value; the first data slot of any ALTREP object can be read.
    let state =
        unsafe { (x.len() >= WORTH && ALTREP(x.raw()) != 0).then(|| Sexp::new(R_altrep_data1(x.raw())))? };
    if state.kind() != Kind::LISTSXP {
        return None;
    }
    // SAFETY: a live pairlist; its first item is reachable from it.
    let integers = unsafe { Sexp::new(CAR(state.raw())) };
    let fits = integers.kind() == Kind::INTSXP && integers.len() == x.len() && !integers.has_attributes();
    (fits && s.inner(|s| is_deferred(s, x))).then_some(integers)
}

/// Whether the class is R's own: other packages may have one of the same make. R names an object's class in its serialized form
/// only, which for this class is that of the integers.
fn is_deferred(s: &Scope, x: Sexp) -> bool {
    let no = logical(s, false);
    let bytes = s.call_base("serialize", &[x, s.null(), no, no]);
    let Some(data) = bytes.data().filter(|_| bytes.kind() == Kind::RAWSXP) else { return false };
    // SAFETY: a raw vector's own bytes, kept by the scope.
    names_class(unsafe { std::slice::from_raw_parts(data, bytes.len()) })
}

/// Whether this is the serialized form of an object of the class [`NAMES`], in the machine's byte order.
fn names_class(bytes: &[u8]) -> bool {
    rest_of_class(bytes).is_some()
}

/// What follows the class. Before it stand "B\n", three versions and the native encoding; then an ALTREP object, whose class is a
/// pairlist that begins with two symbols.
fn rest_of_class(bytes: &[u8]) -> Option<&[u8]> {
    const ALTREP_OBJECT: i32 = 238;
    const PAIRLIST: i32 = 2;
    const SYMBOL: i32 = 1;
    const CHARACTER: i32 = 9;
    let (encoding, rest) = number(bytes.get(14..)?)?;
    let mut rest = expect(rest.get(usize::try_from(encoding).ok()?..)?, ALTREP_OBJECT)?;
    for name in NAMES {
        let (len, text) = number(expect(expect(expect(rest, PAIRLIST)?, SYMBOL)?, CHARACTER)?)?;
        rest = text.strip_prefix(name).filter(|_| usize::try_from(len) == Ok(name.len()))?;
    }
    Some(rest)
}

/// The number at the beginning, and what follows it.
fn number(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((i32::from_ne_bytes(*first), rest))
}

/// What follows the flags of an object, if it is of this kind.
fn expect(bytes: &[u8], kind: i32) -> Option<&[u8]> {
    let (flags, rest) = number(bytes)?;
    (flags & 0xff == kind).then_some(rest)
}

/// Writes the integers as R does; the missing one is a missing string.
pub(super) fn push(table: &mut StringTable, integers: Sexp) {
    table.reserve(integers.len());
    let mut part = [0i32; PART];
    let mut digits = [0u8; 11];
    for start in (0..integers.len()).step_by(PART) {
        let count = PART.min(integers.len() - start);
        // SAFETY: a live integer vector, with so many items from there on; `part` has room for them.
        unsafe { INTEGER_GET_REGION(integers.raw(), start as isize, count as isize, part.as_mut_ptr()) };
        for &value in &part[..count] {
            match value {
                i32::MIN => table.push_na(),
                _ => table.push(decimal(value, &mut digits), 0),
            }
        }
    }
}

/// The number in decimal digits, without an allocation.
fn decimal(value: i32, digits: &mut [u8; 11]) -> &[u8] {
    let mut rest = value.unsigned_abs();
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    &digits[at..]
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_are_those_of_the_number() {
        for value in [0, 1, -1, 9, 10, 100_000, -123_456_789, i32::MAX, i32::MIN + 1] {
            assert_eq!(decimal(value, &mut [0; 11]), value.to_string().as_bytes());
        }
    }
}
