//! A worker without R: squares the numbers of its collection. The run's program says what goes wrong on purpose, so that
//! the tests of pool and supervisor (tests/run.rs) can have every kind of trouble.
//!
//! Program: words separated by blanks: `fail=7` ends element 7 in an error, `die=7` kills the worker there each time,
//! `die_once=7:PATH` the first time only (PATH is created as a mark), `sleep=7:500` takes 500 ms over it.

use scheduler::link::{Delivery, Link, Membership};
use scheduler::os::{now_ns, Mapping, SegmentFile};
use scheduler::store::CONTENT;

fn main() {
    // With an argument it has a second thread, and must not be forked.
    if std::env::args().len() > 1 {
        std::thread::spawn(std::thread::park);
    }
    let Ok(Some(mut link)) = Link::inherited() else { return };
    while let Ok(Some(mut membership)) = link.next_run() {
        let Some(numbers) = numbers(&membership) else { continue };
        let program = String::from_utf8(membership.spec().program.clone()).expect("the program is text");
        while let Ok(Some(lease)) = membership.next_lease(&mut link) {
            let started_ns = now_ns();
            let mut squares = Vec::new();
            let mut failed = None;
            for element in lease.start..lease.end {
                if !membership.enter_element(element) {
                    break;
                }
                if trouble(&program, element) {
                    failed = Some(element);
                    break;
                }
                let number = numbers[element as usize];
                squares.extend_from_slice(&(number * number).to_le_bytes());
            }
            if let Some(element) = failed {
                let words = format!("element {element} is bad");
                let error = words.as_bytes();
                let delivery = Delivery { output: Some(&error), notes: None, started_ns };
                membership.fail(&link, &lease, element, &delivery).expect("failing is reported");
            } else if squares.len() as u64 == 8 * (lease.end - lease.start) {
                let squares = squares.as_slice();
                let delivery = Delivery { output: Some(&squares), notes: None, started_ns };
                membership.complete(&lease, &delivery).expect("a chunk is delivered");
            }
        }
    }
}

fn numbers(membership: &Membership) -> Option<Vec<u64>> {
    let spec = membership.spec();
    let handle = spec.resources[spec.passes[0].collection.index()].as_ref()?;
    let file = SegmentFile::open_read(handle).ok()??;
    let mapping = Mapping::private(&file).ok()?;
    // SAFETY: the page is sealed before the run begins; nobody writes to it.
    let bytes = unsafe { mapping.bytes() };
    let whole = bytes[CONTENT as usize..].chunks_exact(8);
    Some(whole.map(|b| u64::from_le_bytes(b.try_into().expect("eight bytes"))).collect())
}

/// Plays out what the program has for `element`; whether it is to end in an error.
fn trouble(program: &str, element: u64) -> bool {
    for (verb, what) in program.split_whitespace().filter_map(|word| word.split_once('=')) {
        let (number, rest) = what.split_once(':').unwrap_or((what, ""));
        if number.parse() != Ok(element) {
            continue;
        }
        match verb {
            "fail" => return true,
            "die" => std::process::abort(),
            "die_once" if std::fs::OpenOptions::new().write(true).create_new(true).open(rest).is_ok() => {
                std::process::abort()
            }
            "sleep" => {
                std::thread::sleep(std::time::Duration::from_millis(rest.parse().expect("milliseconds")))
            }
            _ => {}
        }
    }
    false
}
