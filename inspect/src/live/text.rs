//! Runs that go on, in lines of text. The same for a terminal and for a file.
use super::run::{LiveChunk, LiveRun, LiveStage, LiveWorker};
use crate::harmless::printable;
use crate::table::{cut, Align, Table};
use crate::words;

/// A line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its text.
    pub text: String,
    /// Whether it is a head.
    pub strong: bool,
}

/// Cells of a progress bar.
const BAR: usize = 20;

/// All runs, in lines of at most `width` columns.
pub fn lines(runs: &[LiveRun], width: usize) -> Vec<Line> {
    if runs.is_empty() {
        return vec![Line { text: "No run goes on.".into(), strong: false }];
    }
    let mut lines = Vec::new();
    for run in runs {
        if !lines.is_empty() {
            lines.push(Line { text: String::new(), strong: false });
        }
        let plain = |text: String| Line { text: cut(&text, width), strong: false };
        lines.push(Line { strong: true, ..plain(head(run)) });
        lines.push(plain(progress(run)));
        lines.extend(stages(&run.stages).lines(width, "  ").into_iter().map(plain));
        lines.extend(workers(run).lines(width, "  ").into_iter().map(plain));
        let empty = run.workers.iter().filter(|worker| is_empty(worker)).count();
        if empty > 0 {
            let places = words::count(empty as u64, "place");
            lines.push(plain(format!("  {places} without a worker")));
        }
    }
    lines
}

fn head(run: &LiveRun) -> String {
    let LiveRun { title, state, pid, command, seconds, .. } = run;
    let (title, command) = (printable(title), printable(command));
    format!("{title}: {state} for {}, pid {pid} ({command})", words::duration(*seconds))
}

fn progress(run: &LiveRun) -> String {
    let LiveRun { done, elements, rate, left, live_bytes, peak_bytes, .. } = run;
    let part = if *elements == 0 { 1.0 } else { *done as f64 / *elements as f64 };
    let full = ((part * BAR as f64) as usize).min(BAR);
    let bar = "#".repeat(full) + &".".repeat(BAR - full);
    let elements = format!("{} of {}", words::number(*done), words::count(*elements, "element"));
    let rate = rate.map_or("no rate yet".into(), |rate| format!("{}/s", words::rate(rate)));
    let left = left.map_or(String::new(), |left| format!(", {} left", words::duration(left)));
    let memory = format!("live {}, peak {}", words::bytes(*live_bytes), words::bytes(*peak_bytes));
    format!("  [{bar}] {:.0} %, {elements}, {rate}{left}; {memory}", (100.0 * part).floor())
}

fn stages(stages: &[LiveStage]) -> Table {
    let mut table = Table::new(&[
        ("passes", Align::Left),
        ("done", Align::Right),
        ("elements", Align::Right),
        ("state", Align::Left),
    ]);
    for LiveStage { passes, elements, done, state, waits_for, .. } in stages {
        let state = match (*state, waits_for.as_slice()) {
            ("waiting", []) => "waiting for memory".to_owned(),
            ("waiting", passes) => format!("waiting for {}", passes.join(", ")),
            (state, _) => state.to_owned(),
        };
        table.row([passes.join(" + "), words::number(*done), words::number(*elements), state]);
    }
    table
}

fn is_empty(worker: &LiveWorker) -> bool {
    worker.pid.is_none()
}

fn workers(run: &LiveRun) -> Table {
    let mut table = Table::new(&[
        ("worker", Align::Right),
        ("pid", Align::Right),
        ("state", Align::Left),
        ("for", Align::Right),
        ("busy", Align::Right),
        ("at", Align::Left),
    ]);
    for worker in run.workers.iter().filter(|worker| !is_empty(worker)) {
        let LiveWorker { worker, pid, state, seconds, busy, chunk } = worker;
        table.row([
            worker.to_string(),
            pid.map(|pid| pid.to_string()).unwrap_or_default(),
            (*state).to_owned(),
            seconds.map(words::duration).unwrap_or_default(),
            busy.map(|busy| format!("{:.0} %", 100.0 * busy)).unwrap_or_default(),
            chunk.as_ref().map(|chunk| at(chunk, &run.stages)).unwrap_or_default(),
        ]);
    }
    table
}

