//! What a run over several hosts would take: the very grants of blocks, and for each block the very engine of its host, on a virtual clock.
//!
//! Modelled besides is the session's link (`link`). A host begins a block when its data has come and the block before is done, as leaders do. Phases follow
//! each other, and what a host was sent in one it has in the next. Hosts are alike, and none is lost.
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

use super::link::{Direction, Network};
use super::load;
use super::model::{Model, Work};
use super::simulate;
use crate::error::Result;
use crate::graph::Scope;
use crate::hosts::{cut, split, Grants, Host, Phase, Size};
use crate::plan::{compile_sized, CallSpec, Costs, Source, FOLD};

/// What came of a simulated run over hosts.
#[derive(Clone, Debug, PartialEq)]
pub struct OverHosts {
    /// Hosts of it.
    pub hosts: u32,
    /// Workers of each.
    pub workers: u32,
    /// From its begin to its end.
    pub makespan_ns: u64,
    /// No schedule ends before this: all work shared evenly, the longest element, or what must cross the link in one direction.
    pub bound_ns: u64,
    /// The part of the workers' time in which FUN runs.
    pub efficiency: f64,
    /// The part that chunks cost besides their elements.
    pub overhead: f64,
    /// Chunks on all hosts.
    pub chunks: u64,
    /// Stages on hosts whose costs misled.
    pub recuts: u64,
    /// The most shared memory that a host has at a time.
    pub peak_bytes: u64,
    /// Bytes over the link, in both directions.
    pub moved_bytes: u64,
    /// The part of the run in which the busier direction of the link carries something.
    pub link: f64,
}

/// A part of a variable, or of the values of a pass: elements from, to.
type Part = (Source, u64, u64);

/// A block on its host.
#[derive(Clone, Debug, Default)]
struct Block {
    start: u64,
    elements: u64,
    /// What it reads a part of, and the bytes of that part.
    parts: Vec<(Source, u64)>,
    received: u64,
    makespan_ns: u64,
    busy_ns: u64,
    chunks: u64,
    recuts: u64,
    /// The most that it takes on its host beside its data.
    own_bytes: u64,
}

impl Block {
    fn parts(&self) -> impl Iterator<Item = (Part, u64)> + '_ {
        let end = self.start + self.elements;
        self.parts.iter().map(move |&(source, bytes)| ((source, self.start, end), bytes))
    }

    fn sent(&self) -> u64 {
        self.parts.iter().map(|(_, bytes)| bytes).sum()
    }
}

/// Simulates a call on so many hosts of `spec.workers` workers each. O(elements + chunks log workers + blocks (hosts + log blocks)).
///
/// # Errors
/// [`crate::error::Error::BadPlan`] for a pass whose work has not as many elements as the pass.
pub fn over_hosts(spec: &CallSpec, model: &Model, hosts: u32, network: &Network) -> Result<OverHosts> {
    let plan = compile_sized(spec.clone(), &model.sizes)?;
    let all_workers = u64::from(hosts) * u64::from(spec.workers);
    let loads_ns = load::bound(&plan, &load::loads(&plan, model)?, all_workers);
    let mut session = Session::new(hosts, network);
    let mut all: Vec<Block> = Vec::new();
    // What has to be sent to one host at least.
    let mut once: HashMap<Part, u64> = HashMap::new();
    for phase in split(spec) {
        let levels = phase.spec.passes.iter().map(|pass| pass.levels).max().unwrap_or(0);
        let elements = phase.spec.passes.first().map_or(0, |pass| pass.elements);
        let unit = FOLD.checked_pow(levels).unwrap_or(u64::MAX);
        let ends = cut(elements, hosts.into(), spec.workers.into(), unit);
        let blocks = blocks(&phase, &part_of(model, &phase), &ends)?;
        let common: Vec<(Part, u64)> = common(&phase).collect();
        once.extend(blocks.iter().flat_map(Block::parts).chain(common.iter().copied()));
        session.run(&blocks, &common);
        all.extend(blocks);
    }
    let total = |of: fn(&Block) -> u64| all.iter().map(of).sum::<u64>();
    let time = (session.now_ns as f64 * all_workers as f64).max(1.0);
    let crosses = |bytes: u64| network.busy_ns(bytes) as u64;
    let busiest = session.down.busy_ns.max(session.up.busy_ns);
    Ok(OverHosts {
        hosts,
        workers: spec.workers,
        makespan_ns: session.now_ns,
        bound_ns: loads_ns.max(crosses(once.values().sum())).max(crosses(session.up.bytes)),
        efficiency: total(|b| b.busy_ns) as f64 / time,
        overhead: total(|b| b.chunks) as f64 * model.chunk_ns as f64 / time,
        chunks: total(|b| b.chunks),
        recuts: total(|b| b.recuts),
        peak_bytes: session.memory.iter().map(|memory| memory.peak).max().unwrap_or(0),
        moved_bytes: session.down.bytes + session.up.bytes,
        link: busiest as f64 / session.now_ns.max(1) as f64,
    })
}

