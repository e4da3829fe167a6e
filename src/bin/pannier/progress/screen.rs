//! Standard error as a screen: rows at its end that are drawn again and again, and text that goes
//! above them.
//!
//! Whatever the program writes to standard error goes through here, so that a warning never stands
//! in the middle of a row. While nothing is drawn it is plain output. The terminal has to know three
//! sequences of ECMA-48: up, erase to the end of the line, erase to the end of the screen.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::data;

/// How many rows stand above the cursor now. Guards also the order of what is written.
static ROWS: Mutex<usize> = Mutex::new(0);

/// Does a bar stand in the line of the cursor? Changed only with `ROWS` locked.
static BAR: AtomicBool = AtomicBool::new(false);

/// What takes the place of standard error. Nothing else is locked inside.
static OTHER: Mutex<Option<Other>> = Mutex::new(None);

enum Other {
    Stdout,
    File(File),
}

/// What is written to standard error from now on goes into this file; `-` is standard output.
pub fn redirect(name: &[u8]) -> io::Result<()> {
    let other = match name {
        b"-" => Other::Stdout,
        name => Other::File(File::create(data::path(name))?),
    };
    *OTHER.lock().unwrap_or_else(PoisonError::into_inner) = Some(other);
    Ok(())
}

/// Does what is written go to a terminal?
pub fn is_terminal() -> bool {
    match &*OTHER.lock().unwrap_or_else(PoisonError::into_inner) {
        None => io::stderr().is_terminal(),
        Some(Other::Stdout) => io::stdout().is_terminal(),
        Some(Other::File(file)) => file.is_terminal(),
    }
}

/// Text, as it is. Standard error may be closed or full; that never stops a transfer.
pub fn write(bytes: &[u8]) {
    let mut rows = rows();
    let mut text = erasure(&mut rows);
    text.extend(bytes);
    put(&text);
}

/// A bar, in place of the one in the line of the cursor. It may have the end of the line with it.
pub fn draw_bar(text: &str) {
    let _rows = rows();
    if !text.is_empty() {
        BAR.store(!text.ends_with('\n'), Ordering::Relaxed);
        put(text.as_bytes());
    }
}

/// These rows, in place of those that were drawn last.
pub fn draw(lines: &[String]) {
    let mut rows = rows();
    let mut text = up(*rows);
    for line in lines {
        text.push_str(line);
        text.push_str("\x1b[K\n");
    }
    if lines.len() < *rows {
        text.push_str("\x1b[J");
    }
    *rows = lines.len();
    put(text.as_bytes());
}

/// No rows any more.
pub fn erase() {
    put(&erasure(&mut rows()));
}

/// Are there rows?
pub fn is_drawn() -> bool {
    *rows() > 0
}

/// Can a terminal that is named so be drawn on?
pub fn can_draw() -> bool {
    env::var_os("TERM").map_or(true, |name| name != "dumb")
}

/// Columns that a row may fill, and how many rows there may be. std cannot ask the terminal; a shell
/// knows, and tells if it was asked to export what it knows.
pub fn size() -> (usize, usize) {
    let number = |name, usual: usize| {
        let value = env::var(name).ok().and_then(|value| value.parse().ok());
        value.filter(|&value| value > 0).unwrap_or(usual)
    };
    // A row that fills the last column wraps on some terminals.
    (number("COLUMNS", 80).saturating_sub(1), number("LINES", 24).saturating_sub(1))
}

fn erasure(rows: &mut usize) -> Vec<u8> {
    if BAR.swap(false, Ordering::Relaxed) {
        return b"\n".to_vec();
    }
    match std::mem::take(rows) {
        0 => Vec::new(),
        drawn => (up(drawn) + "\x1b[J").into_bytes(),
    }
}

fn up(rows: usize) -> String {
    match rows {
        0 => String::new(),
        rows => format!("\x1b[{}A\r", rows),
    }
}

fn put(bytes: &[u8]) {
    let _ = match &mut *OTHER.lock().unwrap_or_else(PoisonError::into_inner) {
        None => io::stderr().lock().write_all(bytes),
        Some(Other::Stdout) => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(bytes).and_then(|()| stdout.flush())
        }
        Some(Other::File(file)) => file.write_all(bytes),
    };
}

fn rows() -> MutexGuard<'static, usize> {
    ROWS.lock().unwrap_or_else(PoisonError::into_inner)
}
