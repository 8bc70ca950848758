//! A plan made a job: its data in pages, pages for its results, and a board.

use std::collections::HashMap;
use std::sync::Arc;

use scheduler::engine::Settings;
use scheduler::error::Error;
use scheduler::id::ResourceId;
use scheduler::os::{now_ns, Listener, SegmentHandle};
use scheduler::page::Elements;
use scheduler::pool::Generation;
use scheduler::run::{Job, JobSpec, Pin};
use scheduler::store::{find, Content, Kind, Memory, Page, PageAddress};
use scheduler::wire::RunSpec;

use super::checkpoints::{self, Held};
use super::coming::Coming;
use super::earlier;
use super::early::Early;
use super::encoded::{encoded, Encoded, Purpose};
use super::kept;
use super::planned::{bytes_of, Data, Planned};
use super::spec::{Reader, Start};
use crate::codec::References;
use crate::r::{self, Failure, Preserved, Result, Sexp};
use crate::session;

/// The job of a run, and nanoseconds and bytes of copying its data into shared memory before it begins.
pub(super) struct Prepared {
    pub(super) job: Job,
    pub(super) copied: (u64, u64),
    pub(super) coming: Coming,
    /// What is made of its values while it goes on.
    pub(super) early: Early,
    /// Its checkpoint.
    pub(super) held: Option<Arc<Held>>,
}

/// When data is copied in that stages can read as it comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Copying {
    /// Before the run begins.
    Before,
    /// While the run goes on: it is left to [`Prepared::coming`].
    Meanwhile,
}

/// The pages of a run.
struct Pages {
    /// What its own pages are made of.
    memory: Memory,
    handles: Vec<Option<SegmentHandle>>,
    /// Those that are the run's own.
    own: Vec<(ResourceId, Page)>,
    /// Those whose big data is written while the run goes on.
    coming: Coming,
    /// Where results go whose page has no room.
    overflow: Vec<(ResourceId, SegmentHandle)>,
    pins: Vec<(ResourceId, Pin)>,
    /// The pages that the data refers to.
    refers: Vec<(ResourceId, Vec<PageAddress>)>,
    /// Bytes that were copied in.
    bytes: u64,
    /// Bytes of pages that stay with the plan.
    kept_bytes: u64,
}

/// What of the data is another object in this run, by resource.
pub(super) type Changes = HashMap<ResourceId, Preserved>;

/// The state of the session that a run's workers must be in.
pub(super) struct SessionState {
    generation: Generation,
    /// For the worker's R code.
    bytes: Vec<u8>,
}

impl SessionState {
    /// From R's list: `id` and `path` of the generation's file, `fresh`, and `bytes`.
    pub(super) fn read(list: Sexp) -> Result<SessionState> {
        let reader = Reader { list };
        let number = |name: &str| Ok::<_, Failure>(reader.numbers(name)?.first().copied().unwrap_or(0.0));
        let path = r::path_of(reader.item("path")?)?;
        let generation =
            Generation { id: number("id")? as u64, state: Some(path), fresh: number("fresh")? != 0.0 };
        Ok(SessionState { generation, bytes: bytes_of(reader.item("bytes")?)? })
    }
}

/// Copies in what is not there, and lays out the board. `title` says what was called, `state` how its workers must be.
pub(super) fn prepare(
    planned: &mut Planned,
    blobs: Vec<Option<Encoded>>,
    changes: &Changes,
    external: Option<Listener>,
    (purpose, copying): (Purpose, Copying),
    (title, state): (&str, &SessionState),
) -> Result<Prepared> {
    let since = now_ns();
    // Nodes of a cluster find pages by their names.
    let mut pages = Pages::new(if external.is_some() { Memory::New } else { Memory::Used });
    let plan = Arc::clone(&planned.plan);
    pages.add_data(planned, blobs, changes, (purpose, copying))?;
    let copied = (now_ns() - since, pages.bytes);
    let left = match planned.start {
        Start::Kept(run) => kept::take_pages(run, &plan),
        _ => Vec::new(),
    };
    pages.add_all_results(left, planned)?;
    let mut spec = RunSpec::new(&plan, Vec::new(), planned.program.clone());
    let given = earlier::bring(&planned.start, &plan, spec.notes, &pages.own)?;
    let held = hold(&planned.start, &mut spec)?;
    let early = Early::of(&plan, &planned.forms, &pages.own);
    let Pages { handles, own, coming, overflow, pins, refers, kept_bytes, .. } = pages;
    spec.pages = handles;
    spec.overflow = overflow;
    spec.refers = refers;
    spec.title = title.to_owned();
    spec.session = state.bytes.clone();
    let generation = state.generation.clone();
    let (copies, keep, settings) = (coming.copies(), planned.keep, settings(planned));
    let job = JobSpec {
        plan,
        spec,
        pages: own,
        copies,
        pins,
        kept_bytes,
        given,
        keep,
        settings,
        external,
        generation,
    };
    let job = session::with(|session| Ok(Job::new(session.store()?, job)?))?;
    Ok(Prepared { job, copied, coming, early, held })
}