/// The model of a phase's passes.
fn part_of(model: &Model, phase: &Phase) -> Model {
    let own = |place: usize| phase.passes[place].index();
    let places = 0..phase.passes.len();
    let sizes = if model.sizes.is_empty() {
        Vec::new()
    } else {
        places.clone().map(|p| model.sizes[own(p)]).collect()
    };
    let work = places.filter_map(|place| model.work.get(own(place)).cloned()).collect();
    Model { sizes, work, ..model.clone() }
}

/// Whether a host gets only the part of a variable that its blocks need.
fn is_cut(spec: &CallSpec, id: usize) -> bool {
    !is_side(spec, id) && spec.passes.iter().any(|pass| pass.inputs.iter().any(|source| is_of(source, id)))
}

/// Whether a pass reads a variable whole.
fn is_side(spec: &CallSpec, id: usize) -> bool {
    spec.passes.iter().any(|pass| pass.sides.iter().any(|source| is_of(source, id)))
}

fn is_of(source: &Source, id: usize) -> bool {
    matches!(source, Source::Data(data) if data.index() == id)
}

/// What every host needs whole.
fn common(phase: &Phase) -> impl Iterator<Item = (Part, u64)> + '_ {
    let resources = phase.spec.resources.iter().zip(&phase.origins).enumerate();
    resources
        .filter(|(id, _)| is_side(&phase.spec, *id))
        .map(|(_, (resource, &origin))| ((origin, 0, u64::MAX), resource.bytes))
}

/// Runs each block on its host. Blocks of one length whose elements take the same time are run once.
fn blocks(phase: &Phase, model: &Model, ends: &[u64]) -> Result<Vec<Block>> {
    use rayon::prelude::*;
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let ranges: Vec<(u64, u64)> = starts.zip(ends.iter().copied()).collect();
    let varied = model.work.iter().any(|work| matches!(work, Work::Each(_)))
        || phase.spec.passes.iter().any(|pass| pass.costs.is_some());
    let key = |(start, end): (u64, u64)| (end - start, if varied { start } else { 0 });
    let mut of_key = BTreeMap::new();
    for &range in &ranges {
        of_key.entry(key(range)).or_insert(range);
    }
    let run = |(key, (start, end)): (_, (u64, u64))| Ok((key, block(phase, model, start, end)?));
    // Threads that stayed would be in the way of a process that forks later.
    let ran: Result<BTreeMap<(u64, u64), Block>> = match rayon::ThreadPoolBuilder::new().build() {
        Ok(pool) => pool.install(|| of_key.into_par_iter().map(run).collect()),
        Err(_) => of_key.into_iter().map(run).collect(),
    };
    let ran = ran?;
    let at = |range: (u64, u64)| Block { start: range.0, ..ran[&key(range)].clone() };
    Ok(ranges.into_iter().map(at).collect())
}

/// The elements of `[start, end)` as a call of their own.
fn block(phase: &Phase, model: &Model, start: u64, end: u64) -> Result<Block> {
    let (mut own, mut model, elements) = (phase.spec.clone(), model.clone(), end - start);
    let of_all = own.passes[0].elements.max(1);
    let part = |bytes: u64| (u128::from(bytes) * u128::from(elements) / u128::from(of_all)) as u64;
    let mut parts = Vec::new();
    for (id, resource) in own.resources.iter_mut().enumerate() {
        resource.scope = Scope::Scoped;
        if is_cut(&phase.spec, id) {
            resource.bytes = part(resource.bytes);
            parts.push((phase.origins[id], resource.bytes));
        }
    }
    for pass in &mut own.passes {
        (pass.elements, pass.bytes) = (elements, part(pass.bytes));
        pass.costs = pass.costs.as_ref().map(|costs| slice(costs, start, end)).transpose()?;
    }
    for work in &mut model.work {
        if let Work::Each(costs) = work {
            *costs = slice(costs, start, end)?;
        }
    }
    let data: u64 = own.resources.iter().map(|resource| resource.bytes).sum();
    let plan = compile_sized(own, &model.sizes)?;
    let run = simulate(&plan, &model)?;
    let gathered = plan.spec().gather.iter().map(|pass| plan.spec().passes[pass.index()].bytes);
    Ok(Block {
        start,
        elements,
        parts,
        received: gathered.sum(),
        makespan_ns: run.makespan_ns,
        busy_ns: run.busy_ns.iter().sum(),
        chunks: run.chunks,
        recuts: run.recuts.into(),
        own_bytes: run.peak_bytes.saturating_sub(data),
    })
}

