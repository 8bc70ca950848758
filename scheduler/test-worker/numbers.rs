//! What passes compute: their names say it. The tests (tests/run.rs) share this room, and put it together in their own way.

/// The result of one element: `square` its first input squared, `add` the sum of all inputs and sides.
pub(crate) fn result(name: &str, inputs: &[u64], sides: &[u64]) -> u64 {
    match name.split('-').next() {
        Some("square") => inputs[0].wrapping_mul(inputs[0]),
        _ => inputs.iter().chain(sides).fold(0, |sum: u64, &value| sum.wrapping_add(value)),
    }
}

/// One value of at most 16 consecutive ones. Their order matters.
pub(crate) fn fold(values: &[u64]) -> u64 {
    whole(values)
}

/// All values of a collection as one number. Their order matters.
pub(crate) fn whole(values: &[u64]) -> u64 {
    values.iter().fold(7, |all: u64, &value| all.wrapping_mul(31).wrapping_add(value))
}

/// Values as they lie in pages.
pub(crate) fn bytes(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Values that lay in a page.
pub(crate) fn values(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes"))).collect()
}
