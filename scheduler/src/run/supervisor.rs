//! The supervisor: a thread of the session that never touches R. It waits for news from workers, fork server and the
//! session, and is the one writer of the state of runs.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::engine::{Cause, Event};
use crate::os::{self, Channel, Interest, Received};
use crate::pool::{Crew, News, PoolConfig, State};
use crate::run::drive::Drive;
use crate::run::{Job, Ticket};

/// How long at most until slow starters are looked at again while a run goes on; the run's own deadlines count besides.
const TICK: Duration = Duration::from_millis(100);
/// The same while nothing runs: only idle workers are to be let go.
const IDLE_TICK: Duration = Duration::from_secs(1);

/// Who is in the pool.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PoolStatus {
    /// The workers' process ids.
    pub pids: Vec<u32>,
    /// How many of them wait for a run.
    pub idle: usize,
    /// The fork server's process id, where there is one.
    pub fork_server: Option<u32>,
}

/// What the session asks of its supervisor.
pub(crate) enum Command {
    Begin { run: u64, job: Box<Job>, ticket: Arc<Ticket> },
    Cancel { run: u64 },
    Configure(Box<PoolConfig>),
}

/// What is done one after the other, in the order in which the session asked for it: so a run's workers are started as the
/// session's settings were when it was begun, and a change of these ends no run.
enum Order {
    Run(u64, Box<Job>, Arc<Ticket>),
    Configure(Box<PoolConfig>),
}

pub(crate) struct Supervisor {
    crew: Crew,
    commands: Receiver<Command>,
    bell: Channel,
    status: Arc<Mutex<PoolStatus>>,
    queue: VecDeque<Order>,
    drive: Option<(u64, Drive)>,
    /// When it began.
    begun_ns: u64,
    /// Where the bell's messages are received.
    frame: Vec<u8>,
}

impl Supervisor {
    pub(crate) fn new(
        config: PoolConfig,
        commands: Receiver<Command>,
        bell: Channel,
        status: Arc<Mutex<PoolStatus>>,
    ) -> Self {
        Supervisor {
            crew: Crew::new(config),
            commands,
            bell,
            status,
            queue: VecDeque::new(),
            drive: None,
            begun_ns: 0,
            frame: Vec::new(),
        }
    }

    /// Runs until the session lets go of its end of the command queue.
    pub(crate) fn work(mut self) {
        while self.take_commands() {
            self.advance();
            self.report();
            let ready = self.wait();
            self.take_news(&ready);
        }
    }

    /// Waits for news; of which of the crew's descriptors there are any.
    fn wait(&mut self) -> Vec<bool> {
        let tick = self.drive.as_ref().map_or(IDLE_TICK, |(_, drive)| drive.deadline().min(TICK));
        self.crew.running(tick);
        let mut fds = self.crew.descriptors();
        let crew = fds.len();
        fds.push((self.bell.as_fd(), Interest::Read));
        let guests = self.drive.as_ref().and_then(|(_, drive)| drive.guests());
        fds.extend(guests.map(|listener| (listener.as_fd(), Interest::Read)));
        let mut ready = os::poll_each(&fds, Some(tick)).unwrap_or_else(|e| {
            tracing::error!(%e, "waiting for news");
            vec![true; fds.len()]
        });
        if ready[crew] {
            while let Ok(Received::Message(..)) = self.bell.try_receive(&mut self.frame) {}
        }
        ready.truncate(crew);
        self.crew.running(Duration::ZERO);
        ready
    }

