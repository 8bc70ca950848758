//! The numbers in a run's pages: variables lie end to end, results where their parts say.
use std::collections::HashMap;

use crate::numbers;
use scheduler::board::{Lease, PageSegment};
use scheduler::id::ResourceId;
use scheduler::link::{Membership, Parts};
use scheduler::os::SegmentFile;
use scheduler::plan::{PassCall, Plan, Source};
use scheduler::store::CONTENT;

/// The pages of one run, as far as they were opened, and what was read as a whole.
#[derive(Default)]
pub(crate) struct Pages {
    open: HashMap<(ResourceId, PageSegment), SegmentFile>,
    whole: HashMap<ResourceId, Vec<u64>>,
    parts: HashMap<ResourceId, Parts>,
}

impl Pages {
    /// All numbers of a source.
    pub(crate) fn all(&mut self, membership: &Membership, plan: &Plan, source: Source) -> Vec<u64> {
        let resource = resource(plan, source);
        if let Some(known) = self.whole.get(&resource) {
            return known.clone();
        }
        let end = match source.pass() {
            Some(pass) => plan.spec().passes[pass.index()].results(),
            None => plan.spec().resources[resource.index()].bytes / 8,
        };
        let values = self.range(membership, plan, source, 0, end);
        self.whole.insert(resource, values.clone());
        values
    }

    /// What the inputs of a call are in a chunk; `None` of what the stage makes itself.
    pub(crate) fn inputs(
        &mut self,
        membership: &Membership,
        plan: &Plan,
        lease: &Lease,
        call: &PassCall,
    ) -> Vec<Option<Vec<u64>>> {
        let stage = &plan.stages()[lease.stage.index()];
        let outside = |source: &Source| match *source {
            Source::Each(pass) if stage.passes.contains(&pass) => None,
            Source::Each(_) | Source::Data(_) => {
                Some(self.range(membership, plan, *source, lease.start, lease.end))
            }
            Source::Whole(_) => Some(vec![numbers::whole(&self.all(membership, plan, *source))]),
        };
        call.inputs.iter().map(outside).collect()
    }

    /// Numbers `[start, end)` of a source.
    pub(crate) fn range(
        &mut self,
        membership: &Membership,
        plan: &Plan,
        source: Source,
        start: u64,
        end: u64,
    ) -> Vec<u64> {
        let resource = resource(plan, source);
        let mut read = |segment: PageSegment, at: u64, count: u64| {
            let file = self.open.entry((resource, segment)).or_insert_with(|| {
                let handle = membership.spec().segment(resource, segment).expect("it has a page");
                SegmentFile::open_read(handle).expect("a page").expect("it is there while somebody reads it")
            });
            let mut bytes = vec![0; 8 * count as usize];
            file.read_at(CONTENT + at, &mut bytes).expect("it is as long as that");
            numbers::values(&bytes)
        };
        if source.pass().is_none() {
            return read(PageSegment::Main, 8 * start, end - start);
        }
        // Whoever reads a result reads a complete one: its parts are all there.
        let parts = self.parts.entry(resource).or_insert_with(|| membership.parts(resource).expect("parts"));
        let mut values = Vec::new();
        let mut next = start;
        while next < end {
            let part = parts.all()[parts.find(next).expect("a part for each result")];
            let until = part.end.min(end);
            values.extend(read(part.output.segment, part.output.at + 8 * (next - part.start), until - next));
            next = until;
        }
        values
    }
}

fn resource(plan: &Plan, source: Source) -> ResourceId {
    match source {
        Source::Data(resource) => resource,
        Source::Each(pass) | Source::Whole(pass) => plan.result_of(pass).expect("it leaves its stage"),
    }
}
