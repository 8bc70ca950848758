//! Real processes. Where a test needs a process that can be killed, or that has one thread, it runs this test binary again
//! with the test `role`, which does nothing otherwise.

use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use super::super::signals::with_signals_blocked;
use super::*;
use crate::os::{
    end_hanging_crashes, fork_worker, is_stopped, poll, reap, thread_count, Channel, Exit, Forked, Peer,
};

const ROLE: &str = "MEMSHARE_TEST_ROLE";

/// A launch of `program` with its channel's other end, and its log.
fn start(program: &str, args: &[&str], env: &[(&str, &str)]) -> (Child, Channel, PathBuf) {
    let (ours, theirs) = Channel::pair().unwrap();
    let log = std::env::temp_dir().join(format!(
        "memshare-log-{}-{}",
        std::process::id(),
        ours.as_fd().as_raw_fd()
    ));
    let child = launch(&Launch {
        program: program.into(),
        args: args.iter().map(Into::into).collect(),
        env: env.iter().map(|&(key, value)| (key.into(), value.into())).collect(),
        log: log.clone(),
        channel_fd: theirs.as_fd(),
    })
    .unwrap();
    (child, ours, log)
}

/// This binary, as `role`.
fn helper(role: &str) -> (Child, Channel, PathBuf) {
    let exe = std::env::current_exe().unwrap();
    let args = ["--exact", "os::process::tests::role", "--ignored", "--nocapture", "--test-threads=1"];
    start(exe.to_str().unwrap(), &args, &[(ROLE, role)])
}

/// The next message, without waiting for ever.
fn hear(channel: &Channel) -> Option<String> {
    assert_eq!(poll(&[channel.as_fd()], Some(Duration::from_secs(20))).unwrap(), [true], "silence");
    let mut buf = Vec::new();
    let (length, _) = channel.receive(&mut buf).unwrap()?;
    buf.truncate(length);
    Some(String::from_utf8(buf).unwrap())
}

fn soon(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} never happened");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn ended(child: &Child) -> Exit {
    soon("the end", || child.try_wait().unwrap().is_some());
    child.try_wait().unwrap().unwrap()
}

/// Whether a process runs; a zombie does not.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[test]
fn an_end_is_told_as_it_was() {
    let (child, channel, log) = start("sh", &["-c", "echo out; echo err >&2; exit 3"], &[]);
    assert_eq!(hear(&channel), None, "its channel closes with it");
    assert_eq!(poll(&[child.pidfd().unwrap()], Some(Duration::from_secs(9))).unwrap(), [true]);
    assert_eq!(ended(&child), Exit::Code(3));
    assert_eq!(ended(&child).to_string(), "exited with status 3");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "out\nerr\n");
    std::fs::remove_file(log).unwrap();
    child.kill(); // long gone, and nobody else's process is hit

    let (child, _channel, log) = start("sleep", &["1000"], &[]);
    assert_eq!(child.try_wait().unwrap(), None);
    child.interrupt();
    assert_eq!(ended(&child).to_string(), "killed by signal 2 (SIGINT)");
    std::fs::remove_file(log).unwrap();
}

#[test]
fn a_crash_whose_handler_hangs_ends_the_process_by_its_signal() {
    let (child, _channel, log) = helper("crash");
    assert_eq!(ended(&child), Exit::Signal(libc::SIGSEGV));
    std::fs::remove_file(log).unwrap();
}

#[test]
fn a_stopped_process_is_told_from_one_that_sleeps() {
    let (child, _channel, log) = start("sleep", &["1000"], &[]);
    let pid = Pid::from_raw(child.pid() as i32).unwrap();
    assert!(!is_stopped(child.pid()) && !is_stopped(u32::MAX));
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    soon("the stop", || is_stopped(child.pid()));
    rustix::process::kill_process(pid, Signal::CONT).unwrap();
    soon("its going on", || !is_stopped(child.pid()));
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    drop(child); // which kills it, and does not wait for it to go on
    std::fs::remove_file(log).unwrap();
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let (_ours, theirs) = Channel::pair().unwrap();
    let log = std::env::temp_dir().join(format!("memshare-log-{}-none", std::process::id()));
    let refused = launch(&Launch {
        program: "/no/such/program".into(),
        args: vec![],
        env: vec![],
        log: log.clone(),
        channel_fd: theirs.as_fd(),
    });
    assert!(matches!(refused, Err(Error::Launch(text)) if text.contains("/no/such/program")));
    std::fs::remove_file(log).unwrap();
}

