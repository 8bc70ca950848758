//! A worker without R: it interprets plans over numbers. The run's program is the plan itself and words that say what goes
//! wrong on purpose, so that the tests of pool and supervisor (tests/run.rs) can have every kind of trouble.
//!
//! The word `changed` has a worker end after the run, as one that the run changed, and `deaf=PATH` has the first one that gets there read
//! nothing any more after the run (PATH is created as a mark). The others, separated by blanks, name a pass and an element: `fail=a/7` ends it
//! in an error, `die=a/7` kills the worker there each time, `say=a/7:WORD` prints a word to the log, `die_once=a/7:PATH` the first time only,
//! `stop_once=a/7:PATH` stops the worker there the first time, `sleep=a/7:500` takes 500 ms over it.
//!
//! With `MEMSHARE_TEST_JOIN` it joins the session that listens at that path, for one run, as a node of a user's cluster does.

mod numbers;
mod pages;

use std::time::Duration;

use numbers::{fold, result, whole};
use pages::Pages;
use scheduler::board::{ElementPosition, Lease, Span, StepReport};
use scheduler::id::PassId;
use scheduler::link::{Delivery, HandedIn, Link, Membership, Mirror, Role};
use scheduler::os::now_ns;
use scheduler::plan::{Plan, Source, FOLD};
use scheduler::store::Content;

fn main() {
    // With an argument it has a second thread, and must not be forked.
    if std::env::args().len() > 1 {
        std::thread::spawn(std::thread::park);
    }
    if let Some(path) = std::env::var_os("MEMSHARE_TEST_JOIN") {
        let mut link = Link::join(path.as_ref()).expect("a session listens there");
        if let Ok(Some(membership)) = link.next_run(Duration::MAX) {
            work(&mut link, membership);
        }
        return;
    }
    let mut role = Link::inherited();
    while let Ok(Role::Mirror(mirror)) = role {
        become_mirror(&mirror);
        role = mirror.serve();
    }
    let Ok(Role::Worker(mut link)) = role else { return };
    while let Ok(Some(membership)) = link.next_run(Duration::MAX) {
        let trouble = work(&mut link, membership);
        for word in trouble.split(' ') {
            if word == "changed" {
                link.changed("the test says so").expect("the session is there");
                return;
            }
            if word.strip_prefix("deaf=").is_some_and(is_first) {
                std::thread::park();
            }
        }
    }
}

/// Takes part in a run to its end; gives the words about what goes wrong.
fn work(link: &mut Link, mut membership: Membership) -> String {
    let config = bincode::config::standard();
    let program = &membership.spec().program;
    let ((plan, trouble), _) = bincode::serde::decode_from_slice::<(Plan, String), _>(program, config)
        .expect("the program is a plan and words");
    let mut run = Run { plan, trouble, pages: Pages::default() };
    while let Ok(Some(lease)) = membership.next_lease(link) {
        run.chunk(&mut membership, link, &lease);
    }
    // The pages and the board are let go of here, before the next run, as R does.
    run.trouble
}

/// Whether nobody was here before: who is first leaves a mark.
fn is_first(mark: &str) -> bool {
    std::fs::OpenOptions::new().write(true).create_new(true).open(mark).is_ok()
}

/// Stops this process until somebody continues it.
fn stop() {
    let me = std::process::id().to_string();
    std::process::Command::new("kill").args(["-STOP", &me]).status().expect("kill is there");
}

/// Reads the state of a generation: names of packages, a line each, with what loading one does: nothing, `thread`, `die` or `hang`.
fn become_mirror(mirror: &Mirror) {
    let state = std::fs::read_to_string(&mirror.state).expect("a generation's state");
    for line in state.lines() {
        let (package, trouble) = line.split_once(' ').unwrap_or((line, ""));
        if mirror.deferred.iter().any(|deferred| deferred == package) {
            continue;
        }
        mirror.loading(package).expect("the session is there");
        match trouble {
            "thread" => drop(std::thread::spawn(std::thread::park)),
            "die" => std::process::abort(),
            "hang" => std::thread::park(),
            _ => {}
        }
    }
}

/// A run, as this worker knows it.
struct Run {
    plan: Plan,
    trouble: String,
    pages: Pages,
}

/// Why a chunk is not delivered.
enum Left {
    /// The run was stopped.
    Stopped,
    /// FUN failed.
    Failed(ElementPosition),
}

