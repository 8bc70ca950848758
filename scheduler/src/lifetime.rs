//! When a resource lives, in steps of its graph.

/// The steps of the graph during which a resource takes memory, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// The step in which it is made; `None` where it was there before (pinned) or is never used.
    pub born: Option<u32>,
    /// The last step that uses it; `None` where nothing does.
    pub last_use: Option<u32>,
}
