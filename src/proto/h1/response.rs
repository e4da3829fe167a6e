//! Response heads (RFC 9112 §4): a status line, then a field section.
//!
//! Strict where a lenient reading could be used against someone: the version by its bytes, the
//! status by three digits, single spaces. What is no HTTP/1 response is refused at its first wrong
//! byte, so that another protocol's greeting is not waited out.
//!
//! What comes again of the head before is not read again, and neither is what that says about the
//! connection ([`Repeated`]).

use crate::http::token::is_field_byte;
use crate::http::{Headers, StatusCode, Version};
use crate::proto::{Limits, ResponseHead};

use super::fields::{line_end, FieldSection};
use super::framing::Control;
use super::repeated::Repeated;
use super::{Error, Leniency};

/// An incremental parser of one response head.
///
/// ```
/// use pannier::proto::{h1::{HeadParser, Leniency}, Limits};
///
/// let wire = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nbody";
/// let mut parser = HeadParser::new(Limits::default(), Leniency::default());
/// assert!(parser.parse(&wire[..20])?.is_none());
/// let (used, head) = parser.parse(wire)?.unwrap();
/// assert_eq!(&wire[used..], b"body");
/// assert_eq!(head.headers().get("server"), Some("x"));
/// # Ok::<(), pannier::proto::h1::Error>(())
/// ```
#[derive(Debug)]
pub struct HeadParser {
    limits: Limits,
    leniency: Leniency,
    section: FieldSection,
    state: State,
    before: Repeated,
    /// What the last head says about its connection, once somebody has asked.
    control: Option<Control>,
}

