//! What a run over several hosts would take: the very grants of blocks, and for each block the very engine of its host, on a virtual clock.
//!
//! Modelled besides is the session's link: each direction sends one message after the other. A host begins a block when its data has come and the
//! block before is done, as leaders do. Hosts are alike, and none is lost.
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::load;
use super::model::{Model, Work};
use super::simulate;
use crate::error::{Error, Result};
use crate::graph::Scope;
use crate::hosts::{cut, Grants, Host, Size};
use crate::plan::{compile_sized, CallSpec, Costs, Source};

/// The network between the session and its hosts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Network {
    /// What the session's link carries, in each direction, for all hosts together.
    pub bytes_per_second: f64,
    /// How long a message is on its way besides.
    pub latency_ns: u64,
}

impl Network {
    /// How long the link is busy with so many bytes.
    fn busy_ns(&self, bytes: u64) -> f64 {
        bytes as f64 / self.bytes_per_second * 1e9
    }
}

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

/// A block on its host.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    elements: u64,
    sent: u64,
    received: u64,
    makespan_ns: u64,
    busy_ns: u64,
    chunks: u64,
    recuts: u64,
    peak_bytes: u64,
}

/// Simulates a call on so many hosts of `spec.workers` workers each. O(elements + chunks log workers + blocks (hosts + log blocks)).
///
/// # Errors
/// [`Error::BadPlan`] for a pass that reads another one as a whole, or whose work has not as many elements as the pass.
pub fn over_hosts(spec: &CallSpec, model: &Model, hosts: u32, network: &Network) -> Result<OverHosts> {
    check_elementwise(spec)?;
    let plan = compile_sized(spec.clone(), &model.sizes)?;
    let all_workers = u64::from(hosts) * u64::from(spec.workers);
    let bound_ns = load::bound(&plan, &load::loads(&plan, model)?, all_workers);
    let ends = cut(spec.passes[0].elements, hosts.into(), spec.workers.into(), 1);
    let blocks = blocks(spec, model, &ends)?;
    let common = bytes_of(spec, |id| !is_cut(spec, id));
    let mut session = Session::new(&blocks, common, hosts, network);
    session.run();
    let total = |of: fn(&Block) -> u64| blocks.iter().map(of).sum::<u64>();
    let time = (session.now_ns as f64 * all_workers as f64).max(1.0);
    let crosses = |bytes: u64| network.busy_ns(bytes) as u64;
    let (sent, received) = (total(|b| b.sent) + common * session.served(), total(|b| b.received));
    let busiest = session.down.busy_ns.max(session.up.busy_ns);
    Ok(OverHosts {
        hosts,
        workers: spec.workers,
        makespan_ns: session.now_ns,
        bound_ns: bound_ns.max(crosses(total(|b| b.sent) + common)).max(crosses(received)),
        efficiency: total(|b| b.busy_ns) as f64 / time,
        overhead: total(|b| b.chunks) as f64 * model.chunk_ns as f64 / time,
        chunks: total(|b| b.chunks),
        recuts: total(|b| b.recuts),
        peak_bytes: blocks.iter().map(|block| block.peak_bytes).max().unwrap_or(0),
        moved_bytes: sent + received,
        link: busiest as f64 / session.now_ns.max(1) as f64,
    })
}

fn check_elementwise(spec: &CallSpec) -> Result<()> {
    let whole = |source: &Source| matches!(source, Source::Whole(_));
    let elements = spec.passes.first().map(|pass| pass.elements);
    for pass in &spec.passes {
        if pass.levels > 0
            || Some(pass.elements) != elements
            || pass.inputs.iter().chain(&pass.sides).any(whole)
        {
            return Err(Error::BadPlan(format!(
                "pass '{}' reads the value of another pass as a whole, which is not simulated over hosts",
                pass.name
            )));
        }
    }
    Ok(())
}

/// Whether a host gets only the part of a variable that its blocks need.
fn is_cut(spec: &CallSpec, id: usize) -> bool {
    let is = |source: &Source| matches!(source, Source::Data(data) if data.index() == id);
    let sides = spec.passes.iter().any(|pass| pass.sides.iter().any(is));
    !sides && spec.passes.iter().any(|pass| pass.inputs.iter().any(is))
}

fn bytes_of(spec: &CallSpec, which: impl Fn(usize) -> bool) -> u64 {
    spec.resources.iter().enumerate().filter(|(id, _)| which(*id)).map(|(_, resource)| resource.bytes).sum()
}