impl Run {
    fn chunk(&mut self, membership: &mut Membership, link: &Link, lease: &Lease) {
        match self.results(membership, lease) {
            Ok((outputs, steps)) => {
                let bytes: Vec<Vec<u8>> = outputs.iter().map(|values| numbers::bytes(values)).collect();
                let slices: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
                let outputs: Vec<&dyn Content> = slices.iter().map(|bytes| bytes as &dyn Content).collect();
                let delivery = Delivery { outputs: &outputs, steps: &steps, ..Delivery::default() };
                let handed_in = membership.deliver(link, &delivery).expect("a chunk is delivered");
                if let HandedIn::Refused { output, shortage } = handed_in {
                    let step = output.map_or(0, |output| self.step_of(lease, output));
                    let position = ElementPosition { step, element: lease.start };
                    let nothing = Delivery::default();
                    membership.fail(link, position, &nothing, Some(shortage)).expect("failing is reported");
                }
            }
            Err(Left::Stopped) => {}
            Err(Left::Failed(position)) => {
                let pass = self.plan.stages()[lease.stage.index()].passes[position.step as usize];
                let words = format!(
                    "element {} of {} is bad",
                    position.element,
                    self.plan.spec().passes[pass.index()].name
                );
                let error = words.as_bytes();
                let delivery = Delivery { outputs: &[&error], ..Delivery::default() };
                membership.fail(link, position, &delivery, None).expect("failing is reported");
            }
        }
    }

    /// The step that makes an output of a chunk's stage.
    fn step_of(&self, lease: &Lease, output: usize) -> u32 {
        let stage = &self.plan.stages()[lease.stage.index()];
        let made = |&pass: &PassId| pass == stage.outputs[output];
        stage.passes.iter().position(made).expect("an output is a member") as u32
    }

    /// What each output of the chunk is, and what each step did.
    fn results(
        &mut self,
        membership: &mut Membership,
        lease: &Lease,
    ) -> Result<(Vec<Vec<u64>>, Vec<StepReport>), Left> {
        let Run { plan, trouble, pages } = self;
        let stage = &plan.stages()[lease.stage.index()];
        let calls: Vec<_> = stage.passes.iter().map(|pass| &plan.spec().passes[pass.index()]).collect();
        let sides: Vec<Vec<u64>> = calls
            .iter()
            .map(|call| call.sides.iter().map(|&side| whole(&pages.all(membership, plan, side))).collect())
            .collect();
        let reads: Vec<Vec<Option<Vec<u64>>>> =
            calls.iter().map(|call| pages.inputs(membership, plan, lease, call)).collect();
        let mut steps = vec![StepReport::default(); calls.len()];
        let mut values: Vec<Vec<u64>> = vec![Vec::new(); calls.len()];
        let place = |pass: PassId| stage.passes.iter().position(|&member| member == pass).expect("a member");
        for element in lease.start..lease.end {
            let nth = (element - lease.start) as usize;
            for (step, call) in calls.iter().enumerate() {
                let began = now_ns();
                let position = ElementPosition { step: step as u32, element };
                if !membership.enter_element(position) {
                    return Err(Left::Stopped);
                }
                if meets(trouble, &call.name, element) {
                    return Err(Left::Failed(position));
                }
                let input = |(source, read): (&Source, &Option<Vec<u64>>)| match (source, read) {
                    (Source::Each(pass), None) => values[place(*pass)][nth],
                    (Source::Whole(_), Some(read)) => read[0],
                    (_, read) => read.as_ref().expect("it was read")[nth],
                };
                let inputs: Vec<u64> = call.inputs.iter().zip(&reads[step]).map(input).collect();
                values[step].push(match call.levels {
                    0 => result(&call.name, &inputs, &sides[step]),
                    _ => inputs[0],
                });
                add(&mut steps[step], began, nth == 0);
            }
        }
        values.iter_mut().zip(&calls).for_each(|(values, call)| folded(values, call.levels));
        let outputs = stage.outputs.iter().map(|&pass| std::mem::take(&mut values[place(pass)])).collect();
        Ok((outputs, steps))
    }
}

/// The folds of so many levels.
fn folded(values: &mut Vec<u64>, levels: u32) {
    for _ in 0..levels {
        *values = values.chunks(FOLD as usize).map(fold).collect();
    }
}

/// Adds an element that began then and is through now.
fn add(step: &mut StepReport, began: u64, first: bool) {
    let ended_ns = now_ns();
    let started_ns = if first { began } else { step.span.started_ns };
    let busy_ns = step.busy_ns + (ended_ns - began);
    *step = StepReport { span: Span { started_ns, ended_ns }, busy_ns };
}

/// Plays out what the words have for this element of this pass; whether it is to end in an error.
fn meets(words: &str, pass: &str, element: u64) -> bool {
    for (verb, what) in words.split_whitespace().filter_map(|word| word.split_once('=')) {
        let (position, rest) = what.split_once(':').unwrap_or((what, ""));
        if position.split_once('/').map(|(name, number)| (name, number.parse())) != Some((pass, Ok(element)))
        {
            continue;
        }
        match verb {
            "fail" => return true,
            "say" => eprintln!("{rest}"),
            "die" => std::process::abort(),
            "die_once" if is_first(rest) => std::process::abort(),
            "stop_once" if is_first(rest) => stop(),
            "sleep" => std::thread::sleep(Duration::from_millis(rest.parse().expect("milliseconds"))),
            _ => {}
        }
    }
    false
}
