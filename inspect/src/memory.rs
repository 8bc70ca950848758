//! The bytes of a run's own pages over time, from its log: data is there from the begin on, each chunk adds what it wrote, a page
//! that is freed takes what is left of it away. Of results that are consumed, a part goes when the last chunk that reads it is done.
use scheduler::engine::EventKind;
use scheduler::id::{ResourceId, StageId};
use scheduler::plan::Plan;
use scheduler::run::{Chunk, EventLog, State};

use crate::run_view::{seconds, Memory};

/// Pages hold whole lines.
const LINE: u64 = 64;

/// The step function. O(chunks log chunks).
pub(crate) fn curve(plan: &Plan, log: &EventLog) -> Memory {
    let mut changes: Vec<(u64, i64)> = vec![(0, log.data_bytes as i64)];
    let mut held = vec![0i64; plan.graph().resources().len()];
    for (id, resource) in plan.graph().resources().iter().enumerate() {
        if plan.maker_of(ResourceId(id as u32)).is_none() {
            held[id] = resource.bytes as i64;
        }
    }
    for chunk in log.chunks.iter().filter(|chunk| chunk.state == State::Done) {
        for (resource, bytes) in outputs(plan, log, chunk) {
            changes.push((chunk.ended_ns, bytes));
            held[resource.index()] += bytes;
        }
    }
    for (id, stage) in plan.stages().iter().enumerate() {
        for &resource in &stage.consumes {
            let Some((maker, nth)) = plan.maker_of(resource) else { continue };
            for (at, bytes) in consumed(plan, log, (maker, nth), StageId(id as u32)) {
                changes.push((at, -bytes));
                held[resource.index()] -= bytes;
            }
        }
    }
    for event in &log.events {
        if let EventKind::Freed(resource) = event.what {
            changes.push((event.at_ns, -std::mem::take(&mut held[resource.index()])));
        }
    }
    changes.sort_by_key(|&(at, _)| at);
    let mut memory = Memory::default();
    let mut now = 0i64;
    for of_one_time in changes.chunk_by(|a, b| a.0 == b.0) {
        now += of_one_time.iter().map(|&(_, change)| change).sum::<i64>();
        memory.at.push(seconds(of_one_time[0].0));
        memory.bytes.push(now.max(0) as u64);
    }
    memory
}

/// What a chunk wrote: resource and bytes.
fn outputs<'a>(
    plan: &'a Plan,
    log: &'a EventLog,
    chunk: &Chunk,
) -> impl Iterator<Item = (ResourceId, i64)> + 'a {
    let stage = &plan.stages()[chunk.stage.index()];
    let bytes = &log.outputs[chunk.outputs_at as usize..][..stage.outputs.len()];
    stage
        .outputs
        .iter()
        .zip(bytes)
        .filter_map(|(&pass, &bytes)| Some((plan.result_of(pass)?, bytes.next_multiple_of(LINE) as i64)))
}

/// When the parts of an output went that a stage reads for the last time, and their bytes. Both stages' chunks are in the order
/// of elements, so one walk over both will do.
fn consumed(plan: &Plan, log: &EventLog, (maker, nth): (StageId, u32), reader: StageId) -> Vec<(u64, i64)> {
    let of = |stage: StageId| {
        let all = log.chunks.iter();
        all.filter(move |chunk| chunk.stage == stage && chunk.state == State::Done).collect::<Vec<&Chunk>>()
    };
    let (parts, readers) = (of(maker), of(reader));
    let pass = plan.stages()[maker.index()].outputs[nth as usize];
    let per_result = plan.spec().passes[pass.index()].elements_per_result();
    let mut first = 0;
    let mut gone = Vec::with_capacity(parts.len());
    for part in parts {
        let (start, end) = (part.start / per_result, part.end.div_ceil(per_result));
        while first < readers.len() && readers[first].end <= start {
            first += 1;
        }
        let mut until = None;
        let mut covered = start;
        for reader in readers[first..].iter().take_while(|reader| reader.start < end) {
            until = until.max(Some(reader.ended_ns));
            covered = reader.end;
        }
        let bytes = log.outputs[part.outputs_at as usize + nth as usize];
        if let (Some(until), true) = (until, covered >= end) {
            gone.push((until, bytes.next_multiple_of(LINE) as i64));
        }
    }
    gone
}