fn settings(planned: &Planned) -> Settings {
    let timeout = planned.timeout_seconds;
    Settings {
        workers: planned.plan.workers(),
        retries: planned.retries,
        timeout_ns: timeout.is_finite().then_some((timeout * 1e9) as u64),
        ..Settings::default()
    }
}

/// The run's checkpoint, if it has one, to which its workers write.
fn hold(start: &Start, spec: &mut RunSpec) -> Result<Option<Arc<Held>>> {
    let Start::Checkpoint(id) = *start else { return Ok(None) };
    let target = checkpoints::with(id, |checkpoint| Ok(checkpoint.target()))?;
    spec.log = Some(target.clone());
    Ok(Some(Arc::new(Held::new(id, target)?)))
}

fn page(content: &dyn Content, memory: Memory) -> Result<Page> {
    session::with(|session| Ok(session.store()?.page(Kind::Page, content, memory)?))
}

/// A page for results of so many bytes. Where these are only remembered from an earlier run, they are no reason to refuse this one.
fn results_page(bytes: u64, said: bool, memory: Memory) -> Result<Page> {
    let page = |bytes: u64| session::with(|session| Ok(session.store()?.results_page(bytes, memory)?));
    match page(bytes) {
        Err(Failure::Scheduler(Error::NoSpace { .. })) if !said => page(0),
        made => made,
    }
}

impl Pages {
    fn new(memory: Memory) -> Pages {
        Pages {
            memory,
            handles: Vec::new(),
            own: Vec::new(),
            coming: Coming::default(),
            overflow: Vec::new(),
            pins: Vec::new(),
            refers: Vec::new(),
            bytes: 0,
            kept_bytes: 0,
        }
    }

    /// All variables of the plan, as far as something reads them.
    fn add_data(
        &mut self,
        planned: &mut Planned,
        blobs: Vec<Option<Encoded>>,
        changes: &Changes,
        (purpose, copying): (Purpose, Copying),
    ) -> Result<()> {
        let plan = &planned.plan;
        let mut blobs = blobs.into_iter();
        for (index, data) in planned.data.iter_mut().enumerate() {
            let id = ResourceId(index as u32);
            let made = blobs.next().flatten();
            if plan.has_given() && !plan.is_needed(id) && matches!(data, Data::Object(_)) {
                // Nobody reads it any more.
                self.handles.push(None);
                continue;
            }
            let comes = copying == Copying::Meanwhile && plan.streamed_elements(id).is_some();
            let streamed = planned.streamed.iter().find(|(of, _)| comes && *of == id);
            let elements = streamed.map(|(_, elements)| *elements);
            match changes.get(&id) {
                Some(object) => {
                    let page = self.copy_in(id, &encoded(object.get(), Purpose::Run)?, self.memory)?;
                    self.own(id, page);
                }
                None => self.add(id, data, made, (purpose, elements))?,
            }
        }
        Ok(())
    }

    /// A variable of the plan, and the elements by which it is to be read as it comes.
    fn add(
        &mut self,
        id: ResourceId,
        data: &mut Data,
        made: Option<Encoded>,
        (purpose, elements): (Purpose, Option<Elements>),
    ) -> Result<()> {
        match data {
            Data::Object(object) if purpose == Purpose::Plan => {
                let made = made.map_or_else(|| encoded(object.get(), purpose), Ok)?;
                // In a later run, nodes of a cluster may read it.
                let page = self.copy_in(id, &made, Memory::New)?;
                self.kept(&page);
                *data = Data::Kept(Box::new((page, made.1)));
            }
            Data::Object(object) => {
                let made = made.map_or_else(|| encoded(object.get(), purpose), Ok)?;
                self.take_in(id, made, elements)?;
            }
            Data::Kept(kept) => {
                let (page, references) = &**kept;
                self.refer(id, references);
                self.kept(page);
            }
            Data::Registered { namespace, name, session, serial } => {
                self.registered(id, namespace, name, (*session, *serial))?;
            }
        }
        Ok(())
    }

