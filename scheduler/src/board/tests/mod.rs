//! The board's tests: by hand, by threads, against an oracle, and (under `--cfg loom`) by all interleavings.
