//! What each worker did with its time in a run: one counter an activity, in its slot. A worker is always at exactly one of
//! them from the moment it has the board until it leaves it, so that they add up to its time in the run.

/// What a worker can be at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Activity {
    /// Asleep: there was nothing to claim.
    Wait = 0,
    /// Opening pages, making FUN ready.
    Map = 1,
    /// Cutting elements and running FUN.
    Run = 2,
    /// Encoding and writing results.
    Serialize = 3,
    /// R's garbage collection, while it ran FUN.
    Collect = 4,
    /// Loading packages, before FUN is ready.
    Load = 5,
}

impl Activity {
    /// All of them, in the order of their numbers.
    pub const ALL: [Activity; 6] = [
        Activity::Wait,
        Activity::Map,
        Activity::Run,
        Activity::Serialize,
        Activity::Collect,
        Activity::Load,
    ];

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Activity::Wait => "wait",
            Activity::Map => "map",
            Activity::Run => "run",
            Activity::Serialize => "serialize",
            Activity::Collect => "collect garbage",
            Activity::Load => "load packages",
        }
    }
}
