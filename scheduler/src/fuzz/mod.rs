//! Fuzz targets: for each parser of bytes that another process, an earlier session or a file gives us, one function that is given
//! bytes. It must not panic, must make no room out of proportion to them, and must end.
//!
//! The same functions are driven twice: by `tests.rs` in every `cargo test`, with valid documents and kept inputs that were changed and
//! with bytes of no kind; and guided by coverage for as long as one likes (`make fuzz`, the crate `fuzz/`). Documents with a checksum are given
//! a right one first, since nothing else would get beyond it.
mod allocations;
mod board;
mod changes;
mod kept;
mod names;
mod npy;
mod page;
mod places;
mod stored;
#[cfg(test)]
mod tests;
mod words;

pub use allocations::{beyond, Watched};
pub use changes::changed;
pub use places::{Aligned, Input};

/// A parser, as it is tried.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What `make fuzz` calls it.
    pub name: &'static str,
    /// Reads bytes as the parser's callers do.
    pub run: fn(&[u8]),
    /// Valid documents, from which others are made by changes.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// The parsers of this crate.
pub const TARGETS: &[Target] = &[
    Target { name: "page", run: page::run, seeds: page::seeds },
    Target { name: "page-views", run: page::run_with_views, seeds: page::seeds_with_views },
    Target { name: "header", run: stored::header, seeds: stored::header_seeds },
    Target { name: "profile", run: stored::profile, seeds: stored::profile_seeds },
    Target { name: "board", run: board::found, seeds: board::found_seeds },
    Target { name: "board-run", run: board::written, seeds: board::written_seeds },
    Target { name: "wire", run: words::wire, seeds: words::wire_seeds },
    Target { name: "run-spec", run: words::run_spec, seeds: words::run_spec_seeds },
    Target { name: "log-line", run: words::log_line, seeds: words::log_line_seeds },
    Target { name: "npy", run: npy::run, seeds: npy::seeds },
    Target { name: "name", run: names::run, seeds: names::seeds },
];

impl Target {
    /// Reads bytes, and sees to it that no room was made out of proportion.
    ///
    /// # Panics
    /// Where the parser does, or asks for more room at once than bytes of this kind can need.
    pub fn read(&self, bytes: &[u8]) {
        let most = bytes.len().saturating_mul(PROPORTION).max(LEAST);
        let beyond = beyond(most, || (self.run)(bytes));
        assert!(beyond == 0, "{}: {beyond} bytes were asked for at once, {most} are plenty", self.name);
    }
}

/// A parser may ask for so many times the bytes it was given, or this many, at once.
const PROPORTION: usize = 1024;
const LEAST: usize = 1 << 20;
