//! What is exported, against literal texts, and by what must hold whatever a document says.
mod graphs;
mod names;
mod sample;
mod snapshots;
mod traces;
