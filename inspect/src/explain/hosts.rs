//! The hosts of a run over several, each with what it did and what crossed the network.
use super::few::few;
use crate::run_view::{share, HostView, Moves, RunView};
use crate::table::{Align, Table};
use crate::words::{bytes, number, percent, seconds, short};

const FIGURES: [&str; 7] = ["workers", "elements", "FUN", "util", "memory", "sent", "received"];

/// A line for each host, and one for the network.
pub(super) fn hosts(run: &RunView) -> Vec<String> {
    let figures = FIGURES.iter().map(|&name| (name, Align::Right));
    let mut table = Table::new(&std::iter::once(("hosts", Align::Left)).chain(figures).collect::<Vec<_>>());
    // The lost ones, then those that did least for their workers.
    let worse = |a: &HostView, b: &HostView| {
        b.lost.is_some().cmp(&a.lost.is_some()).then(a.utilisation.total_cmp(&b.utilisation))
    };
    let (shown, more) = few(&run.hosts, |host| host.host, worse);
    for host in shown {
        line(host, &mut table);
    }
    if !more.is_empty() {
        let name = format!("  and {} more", number(more.len() as u64));
        table.row(std::iter::once(name).chain(cells(&more)));
    }
    if !run.hosts.is_empty() {
        table.text(&network(run));
    }
    table.lines(usize::MAX, "")
}

fn line(host: &HostView, table: &mut Table) {
    table.row(std::iter::once(format!("  {}", short(&host.name, 40))).chain(cells(&[host])));
    if let Some(why) = &host.lost {
        table.text(&format!("      lost at {}: {}", seconds(host.left), short(why, 120)));
    }
}

fn cells(hosts: &[&HostView]) -> Vec<String> {
    let sum = |of: fn(&HostView) -> u64| hosts.iter().map(|host| of(host)).sum::<u64>();
    let most = hosts.iter().map(|host| host.peak_bytes).max().unwrap_or(0);
    let util = hosts.iter().map(|host| host.utilisation).sum::<f64>() / hosts.len().max(1) as f64;
    vec![
        number(sum(|host| host.workers.into())),
        number(sum(|host| host.elements)),
        seconds(hosts.iter().map(|host| host.fun_seconds).sum()),
        percent(util),
        bytes(most),
        bytes(sum(|host| total(&host.sent))),
        bytes(sum(|host| total(&host.received))),
    ]
}

fn total(moves: &Moves) -> u64 {
    moves.bytes.iter().sum()
}

/// How long the network was in use.
fn network(run: &RunView) -> String {
    let figures = &run.figures;
    format!(
        "  network: {} sent, {} received; in use for {}, {} of the run",
        bytes(figures.sent_bytes),
        bytes(figures.received_bytes),
        seconds(figures.network_seconds),
        percent(share(figures.network_seconds, figures.seconds))
    )
}
