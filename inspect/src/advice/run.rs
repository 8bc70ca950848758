//! Where the time of a run went: what keeps it from being shorter, and what there is to gain.
use super::cost::{gc, making_ready, overhead, repeated_names, results, short_chunks, tiny};
use super::loading::loading;
use super::look::{name, names, round_up, Hint, Look};
use super::network::network;
use super::plan;
use crate::document::{PassView, StageView};
use crate::run_view::{LoadView, Slowest};
use crate::spent::total;
use crate::words::{self, count, element, percent, seconds};

/// The rest of what can be said of a run that ended well.
pub(super) fn hints(look: &Look<'_>) -> Vec<Hint> {
    if let Some(hint) = too_short(look) {
        return [Some(hint), loading(look), short_chunks(look), tiny(look)].into_iter().flatten().collect();
    }
    let network = network(look);
    let few = too_few(look);
    let longest = path(look).or_else(|| straggler(look));
    let tail = if longest.is_none() && few.is_none() { tail(look) } else { None };
    let loaded = loading(look);
    // Workers that packages were loaded for, or data was on its way to, are late for that reason.
    let late = if loaded.is_some() || network.is_some() { None } else { late(look) };
    let rules = [copy(look), network, memory(look), late, loaded, few, longest, tail];
    let costs =
        [overhead(look), results(look), making_ready(look), gc(look), tiny(look), repeated_names(look)];
    rules.into_iter().chain(costs).flatten().collect()
}

/// Nothing stands out.
pub(super) fn nothing(look: &Look<'_>) -> Hint {
    let figures = &look.run.figures;
    let gain = if figures.utilisation >= 0.9 { "nothing to gain" } else { "nothing stands out" };
    let share = percent(figures.spent.run / total(&figures.spent).max(1e-12));
    let words = format!("{gain}: FUN ran {share} of the workers' time");
    Hint { weight: 0.0, words }
}

/// One process would have been as fast.
fn too_short(look: &Look<'_>) -> Option<Hint> {
    let figures = &look.run.figures;
    // Workers that were started for it are there in the next run.
    let start = late(look)
        .or_else(|| loading(look))
        .map_or(0.0, |_| look.run.workers.iter().fold(0.0f64, |last, worker| last.max(worker.joined)));
    let own = look.run.loads.iter().filter(|load| load.worker.is_some());
    let loads: f64 = own.map(|load| load.until - load.from).sum();
    let all = (figures.seconds + figures.copy_seconds - start - loads / look.places).max(0.0);
    (look.places > 1.0 && figures.fun_seconds < 0.9 * all && figures.fun_seconds < 0.25).then(|| Hint {
        weight: 2.0,
        words: format!(
            "FUN took {} in all, and the run {}{}: too short to be worth workers; lapply() or apply() is as fast",
            seconds(figures.fun_seconds),
            seconds(all),
            if start > 0.0 { " once its workers were there" } else { "" }
        ),
    })
}

/// Fewer elements at a time than workers.
fn too_few(look: &Look<'_>) -> Option<Hint> {
    let most = plan::most_at_a_time(look.document);
    if most == 0 || most as f64 >= look.places || look.run.figures.waiting < 0.1 {
        return None;
    }
    let instead = if look.run.hosts.is_empty() {
        format!("MAX.CORES = {most} is as fast")
    } else {
        "fewer nodes are as fast".to_owned()
    };
    Hint::new(
        look.run.figures.waiting,
        format!(
            "there were never more than {} at a time for {}: {instead}",
            count(most, "element"),
            count(look.document.workers.into(), "worker")
        ),
    )
}

/// Whether more could have been done at the same time at all.
fn idle(look: &Look<'_>) -> bool {
    look.places > 1.0 && look.run.figures.utilisation < 0.85
}

