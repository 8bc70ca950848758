//! The hosts of a run over several: what each did, what crossed the network and when, and how long.
use scheduler::run::{EventLog, HostLife, Moved};

use crate::run_view::{seconds, share, Activities, EventView, HostView, Moves, RunFigures};

/// The hosts, in the order in which they were spoken to.
pub(crate) fn views(log: &EventLog, activities: &[Activities]) -> Vec<HostView> {
    let view = |(nth, life): (usize, &HostLife)| {
        let own = activities.iter().skip(life.first as usize).take(life.workers as usize);
        let fun_seconds: f64 = own.map(|spent| spent.run).sum();
        let all = f64::from(life.workers) * seconds(log.wall_ns);
        HostView {
            host: nth as u32 + 1,
            name: life.name.clone(),
            first_worker: life.first + 1,
            workers: life.workers,
            joined: seconds(life.joined_ns),
            left: seconds(life.left_ns),
            lost: life.lost.clone(),
            elements: life.elements,
            fun_seconds,
            utilisation: share(fun_seconds, all),
            peak_bytes: life.peak_bytes,
            sent: moves(&life.sent),
            received: moves(&life.received),
        }
    };
    log.hosts.iter().enumerate().map(view).collect()
}

fn moves(all: &[Moved]) -> Moves {
    Moves {
        from: all.iter().map(|moved| seconds(moved.from_ns)).collect(),
        until: all.iter().map(|moved| seconds(moved.until_ns)).collect(),
        bytes: all.iter().map(|moved| moved.bytes).collect(),
    }
}

/// Figures with those of the network.
pub(crate) fn figures(log: &EventLog, figures: RunFigures) -> RunFigures {
    let bytes =
        |of: fn(&HostLife) -> &Vec<Moved>| log.hosts.iter().flat_map(of).map(|moved| moved.bytes).sum();
    RunFigures {
        sent_bytes: bytes(|host| &host.sent),
        received_bytes: bytes(|host| &host.received),
        network_seconds: on_the_way(log),
        ..figures
    }
}

/// How long anything was on its way.
fn on_the_way(log: &EventLog) -> f64 {
    let all = log.hosts.iter().flat_map(|host| host.sent.iter().chain(&host.received));
    let mut spans: Vec<(u64, u64)> = all.map(|moved| (moved.from_ns, moved.until_ns)).collect();
    spans.sort_unstable();
    let (mut sum, mut until) = (0u64, 0u64);
    for (from, to) in spans {
        sum += to.saturating_sub(from.max(until));
        until = until.max(to);
    }
    seconds(sum)
}

/// Events, with the losses of hosts among them.
pub(crate) fn among(log: &EventLog, mut events: Vec<EventView>) -> Vec<EventView> {
    let lost = log.hosts.iter().filter_map(|host| {
        let why = host.lost.as_ref()?;
        let words = format!("{} is lost: {why}", host.name);
        Some(EventView {
            at: seconds(host.left_ns),
            kind: "host_lost",
            words,
            how: Some(why.clone()),
            ..EventView::default()
        })
    });
    let count = events.len();
    events.extend(lost);
    if events.len() > count {
        events.sort_by(|a, b| a.at.total_cmp(&b.at));
    }
    events
}

/// Which of them a worker belongs to.
pub(crate) fn host_of(hosts: &[HostView], worker: u32) -> Option<&HostView> {
    hosts.iter().find(|host| (host.first_worker..host.first_worker + host.workers).contains(&worker))
}
