//! This host's processes: launched and forked, spoken to over channels, watched through descriptors.

mod outbox;
mod process;
mod scratch;

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use self::outbox::Outbox;
use self::process::{wait_briefly, Handle, HostProcess, SpeaksAs};
use self::scratch::Leaving;
use crate::error::Result;
use crate::id::WorkerId;
use crate::link::{ROLE, ROLE_FORK_SERVER, SCRATCH};
use crate::os::{self, Channel, Child, Exit, Interest, Launch};
use crate::pool::logs;
use crate::pool::processes::{Fork, ProcessEvent, ProcessKey, Processes, Remains, Role};
use crate::pool::PoolConfig;
use crate::wire::{self, FromForkServer, ToForkServer, ToWorker};

/// How many ends of workers are remembered until somebody asks.
const EXITS_KEPT: usize = 64;

/// The processes of a pool on this host.
#[derive(Debug, Default)]
pub(crate) struct HostProcesses {
    /// In the order of their start.
    all: Vec<HostProcess>,
    /// How forked ones ended, as what forked them says.
    exits: VecDeque<(u32, Exit)>,
    /// What was heard while something else was waited for.
    heard: Vec<(ProcessKey, ProcessEvent)>,
    /// Where messages are received.
    frame: Vec<u8>,
    /// What those left that were let go of.
    leaving: Leaving,
}

impl HostProcesses {
    /// Everything whose readiness means news, in the order in which [`HostProcesses::events`] is told of it.
    pub(crate) fn descriptors(&self) -> Vec<(BorrowedFd<'_>, Interest)> {
        let mut fds = Vec::with_capacity(2 * self.all.len() + 2);
        for process in &self.all {
            fds.push(process.outbox.interest());
            fds.extend(process.descriptor().map(|fd| (fd, Interest::Read)));
        }
        fds
    }

    /// What processes said, and who is gone. `ready` tells of each of the [`HostProcesses::descriptors`] whether it is: one that speaks
    /// must not cost a look at all of them.
    pub(crate) fn events(&mut self, ready: &[bool], now_ns: u64) -> Vec<(ProcessKey, ProcessEvent)> {
        let mut ready = ready.iter().copied();
        let mut next = || ready.next().unwrap_or(false);
        let mut speaking = Vec::new();
        for process in &self.all {
            let spoke = next();
            // Without a descriptor (an old kernel) only a look tells of an end.
            let ended = process.descriptor().map_or(process.speaks == SpeaksAs::Worker, |_| next());
            if spoke || ended {
                speaking.push(process.key);
            }
        }
        for key in speaking {
            self.hear(key, now_ns);
        }
        self.hear_servers_of_gone(now_ns);
        std::mem::take(&mut self.heard)
    }

    /// A worker that was forked may be gone because what forked it is: that one's end was before, and is told first.
    fn hear_servers_of_gone(&mut self, now_ns: u64) {
        let is_forked = |key: &ProcessKey| {
            self.get(*key).is_some_and(|process| matches!(process.handle, Handle::Forked(_)))
        };
        let gone = |(key, event): &(ProcessKey, ProcessEvent)| {
            matches!(event, ProcessEvent::Gone { .. }) && is_forked(key)
        };
        if self.heard.iter().any(gone) {
            let servers = self.hear_servers(now_ns);
            self.heard.sort_by_key(|(key, _)| !servers.contains(key));
        }
    }

    /// Takes all that fork servers said; gives these.
    fn hear_servers(&mut self, now_ns: u64) -> Vec<ProcessKey> {
        let servers = self.all.iter().filter(|process| process.speaks != SpeaksAs::Worker);
        let servers: Vec<ProcessKey> = servers.map(|server| server.key).collect();
        servers.iter().for_each(|&server| self.hear(server, now_ns));
        servers
    }

    /// Whether something was heard that [`HostProcesses::events`] has not given.
    pub(crate) fn has_heard(&self) -> bool {
        !self.heard.is_empty()
    }

