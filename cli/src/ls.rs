//! `memshare ls`: what is shared, and whose it is.
use std::collections::BTreeMap;

use inspect::table::{Align, Table};
use inspect::words;
use scheduler::os::maps::command_line;
use scheduler::os::{Place, SessionId};
use scheduler::store::{self, Kind, Listed};
use serde::Serialize;

use crate::output::{self, Failure};

/// Lists variables, and the pages of runs by session
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Gives the answer as JSON
    #[arg(long)]
    json: bool,
}

/// All that is shared.
#[derive(Serialize)]
struct Listing {
    format: &'static str,
    version: u32,
    variables: Vec<Variable>,
    sessions: Vec<Session>,
}

/// A registered variable.
#[derive(Serialize)]
struct Variable {
    namespace: String,
    name: String,
    /// All of its value, also what lies in a file.
    bytes: u64,
    writable: bool,
    /// The file that its items lie in.
    file: Option<String>,
    /// Where its segment lies.
    place: String,
    #[serde(flatten)]
    owner: Owner,
}

/// The process that shares something.
#[derive(Clone, Serialize)]
struct Owner {
    session: String,
    pid: u32,
    command: String,
    /// `alive` or `orphaned`.
    state: &'static str,
}

/// What runs of a session keep.
#[derive(Serialize)]
struct Session {
    #[serde(flatten)]
    owner: Owner,
    data: Pages,
    results: Pages,
    boards: Pages,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Pages {
    pages: u64,
    bytes: u64,
}

pub(crate) fn run(args: &Args, place: &Place) -> Result<(), Failure> {
    let listing = Listing::of(store::list(place)?);
    if args.json {
        output::json(&listing)
    } else {
        output::text(&listing.text(output::width()))
    }
}

impl Listing {
    fn of(listed: Vec<Listed>) -> Listing {
        let mut variables = Vec::new();
        let mut sessions: BTreeMap<SessionId, Session> = BTreeMap::new();
        for page in listed {
            let owner = Owner::of(&page);
            let header = page.header;
            if header.kind == Kind::Variable {
                variables.push(Variable {
                    bytes: header.total(),
                    writable: header.traits.writable,
                    file: header.traits.file.map(|file| file.path.display().to_string()),
                    place: page.handle.place.dir().display().to_string(),
                    namespace: header.namespace,
                    name: header.name,
                    owner,
                });
                continue;
            }
            let none = Pages::default();
            let session = sessions.entry(header.session).or_insert(Session {
                owner,
                data: none,
                results: none,
                boards: none,
            });
            let pages = match header.kind {
                Kind::Results => &mut session.results,
                Kind::Board => &mut session.boards,
                _ => &mut session.data,
            };
            pages.pages += 1;
            pages.bytes += page.size;
        }
        variables.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Listing { format: "memshare-ls", version: 1, variables, sessions: sessions.into_values().collect() }
    }

    fn text(&self, width: usize) -> String {
        if self.variables.is_empty() && self.sessions.is_empty() {
            return "Nothing is shared.\n".into();
        }
        let mut lines = Vec::new();
        if !self.variables.is_empty() {
            lines.push(self.head("variable", self.variables.len(), self.variables.iter().map(|v| v.bytes)));
            lines.extend(self.variables_table().lines(width, "  "));
        }
        if !self.sessions.is_empty() {
            let bytes = self.sessions.iter().map(Session::bytes);
            lines.push(self.head("session", self.sessions.len(), bytes) + " in pages of runs");
            lines.extend(self.sessions_table().lines(width, "  "));
        }
        lines.join("\n") + "\n"
    }

    fn head(&self, what: &str, count: usize, bytes: impl Iterator<Item = u64>) -> String {
        format!("{}, {}", words::count(count as u64, what), words::bytes(bytes.sum()))
    }

    fn variables_table(&self) -> Table {
        let mut table = Table::new(&[
            ("namespace", Align::Left),
            ("variable", Align::Left),
            ("size", Align::Right),
            ("state", Align::Left),
            ("pid", Align::Right),
            ("command", Align::Left),
        ]);
        for Variable { namespace, name, bytes, owner, .. } in &self.variables {
            let Owner { pid, command, state, .. } = owner;
            table.row([
                namespace.clone(),
                name.clone(),
                words::bytes(*bytes),
                (*state).into(),
                pid.to_string(),
                command.clone(),
            ]);
        }
        table
    }

    fn sessions_table(&self) -> Table {
        let mut table = Table::new(&[
            ("pages", Align::Right),
            ("data", Align::Right),
            ("results", Align::Right),
            ("boards", Align::Right),
            ("state", Align::Left),
            ("pid", Align::Right),
            ("command", Align::Left),
        ]);
        for session in &self.sessions {
            let Session { data, results, boards, owner } = session;
            let pages = data.pages + results.pages + boards.pages;
            table.row([
                words::number(pages),
                words::bytes(data.bytes),
                words::bytes(results.bytes),
                words::bytes(boards.bytes),
                owner.state.into(),
                owner.pid.to_string(),
                owner.command.clone(),
            ]);
        }
        table
    }
}

impl Session {
    fn bytes(&self) -> u64 {
        self.data.bytes + self.results.bytes + self.boards.bytes
    }
}

impl Owner {
    fn of(page: &Listed) -> Owner {
        let pid = page.header.owner_pid;
        // The number of a dead session's process may be another's by now.
        let command = if page.alive { command_line(pid) } else { String::new() };
        let state = if page.alive { "alive" } else { "orphaned" };
        Owner { session: page.header.session.to_string(), pid, command, state }
    }
}
