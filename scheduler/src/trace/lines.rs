//! The layer that writes a line for each event, and where lines go. A line is one write to a file opened for appending, so
//! that it stays whole whoever else writes there.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::Layer;

use super::format::{line, Fields, Format};
use super::owner::is_ours;
use crate::error::{Error, Result};
use crate::os::within_file_limit;

/// A log that grew this long is set aside, and a new one begun: no more than twice of it is kept.
const LONGEST: u64 = 32 << 20;

/// Where lines go.
#[derive(Debug)]
pub(super) enum Sink {
    /// Nobody wants them.
    Nowhere,
    /// Standard error.
    Error,
    /// A file, of which so many bytes are written.
    File(File, PathBuf, u64),
}

static PLACE: Mutex<(Format, Sink)> = Mutex::new((Format::Text, Sink::Nowhere));

/// From now on, lines are written so, to there.
pub(super) fn write_to(format: Format, sink: Sink) {
    *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = (format, sink);
}

impl Sink {
    pub(super) fn open(log: Option<&Path>) -> Result<Sink> {
        let Some(path) = log else { return Ok(Sink::Error) };
        let failed = |e| Error::os(format!("opening {}", path.display()), e);
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
            .map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Ok(Sink::File(file, path.to_owned(), length))
    }

    /// Writes a line. A log that cannot be written to is no reason to stop what is logged.
    fn write(&mut self, line: &str) {
        match self {
            Sink::Nowhere => {}
            Sink::Error => drop(std::io::stderr().write_all(line.as_bytes())),
            Sink::File(file, path, length) => {
                let _ = within_file_limit(|| file.write_all(line.as_bytes()));
                *length += line.len() as u64;
                if *length > LONGEST {
                    let _ = std::fs::rename(&*path, set_aside(path));
                    if let Ok(fresh) = Sink::open(Some(path)) {
                        *self = fresh;
                    }
                }
            }
        }
    }
}

/// Where a log goes that grew too long.
fn set_aside(path: &Path) -> PathBuf {
    path.with_extension("log.1")
}

/// The layer.
pub(super) struct Lines;

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
                values.record(fields);
            }
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !is_ours() {
            return;
        }
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.extend(of_span);
            }
        }
        event.record(&mut fields);
        let mut place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
        let line = line(place.0, event.metadata(), &fields);
        place.1.write(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_grew_long_is_set_aside_and_a_new_one_begun() {
        let path = std::env::temp_dir().join(format!("memshare-long-{}.log", std::process::id()));
        let mut sink = Sink::open(Some(&path)).unwrap();
        sink.write("old\n");
        let Sink::File(.., length) = &mut sink else { panic!("a file") };
        *length = LONGEST;
        sink.write("last\n");
        sink.write("new\n");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!((read(&set_aside(&path)).as_str(), read(&path).as_str()), ("old\nlast\n", "new\n"));
        std::fs::remove_file(set_aside(&path)).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
