//! Numbers for people.
use crate::words::{bytes, count, duration, element, list, number, percent, rate, seconds, short};

#[test]
fn times_have_three_digits() {
    let cases = [
        (0.0, "0 s"),
        (-0.0, "0 s"),
        (2.04, "2.04 s"),
        (1.2, "1.2 s"),
        (99.94, "99.9 s"),
        (99.96, "100 s"),
        (1234.5, "1234 s"),
        (0.0341, "34.1 ms"),
        (0.9999, "1 s"),
        (0.9994, "999 ms"),
        (0.00002, "20 us"),
        (1.5e-6, "1.5 us"),
        (4e-9, "4 ns"),
        (1e-15, "1e-06 ns"),
        (-0.5, "-500 ms"),
    ];
    for (value, text) in cases {
        assert_eq!(seconds(value), text);
    }
}

#[test]
fn sizes_are_in_the_unit_that_reads_best_and_shares_are_percents() {
    let sizes = [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_000_000_000, "1.0 GB"),
        (153_600_000, "153.6 MB"),
        (2_500_000_000_000_000, "2500.0 TB"),
    ];
    for (value, text) in sizes {
        assert_eq!(bytes(value), text);
    }
    let shares = [
        (0.0, "0 %"),
        (0.35, "35 %"),
        (0.0214, "2.1 %"),
        (0.0994, "9.9 %"),
        (0.0996, "10 %"),
        (1.0, "100 %"),
    ];
    for (value, text) in shares {
        assert_eq!(percent(value), text);
    }
}

#[test]
fn times_that_go_on_and_rates_are_as_exact_as_one_wants_to_read() {
    let times = [0.04, 9.94, 9.96, 59.4, 59.6, 61.4, 3599.6, 11_040.0].map(duration);
    assert_eq!(
        times,
        ["0.0 s", "9.9 s", "10 s", "59 s", "1 min 00 s", "1 min 01 s", "1 h 00 min", "3 h 04 min"]
    );
    assert_eq!([0.126, 9.99, 9.996, 12_345.6].map(rate), ["0.13", "9.99", "10", "12,346"]);
}

#[test]
fn counts_and_names_are_short() {
    assert_eq!([number(1), number(999), number(1000), number(1_234_567)], ["1", "999", "1,000", "1,234,567"]);
    assert_eq!(
        [count(1, "pass"), count(2000, "pass"), count(0, "chunk")],
        ["1 pass", "2,000 passes", "0 chunks"]
    );
    assert_eq!(element(1801, Some("TP53")), "element 1801 ('TP53')");
    assert_eq!(element(7, None), "element 7");
    assert_eq!(short("abcdef", 6), "abcdef");
    assert_eq!(short("a\nbcdefg", 6), "a b...");
    assert_eq!(list(&["a", "b", "c"], 3), "a, b and c");
    assert_eq!(list(&["a", "b", "c", "d"], 2), "a, b and 2 more");
    assert_eq!(list(&["a"], 2), "a");
}
