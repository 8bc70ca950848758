//! A plan and what came of it, as it is kept and saved.
use scheduler::plan::Plan;
use scheduler::run::EventLog;
use serde::{Deserialize, Serialize};

/// A plan, what is said of it, and the log of a run of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What was called, for people.
    pub title: String,
    /// The version of the package that made it.
    pub package: String,
    /// When, in seconds since 1970.
    pub made: u64,
    /// The plan.
    pub plan: Plan,
    /// What is said of each pass, by its id; may be shorter than the plan.
    pub notes: Vec<PassNote>,
    /// What happened; `None` of a plan that has not run.
    pub log: Option<EventLog>,
}

/// What is said of a pass beside what its plan needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PassNote {
    /// What it is of what the user asked for: `"map"`, or a part that brings results together: `"fold"`, `"last"`, `"bind"`,
    /// `"value"`.
    pub part: String,
    /// The elements that the user knows of it; 0 for a part of another pass.
    pub elements: u64,
    /// Whether nobody knows how large its results will be: the plan counts 8 bytes for each.
    pub guessed: bool,
    /// What an earlier run says that FUN takes, in seconds: over all elements, and over the longest of them.
    pub expected: Option<(f64, f64)>,
    /// Bytes of the names that each of its results carries, where these are the same; 0 otherwise.
    pub repeated_names: u64,
    /// What it does, in a line.
    pub about: String,
    /// The names of its elements; empty where they have none.
    pub names: Vec<String>,
}
