//! Documents that were valid before something happened to them.
use super::Input;

/// Numbers that lengths and offsets are least expected to be.
const ODD: [u64; 12] = [
    0,
    1,
    7,
    64,
    u8::MAX as u64,
    u16::MAX as u64,
    i32::MAX as u64,
    u32::MAX as u64,
    1 << 40,
    1 << 52,
    i64::MAX as u64,
    u64::MAX,
];

/// The document after what `script` says: bits flipped, bytes set, numbers replaced by odd ones, cut, a part of it repeated,
/// taken out or overwritten by another part. Any bytes are a script; an empty one changes nothing.
pub fn changed(document: &[u8], script: &[u8]) -> Vec<u8> {
    let mut bytes = document.to_vec();
    let mut input = Input(script);
    while !input.is_over() {
        let what = input.byte();
        // Most of what matters stands at the beginning.
        let area = if what & 0x80 == 0 { bytes.len() } else { bytes.len().min(256) };
        let at = place(&mut input, area);
        match what % 8 {
            0 => bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << (input.byte() % 8)),
            1 => bytes.get_mut(at).into_iter().for_each(|byte| *byte = input.byte()),
            2..=4 => {
                let number =
                    ODD[usize::from(input.byte()) % ODD.len()].wrapping_sub(u64::from(input.byte() % 3));
                let width = if what % 8 == 4 { 4 } else { 8 };
                let at = at - at % width;
                overwrite(&mut bytes, at, &number.to_le_bytes()[..width]);
            }
            5 => bytes.truncate(at),
            6 => {
                let part = part(&bytes, &mut input);
                overwrite(&mut bytes, at, &part);
            }
            _ => {
                let part = part(&bytes, &mut input);
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

fn place(input: &mut Input<'_>, area: usize) -> usize {
    let at = usize::from(input.byte()) | usize::from(input.byte()) << 8;
    at % area.max(1)
}

fn part(bytes: &[u8], input: &mut Input<'_>) -> Vec<u8> {
    let from = place(input, bytes.len());
    bytes[from.min(bytes.len())..].iter().copied().take(usize::from(input.byte())).collect()
}

fn overwrite(bytes: &mut [u8], at: usize, part: &[u8]) {
    bytes.iter_mut().skip(at).zip(part).for_each(|(byte, new)| *byte = *new);
}
