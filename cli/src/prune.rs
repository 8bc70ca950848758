//! `memshare prune`: removes what dead sessions left. What a living session shares is never touched.
use std::collections::HashSet;

use inspect::table::{Align, Table};
use inspect::words;
use scheduler::os::name::Named;
use scheduler::os::Place;
use scheduler::store::{self, Kind, Orphan};
use serde::Serialize;

use crate::output::{self, Failure};

/// Removes what dead sessions left, and says what that was
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only says what would be removed
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Gives the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Pruned {
    format: &'static str,
    version: u32,
    dry_run: bool,
    removed: Vec<Left>,
    bytes: u64,
}

/// A segment that a dead session left.
#[derive(Serialize)]
struct Left {
    segment: String,
    /// `variable`, `data`, `results`, `board`, `lock`, `hold` or `unfinished`.
    what: &'static str,
    /// A variable's.
    name: Option<String>,
    bytes: u64,
    session: String,
    pid: Option<u32>,
}

pub(crate) fn run(args: &Args, place: &Place) -> Result<(), Failure> {
    let mut orphans = store::orphans(place)?;
    if !args.dry_run {
        // Another session may have begun meanwhile, and cleared away what it met.
        let removed: HashSet<String> = store::prune(place)?.into_iter().collect();
        orphans.retain(|orphan| removed.contains(&orphan.handle.name));
    }
    let removed: Vec<Left> = orphans.iter().map(Left::of).collect();
    let bytes = removed.iter().map(|left| left.bytes).sum();
    let pruned = Pruned { format: "memshare-prune", version: 1, dry_run: args.dry_run, removed, bytes };
    if args.json {
        output::json(&pruned)
    } else {
        output::text(&pruned.text(output::width()))
    }
}

impl Pruned {
    fn text(&self, width: usize) -> String {
        if self.removed.is_empty() {
            return "No dead session left anything.\n".into();
        }
        let mut table = Table::new(&[
            ("what", Align::Left),
            ("name", Align::Left),
            ("size", Align::Right),
            ("pid", Align::Right),
            ("segment", Align::Left),
        ]);
        for left in &self.removed {
            table.row([
                left.what.to_owned(),
                left.name.clone().unwrap_or_default(),
                words::bytes(left.bytes),
                left.pid.map(|pid| pid.to_string()).unwrap_or_default(),
                left.segment.clone(),
            ]);
        }
        let verb = if self.dry_run { "Would remove" } else { "Removed" };
        let count = words::count(self.removed.len() as u64, "segment");
        let head = format!("{verb} {count} of dead sessions, {}:", words::bytes(self.bytes));
        [vec![head], table.lines(width, "  ")].concat().join("\n") + "\n"
    }
}

impl Left {
    fn of(orphan: &Orphan) -> Left {
        let what = match (orphan.named, orphan.header.as_ref().map(|header| header.kind)) {
            (Named::Lock(_), _) => "lock",
            (Named::Hold(_), _) => "hold",
            (_, Some(Kind::Variable)) => "variable",
            (_, Some(Kind::Page)) => "data",
            (_, Some(Kind::Results)) => "results",
            (_, Some(Kind::Board)) => "board",
            (_, None) => "unfinished",
        };
        let header = orphan.header.as_ref();
        let named = header.filter(|header| header.kind == Kind::Variable);
        // A hold's header is that of the variable, which somebody else may have registered.
        let pid = header.filter(|_| what != "hold").map(|header| header.owner_pid);
        Left {
            segment: orphan.handle.name.clone(),
            what,
            name: named.map(|header| format!("{}.{}", header.namespace, header.name)),
            bytes: orphan.bytes,
            session: orphan.session.to_string(),
            pid,
        }
    }
}