#[test]
fn a_worker_that_is_killed_or_dropped_takes_along_what_it_started() {
    for drop_it in [false, true] {
        let (child, _channel, log) = start("sh", &["-c", "sleep 1000 & echo $!; wait"], &[]);
        let mut grandchild = String::new();
        soon("its child", || {
            grandchild = std::fs::read_to_string(&log).unwrap_or_default();
            grandchild.ends_with('\n')
        });
        let grandchild = grandchild.trim().parse().unwrap();
        assert!(runs(grandchild));
        let pid = child.pid();
        if drop_it {
            drop(child);
        } else {
            // Not through `kill`, but as the kernel does when memory is short: the process alone.
            rustix::process::kill_process(Pid::from_raw(pid as i32).unwrap(), Signal::KILL).unwrap();
            assert_eq!(ended(&child), Exit::Signal(libc::SIGKILL));
        }
        assert!(!runs(pid));
        soon("the grandchild's end", || !runs(grandchild));
        std::fs::remove_file(log).unwrap();
    }
}

#[test]
fn a_worker_gets_its_channel_and_none_of_our_state() {
    // SAFETY: plain calls on descriptors and dispositions; nothing relies on SIGUSR2 in this process.
    let leaky = unsafe {
        libc::signal(libc::SIGUSR2, libc::SIG_IGN);
        libc::dup(2) // open across exec, as R's own files are
    };
    let (child, channel, log) =
        with_signals_blocked(|| std::thread::spawn(|| helper("report"))).join().unwrap();
    let report = hear(&channel).unwrap();
    // SAFETY: this test's own descriptor.
    unsafe { libc::close(leaky) };
    let pid = child.pid();
    assert_eq!(report, format!("group {pid}, 1 more descriptor, blocked 0, ignored 0, stdin /dev/null"));
    channel.send(b"end").unwrap();
    assert_eq!(ended(&child), Exit::Code(0));
    std::fs::remove_file(log).unwrap();
}

#[test]
fn a_thread_started_with_signals_blocked_has_them_blocked_and_its_starter_not() {
    let mask = || {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap().trim().to_owned();
        u64::from_str_radix(&line, 16).unwrap() & 0x7fff_ffff
    };
    let before = mask();
    let theirs = with_signals_blocked(|| std::thread::spawn(mask)).join().unwrap();
    let all_but_two = 0x7fff_ffff & !(1 << (libc::SIGKILL - 1)) & !(1 << (libc::SIGSTOP - 1));
    assert_eq!((theirs, mask()), (all_but_two, before));
    assert_ne!(before, theirs);
}

#[test]
fn workers_outlive_the_thread_that_asked_for_them_and_die_with_the_session() {
    for how in ["killed", "launcher stopped"] {
        let (session, channel, log) = helper("session");
        let worker: u32 = hear(&channel).unwrap().parse().unwrap();
        let watched = Peer::open(worker).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        assert!(runs(worker) && !watched.has_exited().unwrap(), "it died with the thread");
        if how == "killed" {
            session.kill();
        } else {
            channel.send(b"stop").unwrap();
        }
        soon("the worker's end", || !runs(worker));
        drop(session);
        assert_eq!(poll(&[watched.pidfd()], Some(Duration::from_secs(9))).unwrap(), [true]);
        std::fs::remove_file(log).unwrap();
    }
}

#[test]
fn a_fork_server_forks_alone_and_its_workers_go_with_it() {
    let error = fork_worker(Path::new("/dev/null")).unwrap_err().to_string();
    assert!(error.contains("threads"), "this process has several: {error}");
    let (server, channel, log) = helper("fork server");
    assert_eq!(hear(&channel).unwrap(), "exited with status 7");
    let workers: Vec<u32> = hear(&channel).unwrap().split(' ').map(|pid| pid.parse().unwrap()).collect();
    let [first, second] = workers[..] else { panic!("{workers:?}") };
    let watched = Peer::open(first).unwrap();
    assert!(runs(first) && runs(second));
    watched.kill();
    soon("the killed one's end", || !runs(first));
    assert!(runs(second));
    drop(server);
    soon("the other one's end", || !runs(second));
    assert!(std::fs::read_to_string(&log).unwrap().contains("from the forked worker"));
    std::fs::remove_file(log).unwrap();
}