/// `z, element 17 of 15-18, attempt 2`; between elements `elements 15-18 of mu + sd`.
fn at(chunk: &LiveChunk, stages: &[LiveStage]) -> String {
    let LiveChunk { stage, first, last, attempt, pass, element } = chunk;
    let range = format!("{}-{}", words::number(*first), words::number(*last));
    let place = match (pass, element) {
        (Some(pass), Some(element)) if first == last => {
            format!("{pass}, element {}", words::number(*element))
        }
        (Some(pass), Some(element)) => format!("{pass}, element {} of {range}", words::number(*element)),
        _ => {
            let passes =
                stages.get(*stage as usize).map(|stage| stage.passes.join(" + ")).unwrap_or_default();
            let elements =
                if first == last { format!("element {first}") } else { format!("elements {range}") };
            format!("{elements} of {passes}")
        }
    };
    if *attempt > 1 {
        format!("{place}, attempt {attempt}")
    } else {
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> LiveRun {
        let stage =
            |id: u32, passes: &[&str], done: u64, state: &'static str, waits_for: &[&str]| LiveStage {
                id,
                passes: passes.iter().map(|&name| name.into()).collect(),
                elements: 2_000,
                done,
                state,
                waits_for: waits_for.iter().map(|&name| name.into()).collect(),
            };
        let absent =
            LiveWorker { worker: 3, pid: None, state: "absent", seconds: None, busy: None, chunk: None };
        let at = |pass: Option<&str>, element: Option<u64>| {
            let pass = pass.map(str::to_owned);
            Some(LiveChunk { stage: 1, first: 1_015, last: 1_018, attempt: 2, pass, element })
        };
        LiveRun {
            session: "00ff".into(),
            pid: 4_242,
            command: "R --no-save".into(),
            title: "z\u{1b}[2J".into(),
            state: "running",
            seconds: 12.34,
            elements: 6_000,
            done: 5_000,
            rate: Some(405.186),
            left: Some(2.468),
            live_bytes: 1_234_567,
            peak_bytes: 2_000_000,
            stages: vec![
                stage(0, &["mu", "sd"], 2_000, "through", &[]),
                stage(1, &["z"], 1_000, "open", &[]),
                stage(2, &["top"], 0, "waiting", &["z"]),
                stage(3, &["all"], 0, "waiting", &[]),
            ],
            workers: vec![
                LiveWorker {
                    worker: 1,
                    pid: Some(71),
                    state: "running",
                    seconds: Some(3.0),
                    busy: Some(0.934),
                    chunk: at(Some("z"), Some(1_017)),
                },
                LiveWorker {
                    worker: 2,
                    pid: Some(172),
                    chunk: at(None, None),
                    state: "writing",
                    ..absent.clone()
                },
                absent,
            ],
        }
    }

    #[test]
    fn a_run_reads_like_this() {
        let text: Vec<String> = lines(&[run()], 200).into_iter().map(|line| line.text).collect();
        assert_eq!(
            text,
            [
                "z\u{fffd}[2J: running for 12 s, pid 4242 (R --no-save)",
                "  [################....] 83 %, 5,000 of 6,000 elements, 405/s, 2.5 s left; live 1.2 MB, peak 2.0 MB",
                "  passes    done  elements  state",
                "  mu + sd  2,000     2,000  through",
                "  z        1,000     2,000  open",
                "  top          0     2,000  waiting for z",
                "  all          0     2,000  waiting for memory",
                "  worker  pid  state      for  busy  at",
                "       1   71  running  3.0 s  93 %  z, element 1,017 of 1,015-1,018, attempt 2",
                "       2  172  writing               elements 1,015-1,018 of z, attempt 2",
                "  1 place without a worker",
            ]
        );
    }

    #[test]
    fn lines_are_as_wide_as_the_terminal_at_most() {
        use unicode_width::UnicodeWidthStr;
        let lines = lines(&[run(), run()], 40);
        assert!(lines.iter().all(|line| line.text.width() <= 40));
        assert_eq!(lines.iter().filter(|line| line.strong).count(), 2);
    }

    #[test]
    fn a_run_without_elements_is_all_done_and_one_without_progress_has_no_rate() {
        let none = LiveRun { elements: 0, done: 0, rate: None, left: None, ..run() };
        assert!(
            progress(&none).starts_with("  [####################] 100 %, 0 of 0 elements, no rate yet; live")
        );
        let almost = LiveRun { elements: 1_000_000, done: 999_999, ..run() };
        assert!(progress(&almost).contains("...") || progress(&almost).contains("] 99 %"), "not 100 % yet");
    }

    #[test]
    fn nothing_goes_on() {
        assert_eq!(lines(&[], 80)[0].text, "No run goes on.");
    }
}