    /// The pages of all results; those that an earlier run left are there.
    fn add_all_results(&mut self, mut left: Vec<(ResourceId, Page)>, planned: &Planned) -> Result<()> {
        for resource in planned.plan.graph().resources().iter().skip(self.handles.len()) {
            let id = ResourceId(self.handles.len() as u32);
            match left.iter().position(|(of, _)| *of == id) {
                Some(place) => {
                    let (_, page) = left.swap_remove(place);
                    self.overflow.extend(page.overflow().map(|overflow| (id, overflow.handle())));
                    self.own(id, page);
                }
                None => self.add_results(resource.bytes, planned)?,
            }
        }
        Ok(())
    }

    /// The page of the next resource, which a stage makes.
    fn add_results(&mut self, bytes: u64, planned: &Planned) -> Result<()> {
        let id = ResourceId(self.handles.len() as u32);
        let said = planned.plan.maker_of(id).is_none_or(|(stage, nth)| {
            let pass = planned.plan.stages()[stage.index()].outputs[nth as usize];
            planned.learned[pass.index()].said
        });
        let page = results_page(bytes, said, self.memory)?;
        self.overflow.extend(page.overflow().map(|overflow| (id, overflow.handle())));
        self.own(id, page);
        Ok(())
    }

    /// The page of a variable that stays with the plan.
    fn kept(&mut self, page: &Page) {
        self.kept_bytes += page.bytes();
        self.handles.push(Some(page.handle()));
    }

    fn own(&mut self, id: ResourceId, page: Page) {
        self.handles.push(Some(page.handle()));
        self.own.push((id, page));
    }

    /// Makes the page of an object that is the run's own. Where it is known what its elements are, and they can be read as they come, its
    /// big data is left for later.
    fn take_in(
        &mut self,
        id: ResourceId,
        (blob, references): Encoded,
        elements: Option<Elements>,
    ) -> Result<()> {
        let bytes = blob.size();
        let how = match elements {
            Some(elements) => blob.streamed(elements),
            None => Err(blob),
        };
        let page = match how {
            Err(blob) => self.copy_in(id, &(blob, references), self.memory)?,
            Ok(streamed) => {
                self.refer(id, &references);
                self.bytes += bytes;
                let page = page(&streamed.first(), self.memory)?;
                self.coming.push(id, page.file()?, streamed);
                page
            }
        };
        self.own(id, page);
        Ok(())
    }

    /// Makes the page of an object; what it refers to stays readable until the run has ended.
    fn copy_in(&mut self, id: ResourceId, (blob, references): &Encoded, memory: Memory) -> Result<Page> {
        self.refer(id, references);
        self.bytes += blob.size();
        page(blob, memory)
    }

    fn refer(&mut self, id: ResourceId, references: &References) {
        let addresses = references.addresses();
        if !addresses.is_empty() {
            self.refers.push((id, addresses));
            self.pins.push((id, Box::new(references.held())));
        }
    }

    /// A registered variable, which must be the one that the plan was made for: elements are cut by its shape.
    /// It is held until its last reader in this run is done, whoever releases it meanwhile.
    fn registered(
        &mut self,
        id: ResourceId,
        namespace: &str,
        name: &str,
        made_for: (scheduler::os::SessionId, u64),
    ) -> Result<()> {
        let found = session::with(|session| Ok(find(namespace, name, session.place())?))?;
        if (found.header.session, found.header.serial) != made_for {
            let message = format!(
                "variable '{namespace}.{name}' was released and registered anew since this plan was made; make the plan again"
            );
            return Err(Failure::Kind("plan", message));
        }
        let held = session::with(|session| Ok(session.store()?.hold(&found)?))?;
        self.handles.push(Some(held.handle()));
        self.pins.push((id, Box::new(held)));
        Ok(())
    }
}