    /// Takes all that a process said.
    fn hear(&mut self, key: ProcessKey, now_ns: u64) {
        let HostProcesses { all, exits, heard, frame, .. } = self;
        let Some(process) = all.iter_mut().find(|process| process.key == key) else { return };
        process.hear(frame, now_ns, |event| match event {
            ProcessEvent::Server(FromForkServer::Exited { pid, exit }) => {
                // Of those that were let go nobody asks.
                if exits.len() >= EXITS_KEPT {
                    exits.pop_front();
                }
                exits.push_back((pid, exit));
            }
            event => heard.push((key, event)),
        });
    }

    /// Takes in a node of the user's cluster.
    pub(crate) fn add_external(&mut self, key: ProcessKey, channel: Channel) {
        self.add(key, SpeaksAs::Worker, channel, Handle::External(None), Files::default());
    }

    /// The process id of a process that we launched.
    pub(crate) fn child_pid(&self, key: ProcessKey) -> Option<u32> {
        match self.get(key)?.handle {
            Handle::Child(ref child) => Some(child.pid()),
            Handle::Forked(_) | Handle::External(_) => None,
        }
    }

    fn add(&mut self, key: ProcessKey, speaks: SpeaksAs, channel: Channel, handle: Handle, files: Files) {
        let Files { log, scratch } = files;
        let file = log.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        tracing::debug!(key = key.0, log = file, "process");
        let (outbox, log) = (Outbox::new(channel), log.map(Into::into));
        self.all.push(HostProcess { key, speaks, outbox, handle, pid: None, log, log_from: 0, scratch });
    }

    fn get(&self, key: ProcessKey) -> Option<&HostProcess> {
        self.all.iter().find(|process| process.key == key)
    }

    fn get_mut(&mut self, key: ProcessKey) -> Option<&mut HostProcess> {
        self.all.iter_mut().find(|process| process.key == key)
    }

    fn take(&mut self, key: ProcessKey) -> Option<HostProcess> {
        let place = self.all.iter().position(|process| process.key == key)?;
        Some(self.all.remove(place))
    }

    /// What forked a process says how that ended.
    fn exit_of_forked(&mut self, pid: Option<u32>) -> Option<Exit> {
        self.hear_servers(os::now_ns());
        let place = self.exits.iter().position(|(ended, _)| Some(*ended) == pid)?;
        self.exits.remove(place).map(|(_, exit)| exit)
    }
}

impl Processes for HostProcesses {
    fn launch(&mut self, key: ProcessKey, role: Role, config: &PoolConfig) -> Result<()> {
        let (speaks, name, log) = match role {
            Role::ForkServer => (SpeaksAs::Server, ROLE_FORK_SERVER, config.dir.join("fork-server.log")),
            Role::Worker => (SpeaksAs::Worker, "worker", logs::next(&config.dir)),
        };
        self.leaving.sweep();
        let scratch = scratch::make(&config.dir)?;
        let (channel, child) = start(config, name, &log, &scratch)?;
        self.add(key, speaks, channel, Handle::Child(child), Files::of(log, scratch));
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
        self.leaving.sweep();
        let Some(server) = self.get_mut(server) else { return Ok(()) };
        let scratch = scratch::make(&config.dir)?;
        let (speaks, log) = match what {
            Fork::Worker => (SpeaksAs::Worker, logs::next(&config.dir)),
            Fork::Mirror { generation, .. } => {
                (SpeaksAs::Mirror, config.dir.join(format!("mirror-{generation}.log")))
            }
        };
        let files = Files::of(log.clone(), scratch.clone());
        let request = match what {
            Fork::Worker => ToForkServer::Fork { token: key.0, log, scratch },
            Fork::Mirror { state, deferred, .. } => {
                let (state, deferred) = (state.to_owned(), deferred.to_vec());
                ToForkServer::Mirror { log, scratch, state, deferred }
            }
        };
        // The new process's end of its channel goes with the request. If the server is gone, both channels tell.
        let (ours, theirs) = Channel::pair()?;
        let _ = server.outbox.send(wire::encode(&request), Some(theirs.into()), now_ns);
        self.add(key, speaks, ours, Handle::Forked(None), files);
        Ok(())
    }

