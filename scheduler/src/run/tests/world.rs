//! The simulated processes of a pool, on a virtual clock.
use super::faults::Fault;
use super::met::Met;
use super::process::{Message, Phase, SimProcess};
use super::rng::Rng;
use crate::error::{Error, Result};
use crate::id::WorkerId;
use crate::os::Exit;
use crate::pool::{Fork, PoolConfig, ProcessEvent, ProcessKey, Processes, Remains, Role};
use crate::run::BoardImage;
use crate::wire::ToWorker;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;

/// What comes at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dealt {
    /// A process has its turn.
    Act(ProcessKey),
    /// The session can hear the next thing that it said.
    Hear(ProcessKey),
    /// Somebody continues it.
    Continue(ProcessKey),
}

/// What is known of a run that was begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) board: Arc<BoardImage>,
    pub(super) config: u64,
    pub(super) generation: u64,
    pub(super) is_fresh: bool,
    pub(super) is_external: bool,
}

/// The processes.
#[derive(Debug)]
pub(super) struct SimProcesses {
    pub(super) now: u64,
    pub(super) all: BTreeMap<ProcessKey, SimProcess>,
    queue: BinaryHeap<Reverse<(u64, u64, Dealt)>>,
    dealt: u64,
    pub(super) rng: Rng,
    pub(super) faults: Vec<Fault>,
    pub(super) runs: BTreeMap<u64, Begun>,
    /// How many the pool holds.
    pub(super) held: usize,
    /// What the session hears when it next looks.
    pub(super) heard: Vec<(ProcessKey, ProcessEvent)>,
    /// Workers that were asked for.
    pub(super) started: u64,
    /// States that nobody is brought to any more.
    discarded: BTreeSet<PathBuf>,
    pub(super) met: Met,
}

impl SimProcesses {
    pub(super) fn new(rng: Rng, faults: Vec<Fault>) -> SimProcesses {
        SimProcesses {
            now: 0,
            all: BTreeMap::new(),
            queue: BinaryHeap::new(),
            dealt: 0,
            discarded: BTreeSet::new(),
            rng,
            faults,
            runs: BTreeMap::new(),
            held: 0,
            heard: Vec::new(),
            started: 0,
            met: Met::default(),
        }
    }

    /// Whether this goes wrong now.
    pub(super) fn happens(&mut self, fault: Fault, once_in: u64) -> bool {
        self.faults.contains(&fault) && self.rng.once_in(once_in)
    }

