//! A simulated process: what it is, and what it does when its turn comes.
mod worker;

use super::faults::Fault;
use super::world::{Dealt, SimProcesses};
use crate::os::Exit;
use crate::pool::{ProcessEvent, ProcessKey};
use crate::wire::{FromForkServer, ToWorker};
use std::collections::VecDeque;
use worker::Part;

/// Packages that a mirror loads.
const PACKAGES: [&str; 2] = ["one", "two"];
/// Messages that a channel has room for.
const ROOM: usize = 2;

/// What a process is at.
#[derive(Debug)]
pub(super) enum Phase {
    /// A worker before its hello.
    Starts,
    /// A fork server before its first word.
    Opens,
    /// A mirror before it loads the package of this number.
    Loads(usize),
    /// Reads what it is told.
    Serves,
    /// A worker between two runs.
    Waits,
    /// A worker in a run.
    Runs(Box<Part>),
    /// Does nothing any more, and reads nothing.
    Hangs,
}

/// What a process is told.
#[derive(Debug)]
pub(super) enum Message {
    ForkWorker(ProcessKey),
    ForkMirror(ProcessKey, Vec<String>),
    Worker(ToWorker),
}

/// A process. One that a fork server was asked for is there from then on, and does nothing before.
#[derive(Debug)]
pub(super) struct SimProcess {
    pub(super) phase: Phase,
    pub(super) parent: Option<ProcessKey>,
    pub(super) is_external: bool,
    /// What it began as.
    pub(super) config: u64,
    pub(super) generation: u64,
    pub(super) lives: bool,
    pub(super) exit: Option<Exit>,
    pub(super) is_stopped: bool,
    /// The pool holds its channel.
    pub(super) is_held: bool,
    /// Its channel is closed at both ends.
    pub(super) is_cut: bool,
    /// It said which process it is.
    pub(super) is_known: bool,
    pub(super) messages: VecDeque<Message>,
    /// Since when there is no room for more.
    pub(super) full_ns: u64,
    pub(super) said: VecDeque<ProcessEvent>,
    /// Its next step is in the queue.
    pub(super) is_due: bool,
    /// Runs that it took part in.
    pub(super) runs: u64,
    /// Packages that it is not to load.
    pub(super) deferred: Vec<String>,
}

impl SimProcess {
    pub(super) fn new(phase: Phase, parent: Option<ProcessKey>, config: u64, generation: u64) -> SimProcess {
        SimProcess {
            phase,
            parent,
            is_external: false,
            config,
            generation,
            lives: true,
            exit: None,
            is_stopped: false,
            is_held: true,
            is_cut: false,
            is_known: parent.is_none(),
            messages: VecDeque::new(),
            full_ns: 0,
            said: VecDeque::new(),
            is_due: false,
            runs: 0,
            deferred: Vec::new(),
        }
    }

    /// Since when its channel has no room.
    pub(super) fn unread_since(&self) -> Option<u64> {
        (self.messages.len() > self.room()).then_some(self.full_ns)
    }

    pub(super) fn tell(&mut self, message: Message, now: u64) {
        if self.messages.len() == self.room() {
            self.full_ns = now;
        }
        self.messages.push_back(message);
    }

    /// The channel of one that hangs is full.
    fn room(&self) -> usize {
        if self.can_see() {
            ROOM
        } else {
            0
        }
    }

    /// Whether it is a worker that waits for a word.
    pub(super) fn waits(&self) -> bool {
        match &self.phase {
            Phase::Waits => true,
            Phase::Runs(part) => part.sleeps(),
            _ => false,
        }
    }

    fn next_message(&mut self, now: u64) -> Option<Message> {
        self.full_ns = now;
        if self.is_cut {
            return None;
        }
        self.messages.pop_front()
    }

    /// Whether it sees the end of its channel when it next looks.
    pub(super) fn sees_end(&self) -> bool {
        self.is_cut || !self.is_held && self.messages.is_empty()
    }

    /// Whether it can see the end of its channel.
    pub(super) fn can_see(&self) -> bool {
        !matches!(self.phase, Phase::Hangs)
    }

    /// Whether it would do something if it had a turn.
    fn has_to_do(&self) -> bool {
        match &self.phase {
            Phase::Hangs => false,
            Phase::Serves | Phase::Waits => self.sees_end() || !self.messages.is_empty(),
            Phase::Runs(part) if part.sleeps() => self.sees_end() || !self.messages.is_empty(),
            Phase::Runs(_) | Phase::Starts | Phase::Opens | Phase::Loads(_) => true,
        }
    }
}

