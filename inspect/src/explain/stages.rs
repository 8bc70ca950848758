//! The stages in their order, each with its passes and what it reads and makes.
use super::few::few;
use crate::document::{Document, PassView, ResourceView, StageView};
use crate::names::stage_name;
use crate::table::{Align, Table};
use crate::words::{bytes, element, list, number, percent, roughly, seconds, short};

/// Data, passes of a stage and tasks of a path that are shown one by one.
pub(super) const SOME: usize = 8;

/// Columns of a plan, and of a run.
const PREDICTED: [&str; 5] = ["step", "elements", "chunks", "expected", "results"];
const MEASURED: [&str; 9] =
    ["elements", "chunks", "time", "of run", "FUN", "util", "overhead", "retries", "results"];

/// What stands before the lines of a stage.
const DEEP: &str = "      ";

/// A line of the tree with its figures.
fn row(table: &mut Table, name: String, figures: Vec<String>) {
    table.row(std::iter::once(name).chain(figures));
}

/// The tree of stages, with figures.
pub(super) fn stages(document: &Document) -> Vec<String> {
    let figures: &[&str] = if document.run.is_some() { &MEASURED } else { &PREDICTED };
    let figures = figures.iter().map(|&name| (name, Align::Right));
    let mut table = Table::new(&std::iter::once(("stages", Align::Left)).chain(figures).collect::<Vec<_>>());
    let heavier = |a: &StageView, b: &StageView| {
        weight(document, b).partial_cmp(&weight(document, a)).unwrap_or(std::cmp::Ordering::Equal)
    };
    let (shown, more) = few(&document.stages, |stage| stage.id, heavier);
    for stage in shown {
        let own: Vec<&PassView> = passes(document, stage).collect();
        line(document, stage, &own, &mut table);
        // Where all are shown, in full.
        if more.is_empty() {
            steps(document, &own, &mut table);
            about(document, stage, &own, &mut table);
        }
    }
    if !more.is_empty() {
        group(document, &more, &mut table);
    }
    table.lines(usize::MAX, "")
}

/// How heavy a stage is: by FUN's time as measured, else as expected, else by elements.
fn weight(document: &Document, stage: &StageView) -> (f64, f64, u64) {
    let passes = || passes(document, stage);
    let measured = passes().filter_map(|pass| pass.figures.as_ref()).map(|figures| figures.fun_seconds).sum();
    let expected = passes().filter_map(|pass| pass.predicted_fun_seconds).sum();
    (measured, expected, stage.elements)
}

fn passes<'a>(document: &'a Document, stage: &'a StageView) -> impl Iterator<Item = &'a PassView> {
    stage.passes.iter().filter_map(|&pass| document.passes.get(pass as usize))
}

/// The line of a stage.
fn line(document: &Document, stage: &StageView, own: &[&PassView], table: &mut Table) {
    let title = format!("{}: {}", stage.id + 1, stage_name(document, &stage.passes));
    row(table, format!("  {title}"), cells(document, stage, own));
}

/// The passes of a stage, where there are several: the heaviest, in their order.
fn steps(document: &Document, own: &[&PassView], table: &mut Table) {
    if own.len() < 2 {
        return;
    }
    let mut heavy = own.to_vec();
    let fun = |pass: &PassView| pass.figures.as_ref().map_or(0.0, |figures| figures.fun_seconds);
    heavy.sort_by(|a, b| fun(b).total_cmp(&fun(a)));
    let mut shown: Vec<&PassView> = heavy.into_iter().take(SOME).collect();
    shown.sort_by_key(|pass| own.iter().position(|other| other.id == pass.id));
    for pass in &shown {
        row(table, format!("{DEEP}{}", short(&pass.name, 24)), step_cells(document, pass));
    }
    if own.len() > shown.len() {
        table.text(&format!("{DEEP}and {} more passes", number((own.len() - shown.len()) as u64)));
    }
}

/// The lines below: state, data, what took longest.
fn about(document: &Document, stage: &StageView, own: &[&PassView], table: &mut Table) {
    let Some(task) = document.tasks.get(stage.task as usize) else { return };
    if let Some(life) = task.life.as_ref().filter(|life| life.state != "done") {
        let words = match life.state {
            "waiting" => "never began",
            "stopped" => "begun, and not ended",
            other => other,
        };
        table.text(&format!("{DEEP}{words}"));
    }
    let resource = |&id: &u32| document.resources.get(id as usize);
    let reads: Vec<String> = task.reads.iter().filter_map(resource).map(|r| short(&r.name, 24)).collect();
    if !reads.is_empty() {
        table.text(&format!("{DEEP}reads {}", list(&reads, 6)));
    }
    let makes: Vec<String> = task.writes.iter().filter_map(resource).map(made).collect();
    if !makes.is_empty() {
        table.text(&format!("{DEEP}makes {}", list(&makes, 4)));
    }
    let held = task.life.as_ref().and_then(|life| Some(life.began? - life.ready?)).unwrap_or(0.0);
    if document.held_back
        && held > 0.01 * document.run.as_ref().map_or(f64::INFINITY, |run| run.figures.seconds)
    {
        table.text(&format!("{DEEP}held back for {}", seconds(held)));
    }
    for pass in own {
        let slow = pass.figures.as_ref().and_then(|figures| figures.slowest.first());
        // Worth a line where it stands out.
        let Some((slow, figures)) = slow.zip(pass.figures.as_ref()) else { continue };
        let mean = figures.fun_seconds / pass.elements.max(1) as f64;
        if pass.part == "map" && pass.elements > 1 && slow.seconds > 3.0 * mean {
            let of = if own.len() > 1 { format!(" of {}", short(&pass.name, 24)) } else { String::new() };
            let who = element(slow.element, slow.name.as_deref());
            let (slow, mean) = (seconds(slow.seconds), seconds(mean));
            table.text(&format!("{DEEP}slowest{of}: {who}, {slow}; on average {mean}"));
        }
    }
}