/// Runs each block on its host. Blocks of one length whose elements take the same time are run once.
fn blocks(spec: &CallSpec, model: &Model, ends: &[u64]) -> Result<Vec<Block>> {
    use rayon::prelude::*;
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let ranges: Vec<(u64, u64)> = starts.zip(ends.iter().copied()).collect();
    let varied = model.work.iter().any(|work| matches!(work, Work::Each(_)))
        || spec.passes.iter().any(|pass| pass.costs.is_some());
    let key = |(start, end): (u64, u64)| (end - start, if varied { start } else { 0 });
    let mut of_key = BTreeMap::new();
    for &range in &ranges {
        of_key.entry(key(range)).or_insert(range);
    }
    let run = |(key, (start, end)): (_, (u64, u64))| Ok((key, block(spec, model, start, end)?));
    // Threads that stayed would be in the way of a process that forks later.
    let ran: Result<BTreeMap<(u64, u64), Block>> = match rayon::ThreadPoolBuilder::new().build() {
        Ok(pool) => pool.install(|| of_key.into_par_iter().map(run).collect()),
        Err(_) => of_key.into_iter().map(run).collect(),
    };
    let ran = ran?;
    Ok(ranges.into_iter().map(|range| ran[&key(range)]).collect())
}

/// The elements of `[start, end)` as a call of their own.
fn block(spec: &CallSpec, model: &Model, start: u64, end: u64) -> Result<Block> {
    let (mut own, mut model, elements) = (spec.clone(), model.clone(), end - start);
    let of_all = spec.passes[0].elements.max(1);
    let part = |bytes: u64| (u128::from(bytes) * u128::from(elements) / u128::from(of_all)) as u64;
    for (id, resource) in own.resources.iter_mut().enumerate() {
        resource.scope = Scope::Scoped;
        if is_cut(spec, id) {
            resource.bytes = part(resource.bytes);
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
    let plan = compile_sized(own, &model.sizes)?;
    let run = simulate(&plan, &model)?;
    let gathered = plan.spec().gather.iter().map(|pass| plan.spec().passes[pass.index()].bytes);
    Ok(Block {
        elements,
        sent: bytes_of(plan.spec(), |id| is_cut(spec, id)),
        received: gathered.sum(),
        makespan_ns: run.makespan_ns,
        busy_ns: run.busy_ns.iter().sum(),
        chunks: run.chunks,
        recuts: run.recuts.into(),
        peak_bytes: run.peak_bytes,
    })
}

fn slice(costs: &Costs, start: u64, end: u64) -> Result<Costs> {
    // Work of another length is refused before.
    Costs::new(&costs.each()[start as usize..end as usize], costs.origin(), costs.unit_ns())
}

/// One direction of the session's link.
#[derive(Clone, Copy, Debug, Default)]
struct Direction {
    free_ns: u64,
    busy_ns: u64,
}

impl Direction {
    /// When a message that is given to it now has come.
    fn carry(&mut self, bytes: u64, now_ns: u64, network: &Network) -> u64 {
        let ns = network.busy_ns(bytes).round() as u64;
        self.free_ns = self.free_ns.max(now_ns) + ns;
        self.busy_ns += ns;
        self.free_ns + network.latency_ns
    }
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
    blocks: &'a [Block],
    common: u64,
    network: &'a Network,
    grants: Grants,
    /// To the hosts.
    down: Direction,
    /// From them.
    up: Direction,
    /// When each host is through with what it was granted; `None` of one that was granted nothing yet.
    free_ns: Vec<Option<u64>>,
    coming: BinaryHeap<Reverse<(u64, u32, usize, Step)>>,
    now_ns: u64,
}

impl<'a> Session<'a> {
    fn new(blocks: &'a [Block], common: u64, hosts: u32, network: &'a Network) -> Self {
        let sizes = blocks.iter().map(|block| Size { elements: block.elements, bytes: block.sent });
        let mut grants = Grants::new(sizes.collect());
        for _ in 0..hosts {
            grants.join(&[]);
        }
        let free_ns = vec![None; hosts as usize];
        let (down, up, coming) = (Direction::default(), Direction::default(), BinaryHeap::new());
        Session { blocks, common, network, grants, down, up, free_ns, coming, now_ns: 0 }
    }

    fn run(&mut self) {
        // Each has one before any has two.
        for _ in 0..2 {
            for host in 0..self.free_ns.len() as u32 {
                self.grant(host);
            }
        }
        while let Some(Reverse((now, host, block, step))) = self.coming.pop() {
            self.now_ns = now;
            match step {
                Step::Ended => {
                    let there = self.up.carry(self.blocks[block].received, now, self.network);
                    self.coming.push(Reverse((there, host, block, Step::Came)));
                }
                Step::Came => {
                    self.grants.done(Host(host), block);
                    while self.grant(host).is_some() {}
                }
            }
        }
    }

    /// Grants a host one more block, if there is one for it.
    fn grant(&mut self, host: u32) -> Option<usize> {
        let now = self.now_ns;
        let block = self.grants.next(Host(host), now as f64 / 1e9, self.network.bytes_per_second)?;
        let free = &mut self.free_ns[host as usize];
        let bytes = self.blocks[block].sent + if free.is_none() { self.common } else { 0 };
        let there = self.down.carry(bytes, now, self.network);
        let ended = there.max(free.unwrap_or(0)) + self.blocks[block].makespan_ns;
        *free = Some(ended);
        self.coming.push(Reverse((ended, host, block, Step::Ended)));
        Some(block)
    }

    /// Hosts that were granted something.
    fn served(&self) -> u64 {
        self.free_ns.iter().flatten().count() as u64
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::graph::Resource;
    use crate::id::{PassId, ResourceId};
    use crate::plan::PassCall;
    use crate::policy::Policy;

    /// `elements` of x (a byte each) with all of y (1,000 bytes), a result of 10 bytes each.
    fn call(elements: u64, workers: u32) -> CallSpec {
        let variable = |name: &str, bytes| Resource { name: name.into(), bytes, scope: Scope::Scoped };
        let pass = PassCall {
            sides: vec![Source::Data(ResourceId(1))],
            policy: Policy::fixed(1),
            bytes: 10 * elements,
            ..PassCall::new("p", vec![Source::Data(ResourceId(0))], elements)
        };
        CallSpec::new(
            vec![variable("x", elements), variable("y", 1000)],
            vec![pass],
            vec![PassId(0)],
            workers,
        )
    }

    fn bare(each_ns: f64) -> Model {
        let work = vec![Work::Uniform(each_ns)];
        Model {
            work,
            sizes: Vec::new(),
            chunk_ns: 0,
            join_ns: 0,
            join_each_ns: 0,
            message_ns: 0,
            event_ns: 0,
        }
    }

    #[test]
    fn a_run_that_can_be_counted_by_hand() {
        // Two hosts of one worker, one element each, of 1 ms. 1 byte takes 1 us, a message 50 us more.
        let network = Network { bytes_per_second: 1e6, latency_ns: 50_000 };
        let run = over_hosts(&call(2, 1), &bare(1e6), 2, &network).expect("a run");
        // Host 1 has its 1,001 bytes after those of host 0; its 10 bytes come back 10 us and a way later.
        assert_eq!(run.makespan_ns, 2 * 1_001_000 + 50_000 + 1_000_000 + 10_000 + 50_000);
        assert_eq!((run.moved_bytes, run.chunks), (2 * 1001 + 20, 2));
        assert_eq!(run.bound_ns, 1_002_000);
        assert!((run.link - 2_002.0 / 3_112.0).abs() < 1e-9);
        assert!((run.efficiency - 2.0 / (2.0 * 3.112)).abs() < 1e-9);
    }

    #[test]
    fn more_hosts_are_never_slower_until_the_link_is_the_bound() {
        let network = Network { bytes_per_second: 1e9, latency_ns: 100_000 };
        let times: Vec<u64> = [1, 2, 8, 64]
            .iter()
            .map(|&hosts| over_hosts(&call(20_000, 8), &bare(1e6), hosts, &network).expect("a run"))
            .inspect(|run| assert!(run.makespan_ns >= run.bound_ns))
            .map(|run| run.makespan_ns)
            .collect();
        assert!(times.windows(2).all(|pair| pair[1] < pair[0]), "{times:?}");
        assert!(times[0] > 40 * times[3], "{times:?}");
        let slow = Network { bytes_per_second: 1e4, latency_ns: 0 };
        let run = over_hosts(&call(20_000, 8), &bare(1e6), 64, &slow).expect("a run");
        assert!(run.link > 0.8 && run.makespan_ns >= run.bound_ns, "{run:?}");
    }

    #[test]
    fn elements_that_differ_are_those_of_each_block() {
        let network = Network { bytes_per_second: 1e9, latency_ns: 0 };
        let each: Vec<f64> = (0..1000).map(|i| f64::from(i % 7)).collect();
        let costs = Costs::of_doubles(&each, crate::plan::Origin::Known, Some(1e6)).expect("costs");
        let mut spec = call(1000, 4);
        spec.passes[0].costs = Some(costs.clone());
        let run = over_hosts(&spec, &Model { work: vec![Work::Each(costs)], ..bare(0.0) }, 5, &network)
            .expect("a run");
        let total: f64 = each.iter().sum::<f64>() * 1e6;
        let busy = run.efficiency * run.makespan_ns as f64 * 20.0;
        assert!((busy / total - 1.0).abs() < 1e-6, "{busy} of {total}");
    }

    #[test]
    fn what_reads_a_pass_as_a_whole_is_refused() {
        let mut spec = call(10, 1);
        spec.passes.push(PassCall::new("q", vec![Source::Data(ResourceId(0))], 10));
        spec.passes[1].sides = vec![Source::Whole(PassId(0))];
        let network = Network { bytes_per_second: 1e9, latency_ns: 0 };
        let e = over_hosts(&spec, &bare(1e6), 2, &network).expect_err("no run").to_string();
        assert!(e.contains("pass 'q' reads the value of another pass as a whole"), "{e}");
    }
}
