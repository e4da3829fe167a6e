//! How the content of a response is read: as it comes, as it was sent, whole, as text, or on the way to
//! somewhere else. Nothing is held in memory beyond the limit that the client was given.

use std::io::{self, Read, Write};

use crate::error::{Error, ErrorKind, Result};
use crate::event::Phase;
use crate::http::token::trim_ows;

use super::super::charset;
#[cfg(feature = "gzip")]
use super::super::decode::{Layer, Stop};
use super::super::events::EventStream;
use super::super::lines::Lines;
use super::super::stream::Stream;
use super::{Content, Response};

impl Response {
    /// Reads content into `buffer`: at least one byte, or 0 at the end (or if `buffer` is empty).
    ///
    /// # Errors
    /// What ended the exchange. It is the same kind again when called again.
    pub fn read_body(&mut self, buffer: &mut [u8]) -> Result<usize> {
        #[cfg(feature = "gzip")]
        if self.is_decoded() {
            return self.read_decoded(buffer);
        }
        self.read_content(buffer)
    }

    /// Content as it was sent.
    fn read_content(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let connection = match &mut self.body {
            Content::Live(connection) => connection,
            Content::InMemory(bytes, at) => {
                let count = buffer.len().min(bytes.len() - *at);
                buffer[..count].copy_from_slice(&bytes[*at..*at + count]);
                *at += count;
                return Ok(count);
            }
            Content::Ended | Content::Switched(_) => return Ok(0),
            Content::Failed(kind) => {
                let error = Error::new(*kind).at(Phase::Receive);
                return Err(self.describe(error.message("the response body failed before")));
            }
        };
        match self.exchange.read(connection, buffer) {
            Ok(count) => {
                self.taken += count as u64;
                self.settle();
                Ok(count)
            }
            Err(error) => {
                let error = error.with_url(&self.url).with_status(self.head.status());
                self.fail(error.kind());
                Err(error)
            }
        }
    }

    /// The whole content.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if it is longer than [`Limits::body`](crate::Limits::body), and those
    /// of [`read_body`](Response::read_body).
    pub fn bytes(mut self) -> Result<Vec<u8>> {
        self.take_bytes()
    }

    /// The response with its content read, and its connection let go.
    pub(in super::super) fn into_memory(mut self) -> Result<Response> {
        let bytes = self.take_bytes()?;
        self.terms.layer.end();
        if !bytes.is_empty() {
            self.body = Content::InMemory(bytes, 0);
        }
        Ok(self)
    }

