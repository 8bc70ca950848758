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
    fn counts(&mut self) -> [&mut u64; 16] {
        [
            &mut self.runs,
            &mut self.done,
            &mut self.cancelled,
            &mut self.no_workers,
            &mut self.killed,
            &mut self.second_runs,
            &mut self.configured,
            &mut self.failed_starts,
            &mut self.servers,
            &mut self.mirrors,
            &mut self.deaths,
            &mut self.stops,
            &mut self.deaf,
            &mut self.changed,
            &mut self.tails,
            &mut self.session_stops,
        ]
    }

    /// Both together.
    pub(super) fn and(mut self, mut other: Met) -> Met {
        self.counts().into_iter().zip(other.counts()).for_each(|(sum, one)| *sum += *one);
        self
    }

    /// Nothing is left out.
    pub(super) fn check(mut self) {
        let rare = self.counts().into_iter().any(|count| *count <= 10);
        assert!(!rare, "a kind is hardly ever met: {self:?}");
    }
}
