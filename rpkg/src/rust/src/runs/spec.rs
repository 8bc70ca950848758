//! R's specification of a plan, read. R's spec_of() writes it, and R has checked what a user can get wrong.

use scheduler::id::{PassId, ResourceId};
use scheduler::plan::{Costs, Origin};
use scheduler::policy::{Policy, Schedule};

use crate::about::{Along, Blocks, Cut, Gives, Sparse};
use crate::r::{self, Failure, Kind, Preserved, Result, Sexp};

/// A source of data: an object, or the name of a registered one.
#[derive(Debug)]
pub(super) enum DataSource {
    Object(Preserved),
    Registered { namespace: String, name: String },
}

/// Passes over data, and which results are wanted.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) data: Vec<(String, DataSource)>,
    pub(super) passes: Vec<Pass>,
    pub(super) gather: Vec<PassId>,
    /// What each wanted result is to be; a list where nothing is said.
    pub(super) forms: Vec<Form>,
    pub(super) workers: u32,
    pub(super) retries: u32,
    pub(super) timeout_seconds: f64,
    pub(super) memory: f64,
    pub(super) external: bool,
    /// Whether it is noted what each element costs.
    pub(super) measure: bool,
    /// Whether its pages are kept for another run when it fails.
    pub(super) keep: bool,
    /// What is done already.
    pub(super) start: Start,
}

/// What of a run is done before it begins.
#[derive(Clone, Debug, Default)]
pub(super) enum Start {
    /// Nothing.
    #[default]
    Fresh,
    /// What lies in an open checkpoint, by its number.
    Checkpoint(i32),
    /// What an earlier run left that failed, by its number.
    Kept(i32),
    /// All but these elements of passes, and what follows from them.
    AllBut(Vec<(PassId, Vec<u64>)>),
}

impl Start {
    /// Whether results are to stay whole.
    pub(super) fn is_fresh(&self) -> bool {
        matches!(self, Start::Fresh)
    }
}

fn start(reader: &Reader<'_>) -> Result<Start> {
    let number = |name: &str| Ok::<_, Failure>(reader.numbers(name)?.first().map(|number| *number as i32));
    if let Some(checkpoint) = number("checkpoint")? {
        return Ok(Start::Checkpoint(checkpoint));
    }
    if let Some(run) = number("kept")? {
        return Ok(Start::Kept(run));
    }
    let passes = reader.numbers("again_passes")?;
    if passes.is_empty() {
        return Ok(Start::Fresh);
    }
    let elements = reader.items("again")?.into_iter().map(|list| {
        Ok(r::numbers(list)?.into_iter().map(|element| element as u64 - 1).collect::<Vec<u64>>())
    });
    let passes = passes.into_iter().map(|pass| PassId(pass as u32 - 1));
    Ok(Start::AllBut(passes.zip(elements.collect::<Result<Vec<_>>>()?).collect()))
}

/// One pass.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) name: String,
    pub(super) elements: u64,
    pub(super) inputs: Vec<Input>,
    pub(super) sides: Vec<(String, Side)>,
    /// Of a run over hosts; else 0.
    pub(super) phase: u32,
    pub(super) levels: u32,
    pub(super) payload: Preserved,
    pub(super) captured: Vec<ResourceId>,
    pub(super) policy: Policy,
    pub(super) collect: bool,
    /// How long FUN may take for an element; infinite where that is not limited.
    pub(super) limit_seconds: f64,
    /// Bytes of all results; not a number where nobody knows.
    pub(super) bytes: f64,
    /// By what name its profile is kept; empty for none.
    pub(super) key: String,
    /// What its elements cost, if somebody says so.
    pub(super) costs: Option<Costs>,
}

/// What an element argument of FUN is. Data is named by its place in [`Spec::data`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Input {
    Data(ResourceId, Cut),
    Value(PassId, Cut),
    Each(PassId),
    /// All that a pass made, as a list.
    Whole(PassId),
    /// The same with their names, and in one vector where that is asked for.
    Results(PassId, Option<ResourceId>, bool),
}

/// What FUN reads besides.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Data(ResourceId),
    List(PassId, Option<ResourceId>),
    One(PassId),
}

/// What a wanted result is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A list with an item for each result.
    List,
    /// One vector, if the results are alike.
    Vector,
}

impl Form {
    fn of(mode: &String) -> Form {
        if mode == "vector" {
            Form::Vector
        } else {
            Form::List
        }
    }
}

