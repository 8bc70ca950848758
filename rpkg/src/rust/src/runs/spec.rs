//! R's specification of a call, read. `R/run.R` writes it and has checked what a user can get wrong.

use scheduler::policy::{Policy, Schedule};

use crate::about::Cut;
use crate::r::{self, Failure, Kind, Result, Sexp};

/// A collection or variable: an object, or the name of a registered one.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Object(Sexp),
    Registered { namespace: String, name: String },
}

/// A call.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) collection: Source,
    pub(super) cut: Cut,
    pub(super) elements: u64,
    pub(super) sides: Vec<(String, Source)>,
    pub(super) program: Sexp,
    pub(super) captured: Sexp,
    pub(super) workers: u32,
    pub(super) policy: Policy,
    pub(super) retries: u32,
    pub(super) timeout_seconds: f64,
    pub(super) collect: bool,
    pub(super) memory: f64,
    pub(super) guests: bool,
}

impl Spec {
    pub(super) fn read(list: Sexp) -> Result<Spec> {
        let reader = Reader { list };
        let namespace = reader.string("namespace")?;
        let collection = reader.source(reader.item("x")?)?;
        let elements = reader.number("n")? as u64;
        let cut = match (reader.string("kind")?.as_str(), reader.numbers("dim")?.as_slice()) {
            ("apply", &[rows, columns]) if reader.number("margin")? == 1.0 => {
                Cut::Row(rows as u64, columns as u64)
            }
            ("apply", &[rows, columns]) => Cut::Column(rows as u64, columns as u64),
            _ => Cut::Item,
        };
        let mut sides = Vec::new();
        let vars = reader.item("vars")?;
        if !vars.is_null() && !vars.is_empty() {
            for (place, name) in r::list_names(vars, "VARS")?.into_iter().enumerate() {
                sides.push((name, Source::Object(vars.item(place))));
            }
        }
        for name in r::strings(reader.item("var_names")?, "VARS")? {
            sides.push((name.clone(), Source::Registered { namespace: namespace.clone(), name }));
        }
        Ok(Spec {
            collection,
            cut,
            elements,
            sides,
            program: reader.item("payload")?,
            captured: reader.item("captured")?,
            workers: reader.number("workers")? as u32,
            policy: reader.policy()?,
            retries: reader.number("retries")? as u32,
            timeout_seconds: reader.number("timeout")?,
            collect: reader.string("on_error")? == "collect",
            memory: reader.number("memory")?,
            guests: reader.number("cluster")? != 0.0,
        })
    }
}

struct Reader {
    list: Sexp,
}

impl Reader {
    /// NULL where the list has no such item.
    fn item(&self, name: &str) -> Result<Sexp> {
        r::protect(|s| Ok(r::field(s, self.list, name).unwrap_or(s.null())))
    }

    fn string(&self, name: &str) -> Result<String> {
        r::string(self.item(name)?, name)
    }

    fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let item = self.item(name)?;
        (0..if item.is_null() { 0 } else { item.len() }).map(|place| r::number_at(item, place)).collect()
    }

    fn number(&self, name: &str) -> Result<f64> {
        r::number_at(self.item(name)?, 0)
    }

    fn source(&self, x: Sexp) -> Result<Source> {
        let named = r::protect(|s| {
            let class = x.attribute(s, "class");
            Ok(class.kind() == Kind::STRSXP
                && class.len() == 1
                && r::bytes_of(s, class.text(0)).0 == b"memshare_name")
        })?;
        if !named {
            return Ok(Source::Object(x));
        }
        let mut parts = r::strings(x, "X")?.into_iter();
        match (parts.next(), parts.next()) {
            (Some(namespace), Some(name)) => Ok(Source::Registered { namespace, name }),
            _ => Err(Failure::Internal("a registered X is namespace and name".into())),
        }
    }

    fn policy(&self) -> Result<Policy> {
        let policy = Reader { list: self.item("policy")? };
        let chunk = policy.number("chunk")? as u64;
        let schedule = match policy.string("schedule")?.as_str() {
            "static" => Schedule::Static,
            "guided" => Schedule::Guided,
            "factoring" => Schedule::Factoring,
            _ if chunk > 0 => return Ok(Policy::fixed(chunk)),
            _ => return Ok(Policy::auto()),
        };
        Ok(Policy { chunk, ..Policy::of(schedule) })
    }
}
