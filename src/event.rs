//! What happened in an exchange, and when: phases, events, timings.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::http::{Host, StatusCode, Url};
use crate::proto::CloseReason;

/// The phases of an exchange, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for a connection, since as many as the bounds allow are in use.
    Queue,
    /// Looking up the host's addresses.
    Resolve,
    /// Making the TCP connection.
    Connect,
    /// Asking a proxy for a way on: by CONNECT, or by SOCKS.
    Tunnel,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the head of the final response.
    Wait,
    /// Receiving the content.
    Receive,
}

impl Phase {
    /// The phase as a clause that completes "while …".
    pub const fn explain(self) -> &'static str {
        match self {
            Phase::Queue => "waiting for a connection",
            Phase::Resolve => "looking up the host",
            Phase::Connect => "connecting",
            Phase::Tunnel => "asking the proxy for a connection",
            Phase::Tls => "making the TLS connection",
            Phase::Send => "sending the request",
            Phase::Wait => "waiting for the response",
            Phase::Receive => "receiving the response body",
        }
    }
}

/// One thing that happened.
///
/// Heads of responses are given as they are on the wire, `Set-Cookie` included: who writes them to
/// where others may read passes them through [`redact::head`](crate::http::redact::head). Heads of
/// requests have come that way already, and URLs have no userinfo.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are named after what they hold.
pub enum Event<'a> {
    /// As many connections as the bounds allow are in use: the request waits for one.
    Queued,
    /// A name lookup begins.
    Resolving { host: &'a str },
    /// It found these addresses.
    Resolved { addresses: &'a [SocketAddr] },
    /// A connection to this address is tried.
    Connecting { address: SocketAddr },
    /// That failed; others may be left.
    Refused { address: SocketAddr },
    /// The connection to a proxy stands, and the proxy is asked for one to this host and port.
    Tunnelling { host: &'a Host, port: u16 },
    /// The head of the CONNECT that was sent for that, without credentials. It had this length with them.
    TunnelRequest { bytes: &'a [u8], length: u64 },
    /// The head of a response to it. After a 2xx the tunnel stands; an interim one changes nothing.
    TunnelResponse { status: StatusCode, head: &'a [u8] },
    /// The connection stands, to the server or to a proxy, and the TLS handshake begins.
    Handshaking,
    /// A new connection stands, secured if it is to be.
    Connected { connection: u64, local: Option<SocketAddr>, remote: Option<SocketAddr> },
    /// An idle connection is used again.
    Reused {
        connection: u64,
        local: Option<SocketAddr>,
        remote: Option<SocketAddr>,
        /// Exchanges that it has carried before.
        exchanges: u64,
        idle: Duration,
    },
    /// The head of the request was sent, or is in the same write as what follows.
    RequestHead {
        connection: u64,
        /// The number of its stream, in HTTP/2.
        stream: Option<u32>,
        /// Without the values of credentials and of fields marked as sensitive.
        bytes: &'a [u8],
        /// How many bytes it is on the wire.
        length: u64,
    },
    /// This was sent of the content, without its framing.
    RequestBody { bytes: &'a [u8] },
    /// The request was sent to its end.
    RequestEnd,
    /// An interim response came.
    Informational { status: StatusCode, head: &'a [u8] },
    /// The head of the final response came.
    ResponseHead { status: StatusCode, head: &'a [u8] },
    /// The exchange fails while it waits for a head, and this has come of one: a part of it, or what breaks
    /// the protocol in its place, perhaps with some bytes that follow. Not in HTTP/2.
    FaultyHead { bytes: &'a [u8] },
    /// The response was received to its end.
    ResponseEnd,
    /// The response asks for another URL, and the client goes there.
    Redirecting { status: StatusCode, from: &'a Url, to: &'a Url },
    /// The server asks for credentials, or for the content that it was not sent before it had asked:
    /// the request is sent again with what it asks for.
    Authenticating { status: StatusCode, url: &'a Url },
    /// The request is sent again: a reused connection turned out to be dead, or the policy asks for a
    /// further attempt after this failure, which may be a status.
    Retrying { error: &'a Error },
    /// The connection went back to the pool.
    Kept { connection: u64 },
    /// The connection was closed.
    Closed { connection: u64, reason: CloseReason },
}

/// Told of events as they happen, in the thread in which they happen.
///
/// An event does not say to which exchange it belongs. One thread may have several responses open, and
/// several threads may tell the same observer. Who wants to keep exchanges apart, as a log of requests
/// does, gives each request an observer of its own: see
/// [`RequestBuilder::observer`](crate::RequestBuilder::observer).
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::Instant;
/// use pannier::net::Script;
/// use pannier::{Client, Event, Observer};
///
/// /// The request heads that were sent.
/// #[derive(Default)]
/// struct Log(Mutex<Vec<u8>>);
///
/// impl Observer for Log {
///     fn event(&self, _: Instant, event: &Event<'_>) {
///         if let Event::RequestHead { bytes, .. } = event {
///             self.0.lock().unwrap().extend_from_slice(bytes);
///         }
///     }
/// }
///
/// let script = Script::new().expect_until("\r\n\r\n").reply("HTTP/1.1 204 No Content\r\n\r\n");
/// let log = Arc::new(Log::default());
/// let client = Client::builder().observer(log.clone()).connector(script.repeated()).build();
/// client.get("http://example.com/").bearer_auth("secret").send()?;
///
/// let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
/// assert!(log.starts_with("GET / HTTP/1.1\r\nHost: example.com\r\n"));
/// assert!(log.contains("Authorization: ") && !log.contains("secret"));
/// # Ok::<(), pannier::Error>(())
/// ```
pub trait Observer: Send + Sync {
    /// `event` happened at `at`. Whatever this does delays the exchange.
    fn event(&self, at: Instant, event: &Event<'_>);
}

/// When an exchange reached its milestones; the phases are what lies between.
///
/// After redirects this is the last exchange, but [`total`](Timings::total) counts from the first. What
/// has not happened, or not yet, is `None`: a name lookup and a handshake on a connection that is reused.
#[derive(Clone, Copy)]
pub struct Timings {
    pub(crate) began: Instant,
    pub(crate) started: Instant,
    pub(crate) queued: Option<Instant>,
    /// The connection, if it was made for this exchange.
    pub(crate) made: Made,
    pub(crate) sent: Option<Instant>,
    pub(crate) head: Option<Instant>,
    pub(crate) ended: Option<Instant>,
}

/// When a connection was made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Made {
    pub(crate) resolved: Option<Instant>,
    pub(crate) connected: Option<Instant>,
    pub(crate) tunnelled: Option<Instant>,
    pub(crate) secured: Option<Instant>,
}

impl Made {
    /// When the connection was there.
    pub(crate) fn ready(&self) -> Option<Instant> {
        self.secured.or(self.tunnelled).or(self.connected)
    }
}

impl Timings {
    pub(crate) fn new(began: Instant, started: Instant) -> Timings {
        Timings {
            began,
            started,
            queued: None,
            made: Made::default(),
            sent: None,
            head: None,
            ended: None,
        }
    }

    /// The wait for a connection while as many as the bounds allow were in use; `None` if there was
    /// none.
    pub fn queue(&self) -> Option<Duration> {
        Some(self.queued?.saturating_duration_since(self.started))
    }

    /// When the connection was there to be written to.
    pub(crate) fn connection_ready(&self) -> Instant {
        self.made.ready().or(self.queued).unwrap_or(self.started)
    }

    /// The name lookup; `None` if there was none.
    pub fn resolve(&self) -> Option<Duration> {
        let from = self.queued.unwrap_or(self.started);
        Some(self.made.resolved?.saturating_duration_since(from))
    }

    /// The TCP connection, to the proxy if there is one; `None` on a reused one.
    pub fn connect(&self) -> Option<Duration> {
        let from = self.made.resolved.or(self.queued).unwrap_or(self.started);
        Some(self.made.connected?.saturating_duration_since(from))
    }

    /// From there to the connection that proxies have made to the server, with the TLS handshake of a
    /// proxy itself; `None` without such proxies.
    pub fn tunnel(&self) -> Option<Duration> {
        Some(self.made.tunnelled?.saturating_duration_since(self.made.connected?))
    }

    /// The TLS handshake with the server; `None` without one.
    pub fn tls(&self) -> Option<Duration> {
        let from = self.made.tunnelled.or(self.made.connected)?;
        Some(self.made.secured?.saturating_duration_since(from))
    }

    /// From the connection to the last byte of the request.
    pub fn send(&self) -> Option<Duration> {
        Some(self.sent?.saturating_duration_since(self.connection_ready()))
    }

    /// From the last byte of the request to the head of the final response.
    pub fn wait(&self) -> Option<Duration> {
        Some(self.head?.saturating_duration_since(self.sent?))
    }

    /// From the head of the response to its end; `None` while it has not ended. Nothing, if the content
    /// came with the head.
    pub fn receive(&self) -> Option<Duration> {
        Some(self.ended?.saturating_duration_since(self.head?))
    }

    /// From the beginning of the call, redirects and retries included, to the end of the response;
    /// `None` while it has not ended.
    pub fn total(&self) -> Option<Duration> {
        Some(self.ended?.saturating_duration_since(self.began))
    }
}

/// What the methods tell, since instants mean nothing to a reader.
impl fmt::Debug for Timings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timings")
            .field("queue", &self.queue())
            .field("resolve", &self.resolve())
            .field("connect", &self.connect())
            .field("tunnel", &self.tunnel())
            .field("tls", &self.tls())
            .field("send", &self.send())
            .field("wait", &self.wait())
            .field("receive", &self.receive())
            .field("total", &self.total())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_timings_are_shown_as_durations() {
        let began = Instant::now();
        let sent = Some(began + Duration::from_millis(100));
        let shown = format!("{:?}", Timings { sent, ..Timings::new(began, began) });
        assert!(shown.contains("send: Some(100ms), wait: None"), "{}", shown);
    }

    #[test]
    fn ok_sending_begins_where_the_connection_was_there() {
        let began = Instant::now();
        let at = |count: u64| Some(began + Duration::from_millis(count));
        let ms = |count: u64| Some(Duration::from_millis(count));
        let mut timings = Timings { sent: at(100), ..Timings::new(began, began) };
        assert_eq!(timings.send(), ms(100));
        timings.queued = at(40);
        assert_eq!((timings.queue(), timings.send()), (ms(40), ms(60)));
        timings.made.connected = at(50);
        assert_eq!((timings.connect(), timings.send()), (ms(10), ms(50)));
        timings.made.secured = at(70);
        assert_eq!((timings.tls(), timings.send()), (ms(20), ms(30)));
        timings.made.tunnelled = at(55);
        assert_eq!((timings.tunnel(), timings.tls(), timings.send()), (ms(5), ms(15), ms(30)));
    }
}