/// Stages that wait for each other, whose longest elements make up the run.
fn path(look: &Look<'_>) -> Option<Hint> {
    let path = &look.document.critical_path;
    let length = path.seconds?;
    let tasks = path.tasks.iter().filter_map(|&task| look.document.tasks.get(task as usize));
    let stages: Vec<u32> = tasks.filter_map(|task| task.stage).collect();
    let heaviest = slowest(look).map_or(0.0, |(_, slow)| slow.seconds);
    if !idle(look) || length < 0.75 * look.wall || stages.len() < 2 || heaviest > 0.75 * length {
        return None;
    }
    let passes = stages.iter().filter_map(|&stage| look.document.stages.get(stage as usize));
    let passes: Vec<u32> = passes.flat_map(|stage| stage.passes.iter().copied()).collect();
    Hint::new(
        1.0 - look.run.figures.utilisation,
        format!(
            "the longest elements of {}, which wait for each other, take {} of the run's {}: more workers do not make it \
             faster; split them",
            names(look.document, &passes),
            seconds(length),
            seconds(look.wall)
        ),
    )
}

/// The element that took longest of all.
fn slowest<'a>(look: &Look<'a>) -> Option<(&'a PassView, &'a Slowest)> {
    let measured = |pass: &'a PassView| pass.figures.as_ref()?.slowest.first().map(|slow| (pass, slow));
    // The elements of what brings results together are none that the user knows.
    let own = look.document.passes.iter().filter(|pass| pass.part == "map");
    own.filter_map(measured).max_by(|a, b| a.1.seconds.total_cmp(&b.1.seconds))
}

/// One element that the others wait for.
fn straggler(look: &Look<'_>) -> Option<Hint> {
    let (pass, slow) = slowest(look)?;
    if !idle(look) || pass.elements < 2 || slow.seconds < 0.4 * look.wall {
        return None;
    }
    let head = format!(
        "{} of {} took {} of the run's {}",
        element(slow.element, slow.name.as_deref()),
        name(&pass.name),
        seconds(slow.seconds),
        seconds(look.wall)
    );
    let first = pass.figures.as_ref().map_or(0.0, |figures| figures.began);
    let late = |began: &f64| began - first > 0.2 * slow.seconds && began - first > 0.1 * look.wall;
    let begun = begin_of(look, pass, slow).filter(late);
    let words = match begun {
        Some(began) => format!(
            "{head}, and began only at {}: let it begin first by giving its cost, memControl(cost = ), or run it again now that \
             costs are known; below {} only by splitting it",
            seconds(began),
            seconds(slow.seconds)
        ),
        None => format!("{head}: more workers do not make it faster; split it"),
    };
    Hint::new(1.0 - look.run.figures.utilisation, words)
}

/// When an element began: so long before its chunk's end, at the earliest at its begin.
fn begin_of(look: &Look<'_>, pass: &PassView, slow: &Slowest) -> Option<f64> {
    let stage = look.document.stages.get(pass.stage as usize)?;
    let chunks = &look.run.chunks;
    let within = |&at: &usize| {
        chunks.state[at] == "done" && (chunks.first[at]..=chunks.last[at]).contains(&slow.element)
    };
    let at = look.chunks(stage).find(within)?;
    Some((chunks.ended[at] - slow.seconds).max(chunks.started[at]))
}

/// Workers that have nothing left to do while the last chunks of a stage run.
fn tail(look: &Look<'_>) -> Option<Hint> {
    let waits = look.document.stages.iter().map(|stage| (stage, waited(look, stage) / look.worker_seconds));
    let (stage, share) = waits.max_by(|a, b| a.1.total_cmp(&b.1))?;
    if !idle(look) || share < 0.15 {
        return None;
    }
    let chunks = stage.chunks.max(1);
    let figures =
        stage.passes.iter().filter_map(|&pass| look.document.passes.get(pass as usize)?.figures.as_ref());
    let (longest, mean) = figures.fold((0.0f64, 0.0f64), |(longest, mean), figures| {
        (longest.max(figures.longest_chunk), mean.max(figures.mean_chunk))
    });
    let size = stage.elements as f64 / chunks as f64;
    // A chunk that lasts a fiftieth of the stage's share of the run.
    let better = round_up(size * (0.02 * look.wall / mean.max(1e-9)) / 2.0).max(1);
    let cut = if (better as f64) < 0.7 * size {
        format!("cut smaller ones, e.g. memControl(chunk = {better})")
    } else {
        "elements differ: say what they cost, memControl(cost = ), or run it again now that costs are known"
            .to_owned()
    };
    Hint::new(
        share,
        format!(
            "workers waited {} of their time for the last chunks of {} (the longest took {}): {cut}",
            percent(share),
            look.passes(stage),
            seconds(longest)
        ),
    )
}