impl Spec {
    pub(super) fn read(list: Sexp) -> Result<Spec> {
        let reader = Reader { list };
        let sources = reader.items("data")?.into_iter().map(source).collect::<Result<Vec<_>>>()?;
        let names = r::strings(reader.item("data_names")?, "the data's names")?;
        let data: Vec<_> = names.into_iter().zip(sources).collect();
        let gather: Vec<_> =
            reader.numbers("gather")?.into_iter().map(|pass| PassId(pass as u32 - 1)).collect();
        let mut forms: Vec<_> = r::strings(reader.item("modes")?, "modes")?.iter().map(Form::of).collect();
        forms.resize(gather.len(), Form::List);
        Ok(Spec {
            data,
            passes: reader.items("passes")?.into_iter().map(Pass::read).collect::<Result<_>>()?,
            gather,
            forms,
            workers: reader.number("workers")? as u32,
            retries: reader.number("retries")? as u32,
            timeout_seconds: reader.number("timeout")?,
            memory: reader.number("memory")?,
            external: reader.number("cluster")? != 0.0,
            // Absent: yes.
            measure: reader.numbers("measure")?.first() != Some(&0.0),
            keep: reader.numbers("keep")?.first().is_some_and(|keep| *keep != 0.0),
            start: start(&reader)?,
        })
    }
}

impl Pass {
    fn read(list: Sexp) -> Result<Pass> {
        let reader = Reader { list };
        let sides = reader.item("sides")?;
        let named = !sides.is_null() && !sides.is_empty();
        let names = if named { r::list_names(sides, "side variables")? } else { Vec::new() };
        let mut read = Vec::with_capacity(names.len());
        for (place, name) in names.into_iter().enumerate() {
            read.push((name, side(Reader { list: sides.item(place) })?));
        }
        let captured = reader.numbers("captured")?.into_iter().map(|data| ResourceId(data as u32 - 1));
        Ok(Pass {
            name: reader.string("name")?,
            elements: reader.number("n")? as u64,
            inputs: reader
                .items("inputs")?
                .into_iter()
                .map(|list| input(Reader { list }))
                .collect::<Result<_>>()?,
            sides: read,
            phase: reader.numbers("phase")?.first().map_or(0, |phase| *phase as u32),
            levels: reader.number("levels")? as u32,
            payload: Preserved::new(reader.item("payload")?),
            captured: captured.collect(),
            policy: reader.policy()?,
            collect: reader.string("on_error")? == "collect",
            // Absent: no limit.
            limit_seconds: reader.numbers("element_timeout")?.first().copied().unwrap_or(f64::INFINITY),
            bytes: reader.number("bytes")?,
            key: r::strings(reader.item("key")?, "key")?.pop().unwrap_or_default(),
            costs: reader.costs()?,
        })
    }
}

/// The rule of this name; `None` for "as planned".
pub(super) fn policy(name: &str, chunk: u64) -> Result<Option<Policy>> {
    let schedule = match name {
        "as planned" => return Ok(None),
        "auto" => return Ok(Some(Policy::auto())),
        "static" => Schedule::Static,
        "guided" => Schedule::Guided,
        "factoring" => Schedule::Factoring,
        "adaptive" => Schedule::Adaptive,
        "profiled" => Schedule::Profiled,
        "fixed" => return Ok(Some(Policy::fixed(chunk))),
        other => return Err(Failure::input(format!("there is no schedule '{other}'"))),
    };
    Ok(Some(Policy { chunk, ..Policy::of(schedule) }))
}

/// A value that is to be copied in, kept until then; of a list that makes its items when asked, a list that holds them.
pub(super) fn value(x: Sexp) -> Result<Preserved> {
    r::protect(|s| Ok(Preserved::new(s.plain_list(x))))
}

fn source(x: Sexp) -> Result<DataSource> {
    let named = r::protect(|s| {
        let class = x.attribute(s, "class");
        Ok(class.kind() == Kind::STRSXP
            && class.len() == 1
            && r::bytes_of(s, class.text(0)).0 == b"memshare_name")
    })?;
    if !named {
        return Ok(DataSource::Object(value(x)?));
    }
    let mut parts = r::strings(x, "a registered variable")?.into_iter();
    match (parts.next(), parts.next()) {
        (Some(namespace), Some(name)) => Ok(DataSource::Registered { namespace, name }),
        _ => Err(Failure::Internal("a registered variable is namespace and name".into())),
    }
}

