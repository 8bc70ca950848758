//! The profiles of this session's runs: of the last few runs by number, and by key on a cache for the runs to come.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use scheduler::board::{BoardReader, ChunkRecord, ChunkState};
use scheduler::id::StageId;
use scheduler::plan::{self, Plan, ResultSize};
use scheduler::profile::{self, Profile, ProfileCache};
use scheduler::run::Finished;

use crate::r::{self, Failure, Given, Result, Scope, Sexp};

/// Runs whose profiles are kept beside the cache.
const RUNS: usize = 8;

#[derive(Default)]
struct Profiles {
    cache: ProfileCache,
    /// The last runs, by number.
    last: VecDeque<(i32, OfRun)>,
}

impl Profiles {
    /// Keeps a run's profiles. The costs that `misled` passes were planned by were wrong.
    fn keep(&mut self, run: i32, taken: OfRun, misled: &HashSet<u32>) {
        for (pass, profile) in &taken {
            if misled.contains(pass) {
                self.cache.learn_anew(Arc::clone(profile));
            } else {
                self.cache.learn(Arc::clone(profile));
            }
        }
        self.last.push_back((run, taken));
        while self.last.len() > RUNS {
            self.last.pop_front();
        }
    }
}

/// A run's profiles, each with its pass, from 0 on.
type OfRun = Vec<(u32, Arc<Profile>)>;

thread_local! {
    static PROFILES: RefCell<Profiles> = RefCell::default();
}

/// Takes the profiles of a run that did what it should. `keys` names each pass's, empty for none; `chunks` are each stage's.
pub(super) fn take(run: i32, plan: &Plan, finished: &Finished, keys: &[String], chunks: &[Vec<ChunkRecord>]) {
    let board = finished.board.board();
    let made = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut taken = Vec::new();
    let mut misled = HashSet::new();
    for ((id, stage), chunks) in plan.stages().iter().enumerate().zip(chunks) {
        let id = StageId(id as u32);
        if finished.stats.withdrawn.iter().any(|(stage, _)| *stage == id) {
            misled.extend(stage.passes.iter().map(|pass| pass.0));
        }
        let steps = 0..stage.passes.len() as u32;
        let costs: Vec<Option<Vec<f32>>> = steps.map(|step| board.costs(id, step)).collect();
        let sizes: Vec<_> = (0..)
            .zip(&stage.outputs)
            .map(|(nth, pass)| (pass, size(plan, board, chunks, (id, nth))))
            .collect();
        let (chunks, overhead_ns) = overhead(chunks, &costs);
        for (pass, costs) in stage.passes.iter().zip(costs) {
            let Some(costs) = costs else { continue };
            let profile = Profile {
                key: keys.get(pass.index()).cloned().unwrap_or_default(),
                name: plan.spec().passes[pass.index()].name.clone(),
                costs,
                workers: plan.workers(),
                chunks,
                overhead_ns,
                made,
                size: sizes.iter().find(|(output, _)| *output == pass).and_then(|(_, size)| *size),
            };
            taken.push((pass.0, Arc::new(profile)));
        }
    }
    PROFILES.with_borrow_mut(|profiles| profiles.keep(run, taken, &misled));
}

/// How large the results of an output were.
fn size(
    plan: &Plan,
    board: &BoardReader,
    chunks: &[ChunkRecord],
    (id, nth): (StageId, u32),
) -> Option<ResultSize> {
    let pass = *plan.stage(id)?.outputs.get(nth as usize)?;
    let per_result = plan.spec().passes[pass.index()].elements_per_result();
    let done = chunks.iter().filter(|chunk| chunk.state == ChunkState::Done);
    ResultSize::measured(done.filter_map(|chunk| {
        let results = chunk.end.div_ceil(per_result) - chunk.start / per_result;
        Some((results, board.output(id, chunk.chunk, nth)?.len))
    }))
}

/// How many chunks a stage was cut into, and what each took beside its elements.
fn overhead(chunks: &[ChunkRecord], costs: &[Option<Vec<f32>>]) -> (u64, f64) {
    let done = chunks.iter().filter(|chunk| chunk.state == ChunkState::Done);
    let (mut chunks, mut ns) = (0, 0.0);
    for chunk in done {
        chunks += 1;
        ns += chunk.span.ended_ns.saturating_sub(chunk.span.started_ns) as f64;
    }
    for costs in costs.iter().flatten() {
        ns -= plan::sum(costs);
    }
    (chunks, (ns / (chunks.max(1) as f64)).max(0.0))
}

/// The profile on the cache, if there is one for so many elements.
pub(super) fn known(key: &str, elements: u64) -> Option<Arc<Profile>> {
    PROFILES.with_borrow_mut(|profiles| profiles.cache.get(key, elements))
}

