//! Time at work that was not FUN, or need not have been: overhead, results, garbage.
use super::look::{names, round_up, Hint, Look};
use crate::document::PassView;
use crate::run_view::{Activities, PassFigures};
use crate::words::{bytes, number, percent, seconds};

/// Chunks shorter than this are overhead-bound because they are short.
const SHORT: f64 = 2e-3;
/// What overhead may take.
const AIM: f64 = 0.05;

/// The pass that loses most to overhead, and what it loses: a part of the workers' time.
fn worst<'a>(look: &Look<'a>) -> Option<(&'a PassView, f64)> {
    let lost = |pass: &'a PassView| {
        let figures = pass.figures.as_ref().filter(|figures| figures.chunks > 0)?;
        // Passes of one stage share its overhead.
        let stage = look.document.stages.get(pass.stage as usize)?;
        let work = figures.mean_chunk * figures.chunks as f64 / stage.passes.len().max(1) as f64;
        Some((pass, figures.overhead * work / look.worker_seconds))
    };
    look.document.passes.iter().filter_map(lost).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The pass of which overhead takes a part worth a word: what it loses, elements in a chunk, seconds of FUN for one.
fn bound<'a>(look: &Look<'a>) -> Option<(&'a PassView, &'a PassFigures, f64, f64, f64)> {
    let (pass, lost) = worst(look)?;
    let figures = pass.figures.as_ref().filter(|figures| figures.overhead >= 0.15 && lost >= 0.05)?;
    let size = pass.elements as f64 / figures.chunks as f64;
    let each = figures.mean_chunk * (1.0 - figures.overhead) / size;
    Some((pass, figures, lost, size, each.max(1e-9)))
}

/// Chunks so short that claiming and delivering them costs too much.
pub(super) fn short_chunks(look: &Look<'_>) -> Option<Hint> {
    let (pass, figures, lost, size, each) = bound(look)?;
    let most = (pass.elements as f64 / (2.0 * look.places)).max(1.0);
    let chunk = round_up(figures.mean_chunk * figures.overhead / (AIM * each)).min(most as u64);
    (figures.mean_chunk < SHORT && chunk as f64 > 1.5 * size).then(|| Hint {
        weight: lost,
        words: format!(
            "chunks{} of {}: overhead {}; raise chunk, e.g. memControl(chunk = {chunk})",
            look.of(pass),
            seconds(figures.mean_chunk),
            percent(figures.overhead)
        ),
    })
}

/// Overhead that comes with chunks, or else with elements so short that calling FUN costs as much as they do.
pub(super) fn overhead(look: &Look<'_>) -> Option<Hint> {
    let (pass, figures, lost, _, each) = bound(look)?;
    let by_chunk = short_chunks(look);
    if by_chunk.is_some() || others(look) {
        return by_chunk;
    }
    Hint::new(
        lost,
        format!(
            "FUN{} takes {} an element, and what comes with each call {} of the time: let a call do more, several \
             elements at a time",
            look.of(pass),
            seconds(each),
            percent(figures.overhead)
        ),
    )
}

/// Whether results or making ready explain the overhead.
fn others(look: &Look<'_>) -> bool {
    results(look).is_some() || making_ready(look).is_some()
}

/// The part of the time at work that went into something.
fn part(look: &Look<'_>, of: impl Fn(&Activities) -> f64) -> f64 {
    let activities = &look.run.activities;
    let work: f64 =
        activities.iter().map(|a| a.map + a.load + a.run + a.call + a.serialize + a.collect).sum();
    if work > 0.0 {
        activities.iter().map(of).sum::<f64>() / work
    } else {
        0.0
    }
}

/// Results that are long to write.
pub(super) fn results(look: &Look<'_>) -> Option<Hint> {
    let share = part(look, |a| a.serialize);
    let short = worst(look).and_then(|(pass, _)| pass.figures.as_ref()).is_some_and(|f| f.mean_chunk < SHORT);
    if share < 0.15 || short {
        return None;
    }
    let made = look.document.passes.iter().filter_map(|pass| pass.figures.as_ref());
    let made: u64 = made.map(|figures| figures.bytes).sum();
    Hint::new(
        share * (1.0 - look.run.figures.waiting),
        format!(
            "writing results ({}) took {} of the time at work: memControl(FUN.VALUE = ) writes plain vectors in place; or \
             give back less",
            bytes(made),
            percent(share)
        ),
    )
}

