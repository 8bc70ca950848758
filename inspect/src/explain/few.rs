//! Which of very many things are shown one by one.
use std::cmp::Ordering;

/// All of up to so many, else so many of those that come first.
const FEW: (usize, usize) = (20, 10);

/// Which are shown and which are not, both in the order of their ids; `order` says which come first.
pub(super) fn few<T>(all: &[T], id: fn(&T) -> u32, order: impl Fn(&T, &T) -> Ordering) -> (Vec<&T>, Vec<&T>) {
    let mut shown: Vec<&T> = all.iter().collect();
    if shown.len() <= FEW.0 {
        return (shown, Vec::new());
    }
    shown.sort_by(|a, b| order(a, b));
    let mut more = shown.split_off(FEW.1);
    shown.sort_by_key(|one| id(one));
    more.sort_by_key(|one| id(one));
    (shown, more)
}
