//! Content line by line, each as soon as its end has come.
//!
//! A line ends with LF, CRLF or CR, as the HTML standard has it for event streams (§9.2.5) and as all
//! other line-based formats are content with. A CR ends its line at once: whether a LF follows is seen
//! when the next line is wanted, so that nobody waits for it.

use std::fmt;
use std::io::{self, Read};

use crate::error::{Error, ErrorKind, Result};
use crate::event::Phase;
use crate::proto::buffer::Buffer;

use super::response::Response;

/// The lines of a [`Response`], or of any other reader, each as soon as it has come, without their ends:
/// LF, CRLF or CR. What is not UTF-8 is replaced by U+FFFD; a byte order mark at the beginning is no part
/// of the first line.
///
/// ```
/// use pannier::net::Script;
/// use pannier::Client;
///
/// let script = Script::new()
///     .expect_until("\r\n\r\n")
///     .reply("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"n\": 1}\r\n")
///     .reply("{\"n\": 2}\r\n");
/// let client = Client::builder().connector(script.repeated()).build();
///
/// for line in client.get("http://example.com/log").send()?.lines() {
///     assert!(line?.starts_with("{\"n\": "));
/// }
/// # Ok::<(), pannier::Error>(())
/// ```
///
/// Reading waits as long as the response does: [`Timeouts::read`](crate::Timeouts::read) bounds how
/// long nothing may come. After an error there is nothing more. Dropping it drops the reader.
pub struct Lines<R = Response> {
    reader: R,
    buffer: Buffer,
    /// How much of what is unread has no line end in it.
    searched: usize,
    before: Before,
    longest: usize,
    over: bool,
}

/// What came before the bytes that are unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing: a byte order mark may come.
    Nothing,
    /// A CR that has ended its line: a LF may belong to it.
    Cr,
    Anything,
}

/// A line, and whether something has ended it.
pub(super) struct Line {
    pub(super) text: String,
    pub(super) ended: bool,
}

impl<R: Read> Lines<R> {
    /// The lines of what `reader` gives.
    pub fn new(reader: R) -> Lines<R> {
        Lines {
            reader,
            buffer: Buffer::new(),
            searched: 0,
            before: Before::Nothing,
            longest: LONGEST,
            over: false,
        }
    }

    /// How many bytes a line may have; a longer one is an error. Default 1 MiB.
    #[must_use]
    pub fn max_length(mut self, bytes: usize) -> Lines<R> {
        self.longest = bytes;
        self
    }

    /// The next line; `None` at the end.
    pub(super) fn read_line(&mut self) -> Result<Option<Line>> {
        while !self.over {
            if let Some(line) = self.buffered_line()? {
                return Ok(Some(line));
            }
            if self.fill()? == 0 {
                self.over = true;
                let text = self.take(self.buffer.unread().len());
                return Ok(Some(Line { text, ended: false }).filter(|line| !line.text.is_empty()));
            }
        }
        Ok(None)
    }

    fn buffered_line(&mut self) -> Result<Option<Line>> {
        if !self.skip_what_goes_before() {
            return Ok(None);
        }
        let unread = self.buffer.unread();
        let end = unread[self.searched..].iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let length = end.map_or(unread.len(), |end| self.searched + end);
        let ended_by = unread.get(length).copied();
        if length > self.longest {
            return Err(self.too_long("a line", self.longest));
        }
        self.searched = length;
        Ok(ended_by.map(|byte| {
            let text = self.take(length);
            self.buffer.consume(1);
            self.before = if byte == b'\r' { Before::Cr } else { Before::Anything };
            Line { text, ended: true }
        }))
    }

    /// Skips what is no part of the next line; false while it is not known whether there is such.
    fn skip_what_goes_before(&mut self) -> bool {
        let skipped: &[u8] = match self.before {
            Before::Nothing => MARK,
            Before::Cr => b"\n",
            Before::Anything => return true,
        };
        let unread = self.buffer.unread();
        if unread.starts_with(skipped) {
            self.buffer.consume(skipped.len());
        } else if skipped.starts_with(unread) {
            return false;
        }
        self.before = Before::Anything;
        true
    }

    fn take(&mut self, length: usize) -> String {
        let text = String::from_utf8_lossy(&self.buffer.unread()[..length]).into_owned();
        self.buffer.consume(length);
        self.searched = 0;
        text
    }

    fn fill(&mut self) -> Result<usize> {
        let room = self.buffer.spare(LEAST_READ);
        let count = loop {
            match self.reader.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(count) if count <= room.len() => break count,
                Ok(_) => return Err(self.fail(Error::new(ErrorKind::Receive))),
                Err(error) => return Err(self.fail(error.into())),
            }
        };
        self.buffer.filled(count);
        Ok(count)
    }

    pub(super) fn too_long(&mut self, what: &str, most: usize) -> Error {
        let text = format!("{} is longer than the {} bytes allowed", what, most);
        self.fail(Error::new(ErrorKind::TooLarge).at(Phase::Receive).message(text))
    }

    /// Nothing comes after an error.
    fn fail(&mut self, error: Error) -> Error {
        self.over = true;
        error
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        self.read_line().map(|line| line.map(|line| line.text)).transpose()
    }
}

impl<R> fmt::Debug for Lines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("buffer", &self.buffer)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How long a line may be unless the caller says otherwise.
pub(super) const LONGEST: usize = 1 << 20;

/// One read: of an event stream it mostly brings one event.
const LEAST_READ: usize = 4 << 10;