/// Workers that are long to get ready.
pub(super) fn making_ready(look: &Look<'_>) -> Option<Hint> {
    let (share, spent) = (part(look, |a| a.map), look.run.activities.iter().map(|a| a.map).sum::<f64>());
    // Those that were started for this run had more to make ready than FUN.
    let new = look.run.workers.iter().any(|worker| worker.joined >= 0.05);
    (share >= 0.15 && spent >= 0.02 * look.places && !new).then(|| Hint {
        weight: share * (1.0 - look.run.figures.waiting) * 0.8,
        words: format!(
            "opening data and making FUN ready took {} of the time at work ({}): FUN should not carry big objects of its \
             surroundings",
            percent(share),
            seconds(spent)
        ),
    })
}

/// Garbage.
pub(super) fn gc(look: &Look<'_>) -> Option<Hint> {
    let share = part(look, |a| a.collect);
    (share >= 0.15).then(|| Hint {
        weight: share * (1.0 - look.run.figures.waiting),
        words: format!(
            "R collected garbage {} of the time at work: fewer and smaller objects made in FUN make it faster",
            percent(share)
        ),
    })
}

/// Elements that take less than this cost about as much as calling an R function on them.
const TINY: f64 = 50e-6;

/// Very many elements, each hardly worth a call: code that does many of them in one call does without the calls.
pub(super) fn tiny(look: &Look<'_>) -> Option<Hint> {
    let each = |pass: &PassView| {
        let figures = pass.figures.as_ref().filter(|_| pass.part == "map" && pass.elements >= 1000)?;
        Some((figures.fun_seconds / pass.elements as f64, figures.share))
    };
    let passes = look.document.passes.iter();
    let cheap: Vec<(u32, f64, f64)> = passes
        .filter_map(|pass| each(pass).map(|(each, share)| (pass.id, each, share)))
        .filter(|(_, each, _)| *each < TINY)
        .collect();
    let share: f64 = cheap.iter().map(|(_, _, share)| share).sum();
    let spent = &look.run.figures.spent;
    let part = share * (spent.run + spent.call) / look.worker_seconds;
    // Where calls cost more than FUN, that is said already.
    if part < 0.3 || bound(look).is_some() {
        return None;
    }
    let longest = cheap.iter().fold(0.0f64, |longest, (_, each, _)| longest.max(*each));
    let ids: Vec<u32> = cheap.iter().map(|(id, ..)| *id).collect();
    let who = match ids.as_slice() {
        [_] if look.document.passes.len() == 1 => "FUN takes".to_owned(),
        [_] => format!("{} takes", names(look.document, &ids)),
        _ => format!("{} take at most", names(look.document, &ids)),
    };
    Hint::new(
        0.4 * part,
        format!(
            "{who} {} an element, about what a call of an R function costs: where R does many elements at once (rowMeans(), \
             matrix products), one call over a block of them, or over all, takes much less",
            seconds(longest)
        ),
    )
}

/// Results that all carry the same names.
pub(super) fn repeated_names(look: &Look<'_>) -> Option<Hint> {
    let names = |pass: &'_ PassView| pass.repeated_names * pass.elements;
    let pass = look.document.passes.iter().max_by_key(|pass| names(pass))?;
    let (repeated, made) = (names(pass), pass.figures.as_ref()?.bytes);
    if repeated < 100_000 || (repeated as f64) < 0.2 * made as f64 {
        return None;
    }
    Hint::new(
        0.1 * repeated as f64 / made.max(1) as f64,
        format!(
            "each of the {} results{} carries the same names, {} in all: name FUN.VALUE in memControl(), and unname() the \
             results",
            number(pass.elements),
            look.of(pass),
            bytes(repeated)
        ),
    )
}
