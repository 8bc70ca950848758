use super::*;
use crate::os::per_process::tests::in_forked_child;
use crate::os::Exit;

/// The subscriber is the process's: tests that set it take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn log_for(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("memshare-trace-{name}-{}.log", std::process::id()))
}

fn at(filter: &str, format: Format) -> Setting {
    Setting { filter: filter.to_owned(), format }
}

/// What `say` writes under a setting. The target keeps out what other tests log meanwhile.
fn logged(name: &str, settings: &[Option<Setting>], say: impl Fn(usize)) -> Vec<String> {
    let _turn = turn();
    let path = log_for(name);
    for (nth, setting) in settings.iter().enumerate() {
        assert!(set(setting.as_ref(), Some(&path)).unwrap());
        say(nth);
    }
    set(None, None).unwrap();
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(&path);
    text.lines().map(str::to_owned).collect()
}

/// A line without its time.
fn timeless(line: &str) -> String {
    let time = parse(line).expect(line).time;
    line.replacen(time, "T", 1)
}

#[test]
fn a_filter_that_does_not_parse_is_an_error_in_words_and_changes_nothing() {
    let _turn = turn();
    let refusal = set(Some(&at("scheduler=loud=very", Format::Text)), None).unwrap_err();
    assert_eq!(refusal.kind(), "input");
    assert!(refusal.to_string().contains("scheduler=loud=very"), "{refusal}");
    assert_eq!(setting(), None);
}

#[test]
fn a_forked_child_logs_nothing_and_waits_for_no_lock_of_its_parent() {
    let lines = logged("forked", &[Some(at("t_forked=info", Format::Text))], |_| {
        let held = state();
        let end = in_forked_child(|| {
            let other = at("t_forked=debug", Format::Text);
            let refused = setting().is_none() && matches!(set(Some(&other), None), Ok(false));
            tracing::info!(target: "t_forked", "from the child");
            refused
        });
        drop(held);
        assert_eq!(end, Exit::Code(0));
        tracing::info!(target: "t_forked", "from the parent");
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("from the parent"), "{lines:?}");
}

#[test]
fn a_log_that_is_taken_back_is_closed() {
    let _turn = turn();
    let path = log_for("closed");
    let is_open = || {
        let open = std::fs::read_dir("/proc/self/fd").unwrap();
        open.flatten().any(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == path))
    };
    set(Some(&at("info", Format::Text)), Some(&path)).unwrap();
    assert!(is_open());
    set(None, None).unwrap();
    assert!(!is_open());
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn text_has_level_room_message_and_fields() {
    let lines = logged("text", &[Some(at("t_text=info", Format::Text))], |_| {
        tracing::info!(target: "t_text", answer = 42, share = 0.5, name = "gene 3", empty = "", yes = true, "seen\nand read");
        tracing::debug!(target: "t_text", "not seen");
        tracing::error!(target: "t_other", "not seen");
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(
        timeless(&lines[0]),
        "T  INFO t_text: seen and read answer=42 share=0.5 name=\"gene 3\" empty=\"\" yes=true"
    );
}

#[test]
fn json_is_an_object_a_line() {
    let lines = logged("json", &[Some(at("t_json=warn", Format::Json))], |_| {
        tracing::warn!(target: "t_json", n = 3u64, x = f64::INFINITY, path = ?std::path::Path::new("a\"b"), "two\nlines\t\\");
    });
    assert_eq!(
        timeless(&lines[0]),
        r#"{"timestamp":"T","level":"WARN","target":"t_json","message":"two\nlines\u0009\\","n":3,"x":"inf","path":"\"a\\\"b\""}"#
    );
}

#[test]
fn json_lines_are_read_by_others() {
    let words = "quotes \" and \\ and \u{7f} and \u{1}, \u{e9} and \u{1f9ea}";
    let lines = logged("others", &[Some(at("t_others=info", Format::Json))], |_| {
        tracing::info!(target: "t_others", words, share = 0.25, count = -3i64, yes = true, "said {words}");
    });
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(
        (line["words"].as_str(), line["message"].as_str()),
        (Some(words), Some(&*format!("said {words}")))
    );
    assert_eq!(
        (line["share"].as_f64(), line["count"].as_i64(), line["yes"].as_bool()),
        (Some(0.25), Some(-3), Some(true))
    );
    assert!(seconds(line["timestamp"].as_str().unwrap()).unwrap() > 1.7e9);
}

#[test]
fn filter_and_format_change_in_the_middle_and_off_is_off() {
    let settings = [
        Some(at("t_turn=info", Format::Text)),
        Some(at("t_turn=debug", Format::Json)),
        None,
        Some(at("t_turn=warn", Format::Text)),
    ];
    let lines = logged("turn", &settings, |nth| {
        tracing::warn!(target: "t_turn", nth, "loud");
        tracing::debug!(target: "t_turn", nth, "quiet");
        assert_eq!(tracing::enabled!(target: "t_turn", tracing::Level::WARN), nth != 2);
    });
    let lines: Vec<_> = lines.iter().map(|line| timeless(line)).collect();
    assert_eq!(
        lines,
        [
            "T  WARN t_turn: loud nth=0",
            r#"{"timestamp":"T","level":"WARN","target":"t_turn","message":"loud","nth":1}"#,
            r#"{"timestamp":"T","level":"DEBUG","target":"t_turn","message":"quiet","nth":1}"#,
            "T  WARN t_turn: loud nth=3",
        ]
    );
}

#[test]
fn what_is_said_within_a_run_has_its_number_whatever_the_filter() {
    let lines = logged("span", &[Some(at("t_span=warn", Format::Text))], |_| {
        let run = tracing::error_span!(target: RUN, "run", run = 7u64);
        run.in_scope(|| tracing::warn!(target: "t_span", worker = 2, "died"));
        tracing::warn!(target: "t_span", "outside");
    });
    let lines: Vec<_> = lines.iter().map(|line| timeless(line)).collect();
    assert_eq!(lines, ["T  WARN t_span: died run=7 worker=2", "T  WARN t_span: outside"]);
    let said = parse("2026-11-25T01:36:52.000001Z  WARN a::b: died run=7 worker=2").unwrap();
    assert_eq!((said.level, said.room, said.run), ("WARN", "a::b", Some(7)));
}

#[test]
fn what_fun_printed_is_not_taken_for_ours() {
    for line in [
        "",
        "2026",
        "INFO all is well",
        "{\"level\":\"INFO\"}",
        "x WARN y: z",
        "2026-11-25T01:36:52.000001Z LOUD x: y",
    ] {
        assert_eq!(parse(line), None, "{line}");
    }
    let json = r#"{"timestamp":"2026-11-25T01:36:52.000001Z","level":"INFO","target":"a::b","message":"m","run":12}"#;
    let said = parse(json).unwrap();
    assert_eq!((said.format, said.level, said.room, said.run), (Format::Json, "INFO", "a::b", Some(12)));
}
