//! In which phase of a call over several hosts each pass runs. A pass that reads another one as a whole runs in a later phase: the session has all
//! values of the earlier one by then, and they are data like any other. A phase is over one collection of elements, which hosts get blocks of.

/// What a pass reads of the passes before it, by number.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    /// How many elements the pass has.
    pub elements: u64,
    /// What it reads element by element.
    pub each: Vec<usize>,
    /// What it reads as a whole.
    pub whole: Vec<usize>,
}

/// The phase of each pass, from 0 on. Each pass stands behind all that it reads. Passes are in one phase where they can be: in the same depth of
/// edges that read as a whole, or one by one what a fold gave, with as many elements.
#[must_use]
pub fn phases(passes: &[Reads]) -> Vec<usize> {
    let mut depths: Vec<(usize, u64)> = Vec::with_capacity(passes.len());
    for pass in passes {
        let place = |&source: &usize| depths.get(source).copied().unwrap_or((0, pass.elements));
        let beside = pass.each.iter().map(place).map(|(depth, n)| depth + usize::from(n != pass.elements));
        let behind = pass.whole.iter().map(|source| place(source).0 + 1);
        depths.push((beside.chain(behind).max().unwrap_or(0), pass.elements));
    }
    let mut order = depths.clone();
    order.sort_unstable();
    order.dedup();
    depths.iter().map(|place| order.partition_point(|other| other < place)).collect()
}
