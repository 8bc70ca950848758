//! The terminal: a screen of its own, drawn anew at each look, given back as it was however the looking ends.
use std::io::{self, stdout, Write};
use std::time::{Duration, Instant};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::style::{Attribute, Print, SetAttribute};
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use crossterm::{execute, queue};

use crate::output::{self, Failure};
use inspect::live::Line;

/// Draws what `look` gives, every `interval` and when the terminal's size changes, until q, Escape or Ctrl-C.
pub(super) fn watch(
    interval: Duration,
    look: impl Fn(usize) -> Result<Vec<Line>, Failure>,
) -> Result<(), Failure> {
    let screen = Screen::open().map_err(|e| format!("this terminal cannot be drawn on: {e}"))?;
    loop {
        let (columns, rows) = output::size();
        screen.draw(&look(columns)?, rows)?;
        let until = Instant::now() + interval;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if !event::poll(left)? {
                break;
            }
            match event::read()? {
                Event::Key(key) if leaves(&key) => return Ok(()),
                Event::Resize(..) => break,
                _ => {}
            }
        }
    }
}

fn leaves(key: &KeyEvent) -> bool {
    let interrupt = key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c');
    let quits = matches!(key.code, KeyCode::Char('q' | 'Q') | KeyCode::Esc);
    key.kind != KeyEventKind::Release && (interrupt || quits)
}

/// The terminal, taken over. Dropping it gives the terminal back.
struct Screen;

impl Screen {
    fn open() -> io::Result<Screen> {
        terminal::enable_raw_mode()?;
        let screen = Screen; // from here on it is given back
        execute!(stdout(), EnterAlternateScreen, Hide)?;
        Ok(screen)
    }

    /// As many lines as fit; the last row says how to leave, and how much does not fit.
    fn draw(&self, lines: &[Line], rows: usize) -> io::Result<()> {
        let mut out = stdout().lock();
        queue!(out, BeginSynchronizedUpdate, MoveTo(0, 0))?;
        let room = rows.saturating_sub(1);
        for line in lines.iter().take(room) {
            let strength = if line.strong { Attribute::Bold } else { Attribute::Reset };
            queue!(out, SetAttribute(strength), Print(&line.text), SetAttribute(Attribute::Reset))?;
            queue!(out, Clear(ClearType::UntilNewLine), Print("\r\n"))?;
        }
        let hidden = lines.len().saturating_sub(room);
        let more =
            if hidden > 0 { format!(", {hidden} more lines in a taller window") } else { String::new() };
        queue!(out, Clear(ClearType::FromCursorDown), Print(format!("q leaves{more}")))?;
        queue!(out, EndSynchronizedUpdate)?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is nobody to tell if the terminal is gone.
        let _ = execute!(stdout(), LeaveAlternateScreen, Show);
        let _ = terminal::disable_raw_mode();
    }
}