    /// `false` when the session is done with us.
    fn take_commands(&mut self) -> bool {
        loop {
            match self.commands.try_recv() {
                Ok(Command::Begin { run, job, ticket }) => self.queue.push_back(Order::Run(run, job, ticket)),
                Ok(Command::Cancel { run }) => self.cancel(run),
                Ok(Command::Configure(config)) => self.queue.push_back(Order::Configure(config)),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn cancel(&mut self, run: u64) {
        match &mut self.drive {
            Some((active, drive)) if *active == run => {
                let _within = drive.span().entered();
                drive.tell(Event::Cancel { cause: Cause::User }, &mut self.crew)
            }
            _ => {
                // Not begun: it is begun and ended at once, so that there is one way for a run to end.
                let is_it = |order: &Order| matches!(order, Order::Run(queued, ..) if *queued == run);
                let place = self.queue.iter().position(is_it);
                if let Some(Order::Run(run, job, ticket)) = place.and_then(|place| self.queue.remove(place)) {
                    // With a crew of its own, of nobody: the workers are at the run that goes on.
                    let mut nobody = self.crew.of_nobody();
                    let mut drive = Drive::begin(run, *job, ticket, &mut nobody);
                    drive.tell(Event::Cancel { cause: Cause::User }, &mut nobody);
                    drive.finish();
                }
            }
        }
    }

    /// Brings the present run forward as far as it goes without news, and begins the next when it is over.
    fn advance(&mut self) {
        loop {
            if self.drive.is_none() {
                match self.queue.pop_front() {
                    None => break,
                    Some(Order::Configure(config)) => {
                        self.crew.configure(*config);
                        continue;
                    }
                    Some(Order::Run(run, job, ticket)) => {
                        self.crew.forget_failures();
                        if job.guests.is_none() {
                            self.crew.turn_to(&job.generation);
                        }
                        self.begun_ns = os::now_ns();
                        self.drive = Some((run, Drive::begin(run, *job, ticket, &mut self.crew)));
                    }
                }
            }
            let Some((_, drive)) = &mut self.drive else { break };
            let _within = drive.span().entered();
            drive.look_at_copies(&mut self.crew);
            drive.recruit(&mut self.crew);
            let mut news = Vec::new();
            self.crew.grow(drive.wants_own(), &mut news);
            self.pass_on(news);
            match self.drive.take() {
                Some((_, drive)) if drive.over() => {
                    drive.finish();
                    self.crew.send_off();
                }
                other => {
                    self.drive = other;
                    break;
                }
            }
        }
        if self.drive.is_none() {
            self.crew.retire();
            self.crew.replace_changed();
        }
    }

    fn take_news(&mut self, ready: &[bool]) {
        if let Some(listener) = self.drive.as_ref().and_then(|(_, drive)| drive.guests()) {
            while let Ok(Some(channel)) = listener.accept() {
                self.crew.welcome(channel);
            }
        }
        let _within = self.drive.as_ref().map(|(_, drive)| drive.span().entered());
        let mut news = Vec::new();
        self.crew.listen(ready, &mut news);
        self.pass_on(news);
        if let Some((_, drive)) = &mut self.drive {
            if drive.lacks_guests() {
                let late = self.crew.guests_are_late(self.begun_ns);
                late.into_iter().for_each(|reason| drive.barren(&reason, &mut self.crew));
            }
            drive.look_at_copies(&mut self.crew);
            drive.tell(Event::Tick, &mut self.crew);
        }
    }

    fn pass_on(&mut self, news: Vec<News>) {
        let Some((_, drive)) = &mut self.drive else { return };
        for item in news {
            match item {
                News::Ready => {}
                News::Said { slot, message } => drive.said(slot, message, &mut self.crew),
                News::Lost { loss, death } => drive.lost(loss, death, &mut self.crew),
                News::Left { slot } => drive.left(slot, &mut self.crew),
                News::Note { text } => drive.note(text),
                News::Loaded { package, ns } => drive.loaded(None, None, package, ns),
                News::Barren { reason } => drive.barren(&reason, &mut self.crew),
            }
        }
    }

    fn report(&self) {
        let workers = self.crew.workers();
        let mut status = self.status.lock().unwrap_or_else(|e| e.into_inner());
        status.pids = workers.iter().filter_map(|w| w.pid).collect();
        status.idle = workers.iter().filter(|w| matches!(w.state, State::Idle { .. })).count();
        status.fork_server = self.crew.fork_server_pid();
    }
}
