//! Counts of what seeds met.

/// Counts of what a seed met.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Met {
    pub(super) runs: u64,
    pub(super) done: u64,
    pub(super) cancelled: u64,
    pub(super) no_workers: u64,
    pub(super) killed: u64,
    pub(super) second_runs: u64,
    pub(super) configured: u64,
    pub(super) failed_starts: u64,
    pub(super) servers: u64,
    pub(super) mirrors: u64,
    pub(super) deaths: u64,
    pub(super) stops: u64,
    pub(super) deaf: u64,
    pub(super) changed: u64,
    pub(super) tails: u64,
    pub(super) session_stops: u64,
}

impl Met {
    /// Both together.
    pub(super) fn and(self, other: Met) -> Met {
        Met {
            runs: self.runs + other.runs,
            done: self.done + other.done,
            cancelled: self.cancelled + other.cancelled,
            no_workers: self.no_workers + other.no_workers,
            killed: self.killed + other.killed,
            second_runs: self.second_runs + other.second_runs,
            configured: self.configured + other.configured,
            failed_starts: self.failed_starts + other.failed_starts,
            servers: self.servers + other.servers,
            mirrors: self.mirrors + other.mirrors,
            deaths: self.deaths + other.deaths,
            stops: self.stops + other.stops,
            deaf: self.deaf + other.deaf,
            changed: self.changed + other.changed,
            tails: self.tails + other.tails,
            session_stops: self.session_stops + other.session_stops,
        }
    }

    /// Nothing is left out.
    pub(super) fn check(&self) {
        let Met {
            runs,
            done,
            cancelled,
            no_workers,
            killed,
            second_runs,
            configured,
            failed_starts,
            servers,
            mirrors,
            deaths,
            stops,
            deaf,
            changed,
            tails,
            session_stops,
        } = *self;
        let all = [
            runs,
            done,
            cancelled,
            no_workers,
            killed,
            second_runs,
            configured,
            failed_starts,
            servers,
            mirrors,
            deaths,
            stops,
            deaf,
            changed,
            tails,
            session_stops,
        ];
        assert!(all.iter().all(|&count| count > 10), "{self:?}");
    }
}
