//! Responses: the head parsed, the content streaming from the connection.
//!
//! The connection belongs to the response until the last byte of content has been read, and at that
//! moment goes back to the pool. A response that is dropped before gives it back too, if the rest is
//! near enough to be read away.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::conn::ConnectionInfo;
use crate::error::{Error, ErrorKind, Result, Transcript};
use crate::event::{Phase, Timings};
use crate::http::token::trim_ows;
use crate::http::{ContentRange, Headers, StatusCode, Url, Version};
use crate::net::Deadline;
use crate::proto::h1::ResponseHead;
use crate::proto::CloseReason;

use super::charset;
use super::decode::Layer;
#[cfg(feature = "gzip")]
use super::decode::Stop;
use super::events::EventStream;
use super::exchange::{transcript, Exchange};
use super::lines::Lines;
use super::redirect;
use super::stream::Stream;
use super::Lent;

/// A response, whose content is read from it.
///
/// It implements [`Read`]. Errors there are [`io::Error`]s that hold an [`Error`];
/// [`Error::from`] gets it back. Content that ends early is always an error, never a short read.
///
/// Dropping a response whose content was not read to its end closes the connection, unless no more
/// than 64 KiB are known to be left and come within 20 ms.
pub struct Response {
    terms: Terms,
    head: ResponseHead,
    url: Arc<Url>,
    history: Vec<Redirected>,
    info: ConnectionInfo,
    timings: Timings,
    trailers: Option<Box<Headers>>,
    /// How much content was taken from the connection.
    taken: u64,
    /// What crossed the wire, until the connection was let go.
    transcript: Transcript,
    body: Content,
}

/// How the content is read.
pub(super) struct Terms {
    /// How much of it is held in memory.
    pub(super) limit: u64,
    /// What decodes it.
    pub(super) layer: Layer,
}

/// Where the content is.
enum Content {
    /// On the connection.
    Live { exchange: Exchange, connection: Lent },
    /// Read to its end.
    Ended,
    /// Read to its end, and of this the bytes from the offset on are still to be handed out.
    InMemory(Vec<u8>, usize),
    /// Not to be had: reading it failed in this way.
    Failed(ErrorKind),
    /// What follows the head is not HTTP.
    Switched(Lent),
}

/// A redirect that was followed on the way to a response.
#[derive(Debug)]
pub struct Redirected {
    pub(crate) url: Arc<Url>,
    pub(crate) head: ResponseHead,
    pub(crate) location: Arc<Url>,
}

impl Redirected {
    /// The URL that was asked.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The status that it answered.
    pub fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// The header section of that answer.
    pub fn headers(&self) -> &Headers {
        self.head.headers()
    }

    /// The head of that answer as it came.
    pub fn head_bytes(&self) -> &[u8] {
        self.head.as_bytes()
    }

    /// Where it pointed.
    pub fn location(&self) -> &Url {
        &self.location
    }
}

impl Response {
    pub(super) fn new(
        mut terms: Terms,
        url: &Arc<Url>,
        head: ResponseHead,
        exchange: Exchange,
        connection: Lent,
        timings: &Timings,
        history: Vec<Redirected>,
    ) -> Response {
        let mut info = ConnectionInfo {
            id: connection.id,
            exchanges: connection.exchanges,
            born: connection.born,
            began: timings.started,
            local: connection.local,
            remote: connection.remote,
            close_reason: None,
        };
        let mut timings = *timings;
        let mut trailers = None;
        let transcript = transcript(&connection, exchange.idempotent);
        let body = match connection.is_complete() {
            false => Content::Live { exchange, connection },
            true => {
                terms.layer = Layer::PLAIN;
                timings.ended = timings.head;
                let_go(exchange, connection, &mut info, &timings, &mut trailers)
            }
        };
        let url = url.clone();
        Response { terms, head, url, history, info, timings, trailers, taken: 0, transcript, body }
    }