fn input(reader: Reader) -> Result<Input> {
    let kind = reader.string("kind")?;
    let gives = reader.item("sparse")?;
    let gives = if gives.is_null() { None } else { Some(r::string(gives, "sparse")?) };
    let cut = || -> Result<Cut> {
        Ok(match (kind.as_str(), reader.numbers("dim")?.as_slice()) {
            (kind, dim) if gives.is_some() => sparse(kind, dim, gives.as_deref().unwrap_or_default())?,
            ("row", &[rows, columns]) => Cut::Row(rows as u64, columns as u64),
            ("column", &[rows, columns]) => Cut::Column(rows as u64, columns as u64),
            ("row block", &[rows, columns, size]) => Cut::RowBlock(blocks([rows, columns, size])),
            ("column block", &[rows, columns, size]) => Cut::ColumnBlock(blocks([rows, columns, size])),
            _ => Cut::Item,
        })
    };
    let data = reader.index("data")?.map(ResourceId);
    let pass = reader.index("pass")?.map(PassId);
    match (kind.as_str(), data, pass) {
        ("each", None, Some(pass)) => Ok(Input::Each(pass)),
        ("whole", None, Some(pass)) => Ok(Input::Whole(pass)),
        ("results", None, Some(pass)) => {
            Ok(Input::Results(pass, reader.index("names")?.map(ResourceId), reader.number("vector")? != 0.0))
        }
        (_, Some(data), None) => Ok(Input::Data(data, cut()?)),
        (_, None, Some(pass)) => Ok(Input::Value(pass, cut()?)),
        _ => Err(Failure::Internal(format!("an input of kind '{kind}' that nothing feeds"))),
    }
}

/// A sparse matrix: what its lines are is what the elements, or blocks, are made of.
fn sparse(kind: &str, dim: &[f64], gives: &str) -> Result<Cut> {
    let (&rows, &columns, size) = match dim {
        [rows, columns] => (rows, columns, 1.0),
        [rows, columns, size] => (rows, columns, *size),
        _ => return Err(Failure::Internal("a sparse matrix without dim".into())),
    };
    let lines = if kind.starts_with("row") { Along::Rows } else { Along::Columns };
    let gives = match gives {
        "dense" => Gives::Dense,
        "sparseVector" => Gives::SparseVector,
        "nonzero" => Gives::Nonzero,
        "block" => Gives::Block(size as u64),
        other => return Err(Failure::Internal(format!("nothing gives '{other}'"))),
    };
    Ok(Cut::Sparse(Sparse { rows: rows as u64, columns: columns as u64, lines, gives }))
}

fn blocks(dim: [f64; 3]) -> Blocks {
    let [rows, columns, size] = dim.map(|extent| extent as u64);
    Blocks { rows, columns, size }
}

fn side(reader: Reader) -> Result<Side> {
    match (reader.index("data")?.map(ResourceId), reader.index("pass")?.map(PassId)) {
        (Some(data), None) => Ok(Side::Data(data)),
        (None, Some(pass)) if reader.number("whole")? != 0.0 => {
            Ok(Side::List(pass, reader.index("names")?.map(ResourceId)))
        }
        (None, Some(pass)) => Ok(Side::One(pass)),
        _ => Err(Failure::Internal("a side variable that nothing feeds".into())),
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) list: Sexp<'a>,
}

impl<'a> Reader<'a> {
    /// NULL where the list has no such item.
    pub(crate) fn item(&self, name: &str) -> Result<Sexp<'a>> {
        r::protect(|s| Ok(r::field(s, self.list, name).unwrap_or(s.null())))
    }

    /// The items of a list.
    pub(crate) fn items(&self, name: &str) -> Result<Vec<Sexp<'a>>> {
        let list = self.item(name)?;
        Ok((0..if list.is_null() { 0 } else { list.len() }).map(|place| list.item(place)).collect())
    }

    fn string(&self, name: &str) -> Result<String> {
        r::string(self.item(name)?, name)
    }

    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let item = self.item(name)?;
        if item.is_null() {
            return Ok(Vec::new());
        }
        r::numbers(item)
    }

    pub(crate) fn number(&self, name: &str) -> Result<f64> {
        r::number_at(self.item(name)?, 0)
    }

    /// A place in a list, from R's 1 on; `None` for 0 and for nothing.
    fn index(&self, name: &str) -> Result<Option<u32>> {
        let place = self.numbers(name)?.first().copied().unwrap_or(0.0);
        Ok((place >= 1.0).then(|| place as u32 - 1))
    }

    /// `cost`: numbers, in seconds where `seconds` is TRUE; else `sizes`, a guess.
    fn costs(&self) -> Result<Option<Costs>> {
        let known = self.numbers("cost")?;
        if !known.is_empty() {
            let seconds = self.numbers("seconds")?.first() == Some(&1.0);
            return Ok(Some(Costs::of_doubles(&known, Origin::Known, seconds.then_some(1e9))?));
        }
        let sizes = self.numbers("sizes")?;
        let guessed = (!sizes.is_empty()).then(|| Costs::of_doubles(&sizes, Origin::Sizes, None));
        Ok(guessed.transpose()?)
    }

    fn policy(&self) -> Result<Policy> {
        let (name, chunk) = (self.string("schedule")?, self.number("chunk")? as u64);
        if name == "auto" && chunk > 0 {
            return Ok(Policy::fixed(chunk));
        }
        Ok(policy(&name, chunk)?.unwrap_or_default())
    }
}
