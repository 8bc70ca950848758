//! `memshare graph`: a plan or a run that memSave() wrote, for other programs.
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use inspect::export::{Format, Releases};
use inspect::{self, Document, Record};

use crate::output::{self, Failure};

/// Writes a saved plan or run as a graph (DOT, Mermaid), as JSON, as a trace or as a page
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file that memSave() wrote
    file: PathBuf,
    /// The format; without it, the ending of OUT says it
    #[arg(long, short, value_parser = PossibleValuesParser::new(Format::ALL.map(|(name, _)| name)))]
    format: Option<String>,
    /// Where to write, in place of what is there; standard output by default
    #[arg(long, short, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Draws the graph without the tasks that give memory back
    #[arg(long)]
    no_releases: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let releases = if args.no_releases { Releases::LeftOut } else { Releases::Shown };
    let text = args.format()?.text(&Document::of(&Record::load(&args.file)?), releases)?;
    match &args.output {
        Some(path) => Ok(inspect::write(text.as_bytes(), path)?),
        None => output::text(&text),
    }
}

impl Args {
    fn format(&self) -> Result<Format, Failure> {
        if let Some(format) = self.format.as_deref().and_then(Format::named) {
            return Ok(format);
        }
        let names = Format::ALL.map(|(name, _)| name).join(", ");
        let Some(path) = &self.output else {
            return Err(format!("which format? Give --format, one of {names}").into());
        };
        let unknown =
            || format!("the ending of '{}' says no format: give --format, one of {names}", path.display());
        Ok(Format::of_file(path).ok_or_else(unknown)?)
    }
}
