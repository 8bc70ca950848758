//! Numbers in words, as the R package has them.

/// A size: `512 bytes`, `8.0 kB`, `1.5 GB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" });
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // What would be shown as 1000.0 is one of the next unit.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A count of something: `1 page`, `1,234 pages`.
pub(crate) fn count(n: u64, one: &str) -> String {
    format!("{} {one}{}", number(n), if n == 1 { "" } else { "s" })
}

/// A time: `0.3 s`, `12.3 s`, `5 min 02 s`, `3 h 04 min`.
pub(crate) fn seconds(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else if whole < 3600 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        format!("{} h {:02} min", number(whole / 3600), whole % 3600 / 60)
    }
}

/// How many a second: two places below 10, else whole.
pub(crate) fn rate(rate: f64) -> String {
    if rate < 9.995 {
        format!("{rate:.2}")
    } else {
        number(rate.round() as u64)
    }
}

/// A number with its thousands apart.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_the_unit_that_reads_best() {
        let shown: Vec<String> =
            [0, 1, 999, 1_000, 999_949, 999_950, 1_500_000_000, 7_000_000_000_000_000].map(bytes).into();
        assert_eq!(
            shown,
            ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "999.9 kB", "1.0 MB", "1.5 GB", "7000.0 TB"]
        );
    }

    #[test]
    fn times_and_rates_are_as_exact_as_one_wants_to_read() {
        let times: Vec<String> = [0.04, 59.9, 59.96, 61.4, 3599.6, 11_040.0].map(seconds).into();
        assert_eq!(times, ["0.0 s", "59.9 s", "1 min 00 s", "1 min 01 s", "1 h 00 min", "3 h 04 min"]);
        let rates: Vec<String> = [0.126, 9.99, 9.996, 12_345.6].map(rate).into();
        assert_eq!(rates, ["0.13", "9.99", "10", "12,346"]);
    }

    #[test]
    fn counts_read_as_people_write_them() {
        assert_eq!(
            [count(0, "page"), count(1, "page"), count(1_234_567, "page")],
            ["0 pages", "1 page", "1,234,567 pages"]
        );
    }
}
