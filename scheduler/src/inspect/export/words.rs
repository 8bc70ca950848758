//! Sizes, times, counts and names as people read them.

/// "512 bytes", "1.5 kB", "2.0 GB".
pub(super) fn bytes(bytes: u64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    match units.iter().find(|(_, size)| bytes as f64 >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", bytes as f64 / size),
        None => count(bytes, "byte"),
    }
}

/// Three digits that count, as R's prints have it: "3 us", "12.3 ms", "1.2 s", "3,600 s".
pub(super) fn seconds(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 1.0 || s <= 0.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s if s >= 1e-6 => (s * 1e6, "us"),
        s => (s * 1e9, "ns"),
    };
    let digits = match value {
        v if v >= 99.95 => return format!("{} {unit}", number(v.round() as u64)),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    };
    format!("{} {unit}", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// "1 chunk", "2,000 chunks".
pub(super) fn count(n: u64, one: &str) -> String {
    let plural = match one.strip_suffix('y') {
        _ if n == 1 => one.to_owned(),
        Some(stem) => format!("{stem}ies"),
        None if one.ends_with('s') => format!("{one}es"),
        None => format!("{one}s"),
    };
    format!("{} {plural}", number(n))
}

/// "12,345".
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A name as part of a label: on one line, and not longer than a label can be.
pub(super) fn short(name: &str) -> String {
    const MOST: usize = 60;
    let plain = |letter: char| match letter {
        // Neither is text in any of the languages that labels are written in.
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        _ if letter.is_control() => ' ',
        _ => letter,
    };
    let mut text: String = name.chars().take(MOST).map(plain).collect();
    if name.chars().nth(MOST).is_some() {
        text.push('…');
    }
    text
}

/// Names one after the other, the first few of them.
pub(super) fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 5;
    let more = names.len().saturating_sub(MOST);
    let mut words: Vec<String> = names.take(MOST).map(short).collect();
    if more > 0 {
        words.push(format!("and {} more", number(more as u64)));
    }
    words.join(", ")
}
