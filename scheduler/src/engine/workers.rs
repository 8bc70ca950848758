//! The workers' places: who starts, who claims, who sleeps.
//!
//! No wake-up can be lost. A worker that finds nothing says so and sleeps; between its look at the board and its word
//! reaching us something may have been put there. So each offer is numbered, a worker remembers the number it was last
//! woken at, and one that reports dry with an older number is woken again at once.
use super::event::{Action, LostLease};
use crate::id::WorkerId;

/// What a worker's place is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A worker is being started here.
    Starting,
    /// Its worker claims and runs; it was last woken at this offer.
    Busy { woken: u64 },
    /// Its worker sleeps.
    Dry,
    /// No worker, and none is being started.
    Gone,
}

#[derive(Clone, Debug)]
pub(super) struct Workers {
    pub(super) places: Vec<Place>,
    /// Deaths before or without ever holding a chunk, in a row.
    idle_deaths: Vec<u32>,
    pub(super) offers: u64,
    /// Why the last place was given up.
    pub(super) last_reason: String,
}

/// When so many workers in a row died in each place before any of them took a chunk or looked for one in vain, places are given up.
const IDLE_DEATHS: u32 = 3;
/// A place is given up after so many in any case.
const MOST_IDLE_DEATHS: u32 = 30;

impl Workers {
    pub(super) fn new(workers: u32) -> Workers {
        Workers {
            places: vec![Place::Starting; workers as usize],
            idle_deaths: vec![0; workers as usize],
            offers: 0,
            last_reason: "no worker could be started".into(),
        }
    }

    /// A worker has the board. While the run stops it has nothing to do, and nobody waits for it.
    pub(super) fn join(&mut self, worker: WorkerId, stopping: bool) {
        let woken = self.offers;
        if let Some(place) = self.places.get_mut(worker.index()) {
            *place = if stopping { Place::Dry } else { Place::Busy { woken } };
        }
    }

    /// A worker found nothing.
    pub(super) fn dry(&mut self, worker: WorkerId, stopping: bool, out: &mut Vec<Action>) {
        let offers = self.offers;
        if let Some(place @ Place::Busy { .. }) = self.places.get_mut(worker.index()) {
            // It came as far as to look, which shows that workers can.
            self.idle_deaths.fill(0);
            if !stopping && *place != (Place::Busy { woken: offers }) {
                *place = Place::Busy { woken: offers };
                out.push(Action::WakeDry(vec![worker]));
            } else {
                *place = Place::Dry;
            }
        }
    }

    /// Something was put on the board: all who sleep are woken.
    pub(super) fn offer(&mut self, out: &mut Vec<Action>) {
        self.offers += 1;
        let mut woken = Vec::new();
        for (index, place) in self.places.iter_mut().enumerate() {
            if *place == Place::Dry {
                *place = Place::Busy { woken: self.offers };
                woken.push(WorkerId(index as u32));
            }
        }
        if !woken.is_empty() {
            out.push(Action::WakeDry(woken));
        }
    }

    /// A worker died that held these chunks. True when another is to be started in its place; then the place is `Starting`, else `Gone`.
    pub(super) fn lose(&mut self, worker: WorkerId, leases: &[LostLease], reason: &str) -> bool {
        let Some(place) = self.places.get_mut(worker.index()) else { return false };
        let held = !leases.is_empty();
        if held {
            // One that took a chunk shows that workers can.
            self.idle_deaths.fill(0);
        }
        let deaths = &mut self.idle_deaths[worker.index()];
        if !held && matches!(place, Place::Starting | Place::Busy { .. }) {
            *deaths += 1;
        }
        let in_a_row = *deaths;
        *place = Place::Starting;
        // While others may still come to a chunk, it may be chance.
        let mut all = self.places.iter().zip(&self.idle_deaths);
        let hope = all.any(|(place, deaths)| *place != Place::Gone && *deaths < IDLE_DEATHS);
        if hope && in_a_row < MOST_IDLE_DEATHS {
            return true;
        }
        self.places[worker.index()] = Place::Gone;
        self.last_reason =
            format!("{in_a_row} workers in a row ended before they took a chunk; the last {reason}");
        false
    }

    /// Another worker comes to this place, whatever became of the one before.
    pub(super) fn start(&mut self, worker: WorkerId) {
        if let Some(place) = self.places.get_mut(worker.index()) {
            *place = Place::Starting;
        }
    }

    /// No worker will come to this place.
    pub(super) fn give_up(&mut self, worker: WorkerId, reason: Option<String>) {
        if let Some(place) = self.places.get_mut(worker.index()) {
            *place = Place::Gone;
            self.last_reason = reason.unwrap_or_else(|| std::mem::take(&mut self.last_reason));
        }
    }

    /// Whether the place is one of this run.
    pub(super) fn knows(&self, worker: WorkerId) -> bool {
        worker.index() < self.places.len()
    }

    /// Those that may be in the middle of an element.
    pub(super) fn busy(&self) -> impl Iterator<Item = WorkerId> + '_ {
        let places = self.places.iter().enumerate();
        places
            .filter(|(_, place)| matches!(place, Place::Busy { .. }))
            .map(|(index, _)| WorkerId(index as u32))
    }

    /// Whether nobody is there and nobody will come.
    pub(super) fn all_gone(&self) -> bool {
        self.places.iter().all(|place| *place == Place::Gone)
    }
}
