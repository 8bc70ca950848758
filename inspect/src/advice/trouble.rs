//! What went wrong on the way: workers that died or never came, and a run that was out of time.
use super::look::{Hint, Look};
use crate::words;

/// The signal by which the system, above all when memory is short, ends a process.
const SIGKILL: i32 = 9;

pub(super) fn hints(look: &Look<'_>) -> Vec<Hint> {
    [deaths(look), late(look), not_started(look), out_of_time(look)].into_iter().flatten().collect()
}

/// Who died, how, and what was lost with them. Always said: a death that costs little today may cost a run tomorrow.
fn deaths(look: &Look<'_>) -> Option<Hint> {
    let figures = &look.run.figures;
    let died: Vec<_> = look.run.workers.iter().filter(|worker| worker.died.is_some()).collect();
    if figures.deaths == 0 {
        return None;
    }
    let how = died.iter().filter_map(|worker| worker.died.as_deref());
    let mut how: Vec<String> = how.map(|how| words::short(how, 80)).collect();
    how.sort();
    how.dedup();
    let killed = died.iter().any(|worker| worker.signal == Some(SIGKILL));
    let how = if how.is_empty() { String::new() } else { format!(" ({})", words::list(&how, 2)) };
    let who = match died.as_slice() {
        [one] if figures.deaths == 1 => format!("worker {} died{how}", one.worker),
        _ => format!("{} died{how}", words::count(figures.deaths.into(), "worker")),
    };
    let chunks = &look.run.chunks;
    let lost = (0..chunks.state.len()).filter(|&at| chunks.state[at] == "lost");
    let lost: f64 = lost.map(|at| (chunks.ended[at] - chunks.started[at]).max(0.0)).sum();
    let again = match figures.retries {
        0 => String::new(),
        n => format!(", and {} had to be run again", words::count(n.into(), "chunk")),
    };
    let cost =
        if lost > 0.0 { format!(": {} of work were lost", words::seconds(lost)) } else { String::new() };
    let why = if killed {
        "; signal 9 often means that memory was short: fewer workers (MAX.CORES) need less"
    } else {
        ""
    };
    Hint::new(0.3 + lost / look.worker_seconds, format!("{who}{again}{cost}{why}"))
}

/// Elements that took longer than they may.
fn late(look: &Look<'_>) -> Option<Hint> {
    let of_kind = |kind: &str| look.run.events.iter().filter(|event| event.kind == kind).count() as u64;
    let (late, killed) = (of_kind("late"), of_kind("killed"));
    if late == 0 {
        return None;
    }
    let elements = words::count(late, "element");
    let mut words = format!("{elements} did not end within memControl(element_timeout = )");
    if killed > 0 {
        let workers = words::count(killed, "worker");
        words += &format!("; {workers} did not listen to the interrupt and had to be killed");
    }
    Hint::new(0.3, words)
}

/// Places that stayed empty.
fn not_started(look: &Look<'_>) -> Option<Hint> {
    let failed: Vec<_> = look.run.events.iter().filter(|event| event.kind == "not_started").collect();
    let first = failed.first()?;
    let words = format!(
        "{} could not be started: {}",
        words::count(failed.len() as u64, "worker"),
        first.how.as_deref()?
    );
    Hint::new(0.25, words)
}

/// How much time a run would have needed that was given too little.
fn out_of_time(look: &Look<'_>) -> Option<Hint> {
    if look.run.ended.kind != "timeout" {
        return None;
    }
    let of_stage =
        |stage: u32| look.document.stages.get(stage as usize).map_or(0, |stage| stage.passes.len());
    let chunks = &look.run.chunks;
    let done = (0..chunks.state.len()).filter(|&at| chunks.state[at] == "done");
    let done = done.map(|at| (chunks.last[at] + 1 - chunks.first[at]) * of_stage(chunks.stage[at]) as u64);
    let (done, all): (u64, u64) = (done.sum(), look.document.passes.iter().map(|pass| pass.elements).sum());
    if done == 0 {
        return None;
    }
    let needed = look.wall * all as f64 / done as f64;
    Hint::new(
        1.0,
        format!(
            "{} of {} elements were done when the time was up: all of them need about {} at this pace; \
             memControl(timeout = ) gives more",
            words::number(done),
            words::number(all),
            words::seconds(needed)
        ),
    )
}