/// What the cache has under a key, as R gets it.
pub(super) fn known_costs(key: &str, elements: u64) -> Result<Given> {
    let found = known(key, elements);
    r::give(|s| Ok(found.as_ref().map_or(s.null(), |profile| as_list(s, profile, 0))))
}

/// Forgets a profile.
pub(super) fn forget(key: &str) {
    PROFILES.with_borrow_mut(|profiles| profiles.cache.forget(key));
}

/// The profiles of a run, as R gets them.
pub(super) fn of_run(run: i32) -> Result<Given> {
    let found = PROFILES.with_borrow(|profiles| {
        profiles.last.iter().find(|(number, _)| *number == run).map(|(_, profiles)| profiles.clone())
    });
    let gone = || {
        Failure::Kind(
            "profile",
            format!("there are no profiles of this run: it failed, or {RUNS} others came after it"),
        )
    };
    let found = found.ok_or_else(gone)?;
    r::give(|s| {
        let list = s.vector(r::Kind::VECSXP, found.len());
        for (place, (pass, profile)) in found.iter().enumerate() {
            s.inner(|s| list.set_item(place, as_list(s, profile, *pass as i32 + 1)));
        }
        Ok(list)
    })
}

/// A profile as R has it: times in seconds.
fn as_list<'s>(s: &'s Scope, profile: &Profile, pass: i32) -> Sexp<'s> {
    let costs = s.vector(r::Kind::REALSXP, profile.costs.len());
    for (place, cost) in profile.costs.iter().enumerate() {
        // SAFETY: the vector was just made with a number for each cost.
        unsafe { costs.data_mut().cast::<f64>().add(place).write(f64::from(*cost) / 1e9) };
    }
    let results = profile.size.map_or(s.null(), |size| {
        let each = size.each.map_or(f64::NAN, |each| each as f64);
        r::reals(s, &[size.results as f64, size.chunks as f64, size.bytes as f64, each])
    });
    r::named_list(
        s,
        &[
            ("pass", r::integer(s, pass)),
            ("name", r::character(s, &[&profile.name])),
            ("key", r::character(s, &[&profile.key])),
            ("costs", costs),
            ("workers", r::integer(s, profile.workers as i32)),
            ("chunks", r::real(s, profile.chunks as f64)),
            ("overhead", r::real(s, profile.overhead_ns / 1e9)),
            ("made", r::real(s, profile.made as f64)),
            ("results", results),
        ],
    )
}

/// What [`as_list`] gave, read back.
fn from_list(list: Sexp) -> Result<Profile> {
    let item = |name: &str| {
        let missing = || Failure::Internal(format!("a profile without '{name}'"));
        r::protect(|s| Ok(r::field(s, list, name)))?.ok_or_else(missing)
    };
    let text = |name: &str| Ok::<_, Failure>(r::strings(item(name)?, name)?.pop().unwrap_or_default());
    let costs = r::numbers(item("costs")?)?;
    Ok(Profile {
        key: text("key")?,
        name: text("name")?,
        costs: costs.into_iter().map(|cost| (cost * 1e9) as f32).collect(),
        workers: r::number_at(item("workers")?, 0)? as u32,
        chunks: r::number_at(item("chunks")?, 0)? as u64,
        overhead_ns: r::number_at(item("overhead")?, 0)? * 1e9,
        made: r::number_at(item("made")?, 0)? as u64,
        size: size_from(list)?,
    })
}

/// The size of the results; an object of an earlier version has none.
fn size_from(list: Sexp) -> Result<Option<ResultSize>> {
    let found = r::protect(|s| Ok(r::field(s, list, "results").filter(|found| !found.is_null())))?;
    let numbers = found.map(r::numbers).transpose()?;
    Ok(match numbers.as_deref() {
        Some(&[results, chunks, bytes, each]) => Some(ResultSize {
            results: results as u64,
            chunks: chunks as u64,
            bytes: bytes as u64,
            each: (!each.is_nan()).then_some(each as u64),
        }),
        _ => None,
    })
}

pub(super) fn save(list: Sexp, path: &str) -> Result<()> {
    Ok(profile::save(&from_list(list)?, Path::new(path))?)
}

/// Reads a file, and puts what it holds on the cache.
pub(super) fn load(path: &str) -> Result<Given> {
    let profile = Arc::new(profile::load(Path::new(path))?);
    PROFILES.with_borrow_mut(|profiles| profiles.cache.put(Arc::clone(&profile)));
    r::give(|s| Ok(as_list(s, &profile, 0)))
}
