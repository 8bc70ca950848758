//! Which packages this worker loads while a run goes on, told to the session: what takes longest of a worker's first elements is often
//! not FUN's own work.
use std::cell::RefCell;

use scheduler::id::StageId;
use scheduler::link::Link;
use scheduler::os::now_ns;

use super::meter::Meter;
use crate::r::{self, Result};

/// Loading that took less is not worth a word. An element that took less is not looked at either, which costs some microseconds.
const WORTH_NS: u64 = 10_000_000;

thread_local! {
    /// Names of the loaded namespaces, when they were last looked at; none before the first look. It is kept from run to run: a worker in
    /// which a run left others ends.
    static KNOWN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What is loaded in a run.
#[derive(Default)]
pub(super) struct Packages {
    /// Since when a package is loaded.
    since_ns: u64,
}

impl Packages {
    pub(super) fn begin(&mut self) {
        self.since_ns = now_ns();
    }

    pub(super) fn end(&self, link: &Link, package: &str) -> Result<()> {
        KNOWN.take();
        let ns = now_ns().saturating_sub(self.since_ns);
        if ns >= WORTH_NS {
            link.loaded(package, None, ns)?;
        }
        Ok(())
    }

    /// Before the first element: what is there.
    pub(super) fn know(&self) -> Result<()> {
        if KNOWN.with_borrow(Vec::is_empty) {
            KNOWN.set(loaded_namespaces()?);
        }
        Ok(())
    }

    /// After a chunk: what its elements loaded. Of which of them took longest, that one did it.
    pub(super) fn look(&self, link: &Link, stage: StageId, meter: &Meter) -> Result<()> {
        let ns = meter.longest_ns();
        if ns < WORTH_NS {
            return Ok(());
        }
        let now = loaded_namespaces()?;
        let known = KNOWN.replace(now.clone());
        let new: Vec<String> = now.into_iter().filter(|name| !known.contains(name)).collect();
        if new.is_empty() {
            return Ok(());
        }
        Ok(link.loaded(&asked_for(new)?.join(", "), Some(stage), ns)?)
    }
}

/// Of these namespaces those that none of the others imports.
fn asked_for(new: Vec<String>) -> Result<Vec<String>> {
    let mut imported = Vec::new();
    for name in &new {
        let imports = r::protect(|s| {
            let imports = s.call_base("getNamespaceImports", &[r::character(s, &[name])]);
            Ok(r::Preserved::new(s.call_base("names", &[imports])))
        })?;
        imported.extend(r::strings(imports.get(), "names of imports")?);
    }
    let asked: Vec<String> = new.iter().filter(|name| !imported.contains(name)).cloned().collect();
    Ok(if asked.is_empty() { new } else { asked })
}

fn loaded_namespaces() -> Result<Vec<String>> {
    let names = r::protect(|s| Ok(r::Preserved::new(s.call_base("loadedNamespaces", &[]))))?;
    r::strings(names.get(), "loadedNamespaces()")
}
