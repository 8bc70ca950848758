//! One program for all targets: `MEMSHARE_FUZZ=NAME fuzz [libFuzzer's options] [folders of inputs]`.
//!
//! `tools/fuzz.sh` builds it with coverage counters and runs the targets in turn. `MEMSHARE_FUZZ_LIST=1` prints the targets' names;
//! with `MEMSHARE_FUZZ_SEEDS=DIR` it writes the target's documents there, with `MEMSHARE_FUZZ_KEEP=DIR` it keeps the inputs that are there.
#![no_main]
use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use scheduler::fuzz::{Target, Watched};

#[global_allocator]
static WATCHED: Watched = Watched;

static TARGET: OnceLock<&Target> = OnceLock::new();

fn targets() -> impl Iterator<Item = &'static Target> {
    scheduler::fuzz::TARGETS.iter().chain(inspect::fuzz::TARGETS)
}

/// The target that the environment names. Ends the program for what it can answer without fuzzing.
fn chosen() -> &'static Target {
    if std::env::var_os("MEMSHARE_FUZZ_LIST").is_some() {
        targets().for_each(|target| println!("{}", target.name));
        std::process::exit(0);
    }
    let name = std::env::var("MEMSHARE_FUZZ").unwrap_or_default();
    let target = targets().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| panic!("MEMSHARE_FUZZ names no target: '{name}'"));
    if let Some(folder) = std::env::var_os("MEMSHARE_FUZZ_SEEDS") {
        for (nth, document) in target.documents().iter().enumerate() {
            std::fs::write(Path::new(&folder).join(format!("seed-{nth}")), document)
                .expect("the folder is there");
        }
        std::process::exit(0);
    }
    if let Some(folder) = std::env::var_os("MEMSHARE_FUZZ_KEEP") {
        target.keep(Path::new(&folder)).expect("the sources are there to write to");
        std::process::exit(0);
    }
    target
}

fuzz_target!(
    init: {
        TARGET.get_or_init(chosen);
    },
    |bytes: &[u8]| {
        TARGET.get_or_init(chosen).read(bytes);
    }
);
