//! A run over several hosts that waited for the network.
use super::look::{Hint, Look};
use crate::words::{bytes, percent, seconds};

/// Less is never what a run waits for.
const LITTLE: u64 = 1_000_000;

/// Hosts that had nothing to do because what they needed, or gave, was on its way.
pub(super) fn network(look: &Look<'_>) -> Option<Hint> {
    let figures = &look.run.figures;
    let share = figures.network_seconds / look.wall;
    let moved = figures.sent_bytes + figures.received_bytes;
    if share < 0.3 || moved < LITTLE || figures.utilisation > 0.7 {
        return None;
    }
    let rate = bytes((moved as f64 / figures.network_seconds.max(1e-9)) as u64);
    let what = if figures.sent_bytes >= figures.received_bytes {
        format!(
            "sending {} to hosts took {} of the run, at {rate} a second: hosts keep what they were sent for the next call, and \
             registerVariables(CLUSTER = ) sends it before",
            bytes(figures.sent_bytes),
            percent(share)
        )
    } else {
        format!(
            "{} of values came back from hosts, in {} of the run's {}: return less for each element, or fold the values where they are, \
             memReduce()",
            bytes(figures.received_bytes),
            seconds(figures.network_seconds),
            seconds(look.wall)
        )
    };
    Hint::new(share * (1.0 - figures.utilisation), what)
}
