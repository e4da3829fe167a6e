//! Standard error as a screen: rows at its end that are drawn again and again, and text that goes
//! above them.
//!
//! Whatever the program writes to standard error goes through here, so that a warning never stands
//! in the middle of a row. While nothing is drawn it is plain output. The terminal has to know three
//! sequences of ECMA-48: up, erase to the end of the line, erase to the end of the screen.

use std::env;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many rows stand above the cursor now. Guards also the order of what is written.
static ROWS: Mutex<usize> = Mutex::new(0);

/// Text, as it is. Standard error may be closed or full; that never stops a transfer.
pub fn write(bytes: &[u8]) {
    let mut rows = rows();
    let mut text = erasure(&mut rows);
    text.extend(bytes);
    put(&text);
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
    let _ = io::stderr().lock().write_all(bytes);
}

fn rows() -> MutexGuard<'static, usize> {
    ROWS.lock().unwrap_or_else(PoisonError::into_inner)
}
