//! What the Rust side says about itself: off unless asked for, and then into a file or a worker's own log, never onto the
//! user's console.
//!
//! The filter is that of `tracing-subscriber`: a level, or levels by module, like `warn,scheduler::pool=debug`. It can be changed
//! and taken back at any time; the first [`set`] of a process puts our subscriber in place, each further one only changes
//! its filter. Off, an event costs the look at one number.
//!
//! | file | what stands there |
//! |---|---|
//! | `format` | how an event becomes a line, as text or as JSON |
//! | `lines` | the layer that writes lines, and the file they go to |
//! | `owner` | which process logs |
//! | `read` | a line read back: when, how grave, of which run |
//!
//! Levels: `error` what should never happen; `warn` what went wrong and was met (a worker died); `info` the outlines of runs;
//! `debug` each step of a run, each worker, each page; `trace` each chunk, each event of the engine. Nothing is said of
//! single elements. What belongs to a run has its number in the field `run`, by a span or by itself.

mod format;
mod lines;
mod owner;
mod read;

pub use format::Format;
pub(crate) use owner::move_in;
pub use read::{parse, seconds, Said};

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{reload, EnvFilter, Registry};

use crate::error::{Error, Result};
use lines::{Lines, Sink};
use owner::is_ours;

/// The target of spans that carry a run's number: they are there whenever anything is.
pub(crate) const RUN: &str = "memshare_run";

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The filter.
    pub filter: String,
    /// Text or JSON.
    pub format: Format,
}

/// What is in force in this process.
#[derive(Debug, Default)]
struct State {
    setting: Option<Setting>,
    log: Option<PathBuf>,
    /// Ours, once it is in place; `Some(None)` where other code had put its own there before.
    handle: Option<Option<reload::Handle<EnvFilter, Registry>>>,
}

static STATE: OnceLock<Mutex<State>> = OnceLock::new();

fn state() -> MutexGuard<'static, State> {
    STATE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Logs by `setting` from now on, to `log`, which is made for the user alone, or to standard error, which in a worker *is* its
/// log; `None` for nothing. Whether this process's logging is ours: other code may have been first, and in a fork of a process that
/// logs nothing is logged.
///
/// # Errors
/// [`Error::Filter`] when the filter does not parse, [`Error::Os`] when the file cannot be opened; then all stays as it was.
pub fn set(setting: Option<&Setting>, log: Option<&Path>) -> Result<bool> {
    if !is_ours() {
        return Ok(false);
    }
    let mut state = state();
    if state.setting.as_ref() == setting && (setting.is_none() || state.log.as_deref() == log) {
        return Ok(!matches!(state.handle, Some(None)));
    }
    let filter = setting.map_or_else(|| Ok(EnvFilter::new("off")), |setting| parsed(&setting.filter))?;
    if let Some(setting) = setting {
        lines::write_to(setting.format, Sink::open(log)?);
    }
    let handle = state.handle.get_or_insert_with(|| {
        let (layer, handle) = reload::Layer::new(EnvFilter::new("off"));
        tracing_subscriber::registry().with(layer).with(Lines).try_init().is_ok().then_some(handle)
    });
    let ours = handle.as_ref().is_some_and(|handle| handle.reload(filter).is_ok());
    if setting.is_none() {
        lines::write_to(Format::Text, Sink::Nowhere);
    }
    state.setting = setting.cloned();
    state.log = log.map(Path::to_owned);
    Ok(ours)
}

/// What is in force in this process, for processes that are to do as it does.
pub fn setting() -> Option<Setting> {
    if is_ours() {
        state().setting.clone()
    } else {
        None
    }
}

/// The filter that `text` says, which also lets the spans pass that carry the run's number.
fn parsed(text: &str) -> Result<EnvFilter> {
    let refuse = |reason: String| Error::Filter { filter: text.to_owned(), reason };
    let filter = EnvFilter::try_new(text).map_err(|e| refuse(e.to_string()))?;
    let spans = format!("{RUN}=error").parse().map_err(|_| refuse("the run's spans".into()))?;
    Ok(filter.add_directive(spans))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
