//! What R knows by a number that is given once: plans, open checkpoints, runs over hosts.
use std::collections::HashMap;

/// Things by number.
#[derive(Debug)]
pub(crate) struct Numbered<T> {
    things: HashMap<i32, T>,
    last: i32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { things: HashMap::new(), last: 0 }
    }
}

impl<T> Numbered<T> {
    /// One more; its number, which nothing had before.
    pub fn add(&mut self, thing: T) -> i32 {
        self.last += 1;
        self.things.insert(self.last, thing);
        self.last
    }

    /// The one of this number.
    pub fn get(&self, number: i32) -> Option<&T> {
        self.things.get(&number)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: i32) -> Option<&mut T> {
        self.things.get_mut(&number)
    }

    /// Takes it out.
    pub fn take(&mut self, number: i32) -> Option<T> {
        self.things.remove(&number)
    }

    /// Puts back what was taken out.
    pub fn put_back(&mut self, number: i32, thing: T) {
        self.things.insert(number, thing);
    }

    /// Takes out all.
    pub fn clear(&mut self) {
        self.things.clear();
    }
}

/// The place of what R counts from 1 on.
pub(crate) fn place_of(number: i32) -> usize {
    number.saturating_sub(1).max(0) as usize
}
