//! The session's link to its hosts: each direction sends one message after the other.

/// The network between the session and its hosts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Network {
    /// What the session's link carries, in each direction, for all hosts together.
    pub bytes_per_second: f64,
    /// How long a message is on its way besides.
    pub latency_ns: u64,
}

impl Network {
    /// How long the link is busy with so many bytes.
    pub(super) fn busy_ns(&self, bytes: u64) -> f64 {
        bytes as f64 / self.bytes_per_second * 1e9
    }
}

/// One direction of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Direction {
    free_ns: u64,
    pub(super) busy_ns: u64,
    pub(super) bytes: u64,
}

impl Direction {
    /// When a message that is given to it now has come.
    pub(super) fn carry(&mut self, bytes: u64, now_ns: u64, network: &Network) -> u64 {
        let ns = network.busy_ns(bytes).round() as u64;
        self.free_ns = self.free_ns.max(now_ns) + ns;
        self.busy_ns += ns;
        self.bytes += bytes;
        self.free_ns + network.latency_ns
    }
}
