//! Which passes run together, by table.
