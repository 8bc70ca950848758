//! A line of a log read back. In a worker's log our lines stand among what FUN printed, which can be anything.

use super::format::Format;

/// What one of our lines says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// How it is written.
    pub format: Format,
    /// When, as it is written.
    pub time: &'a str,
    /// How grave it is: `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: &'a str,
    /// The room that it comes from.
    pub room: &'a str,
    /// The run that it is about.
    pub run: Option<u64>,
}

const LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

/// Reads a line; `None` of one that is not ours.
pub fn parse(line: &str) -> Option<Said<'_>> {
    let (format, time, level, room) = if line.starts_with('{') {
        (
            Format::Json,
            after(line, "{\"timestamp\":\"")?,
            after(line, "\"level\":\"")?,
            after(line, "\"target\":\"")?,
        )
    } else {
        let (time, rest) = line.split_once(' ')?;
        let (level, rest) = rest.trim_start().split_once(' ')?;
        (
            Format::Text,
            time,
            level,
            rest.split_once(": ").map_or(rest, |(room, _)| room).trim_end_matches(':'),
        )
    };
    let is_time = time.len() > 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T';
    if !is_time || !LEVELS.contains(&level) {
        return None;
    }
    let number = match format {
        Format::Text => line.split_once(" run=").map(|(_, rest)| rest),
        Format::Json => line.split_once("\"run\":").map(|(_, rest)| rest),
    };
    let run = number.and_then(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    });
    Some(Said { format, time, level, room, run })
}

/// What stands between a key and the next quotation mark.
fn after<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_once(key)?.1.split_once('"').map(|(value, _)| value)
}

/// A time as lines have it, `2026-11-25T01:36:52.000001Z`, in seconds since 1970.
pub fn seconds(time: &str) -> Option<f64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute) = (number(11, 13)?, number(14, 16)?);
    let second: f64 = time.get(17..)?.strip_suffix('Z')?.parse().ok()?;
    // Years begin in March here, so that the leap day is the last of one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60) as f64 + second)
}