    fn take_bytes(&mut self) -> Result<Vec<u8>> {
        if let Content::InMemory(bytes, 0) = &mut self.body {
            let bytes = std::mem::take(bytes);
            self.body = Content::Ended;
            return Ok(bytes);
        }
        let limit = self.terms.limit;
        let announced = self.content_left();
        if announced > Some(limit) {
            return Err(self.too_large(limit));
        }
        // The announced length is the peer's word, so no more than a little is reserved for it.
        let mut room = announced.unwrap_or(FIRST_PIECE).clamp(1, FIRST_RESERVE) as usize;
        let (mut bytes, mut filled) = (Vec::new(), 0);
        while !self.is_ended() {
            if filled == bytes.len() {
                bytes.resize(filled + room, 0);
                room = bytes.len();
            }
            match self.read_body(&mut bytes[filled..])? {
                0 => break,
                count => filled += count,
            }
            if filled as u64 > limit {
                return Err(self.too_large(limit));
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// The whole content as text, in the charset that a byte order mark at its beginning says, or else
    /// `Content-Type`, or else UTF-8. What has no meaning in that charset is replaced by U+FFFD.
    ///
    /// These are UTF-8, UTF-16, and windows-1252, which is what the labels of ISO-8859-1 and US-ASCII
    /// stand for among browsers too.
    ///
    /// # Errors
    /// [`ErrorKind::Charset`] for any other charset, whose bytes [`bytes`](Response::bytes) would give;
    /// and those of that.
    pub fn text(mut self) -> Result<String> {
        let bytes = self.take_bytes()?;
        charset::text(self.headers(), bytes).map_err(|error| self.describe(error))
    }

    /// Copies the content to `writer` as it comes; says how many bytes there were.
    ///
    /// # Errors
    /// Those of the writer as they are; those of the response hold an [`Error`].
    pub fn copy_to(&mut self, writer: &mut (impl Write + ?Sized)) -> io::Result<u64> {
        let left = self.content_left().unwrap_or(u64::MAX);
        let mut buffer = vec![0; left.clamp(1, COPY_PIECE) as usize];
        let mut copied = 0;
        loop {
            match self.read_body(&mut buffer)? {
                0 => return Ok(copied),
                count => {
                    writer.write_all(&buffer[..count])?;
                    copied += count as u64;
                }
            }
        }
    }

    /// The content line by line, as it comes.
    pub fn lines(self) -> Lines {
        Lines::new(self)
    }

    /// The content as a stream of server-sent events (HTML standard §9.2).
    ///
    /// # Errors
    /// [`ErrorKind::Status`] unless the status is 200, and [`ErrorKind::Protocol`] unless the media type
    /// is `text/event-stream`: what answers then is no event stream, and asking again is of no use.
    pub fn events(self) -> Result<EventStream> {
        if self.status().as_u16() != 200 {
            return Err(self.into_status_error());
        }
        let media_type = self.headers().get_bytes("Content-Type").unwrap_or_default();
        let name = media_type.split(|&byte| byte == b';').next().unwrap_or_default();
        if trim_ows(name).eq_ignore_ascii_case(b"text/event-stream") {
            return Ok(EventStream::new(self));
        }
        let shown = String::from_utf8_lossy(media_type);
        let text = format!("the content is \"{}\" and no text/event-stream", shown);
        Err(self.describe(Error::new(ErrorKind::Protocol).message(text)))
    }

    /// The content as a reader that owns the response.
    pub fn into_reader(self) -> impl Read + Send {
        self
    }

    /// The connection itself, after 101 or a 2xx to CONNECT: what follows is not HTTP.
    ///
    /// # Errors
    /// The response back, if it is any other, or came before the request had been sent to its end
    /// (RFC 9110 §7.8).
    pub fn into_stream(mut self) -> Result<Stream, Box<Response>> {
        match std::mem::replace(&mut self.body, Content::Ended) {
            Content::Switched(connection) => {
                let (connection, claim) = connection.into_parts();
                let (transport, unread, registration) = connection.into_parts();
                Ok(Stream::new(transport, unread, registration, claim))
            }
            body => {
                self.body = body;
                Err(Box::new(self))
            }
        }
    }

    /// Is there no content left to read?
    pub fn is_ended(&self) -> bool {
        match &self.body {
            Content::Ended => self.terms.layer.is_empty(),
            Content::InMemory(bytes, at) => *at == bytes.len(),
            _ => false,
        }
    }

    /// What is still to come, if that is known, which is not always what `Content-Length` says.
    fn content_left(&self) -> Option<u64> {
        match &self.body {
            Content::Live(_) | Content::Ended if self.is_decoded() => None,
            Content::Live(connection) => connection.content_left(),
            Content::InMemory(bytes, at) => Some((bytes.len() - at) as u64),
            _ => Some(0),
        }
    }

    fn too_large(&mut self, limit: u64) -> Error {
        self.fail(ErrorKind::TooLarge);
        let text = format!("the response body is longer than the {} bytes allowed", limit);
        self.describe(Error::new(ErrorKind::TooLarge).message(text).at(Phase::Receive))
    }
}

#[cfg(feature = "gzip")]
impl Response {
    /// On its own, so that what is not decoded pays nothing for it.
    #[inline(never)]
    fn read_decoded(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut decode = match std::mem::replace(&mut self.terms.layer, Layer::Done) {
            Layer::Begun(decode) => decode,
            Layer::Fresh(codings) => match codings.begin() {
                Ok(decode) => decode,
                Err(error) => return Err(self.undecodable(error)),
            },
            Layer::Plain | Layer::Done => return self.read_content(buffer),
        };
        match decode.read(buffer, |room| self.read_content(room)) {
            Ok(count) => {
                self.terms.layer = Layer::Begun(decode);
                Ok(count)
            }
            Err(Stop::Fetch(error)) => Err(error),
            Err(Stop::Decode(error)) => Err(self.undecodable(error)),
        }
    }

    /// The content cannot be decoded. Where it ends is known all the same, so the connection may be of
    /// use still.
    fn undecodable(&mut self, error: Error) -> Error {
        self.abandon();
        self.body = Content::Failed(error.kind());
        self.describe(error.at(Phase::Receive))
    }
}

impl Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_body(buffer).map_err(io::Error::from)
    }
}

/// What is reserved before any of it has come: if its length is not known, and at the most.
const FIRST_PIECE: u64 = 8 << 10;
const FIRST_RESERVE: u64 = 1 << 20;

/// One read and one write of a copy. Larger ones gain nothing, and glibc would place them where
/// copying from the kernel is slow on some processors.
const COPY_PIECE: u64 = 64 << 10;
