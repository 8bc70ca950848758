//! What R's `format_seconds()`, `format_bytes()`, `percent()` and `count_of()` write of the same numbers.
use super::super::words::{bytes, count, death, element, list, number, percent, seconds, short};

#[test]
fn times_are_as_r_writes_them() {
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
fn sizes_and_shares_are_as_r_writes_them() {
    let sizes = [
        (0, "0 bytes"),
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
fn counts_and_names_are_short() {
    assert_eq!([number(1), number(999), number(1000), number(1_234_567)], ["1", "999", "1,000", "1,234,567"]);
    assert_eq!(
        [count(1, "pass"), count(2000, "pass"), count(0, "chunk")],
        ["1 pass", "2,000 passes", "0 chunks"]
    );
    assert_eq!(element(1801, Some("TP53")), "element 1801 ('TP53')");
    assert_eq!(element(7, None), "element 7");
    assert_eq!(
        death("worker 17: killed by signal 9 (SIGKILL); its last words:\n  a\n  b"),
        "killed by signal 9 (SIGKILL)"
    );
    assert_eq!(death("exited with status 3"), "exited with status 3");
    assert_eq!(short("abcdef", 6), "abcdef");
    assert_eq!(short("a\nbcdefg", 6), "a b...");
    assert_eq!(list(&["a", "b", "c"], 3), "a, b and c");
    assert_eq!(list(&["a", "b", "c", "d"], 2), "a, b and 2 more");
    assert_eq!(list(&["a"], 2), "a");
}