    pub(super) fn into_head(mut self) -> ResponseHead {
        self.abandon();
        self.head.clone()
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// The version in which the server answered.
    pub fn version(&self) -> Version {
        self.head.version()
    }

    /// The reason phrase as it came. It means nothing (RFC 9112 §4).
    pub fn reason(&self) -> &[u8] {
        self.head.reason()
    }

    /// The header section.
    pub fn headers(&self) -> &Headers {
        self.head.headers()
    }

    /// The head as it came, from the status line to the empty line.
    pub fn head_bytes(&self) -> &[u8] {
        self.head.as_bytes()
    }

    /// The URL that answered, after redirects, without userinfo.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The redirects that were followed, in order.
    pub fn history(&self) -> &[Redirected] {
        &self.history
    }

    /// Where the response points, resolved, if it is a redirect, whether the client follows it or not.
    pub fn redirect_url(&self) -> Option<Url> {
        redirect::location(&self.url, &self.head).ok().flatten()
    }

    /// The length that `Content-Length` announces, in bytes. For a response to HEAD it is that of the
    /// content that GET would have. Of content that [is decoded](Response::is_decoded) nobody announces
    /// the length.
    pub fn content_length(&self) -> Option<u64> {
        if self.is_decoded() {
            return None;
        }
        let mut lengths = self.headers().get_list("content-length");
        lengths.next().and_then(crate::http::token::decimal)
    }

    /// Is the content decoded as it is read? `Content-Encoding` and `Content-Length` then tell of what
    /// was sent.
    pub fn is_decoded(&self) -> bool {
        !self.terms.layer.is_plain()
    }

    /// How many bytes of content have come, before they were decoded.
    pub fn content_received(&self) -> u64 {
        self.taken
    }

    /// Which part of the content came with a 206, or how long all of it is after a 416
    /// (RFC 9110 §14.4). `None` with any other status, where the field means nothing, and if it is
    /// invalid: then the content must not be put together with another part.
    pub fn content_range(&self) -> Option<ContentRange> {
        let mut values = self.headers().get_all("content-range");
        let is_ranged = matches!(self.status().as_u16(), 206 | 416);
        let range = values.next().filter(|_| is_ranged).and_then(ContentRange::parse)?;
        values.next().map_or(Some(range), |_| None)
    }

    /// The server's address.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.info.remote
    }

