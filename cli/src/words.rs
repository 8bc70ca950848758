//! Numbers in words, as the R package has them.

/// A size: `512 bytes`, `8.0 kB`, `1.5 GB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
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
            [0, 999, 1_000, 999_949, 999_950, 1_500_000_000, 7_000_000_000_000_000].map(bytes).into();
        assert_eq!(shown, ["0 bytes", "999 bytes", "1.0 kB", "999.9 kB", "1.0 MB", "1.5 GB", "7000.0 TB"]);
    }

    #[test]
    fn counts_read_as_people_write_them() {
        assert_eq!(
            [count(0, "page"), count(1, "page"), count(1_234_567, "page")],
            ["0 pages", "1 page", "1,234,567 pages"]
        );
    }
}