    /// When something comes next.
    pub(super) fn next_ns(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse((time, ..))| *time)
    }

    /// All that comes up to then, or until something can be heard.
    pub(super) fn run_until(&mut self, until: u64) {
        while self.heard.is_empty() && self.next_ns().is_some_and(|time| time <= until) {
            let Some(Reverse((time, _, dealt))) = self.queue.pop() else { return };
            self.now = self.now.max(time);
            match dealt {
                Dealt::Act(key) => self.act(key),
                Dealt::Hear(key) => self.hear(key),
                Dealt::Continue(key) => {
                    self.all.get_mut(&key).expect("it is there").is_stopped = false;
                    self.come(key);
                }
            }
        }
        if self.heard.is_empty() {
            self.now = until;
        }
    }

    /// The next thing that a process said. That what forked it is gone is heard before that it is.
    fn hear(&mut self, key: ProcessKey) {
        let process = &self.all[&key];
        let parent = process.parent.and_then(|parent| Some((parent, self.all.get(&parent)?)));
        if let (Some(ProcessEvent::Gone { .. }), Some((parent, SimProcess { lives: false, said, .. }))) =
            (process.said.front(), parent)
        {
            (0..said.len()).for_each(|_| self.hear(parent));
        }
        let process = self.all.get_mut(&key).expect("it is there");
        let event = process.said.pop_front();
        let is_held = process.is_held;
        self.heard.extend(event.filter(|_| is_held).map(|event| (key, event)));
    }

    /// This comes after a while.
    pub(super) fn later(&mut self, dealt: Dealt) {
        let after = match dealt {
            Dealt::Continue(_) => self.rng.below(40 * SECOND),
            _ if self.happens(Fault::Slowness, 40) => self.rng.below(3 * SECOND),
            _ => MS / 10 + self.rng.below(5 * MS),
        };
        self.dealt += 1;
        self.queue.push(Reverse((self.now + after, self.dealt, dealt)));
    }

    /// A process says something, in order with what it said before.
    pub(super) fn say(&mut self, key: ProcessKey, event: ProcessEvent) {
        let process = self.all.get_mut(&key).expect("it is there");
        if process.is_held && (!process.is_cut || matches!(event, ProcessEvent::Gone { .. })) {
            process.said.push_back(event);
            self.later(Dealt::Hear(key));
        }
    }

    /// A process ends, and with it what it forked.
    pub(super) fn die(&mut self, key: ProcessKey, exit: Exit) {
        let Some(process) = self.all.get_mut(&key).filter(|process| process.lives) else { return };
        (process.lives, process.exit) = (false, Some(exit));
        self.say(key, ProcessEvent::Gone { symptom: "it closed its channel".into() });
        let forked = |(_, process): &(&ProcessKey, &SimProcess)| process.parent == Some(key);
        let forked: Vec<ProcessKey> = self.all.iter().filter(forked).map(|(key, _)| *key).collect();
        forked.into_iter().for_each(|key| self.die(key, Exit::Signal(9)));
    }

    /// What was to be forked does not come.
    pub(super) fn lose_forked(&mut self, key: ProcessKey) {
        self.die(key, Exit::Unknown);
    }

    /// Something happens to a process whose turn it is. `true` when it has none by that.
    pub(super) fn strikes(&mut self, key: ProcessKey) -> bool {
        let process = &self.all[&key];
        let forks = matches!(process.phase, Phase::Serves | Phase::Loads(_) | Phase::Opens);
        let works = matches!(process.phase, Phase::Runs(_) | Phase::Waits);
        if works && self.happens(Fault::Deaths, 60) {
            self.met.deaths += 1;
            self.die(key, Exit::Signal(9));
            return true;
        }
        if forks && self.happens(Fault::Servers, 8) {
            self.met.servers += 1;
            self.die(key, Exit::Signal(9));
            return true;
        }
        if self.happens(Fault::Stops, 80) {
            self.met.stops += 1;
            self.all.get_mut(&key).expect("it is there").is_stopped = true;
            if self.rng.coin() {
                self.later(Dealt::Continue(key));
            }
            return true;
        }
        // In a run it could be at a long element, for all that anybody knows.
        if self.all[&key].waits() && self.happens(Fault::Deaf, 30) {
            self.met.deaf += 1;
            self.all.get_mut(&key).expect("it is there").phase = Phase::Hangs;
            return true;
        }
        false
    }

    /// A node of a cluster connected.
    pub(super) fn add_external(&mut self, key: ProcessKey, config: u64) {
        let mut process = SimProcess::new(Phase::Starts, None, config, 0);
        process.is_external = true;
        self.add(key, process);
        self.come(key);
    }

    fn add(&mut self, key: ProcessKey, process: SimProcess) {
        self.held += 1;
        let is_new = self.all.insert(key, process).is_none();
        assert!(is_new, "{key:?} was given twice");
    }

    /// A worker is given a place in a run.
    fn check_run(&mut self, key: ProcessKey, run: u64) {
        let (process, begun) = (self.all.get_mut(&key).expect("it is there"), &self.runs[&run]);
        assert_eq!(process.is_external, begun.is_external, "whose worker it is");
        if !process.is_external {
            assert_eq!(process.config, begun.config, "it was started by another configuration");
            // What was launched comes to the state of its first run by itself.
            if process.parent.is_none() && process.runs == 0 {
                process.generation = begun.generation;
            }
            assert_eq!(process.generation, begun.generation, "it is of another generation");
            assert!(!begun.is_fresh || process.runs == 0, "it has worked");
        }
        process.runs += 1;
    }
}