    fn send(&mut self, key: ProcessKey, message: &ToWorker, now_ns: u64) {
        if let Some(process) = self.get_mut(key) {
            let _ = process.outbox.send(wire::encode(message), None, now_ns); // of one that is gone its channel tells
        }
    }

    fn unread_since(&self, key: ProcessKey) -> Option<u64> {
        self.get(key)?.outbox.waits_since()
    }

    fn is_stopped(&self, key: ProcessKey) -> bool {
        self.get(key).and_then(HostProcess::pid).is_some_and(os::is_stopped)
    }

    fn joins(&mut self, key: ProcessKey, run: u64, slot: WorkerId) {
        if let Some(process) = self.get_mut(key) {
            let (log, pid) = (process.log.as_ref(), process.pid);
            process.log_from = log.map_or(0, |log| logs::joined(run, slot, pid, log));
        }
    }

    fn interrupt(&mut self, key: ProcessKey) {
        self.get(key).iter().for_each(|process| process.interrupt());
    }

    fn end(&mut self, key: ProcessKey) -> bool {
        let Some(process) = self.get_mut(key) else { return true };
        if process.can_be_killed() {
            process.kill();
            return true;
        }
        process.interrupt();
        process.outbox.channel().shut_down();
        false
    }

    fn let_go(&mut self, key: ProcessKey) {
        let Some(process) = self.take(key) else { return };
        process.close_log();
        self.leaving.add(process.handle, process.scratch);
    }

    fn remains(&mut self, key: ProcessKey) -> Remains {
        let Some(process) = self.take(key) else { return Remains::default() };
        let exit = match &process.handle {
            Handle::Child(child) => wait_briefly(|| child.try_wait().ok().flatten()),
            Handle::Forked(_) => wait_briefly(|| self.exit_of_forked(process.pid)),
            Handle::External(_) => None,
        };
        process.kill();
        let log = process.last_words();
        process.close_log();
        self.leaving.add(process.handle, process.scratch);
        Remains { exit, log }
    }

    fn discard(&mut self, state: &Path) {
        let _ = std::fs::remove_file(state); // whoever clears temporary directories may have taken it
    }
}

impl Drop for HostProcesses {
    /// Idle workers leave by themselves at the channel's end; the rest is killed, and none is waited for in vain.
    fn drop(&mut self) {
        for process in std::mem::take(&mut self.all) {
            if process.speaks == SpeaksAs::Worker {
                process.kill();
                process.close_log();
            }
            self.leaving.add(process.handle, process.scratch);
        }
    }
}

/// What a process of ours writes.
#[derive(Default)]
struct Files {
    log: Option<PathBuf>,
    /// Its temporary directory.
    scratch: Option<PathBuf>,
}

impl Files {
    fn of(log: PathBuf, scratch: PathBuf) -> Files {
        Files { log: Some(log), scratch: Some(scratch) }
    }
}

/// Launches a process for `role` that logs to `log` and has `scratch` for its temporary files.
fn start(config: &PoolConfig, role: &str, log: &Path, scratch: &Path) -> Result<(Channel, Child)> {
    let (ours, theirs) = Channel::pair()?;
    let mut env = config.env.clone();
    env.push((ROLE.to_owned(), role.to_owned()));
    env.push((SCRATCH.to_owned(), scratch.to_string_lossy().into_owned()));
    let child = os::launch(&Launch {
        program: config.program.clone(),
        args: config.args.clone(),
        env,
        log: log.to_owned(),
        channel_fd: theirs.as_fd(),
    })?;
    Ok((ours, child))
}
