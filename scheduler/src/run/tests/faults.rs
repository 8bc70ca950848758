//! What can go wrong with the processes of a pool, and which of it a seed has.
use super::rng::Rng;

/// A kind of thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Workers die before they say hello, hang, or are of another version; nodes of a cluster do not come.
    Starts,
    /// The system refuses a process.
    Launches,
    /// A fork server cannot fork.
    Forks,
    /// Fork servers and mirrors die, or never come.
    Servers,
    /// Mirrors that die, hang or start threads over a package.
    Mirrors,
    /// The process is not one that may be forked.
    Unsafe,
    /// Workers die.
    Deaths,
    /// Workers and fork servers are stopped, and some are continued.
    Stops,
    /// Workers read nothing any more.
    Deaf,
    /// Workers that a run changed.
    Changes,
    /// Something takes much longer than others of its kind.
    Slowness,
    /// The session itself is stopped.
    Session,
}

impl Fault {
    pub(super) const ALL: [Fault; 12] = [
        Fault::Starts,
        Fault::Launches,
        Fault::Forks,
        Fault::Servers,
        Fault::Mirrors,
        Fault::Unsafe,
        Fault::Deaths,
        Fault::Stops,
        Fault::Deaf,
        Fault::Changes,
        Fault::Slowness,
        Fault::Session,
    ];
}

/// Which faults of a seed are kept, and how many commands of its session.
#[derive(Clone, Debug)]
pub(super) struct FaultSet {
    pub(super) faults: Vec<Fault>,
    pub(super) commands: usize,
}

impl FaultSet {
    pub(super) fn all() -> FaultSet {
        FaultSet { faults: Fault::ALL.to_vec(), commands: usize::MAX }
    }

    /// Those that a seed has, of those that are kept: none in one of four, else each with one chance in three.
    pub(super) fn of(&self, rng: &mut Rng) -> Vec<Fault> {
        let any = !rng.once_in(4);
        let has = |_: &Fault| rng.once_in(3);
        let faults: Vec<Fault> = Fault::ALL.into_iter().filter(has).collect();
        faults.into_iter().filter(|fault| any && self.faults.contains(fault)).collect()
    }
}
