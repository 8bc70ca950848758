//! What the Rust side says about itself: off unless asked for, and then into a file or a worker's own log, never onto the
//! user's console.
//!
//! The filter is that of `tracing-subscriber`: a level, or levels by room, like `warn,scheduler::pool=debug`.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, EnvFilter};

use crate::error::{Error, Result};

/// The variable by which a session tells its workers the filter.
pub const FILTER: &str = "MEMSHARE_LOG";

/// Starts logging to `log`, which is made for the user alone, or to standard error, which in a worker *is* its log. Whether it
/// was started: the first one in a process wins, and other code may have been first.
///
/// # Errors
/// [`Error::Filter`] when the filter does not parse, [`Error::Os`] when the file cannot be opened.
pub fn start(filter: &str, log: Option<&Path>) -> Result<bool> {
    let parsed = EnvFilter::try_new(filter)
        .map_err(|e| Error::Filter { filter: filter.to_owned(), reason: e.to_string() })?;
    match log {
        None => Ok(install(parsed, std::io::stderr)),
        Some(path) => {
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
            let file = file.map_err(|e| Error::os(format!("opening {}", path.display()), e))?;
            Ok(install(parsed, Mutex::new(file)))
        }
    }
}

fn install<W>(filter: EnvFilter, writer: W) -> bool
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_ansi(false).with_writer(writer);
    tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_does_not_parse_is_an_error_in_words() {
        let refusal = start("scheduler=loud=very", None).unwrap_err();
        assert_eq!(refusal.kind(), "input");
        assert!(refusal.to_string().contains("scheduler=loud=very"), "{refusal}");
    }

    #[test]
    fn lines_go_to_the_file_and_the_second_start_changes_nothing() {
        let path = std::env::temp_dir().join(format!("memshare-trace-{}.log", std::process::id()));
        assert!(start("memshare_trace_test=info", Some(&path)).unwrap());
        assert!(!start("trace", None).unwrap());
        tracing::info!(target: "memshare_trace_test", answer = 42, "seen");
        tracing::debug!(target: "memshare_trace_test", "not seen");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(text.contains("answer=42") && !text.contains("not seen"), "{text}");
    }
}
