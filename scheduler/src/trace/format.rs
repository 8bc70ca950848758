//! How an event becomes a line. Text is for people: time, level, room, message, fields. JSON is for programs: an object a
//! line with the same, `timestamp`, `level`, `target`, `message`, and the fields by their names.

use std::fmt::{self, Debug, Write};

use serde::{Deserialize, Serialize};
use tracing::field::{Field, Visit};
use tracing::Metadata;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

/// Text or JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

impl Format {
    /// The format of this name.
    pub fn named(name: &str) -> Option<Format> {
        match name {
            "text" => Some(Format::Text),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
        }
    }
}

/// A field's value, as JSON writes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A number or a truth value, in its own letters.
    Plain(String),
    /// Words.
    Words(String),
}

/// The fields of a span or of an event, in order; of two of one name the later counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    pub(super) fn put(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    pub(super) fn extend(&mut self, other: &Fields) {
        for (name, value) in &other.0 {
            self.put(name, value.clone());
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field.name(), Value::Words(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), Value::Words(value.to_owned()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), Value::Plain(value.to_string()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), Value::Plain(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), Value::Plain(value.to_string()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinity.
        let plain = value.is_finite().then(|| Value::Plain(value.to_string()));
        self.put(field.name(), plain.unwrap_or_else(|| Value::Words(value.to_string())));
    }
}

/// The line of an event, with its end.
pub(super) fn line(format: Format, metadata: &Metadata<'_>, fields: &Fields) -> String {
    let mut line = String::with_capacity(160);
    let written = match format {
        Format::Text => text(&mut line, metadata, fields),
        Format::Json => json(&mut line, metadata, fields),
    };
    debug_assert!(written.is_ok(), "a string takes whatever is written to it");
    line.push('\n');
    line
}

fn text(line: &mut String, metadata: &Metadata<'_>, fields: &Fields) -> fmt::Result {
    SystemTime.format_time(&mut Writer::new(line))?;
    write!(line, " {:>5} {}:", metadata.level(), metadata.target())?;
    for (_, value) in fields.0.iter().filter(|(name, _)| *name == "message") {
        line.push(' ');
        on_one_line(line, value.letters());
    }
    for (name, value) in fields.0.iter().filter(|(name, _)| *name != "message") {
        write!(line, " {name}=")?;
        match value {
            Value::Words(words) if words.is_empty() || words.contains(char::is_whitespace) => {
                write!(line, "{words:?}")?;
            }
            value => on_one_line(line, value.letters()),
        }
    }
    Ok(())
}

impl Value {
    fn letters(&self) -> &str {
        match self {
            Value::Plain(letters) | Value::Words(letters) => letters,
        }
    }
}

/// Whatever a message says, it stays one line.
fn on_one_line(line: &mut String, words: &str) {
    line.extend(words.chars().map(|c| if c.is_control() { ' ' } else { c }));
}

fn json(line: &mut String, metadata: &Metadata<'_>, fields: &Fields) -> fmt::Result {
    line.push_str("{\"timestamp\":\"");
    SystemTime.format_time(&mut Writer::new(line))?;
    write!(line, "\",\"level\":\"{}\",\"target\":", metadata.level())?;
    quoted(line, metadata.target())?;
    for (name, value) in &fields.0 {
        line.push(',');
        quoted(line, name)?;
        line.push(':');
        match value {
            Value::Plain(letters) => line.push_str(letters),
            Value::Words(words) => quoted(line, words)?,
        }
    }
    line.push('}');
    Ok(())
}

/// A string as JSON writes it.
fn quoted(line: &mut String, words: &str) -> fmt::Result {
    line.push('"');
    for c in words.chars() {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            c if c.is_control() => write!(line, "\\u{:04x}", c as u32)?,
            c => line.push(c),
        }
    }
    line.push('"');
    Ok(())
}