#[test]
#[ignore = "a role in the other tests"]
fn role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let fd = std::env::var(CHANNEL_VARIABLE).unwrap().parse().unwrap();
    // SAFETY: `launch` left this descriptor open for this process, and only this line takes it.
    let channel = unsafe { Channel::from_raw_fd(fd) };
    match role.as_str() {
        "report" => report(&channel),
        "session" => session(&channel),
        "crash" => crash(),
        _ => fork_server(channel),
    }
}

fn report(channel: &Channel) {
    // The thread's own: creating a thread blocks signals in the creating one for a moment.
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let mask = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    // Rust's own start-up ignores SIGPIPE; 32 and 33 are the C library's own.
    let ignored = mask("SigIgn:") & 0x7fff_ffff & !(1 << (libc::SIGPIPE - 1));
    // Three for input and output, one to read the directory.
    let more = std::fs::read_dir("/proc/self/fd").unwrap().count() - 4;
    let stdin = std::fs::read_link("/proc/self/fd/0").unwrap();
    let group = rustix::process::getpgrp().as_raw_pid();
    let text = format!(
        "group {group}, {more} more descriptor, blocked {:x}, ignored {ignored:x}, stdin {}",
        mask("SigBlk:"),
        stdin.display()
    );
    channel.send(text.as_bytes()).unwrap();
    hear(channel);
}

/// A handler that waits for what never comes, as R's does for memory.
fn crash() {
    extern "C" fn hang(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
        loop {
            std::thread::park();
        }
    }
    let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = hang;
    // SAFETY: a plain struct of numbers, zeroed and filled in.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigaction(libc::SIGSEGV, &action, std::ptr::null_mut());
    }
    end_hanging_crashes(1);
    // SAFETY: the handler is there.
    unsafe { libc::raise(libc::SIGSEGV) };
}

fn session(channel: &Channel) {
    let run = std::thread::spawn(|| {
        let (worker, end, log) = start("sleep", &["1000"], &[]);
        std::fs::remove_file(log).unwrap();
        let pid = worker.pid();
        std::mem::forget((worker, end));
        pid
    });
    let pid = run.join().unwrap();
    channel.send(pid.to_string().as_bytes()).unwrap();
    assert_eq!(hear(channel).as_deref(), Some("stop"));
    crate::os::launcher::stop();
    soon("the worker's end", || reap(pid).is_some());
}

fn fork_server(channel: Channel) {
    // The harness has a second thread, so the server is a fork of it, which has one.
    // SAFETY: the harness's other thread does nothing but wait for this one, and holds no lock.
    let server = unsafe { libc::fork() };
    if server != 0 {
        soon("the server's end", || reap(server as u32).is_some());
        return;
    }
    assert_eq!(thread_count(), 1);
    let log = std::fs::read_link("/proc/self/fd/1").unwrap();
    let fork = |last_act: &dyn Fn()| match fork_worker(&log).unwrap() {
        Forked::Parent(pid) => pid,
        Forked::Child => {
            last_act();
            // SAFETY: ends the forked process at once; the harness's own ending is the parent's.
            unsafe { libc::_exit(7) }
        }
    };
    let quick = fork(&|| {
        println!("from the forked worker");
        std::io::Write::flush(&mut io::stdout()).unwrap();
    });
    let mut exit = None;
    soon("the worker's end", || {
        exit = reap(quick);
        exit.is_some()
    });
    channel.send(exit.unwrap().to_string().as_bytes()).unwrap();
    let sleep = || std::thread::sleep(Duration::from_secs(1000));
    let workers = [fork(&sleep), fork(&sleep)];
    channel.send(format!("{} {}", workers[0], workers[1]).as_bytes()).unwrap();
    hear(&channel);
}
