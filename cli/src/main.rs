//! memshare in a terminal: what is shared, which runs go on, and what dead sessions left. It looks at the shared memory of
//! the user who calls it, needs no R, and only `prune` changes anything.
mod graph;
mod ls;
mod output;
mod prune;
mod top;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use inspect::harmless::printable;
use scheduler::os::Place;

use output::Failure;

/// Looks at what memshare shares: variables, pages and live runs of this user.
#[derive(Parser)]
#[command(name = "memshare", version, arg_required_else_help = true, after_help = EXIT)]
struct Args {
    #[command(subcommand)]
    command: Command,
    /// The directory that stands in when memory is short, as options(memshare.dir = ) has it
    #[arg(long, global = true, value_name = "DIR", env = "MEMSHARE_DIR")]
    dir: Option<PathBuf>,
}

const EXIT: &str = "Exit status: 0 when all went well, 1 when something failed (standard error says what), 2 for wrong usage.";

#[derive(Subcommand)]
enum Command {
    /// Lists variables, and the pages of runs by session: bytes, owner, alive or orphaned
    Ls(ls::Args),
    /// Shows the runs that go on: progress, memory, and what each worker is at
    Top(top::Args),
    /// Writes a saved plan or run as a graph (DOT, Mermaid), as JSON, as a trace or as a page
    Graph(graph::Args),
    /// Removes what dead sessions left, and says what that was
    Prune(prune::Args),
}

impl Args {
    /// Where to look: shared memory, and the directory if there is one.
    fn place(&self) -> Result<Place, Failure> {
        match &self.dir {
            None => Ok(Place::Memory),
            Some(dir) if dir.is_dir() => Ok(Place::Directory(dir.clone())),
            Some(dir) => Err(format!("--dir: there is no directory '{}'", dir.display()).into()),
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = args.place().and_then(|place| match &args.command {
        Command::Ls(args) => ls::run(args, &place),
        Command::Top(args) => top::run(args, &place),
        Command::Graph(args) => graph::run(args),
        Command::Prune(args) => prune::run(args, &place),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let lines: Vec<String> = failure.to_string().lines().map(printable).collect();
            eprintln!("memshare: {}", lines.join("\n"));
            ExitCode::FAILURE
        }
    }
}
