//! Where the workers' time went: the one breakdown that all views show. Its parts add up to the run's time for each place.
//!
//! Loading packages is a part of its own, wherever it happened: in a worker before FUN was called; in an element of FUN, which then took
//! longer than others do; or in the process that forks workers, for which their places waited.
use scheduler::board::Activity;
use scheduler::engine::EventKind;
use scheduler::id::{StageId, WorkerId};
use scheduler::plan::Plan;
use scheduler::run::{EventLog, State};

use crate::run_view::{seconds, Activities, LoadView};
use crate::words::percent;

/// Loading that took less is not told of.
const LONG_NS: u64 = 10_000_000;

/// The parts by their names for people, in the order in which they are told.
pub(crate) fn parts(spent: &Activities) -> [(&'static str, f64); 8] {
    [
        ("FUN", spent.run),
        ("calls", spent.call),
        ("garbage", spent.collect),
        ("results", spent.serialize),
        ("making ready", spent.map),
        ("loading packages", spent.load),
        ("waiting", spent.wait),
        ("not there", spent.idle),
    ]
}

/// "FUN 82 %, garbage 8 %, …": those that took any of it.
pub(crate) fn in_words(spent: &Activities) -> String {
    let all = total(spent).max(1e-12);
    let shown = parts(spent).into_iter().filter(|(name, part)| *name == "FUN" || *part >= 0.0005 * all);
    shown.map(|(name, part)| format!("{name} {}", percent(part / all))).collect::<Vec<_>>().join(", ")
}

/// All of the time.
pub(crate) fn total(spent: &Activities) -> f64 {
    parts(spent).iter().map(|(_, part)| part).sum()
}

/// What all places spent.
pub(crate) fn sum(places: &[Activities]) -> Activities {
    places.iter().fold(Activities::default(), |all, one| Activities {
        wait: all.wait + one.wait,
        map: all.map + one.map,
        load: all.load + one.load,
        run: all.run + one.run,
        call: all.call + one.call,
        serialize: all.serialize + one.serialize,
        collect: all.collect + one.collect,
        idle: all.idle + one.idle,
    })
}

/// What each place spent its time on, with what `loads` took of it.
pub(crate) fn of_places(log: &EventLog, loads: &[LoadView]) -> Vec<Activities> {
    (0..log.activities.len() as u32).map(|place| of_place(log, loads, WorkerId(place))).collect()
}

fn of_place(log: &EventLog, loads: &[LoadView], place: WorkerId) -> Activities {
    let spent = within(log.activities[place.index()], log.wall_ns);
    let of = |activity: Activity| seconds(spent[activity as usize]);
    let mut spent = Activities {
        wait: of(Activity::Wait),
        map: of(Activity::Map),
        load: of(Activity::Load),
        run: of(Activity::Run),
        call: 0.0,
        serialize: of(Activity::Serialize),
        collect: of(Activity::Collect),
        idle: seconds(log.wall_ns.saturating_sub(spent.iter().sum())),
    };
    let (joined, at_elements) = (joined(log, place), spent.run);
    for load in loads {
        let (from, until) = match load.worker {
            Some(own) if own == place.0 + 1 && load.in_fun => (&mut spent.run, load.until),
            None => (&mut spent.idle, load.until.min(joined)),
            Some(_) => continue,
        };
        let moved = (until - load.from).clamp(0.0, *from);
        *from -= moved;
        spent.load += moved;
    }
    // What was measured of FUN has its garbage in it, and the packages that it loaded.
    let beside = spent.collect + at_elements - spent.run;
    let fun = (fun(log, place, at_elements + spent.collect) - beside).clamp(0.0, spent.run);
    // Less than a nanosecond is what adding up lost.
    spent.call = Some(spent.run - fun).filter(|call| *call >= 1e-9).unwrap_or(0.0);
    spent.run = fun;
    spent
}

/// What a place spent within the run: a worker hears of the run's end a moment after it, and waits until then.
fn within(mut spent: [u64; Activity::ALL.len()], wall_ns: u64) -> [u64; Activity::ALL.len()] {
    let mut beyond = spent.iter().sum::<u64>().saturating_sub(wall_ns);
    for part in &mut spent {
        let less = beyond.min(*part);
        *part -= less;
        beyond -= less;
    }
    spent
}

/// How long FUN ran at a place, which was at elements for so long: as its chunks say; where none were kept, its share of all.
fn fun(log: &EventLog, worker: WorkerId, at_elements: f64) -> f64 {
    if !log.chunks.is_empty() {
        let own = log.chunks.iter().filter(|chunk| chunk.worker == worker);
        return own
            .map(|chunk| match chunk.state {
                State::Done => seconds(chunk.fun_ns),
                // Of what never ended nothing was measured.
                _ => seconds(chunk.ended_ns - chunk.started_ns),
            })
            .sum();
    }
    let fun: u64 = log.passes.iter().map(|pass| pass.fun_ns).sum();
    let all: u64 =
        log.activities.iter().map(|a| a[Activity::Run as usize] + a[Activity::Collect as usize]).sum();
    at_elements * fun as f64 / all.max(1) as f64
}

/// When a place was taken for the first time, or the run's end.
fn joined(log: &EventLog, worker: WorkerId) -> f64 {
    let lives = log.workers.iter().filter(|life| life.worker == worker);
    seconds(lives.map(|life| life.joined_ns).min().unwrap_or(log.wall_ns))
}

/// What was loaded in the run, from when to when.
pub(crate) fn loads(plan: &Plan, log: &EventLog) -> Vec<LoadView> {
    let load = |at: f64, worker: Option<WorkerId>, stage: Option<StageId>, packages: &str, took: f64| {
        let until = at.min(seconds(log.wall_ns));
        let view = LoadView {
            worker: worker.map(|worker| worker.0 + 1),
            packages: packages.to_owned(),
            in_fun: stage.is_some(),
            from: (until - took).max(0.0),
            until,
        };
        match worker.zip(stage) {
            Some((worker, stage)) => LoadView { ..in_element(plan, log, (worker, stage), (at, took), view) },
            None => view,
        }
    };
    let of = |event: &scheduler::run::Event| match &event.what {
        EventKind::Loaded(worker, stage, packages, ns) if *ns >= LONG_NS => {
            Some(load(seconds(event.at_ns), *worker, *stage, packages, seconds(*ns)))
        }
        _ => None,
    };
    log.events.iter().filter_map(of).collect()
}

/// Packages that an element loaded: at the begin of its chunk, for as long as it took more than elements take otherwise.
fn in_element(
    plan: &Plan,
    log: &EventLog,
    (worker, stage): (WorkerId, StageId),
    (at, took): (f64, f64),
    view: LoadView,
) -> LoadView {
    let own = log.chunks.iter().filter(|chunk| chunk.worker == worker && chunk.stage == stage);
    let begun = own.filter(|chunk| chunk.state == State::Done && seconds(chunk.started_ns) <= at);
    let from = begun.map(|chunk| seconds(chunk.started_ns)).fold(f64::NEG_INFINITY, f64::max);
    let from = if from.is_finite() { from } else { view.from };
    LoadView { from, until: from + (took - usual(plan, log, stage)).max(0.0), ..view }
}

/// What an element of a stage takes that is none of the longest.
fn usual(plan: &Plan, log: &EventLog, stage: StageId) -> f64 {
    let passes = &plan.stages()[stage.index()].passes;
    let of_pass = |pass: &scheduler::id::PassId| {
        let (total, elements) = (&log.passes[pass.index()], plan.spec().passes[pass.index()].elements);
        let longest: f64 = total.slowest.iter().map(|&(_, ns)| f64::from(ns)).sum();
        let others = elements.saturating_sub(total.slowest.len() as u64);
        if others == 0 {
            // Of few elements the quickest tells best.
            return total.slowest.last().map_or(0.0, |&(_, ns)| f64::from(ns));
        }
        (total.fun_ns as f64 - longest).max(0.0) / others as f64
    };
    passes.iter().map(of_pass).sum::<f64>() / 1e9
}
