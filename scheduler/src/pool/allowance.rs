//! How long others may be held to have taken. Time in which the session itself did not run (it was stopped and continued, or its machine
//! was suspended) counts against nobody: after it everybody begins anew.

use std::time::Duration;

/// The session may come so much later than it wanted before that means that it did not run.
const SLACK_NS: u64 = 1_000_000_000;

/// When the session ran. Time is an argument: nanoseconds of a clock that does not go back.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    /// When it looks again at the latest, by its own word.
    due_ns: Option<u64>,
    /// Nothing before this counts.
    from_ns: u64,
}

impl Allowance {
    /// The session runs at `now_ns`, and says so again after `within` at the latest, if it runs.
    pub(crate) fn running(&mut self, now_ns: u64, within: Duration) {
        if self.due_ns.is_some_and(|due_ns| now_ns > due_ns.saturating_add(SLACK_NS)) {
            tracing::debug!("the session was stopped for a while");
            self.from_ns = now_ns;
        }
        let within_ns = u64::try_from(within.as_nanos()).unwrap_or(u64::MAX);
        self.due_ns = Some(now_ns.saturating_add(within_ns));
    }

    /// How much of the time from `since_ns` to `now_ns` counts.
    pub(crate) fn spent(&self, since_ns: u64, now_ns: u64) -> Duration {
        Duration::from_nanos(now_ns.saturating_sub(since_ns.max(self.from_ns)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;
    const TICK: Duration = Duration::from_millis(100);

    #[test]
    fn time_counts_while_the_session_runs() {
        let mut allowance = Allowance::default();
        for tick in 0..100 {
            allowance.running(5 * S + tick * S / 10, TICK);
        }
        assert_eq!(allowance.spent(5 * S, 15 * S), Duration::from_secs(10));
        assert_eq!(allowance.spent(15 * S, 5 * S), Duration::ZERO);
    }

    #[test]
    fn a_late_look_is_no_stop() {
        let mut allowance = Allowance::default();
        allowance.running(0, TICK);
        allowance.running(S, TICK); // the machine is busy
        allowance.running(12 * S, Duration::MAX); // nothing was to be looked at
        allowance.running(400 * S, TICK);
        assert_eq!(allowance.spent(13 * S, 400 * S), Duration::from_secs(387));
    }

    #[test]
    fn after_a_stop_of_the_session_everybody_begins_anew() {
        let mut allowance = Allowance::default();
        allowance.running(0, TICK);
        allowance.running(60 * S, TICK);
        assert_eq!(allowance.spent(0, 60 * S), Duration::ZERO);
        assert_eq!(allowance.spent(S / 2, 69 * S), Duration::from_secs(9), "from when it went on");
        assert_eq!(allowance.spent(65 * S, 69 * S), Duration::from_secs(4));
        allowance.running(60 * S + S / 10, TICK);
        assert_eq!(allowance.spent(0, 69 * S), Duration::from_secs(9), "and only then");
    }
}
