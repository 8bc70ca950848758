//! Packages that were loaded while the run went on: which, how long that took, and how it is done once for all.
use super::look::{Hint, Look};
use crate::run_view::LoadView;
use crate::words::{count, list, percent, seconds, short};

/// Who loads packages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// The process that forks workers: once for all of them.
    Forks,
    /// Workers, before FUN is called.
    Workers,
    /// Elements of FUN.
    Elements,
}

/// Packages that took a part of the workers' time worth a word.
pub(super) fn loading(look: &Look<'_>) -> Option<Hint> {
    let spent = look.run.figures.spent.load;
    let share = spent / look.worker_seconds;
    if share < 0.1 || spent < 0.02 * look.places {
        return None;
    }
    let kinds = [Who::Forks, Who::Workers, Who::Elements];
    let who = kinds.into_iter().max_by(|&a, &b| took(look, a).total_cmp(&took(look, b)))?;
    let names = packages(look, who);
    let named =
        list(&names.iter().map(|(name, took)| format!("{name} {}", seconds(*took))).collect::<Vec<_>>(), 3);
    let workers = count(workers(look, who) as u64, "worker");
    let first = names.first().map_or("", |(name, _)| name.split(", ").next().unwrap_or(name));
    let what = match who {
        Who::Forks => "workers were started for this run: the next run finds them loaded".to_owned(),
        Who::Workers => format!(
            "{workers} did so for this run alone; library({first}) in the session, or on a cluster's nodes, does it once"
        ),
        Who::Elements => format!(
            "{workers} did so in an element of FUN; library({first}) in the session, or memControl(packages = \"{first}\"), \
             loads it once for all of them"
        ),
    };
    Hint::new(
        share,
        format!("loading packages took {} of the workers' time ({named}): {what}", percent(share)),
    )
}

fn of<'a>(look: &Look<'a>, who: Who) -> impl Iterator<Item = &'a LoadView> {
    let run = look.run;
    run.loads.iter().filter(move |load| {
        who == match (load.worker, load.in_fun) {
            (None, _) => Who::Forks,
            (Some(_), false) => Who::Workers,
            (Some(_), true) => Who::Elements,
        }
    })
}

/// What it took of the workers' time: what is done for all of them keeps all of them waiting.
fn took(look: &Look<'_>, who: Who) -> f64 {
    let times = if who == Who::Forks { look.places } else { 1.0 };
    times * of(look, who).map(|load| load.until - load.from).sum::<f64>()
}

/// The packages with their seconds, the longest first; those that several workers loaded with the longest of these.
fn packages(look: &Look<'_>, who: Who) -> Vec<(String, f64)> {
    let mut packages: Vec<(String, f64)> = Vec::new();
    for load in of(look, who) {
        let (name, took) = (short(&load.packages, 60), load.until - load.from);
        match packages.iter_mut().find(|(other, _)| *other == name) {
            Some((_, longest)) => *longest = longest.max(took),
            None => packages.push((name, took)),
        }
    }
    packages.sort_by(|a, b| b.1.total_cmp(&a.1));
    packages
}

fn workers(look: &Look<'_>, who: Who) -> usize {
    let workers = of(look, who).filter_map(|load| load.worker);
    workers.collect::<std::collections::HashSet<_>>().len()
}
