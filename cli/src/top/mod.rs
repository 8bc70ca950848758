//! `memshare top`: the runs that go on, from their boards.
mod screen;

use std::io::IsTerminal;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use inspect::live::{self, LiveRun};
use scheduler::os::Place;
use serde::Serialize;

use crate::output::{self, Failure};

/// Shows the runs that go on: how far they are, what they hold, what each worker is at. Press q to leave
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds from one look to the next
    #[arg(long, short, default_value = "1", value_name = "SECONDS", value_parser = interval)]
    interval: Duration,
    /// Looks once and prints what there is, as it does when standard output is no terminal
    #[arg(long)]
    once: bool,
    /// Looks once and gives the answer as JSON
    #[arg(long)]
    json: bool,
}

/// An answer as JSON.
#[derive(Serialize)]
struct Snapshot {
    format: &'static str,
    version: u32,
    /// When, in seconds since 1970.
    at: f64,
    runs: Vec<LiveRun>,
}

pub(crate) fn run(args: &Args, place: &Place) -> Result<(), Failure> {
    let look = || live::runs(place);
    if args.json {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        return output::json(&Snapshot { format: "memshare-top", version: 1, at, runs: look()? });
    }
    if args.once || !std::io::stdout().is_terminal() {
        let lines = live::lines(&look()?, output::width());
        return output::text(&lines.iter().map(|line| format!("{}\n", line.text)).collect::<String>());
    }
    screen::watch(args.interval, |width| Ok(live::lines(&look()?, width)))
}

fn interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "give seconds, from 0.1 to 3600".into())
}