#[derive(Debug)]
enum State {
    /// The status line begins at `start`; its end was looked for up to `searched` in vain.
    StatusLine { start: usize, searched: usize },
    /// In the field section.
    Fields(StatusLine),
    /// After the empty line, at this offset.
    Complete(StatusLine, usize),
    /// The same, and the head is the one before.
    Repeated(StatusLine, usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct StatusLine {
    pub(super) version: Version,
    pub(super) status: StatusCode,
    pub(super) reason: (u32, u32),
}

impl HeadParser {
    /// A parser at the beginning of a head.
    pub fn new(limits: Limits, leniency: Leniency) -> HeadParser {
        HeadParser {
            limits,
            leniency,
            section: FieldSection::new(),
            state: State::BEGIN,
            before: Repeated::default(),
            control: None,
        }
    }

    /// Has nothing of a head been seen yet?
    pub fn is_at_start(&self) -> bool {
        matches!(self.state, State::StatusLine { searched: 0, .. })
    }

    /// Reads on. `input` holds all bytes from the beginning of the head, those of earlier calls
    /// included. Returns the head and its length, or `None` for more input.
    ///
    /// # Errors
    /// The first rule that the head breaks. The parser is of no use afterwards.
    pub fn parse(&mut self, input: &[u8]) -> Result<Option<(usize, ResponseHead)>, Error> {
        let end = self.scan(input)?;
        Ok(end.and_then(|end| Some((end, self.take(input)?))))
    }

    /// Reads on without making anything of it: only the length of the head is returned, once it is
    /// complete and every line of it has been found valid. Allocates nothing if the parser has read
    /// as many fields before.
    ///
    /// # Errors
    /// As for [`parse`](HeadParser::parse).
    pub fn scan(&mut self, input: &[u8]) -> Result<Option<usize>, Error> {
        let limit = self.limits.head_bytes.min(LONGEST);
        match self.scan_within(&input[..input.len().min(limit)])? {
            None if input.len() > limit => Err(Error::HeadTooLong(limit)),
            found => Ok(found),
        }
    }

    /// Forgets what was read, and is at the beginning of another head.
    pub fn reset(&mut self) {
        self.state = State::BEGIN;
    }

    /// What the fields say about the connection: `headers` are those that were read last.
    pub(super) fn control(&mut self, headers: &Headers) -> &Control {
        let leniency = self.leniency;
        self.control.get_or_insert_with(|| Control::read(headers, leniency))
    }

    fn scan_within(&mut self, input: &[u8]) -> Result<Option<usize>, Error> {
        let status_line = match self.state {
            State::StatusLine { start, searched } => {
                match self.scan_beginning(input, start, searched)? {
                    Some(status_line) => status_line,
                    None => return Ok(self.end()),
                }
            }
            State::Fields(status_line) => status_line,
            State::Complete(..) | State::Repeated(..) => return Ok(self.end()),
        };
        let most = self.limits.head_lines;
        let end = self.section.parse(input, &self.before, most, self.leniency)?;
        self.state = match end {
            Some(end) => State::Complete(status_line, end),
            None => State::Fields(status_line),
        };
        Ok(end)
    }

    /// The length of the head, if all of it was read.
    fn end(&self) -> Option<usize> {
        match self.state {
            State::Complete(_, end) | State::Repeated(_, end) => Some(end),
            _ => None,
        }
    }

    /// Reads the status line and returns it, unless there is no more to read: the whole head comes
    /// again, or the line is unfinished.
    #[inline]
    fn scan_beginning(
        &mut self,
        input: &[u8],
        mut start: usize,
        searched: usize,
    ) -> Result<Option<StatusLine>, Error> {
        if searched > start + SHORTEST && !input[searched..].contains(&b'\n') {
            self.state = State::StatusLine { start, searched: input.len() };
            return Ok(None);
        }
        if let Some((status_line, end)) = self.before.head(input) {
            self.state = State::Repeated(status_line, end);
            return Ok(None);
        }
        let mut found = self.before.status_line(input);
        if found.is_none() {
            if self.leniency.leading_empty_lines {
                start = skip_empty_lines(input, start);
            }
            found = status_line(input, start, self.leniency)?;
        }
        match found {
            Some((_, end)) => self.section.begin(end, self.before.len()),
            None => self.state = State::StatusLine { start, searched: input.len() },
        }
        Ok(found.map(|(status_line, _)| status_line))
    }

    /// The head that was read to its end, and back to the beginning.
    fn take(&mut self, input: &[u8]) -> Option<ResponseHead> {
        let (status_line, headers) = match std::mem::replace(&mut self.state, State::BEGIN) {
            State::Complete(status_line, end) => {
                let headers = self.section.take(&input[..end]);
                self.before.remember(status_line, &headers, self.section.unfolded_end());
                self.control = None;
                (status_line, headers)
            }
            State::Repeated(status_line, _) => (status_line, self.before.headers()),
            _ => return None,
        };
        let StatusLine { version, status, reason } = status_line;
        Some(ResponseHead::new(version, status, reason, headers))
    }
}

impl State {
    const BEGIN: State = State::StatusLine { start: 0, searched: 0 };
}

fn skip_empty_lines(input: &[u8], start: usize) -> usize {
    let is_text = |byte: &u8| !matches!(byte, b'\r' | b'\n');
    input[start..].iter().position(is_text).map_or(input.len(), |skipped| start + skipped)
}

/// `status-line = HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 §4).
fn status_line(
    input: &[u8],
    start: usize,
    leniency: Leniency,
) -> Result<Option<(StatusLine, usize)>, Error> {
    let line = &input[start..];
    if !line.starts_with(PREFIX) && !PREFIX.starts_with(line) {
        return Err(wrong_prefix(line));
    }
    let version = match line.get(PREFIX.len()) {
        Some(&minor) => version(minor).ok_or(Error::Version)?,
        None => return Ok(None),
    };
    let code = match line[PREFIX.len() + 1..] {
        [b' ', a, b, c, _, ..] => [a, b, c],
        _ if line.len() > SHORTEST => return Err(Error::StatusLine),
        _ => return short_status_line(line),
    };
    let status = status_code(code).ok_or(Error::StatusLine)?;
    let reason = match line[12] {
        b' ' => 13,
        b'\r' | b'\n' if leniency.missing_reason => 12,
        _ => return Err(Error::StatusLine),
    };
    // Most reasons are two letters. A loop over bytes also lets the fields be read before it has ended.
    let length = line[reason..].iter().position(|&byte| !is_field_byte(byte));
    let reason_end = length.map_or(line.len(), |length| reason + length);
    let next = match line_end(line, reason_end, leniency)? {
        Some(next) => start + next,
        None => return Ok(None),
    };
    let reason = ((start + reason) as u32, (start + reason_end) as u32);
    Ok(Some((StatusLine { version, status, reason }, next)))
}

/// What has come of a status line is no longer than its code: refuse it, or wait for more.
fn short_status_line<T>(line: &[u8]) -> Result<Option<T>, Error> {
    let matches = |(index, &byte): (usize, &u8)| match index {
        9..=11 => byte.is_ascii_digit(),
        8 => byte == b' ',
        _ => true,
    };
    match line.iter().enumerate().all(matches) {
        true => Ok(None),
        false => Err(Error::StatusLine),
    }
}

/// Another version of HTTP, or no HTTP at all?
fn wrong_prefix(line: &[u8]) -> Error {
    match line.starts_with(b"HTTP/") {
        true => Error::Version,
        false => Error::StatusLine,
    }
}

/// RFC 9110 §2.5: a higher minor version is read as the highest that one knows.
fn version(minor: u8) -> Option<Version> {
    match minor {
        b'0' => Some(Version::Http10),
        b'1'..=b'9' => Some(Version::Http11),
        _ => None,
    }
}

fn status_code(digits: [u8; 3]) -> Option<StatusCode> {
    let code = crate::http::token::decimal(&digits)?;
    StatusCode::new(code as u16)
}

const PREFIX: &[u8] = b"HTTP/1.";

/// What the offsets of fields, which have 32 bits, reach in any case.
pub(super) const LONGEST: usize = 1 << 30;

/// The length of a status line up to its code.
const SHORTEST: usize = "HTTP/1.1 200".len();
