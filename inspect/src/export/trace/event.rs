//! One event of the Trace Event Format.
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A time, written in microseconds.
#[derive(Clone, Copy)]
pub(super) struct Ns(pub(super) u64);

impl Serialize for Ns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The shortest decimal that is this number: three decimals at most, up to runs of a hundred days.
        serializer.serialize_f64(self.0 as f64 / 1e3)
    }
}

/// The thread that an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Thread {
    pub(super) pid: u32,
    pub(super) tid: u32,
}

/// An id that other processes may have too.
#[derive(Serialize)]
struct Local {
    local: String,
}

/// An event; what it does not need is left out.
#[derive(Serialize)]
pub(super) struct Event {
    ph: &'static str,
    name: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'static str,
    pid: u32,
    tid: u32,
    ts: Ns,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<Ns>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    /// The id of a span: one of its process's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    id2: Option<Local>,
    /// How far an instant is seen: on its thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Value::is_null")]
    args: Value,
}

impl Event {
    fn new(ph: &'static str, name: impl Into<String>, cat: &'static str, at: Thread, ts: u64) -> Event {
        Event {
            ph,
            name: name.into(),
            cat,
            pid: at.pid,
            tid: at.tid,
            ts: Ns(ts),
            dur: None,
            id: None,
            id2: None,
            s: None,
            args: Value::Null,
        }
    }

    /// What is said of it besides.
    pub(super) fn with(mut self, args: Value) -> Event {
        self.args = args;
        self
    }

    /// A process's or thread's name or place among others.
    pub(super) fn meta(what: &str, at: Thread, args: Value) -> Event {
        Event::new("M", what, "", at, 0).with(args)
    }

    /// Something that took a while.
    pub(super) fn slice(name: impl Into<String>, cat: &'static str, at: Thread, ts: u64, dur: u64) -> Event {
        Event { dur: Some(Ns(dur)), ..Event::new("X", name, cat, at, ts) }
    }

    /// Something that took a while, which may overlap with others of its kind: its begin and its end.
    pub(super) fn span(
        name: &str,
        cat: &'static str,
        id: u32,
        at: Thread,
        (from, to): (u64, u64),
    ) -> [Event; 2] {
        let local = || Some(Local { local: format!("0x{id:x}") });
        let edge = |ph, ts| Event { id2: local(), ..Event::new(ph, name, cat, at, ts) };
        [edge("b", from), edge("e", to)]
    }

    /// Where an arrow begins: at the slice that is open then.
    pub(super) fn flow_out(id: u32, at: Thread, ts: u64) -> Event {
        Event { id: Some(id), ..Event::new("s", "reads", "whole", at, ts) }
    }

    /// Where it ends: at the slice that begins next.
    pub(super) fn flow_in(id: u32, at: Thread, ts: u64) -> Event {
        Event { id: Some(id), ..Event::new("f", "reads", "whole", at, ts) }
    }

    /// A counter's new value.
    pub(super) fn counter(name: &str, at: Thread, ts: u64, args: Value) -> Event {
        Event::new("C", name, "", at, ts).with(args)
    }

    /// Something that happened.
    pub(super) fn instant(name: impl Into<String>, cat: &'static str, at: Thread, ts: u64) -> Event {
        Event { s: Some("t"), ..Event::new("i", name, cat, at, ts) }
    }
}
