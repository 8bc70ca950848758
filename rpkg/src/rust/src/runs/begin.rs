//! A call's data made pages, a plan and a job.

use std::collections::HashMap;

use scheduler::core::Settings;
use scheduler::graph::{Resource, Scope};
use scheduler::id::ResourceId;
use scheduler::os::{Listener, SegmentHandle};
use scheduler::page::BlobWriter;
use scheduler::plan::{self, CallSpec, PassCall};
use scheduler::run::{Job, JobSpec};
use scheduler::store::{find, Kind, Page};
use scheduler::wire::{RunPass, RunSpec};

use super::spec::{Source, Spec};
use crate::about::About;
use crate::codec;
use crate::r::{self, Failure, Result, Sexp};
use crate::session;

/// The job of a call, and the bytes of shared memory that were taken for it.
pub(super) struct Prepared {
    pub(super) job: Job,
    pub(super) bytes: u64,
}

/// The resources of a call, and what is made of them on the way.
#[derive(Default)]
struct Resources {
    table: Vec<Resource>,
    handles: Vec<Option<SegmentHandle>>,
    pages: Vec<(ResourceId, Page)>,
    /// Objects that were copied in already, by their address: the same object twice is one page.
    seen: HashMap<usize, ResourceId>,
    bytes: u64,
    limit: f64,
}

/// Copies in what is not registered, and lays out plan and board.
pub(super) fn prepare(spec: &Spec, guests: Option<Listener>) -> Result<Prepared> {
    let mut resources = Resources { limit: spec.memory, ..Resources::default() };
    let collection = resources.add("X", &spec.collection)?;
    let mut sides = Vec::with_capacity(spec.sides.len());
    for (name, source) in &spec.sides {
        sides.push((name.clone(), resources.add(name, source)?));
    }
    let mut captured = Vec::with_capacity(spec.captured.len());
    if !spec.captured.is_null() {
        for place in 0..spec.captured.len() {
            let object = Source::Object(spec.captured.item(place));
            captured.push(resources.add("an object that FUN captured", &object)?);
        }
    }
    let about = About { cut: spec.cut, captured: captured.clone(), collect: spec.collect };
    let program = bytes_of(spec.program)?;
    let job = session::with(|session| {
        let store = session.store()?;
        let results = store.empty_page(Kind::Results, 0, false)?;
        let output = ResourceId(resources.table.len() as u32);
        let pass =
            RunPass { collection, sides: sides.clone(), results: results.handle(), about: about.to_bytes() };
        resources.table.push(Resource { name: "results".into(), bytes: 0, scope: Scope::Scoped });
        resources.handles.push(None);
        resources.pages.push((output, results));
        let mut reads: Vec<_> = sides.iter().map(|(_, id)| *id).chain(captured).collect();
        reads.sort_unstable();
        reads.dedup();
        let plan = plan::compile(CallSpec {
            resources: resources.table,
            passes: vec![PassCall {
                name: "FUN".into(),
                collection,
                sides: reads,
                output,
                elements: spec.elements,
                policy: spec.policy,
            }],
            gather: vec![output],
            workers: spec.workers,
        })?;
        let timeout = spec.timeout_seconds;
        let settings = Settings {
            workers: spec.workers,
            retries: spec.retries,
            timeout_ns: timeout.is_finite().then_some((timeout * 1e9) as u64),
            ..Settings::default()
        };
        let spec = RunSpec { resources: resources.handles, passes: vec![pass], program };
        let job = JobSpec { plan, spec, pages: resources.pages, settings, guests };
        Ok(Job::new(store, job)?)
    })?;
    Ok(Prepared { job, bytes: resources.bytes })
}

impl Resources {
    fn add(&mut self, name: &str, source: &Source) -> Result<ResourceId> {
        match source {
            Source::Object(object) => self.copy_in(name, *object),
            Source::Registered { namespace, name } => {
                let found = session::with(|session| Ok(find(namespace, name, session.place())?))?;
                let resource =
                    Resource { name: name.clone(), bytes: found.header.bytes, scope: Scope::Pinned };
                Ok(self.push(resource, found.handle))
            }
        }
    }

    fn push(&mut self, resource: Resource, handle: SegmentHandle) -> ResourceId {
        self.table.push(resource);
        self.handles.push(Some(handle));
        ResourceId(self.table.len() as u32 - 1)
    }

    fn copy_in(&mut self, name: &str, object: Sexp) -> Result<ResourceId> {
        let address = object.raw() as usize;
        if let Some(&known) = self.seen.get(&address) {
            return Ok(known);
        }
        let mut writer = BlobWriter::new();
        codec::encode(object, &mut writer)?;
        let blob = writer.finish();
        let bytes = blob.size();
        self.bytes += bytes;
        if self.bytes as f64 > self.limit {
            return Err(Failure::Kind(
                "memory_limit",
                format!(
                    "this call needs {} bytes of shared memory with '{name}' ({bytes} bytes), more than the limit of {:.0} \
                     set by memControl(memory = ); register what several calls use, or raise the limit",
                    self.bytes, self.limit
                ),
            ));
        }
        let page = session::with(|session| Ok(session.store()?.page(Kind::Page, &blob)?))?;
        let handle = page.handle();
        let id = self.push(Resource { name: name.to_owned(), bytes, scope: Scope::Scoped }, handle);
        self.pages.push((id, page));
        self.seen.insert(address, id);
        Ok(id)
    }
}

/// A raw vector's bytes.
fn bytes_of(raw: Sexp) -> Result<Vec<u8>> {
    let data = r::protect(|_| Ok(raw.data()))?;
    let data = data.ok_or_else(|| Failure::Internal("a run's payload is not a raw vector".into()))?;
    // SAFETY: a raw vector of this length, an argument of the running call.
    Ok(unsafe { std::slice::from_raw_parts(data, raw.len()) }.to_vec())
}