fn slice(costs: &Costs, start: u64, end: u64) -> Result<Costs> {
    // Work of another length is refused before.
    Costs::new(&costs.each()[start as usize..end as usize], costs.origin(), costs.unit_ns())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A host has done a block.
    Ended,
    /// Its results have come to the session.
    Came,
}

/// The session, and what it knows of its hosts.
struct Session<'a> {
    network: &'a Network,
    /// To the hosts.
    down: Direction,
    /// From them.
    up: Direction,
    /// What each host has of variables and values.
    held: Vec<HashSet<Part>>,
    memory: Vec<Memory>,
    now_ns: u64,
}

/// Bytes of shared memory on a host: what it was sent stays there, what blocks take goes with them.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    now: u64,
    peak: u64,
}

impl Memory {
    fn takes(&mut self, bytes: u64) {
        self.now = self.now.saturating_add(bytes);
        self.peak = self.peak.max(self.now);
    }
}

/// The blocks that read each part.
fn readers(blocks: &[Block]) -> HashMap<Part, Vec<usize>> {
    let mut readers: HashMap<Part, Vec<usize>> = HashMap::new();
    for (nth, block) in blocks.iter().enumerate().filter(|(_, block)| block.sent() > 0) {
        block.parts().for_each(|(part, _)| readers.entry(part).or_default().push(nth));
    }
    readers
}

/// For which blocks a host has all parts; nothing where it has none at all. O(parts + blocks).
fn whole(held: &HashSet<Part>, blocks: &[Block], readers: &HashMap<Part, Vec<usize>>) -> Vec<bool> {
    if held.is_empty() {
        return Vec::new();
    }
    let mut lacks: Vec<usize> = blocks.iter().map(|block| block.parts.len()).collect();
    let mut has = vec![false; blocks.len()];
    for &block in held.iter().filter_map(|part| readers.get(part)).flatten() {
        lacks[block] -= 1;
        has[block] = lacks[block] == 0;
    }
    has
}

/// A phase that the session is at.
struct Running<'a> {
    blocks: &'a [Block],
    common: &'a [(Part, u64)],
    grants: Grants,
    /// When each host is through with what it was granted.
    free_ns: Vec<u64>,
    coming: BinaryHeap<Reverse<(u64, u32, usize, Step)>>,
}

impl<'a> Session<'a> {
    fn new(hosts: u32, network: &'a Network) -> Self {
        let (down, up) = (Direction::default(), Direction::default());
        let memory = vec![Memory::default(); hosts as usize];
        Session { network, down, up, held: vec![HashSet::new(); hosts as usize], memory, now_ns: 0 }
    }

    fn run(&mut self, blocks: &[Block], common: &[(Part, u64)]) {
        let sizes = blocks.iter().map(|block| Size { elements: block.elements, bytes: block.sent() });
        let mut grants = Grants::new(sizes.collect());
        let readers = readers(blocks);
        for held in &self.held {
            grants.join(&whole(held, blocks, &readers));
        }
        let free_ns = vec![self.now_ns; self.held.len()];
        let mut running = Running { blocks, common, grants, free_ns, coming: BinaryHeap::new() };
        // Each has one before any has two.
        for _ in 0..2 {
            for host in 0..self.held.len() as u32 {
                self.grant(&mut running, host);
            }
        }
        while let Some(Reverse((now, host, block, step))) = running.coming.pop() {
            self.now_ns = now;
            match step {
                Step::Ended => {
                    let there = self.up.carry(blocks[block].received, now, self.network);
                    running.coming.push(Reverse((there, host, block, Step::Came)));
                }
                Step::Came => {
                    running.grants.done(Host(host), block);
                    self.memory[host as usize].now -= blocks[block].own_bytes;
                    while self.grant(&mut running, host).is_some() {}
                }
            }
        }
    }

    /// Grants a host one more block, if there is one for it.
    fn grant(&mut self, running: &mut Running<'_>, host: u32) -> Option<usize> {
        let now = self.now_ns;
        let block = running.grants.next(Host(host), now as f64 / 1e9, self.network.bytes_per_second)?;
        let held = &mut self.held[host as usize];
        let needed = running.blocks[block].parts().chain(running.common.iter().copied());
        let bytes = needed.filter(|(part, _)| held.insert(*part)).map(|(_, bytes)| bytes).sum();
        self.memory[host as usize].takes(bytes + running.blocks[block].own_bytes);
        let there = self.down.carry(bytes, now, self.network);
        let free = &mut running.free_ns[host as usize];
        let ended = there.max(*free) + running.blocks[block].makespan_ns;
        *free = ended;
        running.coming.push(Reverse((ended, host, block, Step::Ended)));
        Some(block)
    }
}

#[cfg(all(test, not(loom)))]
#[path = "hosts_tests.rs"]
mod tests;
