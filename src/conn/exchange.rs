//! What an exchange brings to its connection and learns from it, in whichever version of HTTP.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::event::Made;
use crate::http::Headers;
#[cfg(feature = "http2")]
use crate::http::Scheme;
use crate::net::{Deadline, Transport};
use crate::proto::h1::{self, PreparedHead};
#[cfg(feature = "proxy")]
use crate::proto::socks;
use crate::proto::ResponseHead;

#[cfg(feature = "http2")]
use super::h2::Explain;

/// A request on its way out: its head, and what only HTTP/2 has to be told beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) head: PreparedHead<'a>,
    #[cfg(feature = "http2")]
    pub(crate) scheme: Scheme,
    /// Names of fields whose values are nobody's business.
    #[cfg(feature = "http2")]
    pub(crate) sensitive: &'a [String],
}

/// The content of a request.
pub(crate) enum Content<'a> {
    Bytes(&'a [u8]),
    Reader(&'a mut dyn FnMut(&mut [u8]) -> io::Result<usize>),
}

/// Computes the trailer section when the content has ended, if there is to be one.
pub(crate) type Trailers<'a> = Option<&'a dyn Fn() -> io::Result<Headers>>;

/// How long sending a request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// All of it.
    pub(crate) until: Deadline,
    /// The wait for 100 Continue, if the request asks for that.
    pub(crate) for_continue: Duration,
}

/// Why an exchange failed on its connection.
#[derive(Debug)]
pub(crate) enum Failure {
    Send(io::Error),
    Receive(io::Error),
    Protocol(h1::Error),
    /// Something that only HTTP/2 knows.
    #[cfg(feature = "http2")]
    Http2(Box<dyn Explain>),
    /// The SOCKS proxy on the way.
    #[cfg(feature = "proxy")]
    Socks(socks::Error),
    /// The caller's content could not be read.
    Content(io::Error),
}

/// What the driver of a connection wants to know while an exchange is under way.
pub(crate) trait Watch {
    fn informational(&mut self, head: &ResponseHead);
    /// Is there anyone who wants to know of heads? Else none need be written for them.
    #[cfg_attr(not(feature = "http2"), allow(dead_code))] // HTTP/1 has written them anyway.
    fn is_watching(&self) -> bool;
    fn sent_head(&mut self, head: SentHead<'_>);
    fn sent_content(&mut self, bytes: &[u8]);
    /// The request was sent to its end.
    fn sent_end(&mut self);
}

/// The head of a request that was sent, or is about to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentHead<'a> {
    /// As HTTP/1 has it.
    pub(crate) bytes: &'a [u8],
    /// How many bytes it is on the wire.
    pub(crate) length: u64,
    pub(crate) stream: Option<u32>,
}

impl SentHead<'_> {
    /// One that is on the wire as it is.
    pub(super) fn plain(bytes: &[u8]) -> SentHead<'_> {
        SentHead { bytes, length: bytes.len() as u64, stream: None }
    }
}

/// What is known of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) id: u64,
    pub(crate) born: Instant,
    pub(crate) made: Made,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: Option<SocketAddr>,
}

impl Facts {
    pub(crate) fn new(transport: &dyn Transport, id: u64, made: Made) -> Facts {
        Facts {
            id,
            born: made.ready().unwrap_or_else(Instant::now),
            made,
            local: transport.local_addr(),
            remote: transport.peer_addr(),
        }
    }
}

/// What is counted of an exchange.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// How many its connection has carried, this one included.
    pub(crate) exchanges: u64,
    /// The number of the stream that carries it, in HTTP/2.
    pub(crate) stream: Option<u32>,
    /// Was its connection taken from the pool, so that the peer may have ended it meanwhile?
    pub(crate) was_idle: bool,
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

impl Tally {
    /// One more exchange begins: what was counted in the one before is forgotten.
    pub(crate) fn begin(&mut self) {
        self.exchanges += 1;
        self.sent = 0;
        self.received = 0;
    }
}
