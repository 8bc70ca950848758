//! Values of earlier runs that nobody needs any more. They lie in pages, of which R's collector sees a few bytes each, so that it would let
//! gigabytes of them wait; here it is called when they may have become many.
use std::cell::Cell;
use std::time::Instant;

use scheduler::os::{space, Place};

use crate::altrep;
use crate::r::{self, Result};

/// Fewer bytes are left to R.
const FEW: u64 = 16 << 20;
/// So many more than were needed at the last look are worth a look, or as many more as were needed then.
const MANY: u64 = 256 << 20;
/// Fewer are worth it where R collects faster than so many new bytes can be written: those that it gives back are written to again in a
/// tenth of the time.
const WRITTEN_IN_A_SECOND: f64 = 2e9;

thread_local! {
    /// Bytes that were still needed at the last look.
    static NEEDED: Cell<u64> = const { Cell::new(0) };
    /// Bytes of variables that were released since: their views, which nobody may need, keep them.
    static RELEASED: Cell<u64> = const { Cell::new(0) };
    /// Bytes that are worth a look, by how long the last one took.
    static WORTH: Cell<u64> = const { Cell::new(MANY) };
}

/// A variable of so many bytes was released.
pub fn released(bytes: u64) {
    RELEASED.set(RELEASED.get().saturating_add(bytes));
}

/// Has R give back what nobody needs, if that may be much: more than is needed, or half of the memory that is free.
///
/// # Errors
/// What finalizers of the user's signal.
pub(super) fn collect() -> Result<()> {
    let needed = NEEDED.get().min(altrep::held());
    let grown = (altrep::held() - needed).saturating_add(RELEASED.get());
    if grown < FEW {
        return Ok(());
    }
    // Where there is no shared memory at all, they lie in the directory.
    let free = space::of(&Place::Memory).map_or(u64::MAX, |space| space.free);
    if grown < WORTH.get().max(needed).min(free / 2) {
        return Ok(());
    }
    let begun = Instant::now();
    r::protect(|s| {
        s.call_base("gc", &[]);
        Ok(())
    })?;
    WORTH.set(((begun.elapsed().as_secs_f64() * WRITTEN_IN_A_SECOND) as u64).clamp(FEW, MANY));
    NEEDED.set(altrep::held());
    RELEASED.set(0);
    Ok(())
}
