//! A session with a pool, and what comes of its runs.
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scheduler::board::Output;
use scheduler::engine::{Outcome, Settings};
use scheduler::graph::{Resource, Scope};
use scheduler::id::{PassId, ResourceId};
use scheduler::link::Parts;
use scheduler::os::{Listener, Place};
use scheduler::plan::{self, CallSpec, PassCall, Plan, Source};
use scheduler::policy::Policy;
use scheduler::pool::{Generation, Patience, PoolConfig};
use scheduler::run::{Finished, Job, JobSpec, Pin, Pool, RunHandle};
use scheduler::store::{Kind, Memory, Page, Store, CONTENT};
use scheduler::wire::RunSpec;

use crate::{logbook, numbers};

/// Each test has its own, with a directory that goes with it.
pub(crate) struct Session {
    pub(crate) store: Store,
    pub(crate) pool: Pool,
    pub(crate) config: PoolConfig,
    pub(crate) dir: PathBuf,
    pub(crate) generation: Generation,
}

/// A run that goes on.
pub(crate) struct Begun {
    pub(crate) run: u64,
    pub(crate) handle: Arc<RunHandle>,
    plan: Arc<Plan>,
}

/// A run that is over.
pub(crate) struct Ended {
    pub(crate) finished: Finished,
    pub(crate) plan: Arc<Plan>,
}

/// Squares of 0, 1, 2 ...: one pass.
pub(crate) fn squares(elements: u64, policy: Policy) -> CallSpec {
    let resources = vec![Resource { name: "X".into(), bytes: 8 * elements, scope: Scope::Scoped }];
    let passes = vec![PassCall { policy, ..pass("square", vec![Source::Data(ResourceId(0))], elements) }];
    CallSpec::new(resources, passes, vec![PassId(0)], 2)
}

/// A pass without sides.
pub(crate) fn pass(name: &str, inputs: Vec<Source>, elements: u64) -> PassCall {
    let policy = Policy::auto();
    PassCall { policy, bytes: 8 * elements, ..PassCall::new(name, inputs, elements) }
}

impl Session {
    pub(crate) fn new(name: &str, fork: bool) -> Session {
        Session::with(name, |config| config.fork = fork)
    }

    pub(crate) fn with(name: &str, change: impl FnOnce(&mut PoolConfig)) -> Session {
        let dir = std::env::temp_dir().join(format!("memshare-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let mut config = PoolConfig {
            program: env!("CARGO_BIN_EXE_number-worker").into(),
            args: Vec::new(),
            env: Vec::new(),
            dir: dir.clone(),
            fork: true,
            start_within: Duration::from_secs(10),
            idle_for: Duration::from_secs(60),
            patience: Patience::default(),
        };
        change(&mut config);
        let generation = Generation::default();
        Session {
            store: Store::open(Place::Memory).unwrap(),
            pool: Pool::start(config.clone()).unwrap(),
            config,
            dir,
            generation,
        }
    }

    /// Begins a run. Variable `r` holds `r, r + 1, r + 2 ...`, as many as its bytes say.
    pub(crate) fn begin(&mut self, spec: CallSpec, trouble: &str) -> Begun {
        self.begin_for(spec, trouble, None)
    }

    /// The same, for the nodes that come to a listener where one is given.
    pub(crate) fn begin_for(&mut self, spec: CallSpec, trouble: &str, external: Option<Listener>) -> Begun {
        let plan = Arc::new(plan::compile(spec).unwrap());
        let given = plan.spec().resources.len();
        let mut pages: Vec<(ResourceId, Page)> = Vec::new();
        let mut pins: Vec<(ResourceId, Pin)> = Vec::new();
        let mut handles = Vec::new();
        for (place, resource) in plan.graph().resources().iter().enumerate() {
            let id = ResourceId(place as u32);
            let page = if place < given {
                let bytes = numbers::bytes(&variable(id, resource.bytes / 8));
                self.store.page(Kind::Page, &bytes.as_slice(), Memory::New).unwrap()
            } else {
                self.store.results_page(0, Memory::New).unwrap()
            };
            handles.push(Some(page.handle()));
            match resource.scope {
                Scope::Scoped => pages.push((id, page)),
                Scope::Pinned => pins.push((id, Box::new(page))),
            }
        }
        let config = bincode::config::standard();
        let program = bincode::serde::encode_to_vec((&*plan, trouble), config).unwrap();
        let spec = RunSpec::new(&plan, handles, program);
        let settings = Settings { workers: plan.workers(), retries: 2, ..Settings::default() };
        let generation = self.generation.clone();
        let job = JobSpec {
            given: Vec::new(),
            keep: false,
            plan: plan.clone(),
            spec,
            pages,
            copies: Vec::new(),
            pins,
            kept_bytes: 0,
            settings,
            external,
            generation,
        };
        let job = Job::new(&self.store, job).unwrap();
        let (run, handle) = self.pool.begin(job).unwrap();
        Begun { run, handle, plan }
    }

    pub(crate) fn run(&mut self, spec: CallSpec, trouble: &str) -> Ended {
        self.begin(spec, trouble).wait()
    }

    /// The processes of the workers after a run. The supervisor tells of a run's end before it tells who is in the pool.
    pub(crate) fn workers(&self) -> Vec<u32> {
        soon("the first worker", || !self.pool.status().pids.is_empty());
        self.pool.status().pids
    }

    /// Kills a worker after a while: another moment of the run each time; which one it is, is the system's to say.
    pub(crate) fn kill_one_after(&self, while_: Duration) {
        std::thread::sleep(while_);
        if let Some(pid) = self.pool.status().pids.first() {
            std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
        }
    }
}

pub(crate) fn soon(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < until, "{what} never happened");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Begun {
    pub(crate) fn wait(self) -> Ended {
        assert!(self.handle.wait(Duration::from_secs(20)), "the run never ended");
        let ended = Ended { finished: *self.handle.take().unwrap(), plan: self.plan };
        logbook::check(&ended);
        ended
    }
}

/// What a variable holds.
pub(crate) fn variable(id: ResourceId, values: u64) -> Vec<u64> {
    (0..values).map(|n| n + u64::from(id.0)).collect()
}

fn resource(ended: &Ended, name: &str) -> ResourceId {
    let place = ended.plan.spec().passes.iter().position(|pass| pass.name == name).expect("a pass");
    ended.plan.result_of(PassId(place as u32)).expect("its results leave the stage")
}

/// What lies in the page of a wanted pass.
pub(crate) fn read(ended: &Ended, name: &str, output: Output) -> Vec<u8> {
    let wanted = resource(ended, name);
    let mut bytes = vec![0; output.len as usize];
    let (_, page) = ended.finished.results.iter().find(|(id, _)| *id == wanted).expect("it is wanted");
    page.file().unwrap().read_at(CONTENT + output.at, &mut bytes).unwrap();
    bytes
}

/// All results of a wanted pass in the order of elements; fails on a gap or an overlap.
pub(crate) fn results(ended: &Ended, name: &str) -> Vec<u64> {
    assert_eq!(ended.finished.outcome, Outcome::Done);
    let board = ended.finished.board.board();
    let spec = RunSpec::from_bytes(board.payload()).expect("what the board was made with");
    let mut next = 0;
    let mut values = Vec::new();
    for part in Parts::of(board, &spec, resource(ended, name)).expect("parts").all() {
        assert_eq!(part.start, next, "no element is missing or done twice");
        next = part.end;
        values.extend(numbers::values(&read(ended, name, part.output)));
        assert_eq!(values.len() as u64, next);
    }
    values
}
