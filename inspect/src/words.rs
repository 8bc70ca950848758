//! Numbers for people: the one place that writes figures for text views, the command line and R. The page has its own functions
//! (`viewer/src/format.js`), and a test of it compares them with these.
use crate::harmless::is_acted_on;

/// A time: `"1.2 s"`, `"34 ms"`, `"20 us"`.
pub fn seconds(seconds: f64) -> String {
    // No "-0": the sum of nothing is one.
    let seconds = seconds + 0.0;
    let size = seconds.abs();
    let (value, unit) = match size {
        _ if size == 0.0 || size.is_nan() || size >= 0.9995 => (seconds, "s"),
        _ if size >= 0.9995e-3 => (seconds * 1e3, "ms"),
        _ if size >= 0.9995e-6 => (seconds * 1e6, "us"),
        _ => (seconds * 1e9, "ns"),
    };
    let number = if value.abs() >= 99.95 || value == 0.0 { format!("{value:.0}") } else { digits(value, 3) };
    format!("{number} {unit}")
}

/// A time that goes on, as exact as one wants to read it then: `"0.3 s"`, `"12 s"`, `"5 min 02 s"`, `"3 h 04 min"`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else if whole < 60 {
        format!("{whole} s")
    } else if whole < 3600 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        format!("{} h {:02} min", number(whole / 3600), whole % 3600 / 60)
    }
}

/// How many a second: two places below 10, else whole.
pub fn rate(rate: f64) -> String {
    if rate < 9.995 {
        format!("{rate:.2}")
    } else {
        number(rate.round() as u64)
    }
}

/// A size: `"512 bytes"`, `"1.5 kB"`.
pub fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return count(bytes, "byte");
    }
    let (mut value, mut units) = (bytes as f64 / 1000.0, ["kB", "MB", "GB", "TB"].into_iter().peekable());
    let mut unit = units.next().unwrap_or("");
    // What would be shown as 1000.0 is one of the next unit.
    while value >= 999.95 && units.peek().is_some() {
        (value, unit) = (value / 1000.0, units.next().unwrap_or(unit));
    }
    format!("{value:.1} {unit}")
}

/// The same of what is only guessed: "~16.0 kB".
pub fn roughly(size: u64, guessed: bool) -> String {
    format!("{}{}", if guessed { "~" } else { "" }, bytes(size))
}

/// A share between 0 and 1: `"35 %"`, `"2.1 %"`.
pub fn percent(share: f64) -> String {
    let value = 100.0 * share + 0.0;
    let number = if share >= 0.0995 || share == 0.0 { format!("{value:.0}") } else { digits(value, 2) };
    format!("{number} %")
}

/// A number with a comma after each three digits.
pub fn number(n: u64) -> String {
    let plain = n.to_string();
    let mut out = String::with_capacity(plain.len() + plain.len() / 3);
    for (place, digit) in plain.chars().enumerate() {
        if place > 0 && (plain.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `"1 pass"`, `"2,000 passes"`.
pub fn count(n: u64, one: &str) -> String {
    let many = match one {
        "pass" => "passes".to_owned(),
        "retry" => "retries".to_owned(),
        _ => format!("{one}s"),
    };
    format!("{} {}", number(n), if n == 1 { one } else { &many })
}

/// `"element 3"`, `"element 3 ('gene_3')"`.
pub fn element(index: u64, name: Option<&str>) -> String {
    match name {
        Some(name) if !name.is_empty() => format!("element {index} ('{}')", short(name, 40)),
        _ => format!("element {index}"),
    }
}

/// A text of at most so many characters, on one line; what is left out is shown by `...`.
pub fn short(text: &str, most: usize) -> String {
    let plain = |c: char| if is_acted_on(c) { ' ' } else { c };
    if text.chars().count() <= most {
        return text.chars().map(plain).collect();
    }
    text.chars().take(most.saturating_sub(3)).map(plain).chain(['.'; 3]).collect()
}

/// `"a, b and c"`; of more than `most` words the first, and how many there are besides.
pub fn list<S: AsRef<str>>(words: &[S], most: usize) -> String {
    let shown: Vec<&str> = words.iter().take(most).map(AsRef::as_ref).collect();
    if words.len() > most {
        return format!("{} and {} more", shown.join(", "), number((words.len() - most) as u64));
    }
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => shown.concat(),
    }
}

/// C's `%.<digits>g`.
fn digits(value: f64, digits: usize) -> String {
    let exact = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = exact.split_once('e').unwrap_or((&exact, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let bare = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", bare(mantissa), exponent.abs());
    }
    bare(&format!("{value:.*}", (digits as i32 - 1 - exponent).max(0) as usize))
}