impl Processes for SimProcesses {
    fn launch(&mut self, key: ProcessKey, role: Role, config: &PoolConfig) -> Result<()> {
        if self.happens(Fault::Launches, 8) {
            self.met.failed_starts += 1;
            return Err(Error::Launch("no process".into()));
        }
        let phase = match role {
            Role::ForkServer => Phase::Opens,
            Role::Worker => Phase::Starts,
        };
        self.started += u64::from(role == Role::Worker);
        self.add(key, SimProcess::new(phase, None, super::number_of(config), 0));
        self.come(key);
        Ok(())
    }

    fn fork(
        &mut self,
        server: ProcessKey,
        key: ProcessKey,
        what: Fork<'_>,
        config: &PoolConfig,
        now_ns: u64,
    ) -> Result<()> {
        let by = self.all.get_mut(&server).expect("it is there");
        assert!(by.is_held, "what was let go is asked for a worker");
        assert_eq!(by.config, super::number_of(config), "of another configuration");
        let (phase, generation, message) = match what {
            Fork::Worker => (Phase::Starts, by.generation, Message::ForkWorker(key)),
            Fork::Mirror { generation, deferred, state } => {
                assert!(!self.discarded.contains(state), "brought to a state that was discarded");
                (Phase::Loads(0), generation, Message::ForkMirror(key, deferred.to_vec()))
            }
        };
        let (config, lives) = (by.config, by.lives);
        by.tell(message, now_ns);
        self.started += u64::from(matches!(what, Fork::Worker));
        self.add(key, SimProcess::new(phase, Some(server), config, generation));
        if lives {
            self.come(server);
        } else {
            self.lose_forked(key);
        }
        Ok(())
    }

    fn send(&mut self, key: ProcessKey, message: &ToWorker, now_ns: u64) {
        if let ToWorker::Run { run, .. } = message {
            self.check_run(key, *run);
        }
        let process = self.all.get_mut(&key).expect("it is there");
        assert!(process.is_held, "it was let go");
        process.tell(Message::Worker(message.clone()), now_ns);
        self.come(key);
    }

    fn unread_since(&self, key: ProcessKey) -> Option<u64> {
        self.all[&key].unread_since()
    }

    fn is_stopped(&self, key: ProcessKey) -> bool {
        let process = &self.all[&key];
        process.lives && process.is_known && process.is_stopped
    }

    fn joins(&mut self, _: ProcessKey, _: u64, _: WorkerId) {}

    fn interrupt(&mut self, key: ProcessKey) {
        self.interrupted(key);
    }

    fn end(&mut self, key: ProcessKey) -> bool {
        let process = self.all.get_mut(&key).expect("it is there");
        if process.is_known && !process.is_external {
            self.die(key, Exit::Signal(9));
            return true;
        }
        process.is_cut = true;
        self.say(key, ProcessEvent::Gone { symptom: "it was cut off".into() });
        self.come(key);
        false
    }

    fn let_go(&mut self, key: ProcessKey) {
        let process = self.all.get_mut(&key).expect("it is there");
        assert!(std::mem::take(&mut process.is_held), "it was let go twice");
        self.held -= 1;
        if process.parent.is_none() && !process.is_external {
            return self.die(key, Exit::Signal(9)); // as a child that is dropped
        }
        self.come(key);
    }

    fn remains(&mut self, key: ProcessKey) -> Remains {
        let exit = self.all[&key].exit.filter(|_| self.rng.coin());
        self.let_go(key);
        Remains { exit, log: Vec::new() }
    }

    fn discard(&mut self, state: &Path) {
        assert!(self.discarded.insert(state.to_owned()), "discarded twice");
    }
}