/// How long workers had nothing to do at the end of a stage: from their own last chunk before its end.
fn waited(look: &Look<'_>, stage: &StageView) -> f64 {
    let chunks = &look.run.chunks;
    let own: Vec<usize> = look.chunks(stage).collect();
    let span = own.iter().fold(None, |span: Option<(f64, f64)>, &at| {
        let (from, to) = span.unwrap_or((f64::INFINITY, 0.0));
        Some((from.min(chunks.started[at]), to.max(chunks.ended[at])))
    });
    let Some((from, to)) = span else { return 0.0 };
    let mut last = vec![from; look.document.workers as usize];
    for at in 0..chunks.stage.len() {
        if chunks.started[at] < to {
            if let Some(last) = last.get_mut(chunks.worker[at].saturating_sub(1) as usize) {
                *last = last.max(chunks.ended[at].min(to));
            }
        }
    }
    last.iter().map(|last| to - last).sum()
}

/// Data copied in before the run.
fn copy(look: &Look<'_>) -> Option<Hint> {
    let (copied, all) = (look.run.figures.copy_seconds, look.run.figures.copy_seconds + look.wall);
    let shared = look.document.resources.iter().filter(|resource| resource.scope == "shared");
    let bytes: u64 = shared.map(|resource| resource.bytes).sum();
    (copied >= 0.25 * all && copied >= 0.05).then(|| Hint {
        weight: copied / all,
        words: format!(
            "copying {} into shared memory took {} of {}: registerVariables() does that once for many calls",
            words::bytes(bytes),
            seconds(copied),
            seconds(all)
        ),
    })
}

/// Tasks that had all they need but memory.
fn memory(look: &Look<'_>) -> Option<Hint> {
    let held = look.document.tasks.iter().filter(|task| task.kind == "map").filter_map(|task| {
        let life = task.life.as_ref()?;
        Some((task, life.began? - life.ready?))
    });
    let (task, delay) = held.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let stage = look.document.stages.get(task.stage? as usize)?;
    let budget = look.document.budget.filter(|_| look.document.held_back && delay >= 0.05 * look.wall)?;
    Hint::new(
        delay / look.wall,
        format!(
            "memory held {} back for {}, to stay within {}: more, memControl(memory = ), or fewer results wanted at a time, \
             let it begin earlier",
            look.passes(stage),
            seconds(delay),
            words::bytes(budget)
        ),
    )
}

/// Workers that were not there yet.
fn late(look: &Look<'_>) -> Option<Hint> {
    let places = 1..=look.document.workers;
    let joined = |place| {
        let own = look.run.workers.iter().filter(|worker| worker.worker == place);
        own.map(|worker| worker.joined).fold(f64::INFINITY, f64::min)
    };
    let joined: Vec<f64> = places.map(joined).filter(|joined| joined.is_finite()).collect();
    // Packages that were loaded for them are another matter.
    let loading = |load: &LoadView| load.until - load.from;
    let loads: f64 = look.run.loads.iter().filter(|load| load.worker.is_none()).map(loading).sum();
    let share = joined.iter().map(|joined| (joined - loads).max(0.0)).sum::<f64>() / look.worker_seconds;
    let last = joined.iter().fold(0.0f64, |a, &b| a.max(b));
    (share >= 0.15 && last >= 0.05).then(|| Hint {
        weight: share * 0.6,
        words: format!(
            "workers were started for this run, and the last joined at {} of {}: the next run finds them ready",
            seconds(last),
            seconds(look.wall)
        ),
    })
}