    /// This side's address.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.info.local
    }

    /// The connection that carried the exchange.
    pub fn connection(&self) -> &ConnectionInfo {
        &self.info
    }

    /// When what happened.
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// The trailer section, once the content has been read to its end, if there was one. Nothing in
    /// it was given a meaning (RFC 9110 §6.5.1).
    pub fn trailers(&self) -> Option<&Headers> {
        self.trailers.as_deref()
    }

    /// The response, unless its status is 4xx or 5xx.
    ///
    /// # Errors
    /// [`ErrorKind::Status`] then. The connection is kept if the content is short.
    pub fn error_for_status(self) -> Result<Response> {
        let status = self.status();
        match status.is_client_error() || status.is_server_error() {
            false => Ok(self),
            true => Err(self.into_status_error()),
        }
    }

    /// The status as an error.
    pub(super) fn into_status_error(self) -> Error {
        let text = format!("the server answered {}", self.status());
        self.describe(Error::new(ErrorKind::Status).message(text))
    }

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
        let (exchange, connection) = match &mut self.body {
            Content::Live { exchange, connection } => (exchange, connection),
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
        match exchange.read(connection, buffer) {
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
    pub(super) fn into_memory(mut self) -> Result<Response> {
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
    /// The response back, if it is any other.
    pub fn into_stream(mut self) -> Result<Stream, Box<Response>> {
        match std::mem::replace(&mut self.body, Content::Ended) {
            Content::Switched(connection) => {
                let (connection, place) = connection.into_parts();
                let (transport, unread, registration) = connection.into_parts();
                Ok(Stream::new(transport, unread, registration, place))
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
            Content::Live { .. } | Content::Ended if self.is_decoded() => None,
            Content::Live { connection, .. } => connection.content_left(),
            Content::InMemory(bytes, at) => Some((bytes.len() - at) as u64),
            _ => Some(0),
        }
    }

    fn too_large(&mut self, limit: u64) -> Error {
        self.fail(ErrorKind::TooLarge);
        let text = format!("the response body is longer than the {} bytes allowed", limit);
        self.describe(Error::new(ErrorKind::TooLarge).message(text).at(Phase::Receive))
    }

    /// An error that is about this response, with all that is known of its exchange.
    pub(super) fn describe(&self, error: Error) -> Error {
        let transcript = match &self.body {
            Content::Live { exchange, connection } => transcript(connection, exchange.idempotent),
            _ => self.transcript,
        };
        error.with_transcript(transcript).with_status(self.status()).with_url(&self.url)
    }

    /// Lets the connection go as soon as the response is complete.
    fn settle(&mut self) {
        match &self.body {
            Content::Live { connection, .. } if connection.is_complete() => {}
            _ => return,
        }
        let before = self.transcript.received;
        if let Content::Live { exchange, connection } = self.take_body(Content::Ended) {
            let Response { info, timings, trailers, .. } = self;
            // Content for which nothing was read had come with the head.
            timings.ended = match connection.received > before {
                true => Some(Instant::now()),
                false => timings.head,
            };
            self.body = let_go(exchange, connection, info, timings, trailers);
        }
    }

    fn fail(&mut self, kind: ErrorKind) {
        if let Content::Live { exchange, connection } = self.take_body(Content::Failed(kind)) {
            let unread = connection.persistence().err().unwrap_or(CloseReason::UnfinishedResponse);
            self.info.close_reason = Some(unread);
            exchange.close(connection, unread);
        }
    }

    /// Reads away what is left if that is little, then lets the connection go.
    fn abandon(&mut self) {
        if !matches!(self.body, Content::Live { .. }) {
            return;
        }
        if let Content::Live { exchange, mut connection } = self.take_body(Content::Ended) {
            let now = Instant::now();
            let patience = Deadline::after(now, DRAIN_PATIENCE).earlier(exchange.deadline);
            connection.drain(DRAIN_LIMIT, patience);
            self.info.close_reason = exchange.release(connection, now);
        }
    }

    fn take_body(&mut self, next: Content) -> Content {
        if let Content::Live { exchange, connection } = &self.body {
            self.transcript = transcript(connection, exchange.idempotent);
        }
        std::mem::replace(&mut self.body, next)
    }
}

/// Lets the connection of a complete response go. Returns what is left to read from, which is nothing
/// unless HTTP has ended on it.
fn let_go(
    exchange: Exchange,
    mut connection: Lent,
    info: &mut ConnectionInfo,
    timings: &Timings,
    trailers: &mut Option<Box<Headers>>,
) -> Content {
    let now = timings.ended.unwrap_or_else(Instant::now);
    *trailers = connection.take_trailers();
    if connection.persistence() == Err(CloseReason::Upgraded) {
        info.close_reason = Some(CloseReason::Upgraded);
        exchange.leave_http(&connection);
        return Content::Switched(connection);
    }
    info.close_reason = exchange.release(connection, now);
    Content::Ended
}

#[cfg(feature = "gzip")]
impl Response {
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

impl Drop for Response {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_body(buffer).map_err(io::Error::from)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("head", &self.head)
            .field("url", &self.url.as_str())
            .field("connection", &self.info)
            .finish_non_exhaustive()
    }
}

/// What is reserved before any of it has come: if its length is not known, and at the most.
const FIRST_PIECE: u64 = 8 << 10;
const FIRST_RESERVE: u64 = 1 << 20;

/// One read and one write of a copy. Larger ones gain nothing, and glibc would place them where
/// copying from the kernel is slow on some processors.
const COPY_PIECE: u64 = 64 << 10;

/// How much of an unread response is read away for the sake of its connection.
const DRAIN_LIMIT: u64 = 64 << 10;

/// And for how long.
const DRAIN_PATIENCE: Duration = Duration::from_millis(20);
