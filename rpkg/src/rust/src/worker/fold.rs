//! A fold within a chunk: values come one by one; each sixteen of them become one, each sixteen of those again, level by
//! level, in the order of elements. Chunks begin at whole blocks, so the tree is the same however the pass is cut.
use scheduler::plan::FOLD;

use crate::r::{self, Kind, Preserved, Result, Scope, Sexp};

/// The values that wait on each level.
pub(super) struct Fold {
    levels: Vec<Level>,
    /// The level that is looked at next, while a value is on its way up.
    at: usize,
}

struct Level {
    values: Preserved,
    count: usize,
}

/// What is to be done next.
pub(super) enum Turn<'s> {
    /// FUN is to make one value of these.
    Combine(Sexp<'s>),
    /// This one leaves the top, a result.
    Result(Sexp<'s>),
    /// Nothing, until the next value comes.
    Rest,
}

impl Fold {
    pub(super) fn new(levels: u32) -> Result<Fold> {
        let level = || {
            let values = r::protect(|s| Ok(Preserved::new(s.vector(Kind::VECSXP, FOLD as usize))))?;
            Ok(Level { values, count: 0 })
        };
        Ok(Fold { levels: (0..levels).map(|_| level()).collect::<Result<_>>()?, at: 0 })
    }

    /// A value comes in at the bottom.
    pub(super) fn push(&mut self, value: Sexp) {
        self.at = 0;
        self.put(0, value);
    }

    fn put(&mut self, level: usize, value: Sexp) {
        let level = &mut self.levels[level];
        level.values.get().set_item(level.count, value);
        level.count += 1;
    }

    /// What comes next; with `last`, that no value will follow in this chunk. To be asked until it says [`Turn::Rest`].
    pub(super) fn turn<'s>(&mut self, s: &'s Scope, last: bool) -> Turn<'s> {
        while let Some(level) = self.levels.get_mut(self.at) {
            if level.count < FOLD as usize && !last {
                break;
            }
            match level.count {
                0 => self.at += 1,
                1 => {
                    let value = s.kept(level.values.get().item(0));
                    level.count = 0;
                    if let Some(result) = self.rise(value) {
                        return Turn::Result(result);
                    }
                }
                count => {
                    let block = s.vector(Kind::VECSXP, count);
                    for place in 0..count {
                        block.set_item(place, level.values.get().item(place));
                    }
                    return Turn::Combine(block);
                }
            }
        }
        self.at = 0;
        Turn::Rest
    }

    /// FUN made this of the values it was given; what leaves the top, if it was the last level.
    pub(super) fn combined<'v>(&mut self, value: Sexp<'v>) -> Option<Sexp<'v>> {
        self.levels[self.at].count = 0;
        self.rise(value)
    }

    /// A value goes one level up.
    fn rise<'v>(&mut self, value: Sexp<'v>) -> Option<Sexp<'v>> {
        self.at += 1;
        if self.at == self.levels.len() {
            return Some(value);
        }
        self.put(self.at, value);
        None
    }
}
