//! Ids: a small integer with a type, so that a pass is never taken for a resource.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        pub struct $name(pub u32);

        impl $name {
            /// The id as an index into the array it numbers.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}

ids! {
    /// A resource of a graph: a variable, or what a pass gives.
    ResourceId;
    /// A node of a graph.
    TaskId;
    /// A pass of a plan, in the order of the calls.
    PassId;
    /// Passes of a plan that run together, chunk by chunk; in the order in which workers prefer them.
    StageId;
    /// A worker's place on the board; taken over by its replacement when the worker dies.
    WorkerId;
    /// A chunk's place in its pass's log.
    ChunkId;
}
