//! Responses: the head parsed, the content streaming from the connection.
//!
//! The connection belongs to the response until the last byte of content has been read, and at that
//! moment goes back to the pool. A response that is dropped before gives it back too, if the rest is
//! near enough to be read away. How content is read stands in `read`, how the connection is let go
//! in `release`.

mod read;
mod redirected;
mod release;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::conn::ConnectionInfo;
use crate::error::{Error, ErrorKind, Result, Transcript};
use crate::event::Timings;
use crate::http::{ContentRange, Headers, StatusCode, Url, Version};
use crate::proto::ResponseHead;

pub use self::redirected::Redirected;
use self::release::Rest;
use super::decode::Layer;
use super::exchange::{transcript, Exchange};
use super::redirect;
use super::Lent;

/// A response, whose content is read from it.
///
/// It implements [`Read`](std::io::Read). Errors there are [`io::Error`](std::io::Error)s that hold an
/// [`Error`]; [`Error::from`] gets it back. Content that ends early is always an error, never a short
/// read.
///
/// ```
/// use std::io::{BufRead, BufReader};
/// use pannier::net::Script;
/// use pannier::Client;
///
/// let script = Script::new()
///     .expect_until("\r\n\r\n")
///     .reply("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n")
///     .reply("no\nsuch thing");
/// let client = Client::builder().connector(script.repeated()).build();
///
/// let response = client.get("http://example.com/a").send()?; // the head is there
/// assert_eq!(response.status().as_u16(), 404);
/// assert_eq!(response.headers().get("content-type"), Some("text/plain"));
/// assert_eq!(response.content_length(), Some(13));
/// let mut lines = BufReader::new(response).lines();
/// assert_eq!(lines.next().unwrap()?, "no");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Dropping a response whose content was not read to its end closes the connection, unless no more
/// than 64 KiB are known to be left and come within 20 ms.
pub struct Response {
    terms: Terms,
    exchange: Exchange,
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
    Live(Lent),
    /// Read to its end.
    Ended,
    /// Read to its end, and of this the bytes from the offset on are still to be handed out.
    InMemory(Vec<u8>, usize),
    /// Not to be had: reading it failed in this way.
    Failed(ErrorKind),
    /// What follows the head is not HTTP.
    Switched(Lent),
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
        let mut info = ConnectionInfo::new(&connection, timings.started);
        let transcript = transcript(&connection, exchange.idempotent);
        let (rest, ended) = match connection.is_complete() {
            false => (Rest::live(connection), None),
            true => {
                // There is nothing to decode.
                terms.layer = Layer::PLAIN;
                let now = timings.head.unwrap_or_else(Instant::now);
                (Rest::of(&exchange, connection, now), Some(now))
            }
        };
        info.close_reason = rest.close_reason;
        Response {
            terms,
            head,
            url: url.clone(),
            history,
            info,
            timings: Timings { ended, ..*timings },
            trailers: rest.trailers,
            taken: 0,
            transcript,
            exchange,
            body: rest.body,
        }
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

    /// The redirects that were followed, in order. Of more than 100 only the last 100 are kept.
    pub fn history(&self) -> &[Redirected] {
        &self.history
    }

    /// Where the response points, resolved, if it is a redirect, whether the client follows it or not.
    pub fn redirect_url(&self) -> Option<Url> {
        redirect::location(&self.url, &self.head, false).ok().flatten()
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
        self.info.remote_addr()
    }

    /// This side's address.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.info.local_addr()
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

    /// An error that is about this response, with all that is known of its exchange.
    pub(super) fn describe(&self, error: Error) -> Error {
        let transcript = match &self.body {
            Content::Live(connection) => transcript(connection, self.exchange.idempotent),
            _ => self.transcript,
        };
        error.with_transcript(transcript).with_status(self.status()).with_url(&self.url)
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