impl SimProcesses {
    /// A process does what it is at, and comes again if there is more to do.
    pub(super) fn act(&mut self, key: ProcessKey) {
        let Some(process) = self.all.get_mut(&key) else { return };
        process.is_due = false;
        if !process.lives || process.is_stopped {
            return;
        }
        if self.strikes(key) {
            return;
        }
        let now = self.now;
        let process = self.all.get_mut(&key).expect("it is there");
        match std::mem::replace(&mut process.phase, Phase::Waits) {
            Phase::Starts => self.say_hello(key),
            Phase::Opens => self.open(key),
            Phase::Loads(nth) => self.load(key, nth),
            Phase::Serves => {
                process.phase = Phase::Serves;
                match process.next_message(now) {
                    Some(message) => self.serve(key, message),
                    None if process.sees_end() => self.die(key, Exit::Code(0)),
                    None => {}
                }
            }
            Phase::Waits => match process.next_message(now) {
                Some(Message::Worker(ToWorker::Run { run, slot, .. })) => self.join(key, run, slot),
                Some(Message::Worker(ToWorker::Exit)) => self.die(key, Exit::Code(0)),
                Some(_) => {}
                None if process.sees_end() => self.die(key, Exit::Code(0)),
                None => {}
            },
            Phase::Runs(part) => self.work(key, part),
            Phase::Hangs => process.phase = Phase::Hangs,
        }
        self.come(key);
    }

    /// Its next turn comes, if it has something to do.
    pub(super) fn come(&mut self, key: ProcessKey) {
        let Some(process) = self.all.get_mut(&key) else { return };
        if process.lives && !process.is_stopped && !process.is_due && process.has_to_do() {
            process.is_due = true;
            self.later(Dealt::Act(key));
        }
    }

    fn set(&mut self, key: ProcessKey, phase: Phase) {
        if let Some(process) = self.all.get_mut(&key) {
            process.phase = phase;
        }
    }

    fn say_hello(&mut self, key: ProcessKey) {
        if self.happens(Fault::Starts, 6) {
            self.met.failed_starts += 1;
            match self.rng.below(3) {
                0 => return self.die(key, Exit::Code(3)),
                1 => return self.set(key, Phase::Hangs),
                _ => self.say(key, ProcessEvent::Hello { pid: None, unfit: Some("another version".into()) }),
            }
            return;
        }
        self.all.get_mut(&key).expect("it is there").is_known = true;
        self.say(key, ProcessEvent::Hello { pid: Some(key.0 as u32), unfit: None });
    }

    fn open(&mut self, key: ProcessKey) {
        if self.happens(Fault::Unsafe, 3) {
            self.say_server(key, FromForkServer::Unsafe { reason: "2 threads".into() });
            return self.set(key, Phase::Starts);
        }
        if self.happens(Fault::Servers, 6) {
            self.met.servers += 1;
            return match self.rng.coin() {
                true => self.die(key, Exit::Signal(9)),
                false => self.set(key, Phase::Hangs),
            };
        }
        self.say_server(key, FromForkServer::Serving);
        self.set(key, Phase::Serves);
    }

    fn load(&mut self, key: ProcessKey, nth: usize) {
        let pid = key.0 as u32;
        if nth == 0 {
            self.all.get_mut(&key).expect("it is there").is_known = true;
            self.say_server(key, FromForkServer::Loading { pid, package: String::new() });
            return self.set(key, Phase::Loads(1));
        }
        let Some(package) = PACKAGES.get(nth - 1) else {
            self.say_server(key, FromForkServer::Serving);
            return self.set(key, Phase::Serves);
        };
        let deferred = self.all[&key].deferred.iter().any(|deferred| deferred == package);
        if !deferred {
            self.say_server(key, FromForkServer::Loading { pid, package: (*package).into() });
            if self.happens(Fault::Mirrors, 4) {
                self.met.mirrors += 1;
                return match self.rng.below(3) {
                    0 => self.die(key, Exit::Signal(11)),
                    1 => self.set(key, Phase::Hangs),
                    _ => {
                        self.say_server(key, FromForkServer::Unsafe { reason: "2 threads".into() });
                        self.die(key, Exit::Code(0));
                    }
                };
            }
        }
        self.set(key, Phase::Loads(nth + 1));
    }

    fn serve(&mut self, key: ProcessKey, message: Message) {
        let fails = self.happens(Fault::Forks, 5);
        match message {
            Message::ForkWorker(worker) if fails => {
                self.met.failed_starts += 1;
                self.lose_forked(worker);
                self.say_server(
                    key,
                    FromForkServer::ForkFailed { token: worker.0, reason: "no memory".into() },
                );
            }
            Message::ForkMirror(mirror, _) if fails => self.lose_forked(mirror),
            Message::ForkWorker(worker) => self.come(worker),
            Message::ForkMirror(mirror, deferred) => {
                if let Some(mirror) = self.all.get_mut(&mirror) {
                    mirror.deferred = deferred;
                }
                self.come(mirror);
            }
            Message::Worker(_) => {}
        }
    }

    fn say_server(&mut self, key: ProcessKey, message: FromForkServer) {
        self.say(key, ProcessEvent::Server(message));
    }
}
