//! Documents that several tests look at.
use super::sample::Sample;
use crate::*;

/// How the worker ends that dies in them.
const KILLED: &str = "killed by signal 9 (SIGKILL)";

/// 2,000 columns by four workers: element 1801 is long, worker 2 dies in the middle.
pub(super) fn straggler() -> Sample {
    let mut sample =
        Sample::new(4).data("X", "shared", 16_000_000).pass("z", 2000, &["X"], 16_000).gather("z").run(2.3);
    // 36 chunks of 50 elements, 4 at a time, 10 ms each.
    for nth in 0..36u64 {
        let (worker, from) = (nth as u32 % 4 + 1, 0.01 + 0.01 * (nth / 4) as f64);
        if nth == 17 {
            sample = sample.piece(0, (851, 900), (2, 1), (from, from + 0.004), ("lost", 1.0));
            sample = sample.piece(0, (851, 900), (3, 2), (0.1, 0.11), ("done", 1.0));
        } else {
            sample = sample.piece(
                0,
                (50 * nth + 1, 50 * nth + 50),
                (worker, 1),
                (from, from + 0.01),
                ("done", 0.98),
            );
        }
    }
    sample = sample.chunk(0, (1801, 1801), 1, (0.3, 2.3)).chunk(0, (1802, 2000), 4, (0.1, 0.14));
    let sample = sample.set(|s| {
        let workers = &mut s.run_mut().workers;
        let place = workers[1].worker;
        workers[1] = WorkerView {
            left: 0.054,
            died: Some(KILLED.into()),
            signal: Some(9),
            last_words: vec!["oh no".into()],
            ..workers[1].clone()
        };
        let pid = Some(4012);
        workers.push(WorkerView { worker: place, pid, joined: 0.058, left: 2.3, ..WorkerView::default() });
    });
    sample
        .event(
            0.054,
            "died",
            "worker 2 died: killed by signal 9 (SIGKILL)",
            EventView { worker: Some(2), how: Some(KILLED.into()), ..EventView::default() },
        )
        .event(
            0.055,
            "queued",
            "map z: elements 851 to 900 are queued, attempt 2",
            EventView {
                stage: Some(0),
                first: Some(851),
                last: Some(900),
                attempt: Some(2),
                ..EventView::default()
            },
        )
        .counted()
        .set(|s| {
            let slow = Slowest { element: 1801, name: Some("TP53".into()), seconds: 2.0 };
            s.pass_figures(0).slowest =
                vec![slow, Slowest { element: 7, name: Some("EGFR".into()), seconds: 4e-4 }];
            s.doc.critical_path = CriticalPath { tasks: vec![0, 1, 2], seconds: Some(2.0) };
            s.doc.resources[0].life = Some(Life { from: 0.0, until: Some(2.3) });
            s.doc.resources[1].life = Some(Life { from: 0.01, until: None });
            s.figures().copy_seconds = 0.012;
        })
}

/// The diamond, before it runs: mu and s side by side, z of both, top folds z.
pub(super) fn diamond() -> Sample {
    Sample::new(4)
        .data("X", "registered", 153_600_000)
        .pass("mu", 5000, &["X"], 40_000)
        .pass("s", 5000, &["X"], 40_000)
        .pass("z", 5000, &["X", "mu", "s"], 160_000_000)
        .then("top")
        .gather("top")
        .gather("s")
        .set(|s| {
            s.doc.budget = Some(8_000_000_000);
            for (pass, seconds) in [0.9, 1.1, 2.0, 0.4].into_iter().enumerate() {
                s.doc.passes[pass].predicted_fun_seconds = Some(seconds);
            }
            s.doc.predicted_fun_seconds = Some(4.4);
            s.doc.critical_path = CriticalPath { tasks: vec![1, 2, 4], seconds: Some(0.004) };
        })
}

/// The diamond when it ran, in two seconds.
pub(super) fn diamond_run() -> Sample {
    let mut sample = diamond().run(1.2);
    for nth in 0..4u64 {
        let worker = nth as u32 + 1;
        let (first, last) = (1250 * nth + 1, 1250 * nth + 1250);
        sample = sample
            .piece(0, (first, last), (worker, 1), (0.0, 0.24), ("done", 0.97))
            .piece(1, (first, last), (worker, 1), (0.24, 0.52), ("done", 0.97))
            .piece(2, (first, last), (worker, 1), (0.53, 1.19), ("done", 0.97));
    }
    sample.counted()
}

/// A thousand passes, each of the one before and of 20 elements; the later the longer.
pub(super) fn thousand() -> Sample {
    let mut sample = Sample::new(8).data("X", "shared", 8_000).pass("p1", 20, &["X"], 160);
    for nth in 2..=1000 {
        let before = format!("p{}", nth - 1);
        sample = sample.pass(&format!("p{nth}"), 20, &[&before], 160);
    }
    sample.set(|s| {
        for pass in &mut s.doc.passes {
            pass.predicted_fun_seconds = Some(0.001 * f64::from(pass.id + 1));
        }
        s.doc.predicted_fun_seconds = Some(500.5);
        let tasks = s.doc.stages.iter().map(|stage| stage.task).collect();
        s.doc.critical_path = CriticalPath { tasks, seconds: Some(100.0) };
    })
}