/// "mu (40.0 kB, step 1 to 3)".
fn made(resource: &ResourceView) -> String {
    let name = short(&resource.name, 24);
    let size = roughly(resource.bytes, resource.guessed);
    if let Some(life) = &resource.life {
        let until = life.until.map_or("on".to_owned(), |until| format!("to {}", seconds(until)));
        return format!("{name} ({size}, from {} {until})", seconds(life.from));
    }
    match (resource.born, resource.last_use) {
        (Some(born), Some(last)) => format!("{name} ({size}, steps {born} to {last})"),
        _ => format!("{name} ({size})"),
    }
}

/// The figures of a stage, one a column.
fn cells(document: &Document, stage: &StageView, own: &[&PassView]) -> Vec<String> {
    let Some(run) = &document.run else {
        let task = document.tasks.get(stage.task as usize);
        let pieces = if stage.pieces > 0 {
            number(stage.pieces)
        } else {
            own.first().map_or("", |p| p.schedule).into()
        };
        let step = task.map_or(String::new(), |task| task.step.to_string());
        return vec![step, number(stage.elements), pieces, expected(own), results(document, own)];
    };
    let figures: Vec<_> =
        own.iter().filter_map(|pass| pass.figures.as_ref().filter(|figures| figures.chunks > 0)).collect();
    let mut cells = vec![number(stage.elements), number(stage.chunks)];
    let Some(first) = figures.first() else {
        cells.resize(MEASURED.len(), String::new());
        return cells;
    };
    let (began, ended) = figures.iter().fold((f64::INFINITY, 0.0f64), |(began, ended), figures| {
        (began.min(figures.began), ended.max(figures.ended))
    });
    let time = (ended - began).max(0.0);
    let fun: f64 = figures.iter().map(|figures| figures.fun_seconds).sum();
    let retries = figures.iter().map(|figures| figures.retries).max().unwrap_or(0);
    let util = if time > 0.0 { fun / (time * f64::from(document.workers.max(1))) } else { 0.0 };
    let util = if figures.len() == 1 { first.utilisation } else { util };
    let share = if run.figures.seconds > 0.0 { time / run.figures.seconds } else { 0.0 };
    cells.extend([seconds(time), percent(share), seconds(fun), percent(util), percent(first.overhead)]);
    cells.push(if retries > 0 { number(retries.into()) } else { String::new() });
    cells.push(bytes(figures.iter().map(|figures| figures.bytes).sum()));
    cells
}

/// The figures of a pass within a stage of several.
fn step_cells(document: &Document, pass: &PassView) -> Vec<String> {
    let empty = String::new;
    if document.run.is_none() {
        return vec![empty(), empty(), empty(), expected(&[pass]), results(document, &[pass])];
    }
    let (fun, made) = match &pass.figures {
        Some(figures) if pass.result.is_some() => (seconds(figures.fun_seconds), bytes(figures.bytes)),
        Some(figures) => (seconds(figures.fun_seconds), empty()),
        None => (empty(), empty()),
    };
    vec![empty(), empty(), empty(), empty(), fun, empty(), empty(), empty(), made]
}

fn expected(own: &[&PassView]) -> String {
    let known: Option<Vec<f64>> = own.iter().map(|pass| pass.predicted_fun_seconds).collect();
    known.map_or(String::new(), |known| seconds(known.iter().sum()))
}

/// Bytes of the results that leave the stage, as predicted.
fn results(document: &Document, own: &[&PassView]) -> String {
    let made: Vec<u32> = own.iter().filter_map(|pass| pass.result).collect();
    let of = made.iter().filter_map(|&id| document.resources.get(id as usize));
    if made.is_empty() {
        String::new()
    } else {
        let guessed = of.clone().any(|resource| resource.guessed);
        roughly(of.map(|resource| resource.bytes).sum(), guessed)
    }
}

/// The stages that are not shown, in a line.
fn group(document: &Document, more: &[&StageView], table: &mut Table) {
    let own: Vec<&PassView> = more.iter().flat_map(|stage| passes(document, stage)).collect();
    let elements = number(more.iter().map(|stage| stage.elements).sum());
    let title = format!("  and {} more", number(more.len() as u64));
    let empty = String::new;
    if document.run.is_none() {
        let pieces = more.iter().map(|stage| stage.pieces).sum();
        let pieces = if pieces > 0 { number(pieces) } else { empty() };
        let cells = vec![empty(), elements, pieces, expected(&own), results(document, &own)];
        row(table, title, cells);
        return;
    }
    let figures = || own.iter().filter_map(|pass| pass.figures.as_ref());
    let fun = figures().map(|figures| figures.fun_seconds).sum();
    let retries: u32 = figures().map(|figures| figures.retries).sum();
    let retries = if retries > 0 { number(retries.into()) } else { empty() };
    let made = bytes(figures().map(|figures| figures.bytes).sum());
    let chunks = number(more.iter().map(|stage| stage.chunks).sum());
    let cells = vec![elements, chunks, empty(), empty(), seconds(fun), empty(), empty(), retries, made];
    row(table, title, cells);
}
