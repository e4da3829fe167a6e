//! `-v`, `--trace` and `--trace-ascii`: what crosses the wire, as curl shows it.
//!
//! Heads come here without credentials. Content is shown as it is, without its framing and codings.
//! Times of day are UTC, for std knows no other.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::args::Global;
use crate::output::Dump;
use crate::warn::{self, warn};

/// How much is shown of it, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Nothing.
    #[default]
    Silent,
    /// Sentences and heads, in lines that begin with `*`, `>` and `<`.
    Verbose,
    /// All bytes, those that are no text as dots.
    Ascii,
    /// All bytes, in hexadecimal too.
    Hex,
}

/// What there is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    Info(&'a str),
    SentHead(&'a [u8]),
    SentContent(&'a [u8]),
    Head(&'a [u8]),
    Content(&'a [u8]),
}

/// Where it is shown.
pub struct Log {
    manner: Manner,
    stamped: bool,
    /// `None` is standard error. Guards the order of what is written.
    file: Option<Mutex<Dump>>,
}

impl Log {
    /// The log, if one is wanted: in this file, on standard output (`-`) or standard error (`%`).
    pub fn open(global: Global, name: Option<&[u8]>) -> Option<Log> {
        let manner = Some(global.manner).filter(|&manner| manner != Manner::Silent)?;
        let name = name.filter(|&name| manner != Manner::Verbose && name != b"%");
        let file = match name.map(|name| Dump::open(name, false)).transpose() {
            Ok(file) => file.map(Mutex::new),
            Err(_) => {
                warn(global, "Failed to create/open output");
                return None;
            }
        };
        Some(Log { manner, stamped: global.trace_time, file })
    }

    /// Shows it. What cannot be written is no reason to stop.
    pub fn show(&self, part: Part<'_>) {
        let stamp = if self.stamped { stamp(SystemTime::now()) } else { String::new() };
        let text = render(self.manner, &stamp, part);
        match &self.file {
            None => warn::write(&text),
            Some(file) => {
                let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write(&text);
            }
        }
    }
}

fn render(manner: Manner, stamp: &str, part: Part<'_>) -> Vec<u8> {
    let lines = |head: &[u8], mark: &str| {
        let lines = head.split_inclusive(|&byte| byte == b'\n');
        let mut text = lines.flat_map(|line| [mark.as_bytes(), line].concat()).collect::<Vec<u8>>();
        if !text.ends_with(b"\n") && !head.is_empty() {
            text.push(b'\n');
        }
        text
    };
    let dump = |label: &str, bytes: &[u8]| {
        let title = format!("{}{}, {} bytes (0x{:x})\n", stamp, label, bytes.len(), bytes.len());
        [title.into_bytes(), dump(manner, bytes)].concat()
    };
    match (manner, part) {
        (Manner::Silent, _) => Vec::new(),
        (Manner::Verbose, Part::Info(text)) => format!("{}* {}\n", stamp, text).into_bytes(),
        (Manner::Verbose, Part::SentHead(head)) => lines(head, &format!("{}> ", stamp)),
        (Manner::Verbose, Part::Head(head)) => lines(head, &format!("{}< ", stamp)),
        (Manner::Verbose, Part::SentContent(_) | Part::Content(_)) => Vec::new(),
        (_, Part::Info(text)) => format!("{}== Info: {}\n", stamp, text).into_bytes(),
        (_, Part::SentHead(head)) => dump("=> Send header", head),
        (_, Part::SentContent(bytes)) => dump("=> Send data", bytes),
        (_, Part::Content(bytes)) => dump("<= Recv data", bytes),
        (_, Part::Head(head)) => {
            let lines = head.split_inclusive(|&byte| byte == b'\n');
            lines.flat_map(|line| dump("<= Recv header", line)).collect()
        }
    }
}

/// The bytes in rows that begin with their offset. In a text each line begins a row.
fn dump(manner: Manner, bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() * 4);
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (shown, used) = match manner {
            Manner::Hex => (&rest[..rest.len().min(HEX_WIDTH)], HEX_WIDTH),
            _ => row(rest),
        };
        text.extend(format!("{:04x}: ", at).bytes());
        if manner == Manner::Hex {
            text.extend(shown.iter().flat_map(|byte| format!("{:02x} ", byte).into_bytes()));
            text.resize(text.len() + 3 * (HEX_WIDTH - shown.len()), b' ');
        }
        text.extend(shown.iter().map(|byte| match byte {
            b' '..=b'~' => *byte,
            _ => b'.',
        }));
        text.push(b'\n');
        at += used;
    }
    text
}

/// The first row of a text, and how many bytes it takes with the end of its line.
fn row(text: &[u8]) -> (&[u8], usize) {
    let end = text.windows(2).take(ASCII_WIDTH + 1).position(|pair| pair == b"\r\n");
    match end {
        Some(end) => (&text[..end], end + 2),
        None => (&text[..text.len().min(ASCII_WIDTH)], ASCII_WIDTH),
    }
}

/// `08:49:37.000123 `
fn stamp(now: SystemTime) -> String {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let second = since.as_secs() % (24 * 60 * 60);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{:02}:{:02}:{:02}.{:06} ", hour, minute, second % 60, since.subsec_micros())
}

const HEX_WIDTH: usize = 16;
const ASCII_WIDTH: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(manner: Manner, stamp: &str, part: Part<'_>) -> String {
        String::from_utf8(render(manner, stamp, part)).expect("it is ASCII")
    }

    #[test]
    fn ok_verbose_lines() {
        let head = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        for (part, expected) in [
            (Part::Info("text"), "* text\n"),
            (Part::SentHead(b"GET / HTTP/1.1\r\n\r\n"), "> GET / HTTP/1.1\r\n> \r\n"),
            (Part::Head(head), "< HTTP/1.1 200 OK\r\n< A: b\r\n< \r\n"),
            (Part::Head(b"HTTP/1.1 200 OK"), "< HTTP/1.1 200 OK\n"),
            (Part::Content(b"x"), ""),
        ] {
            assert_eq!(text(Manner::Verbose, "", part), expected);
        }
        assert_eq!(text(Manner::Verbose, "T ", Part::Head(b"a\r\nb\r\n")), "T < a\r\nT < b\r\n");
    }

    #[test]
    fn ok_rows_of_text() {
        let head = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        let expected = "<= Recv header, 17 bytes (0x11)\n0000: HTTP/1.1 200 OK\n\
                        <= Recv header, 6 bytes (0x6)\n0000: A: b\n\
                        <= Recv header, 2 bytes (0x2)\n0000: \n";
        assert_eq!(text(Manner::Ascii, "", Part::Head(head)), expected);
        let expected = "=> Send header, 8 bytes (0x8)\n0000: a\n0003: b\n0006: \n";
        assert_eq!(text(Manner::Ascii, "", Part::SentHead(b"a\r\nb\r\n\r\n")), expected);
        let long = [&[b'x'; 64][..], b"\r\nhi\x00\n"].concat();
        let expected =
            format!("T => Send data, 70 bytes (0x46)\n0000: {}\n0042: hi..\n", "x".repeat(64));
        assert_eq!(text(Manner::Ascii, "T ", Part::SentContent(&long)), expected);
        let expected = format!("0000: {}\n0040: x\n", "x".repeat(64));
        assert_eq!(dump(Manner::Ascii, &[b'x'; 65]), expected.as_bytes());
        assert_eq!(text(Manner::Ascii, "T ", Part::Info("a")), "T == Info: a\n");
    }

    #[test]
    fn ok_rows_of_hexadecimal() {
        let expected = "<= Recv data, 18 bytes (0x12)\n\
                        0000: 61 0d 0a 62 78 78 78 78 78 78 78 78 78 78 78 78 a..bxxxxxxxxxxxx\n\
                        0010: 78 ff                                           x.\n";
        let bytes = b"a\r\nbxxxxxxxxxxxxx\xff";
        assert_eq!(text(Manner::Hex, "", Part::Content(bytes)), expected);
    }

    #[test]
    fn ok_the_time_of_day() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(784_111_777_000_123);
        assert_eq!(stamp(time), "08:49:37.000123 ");
    }
}
