//! A connection in the hands of the caller, who sends and receives when it pleases.
//!
//! No redirect is followed here, nothing is sent again, and the pool never sees the connection; it
//! only counts among the connections that the pool allows.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result, Transcript};
use crate::event::{Phase, Timings};
use crate::proto::CloseReason;

use super::auth::Party;
use super::builder::RequestBuilder;
use super::call::Call;
use super::exchange::vacate;
use super::line::{Line, Seat};
use super::request::Request;
use super::response::Response;
use super::route::Route;
use super::{Client, Lent};

/// A connection outside of the pool; made by [`Client::connect`].
///
/// Requests that are sent before a response was received are pipelined (RFC 9112 §9.3.2). They leave
/// together when a response is waited for. Responses come in the order of the requests, and each
/// must be read to its end, or dropped, before the next is received. Dropping the connection closes
/// it.
///
/// Over HTTP/2 each request has a stream of its own. Responses are received in the same order, but one
/// need not be read before the next is, and one that fails takes no other with it. Other requests of the
/// client may use the connection too.
///
/// ```
/// use pannier::net::Script;
/// use pannier::Client;
///
/// let script = Script::new()
///     .expect_until("GET /b HTTP/1.1\r\n")
///     .expect_until("\r\n\r\n")
///     .reply("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA")
///     .reply("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nB");
/// let client = Client::builder().connector(script.repeated()).build();
///
/// let mut connection = client.connect("http://example.com")?;
/// connection.send(&client.get("http://example.com/a").build()?)?;
/// connection.send(&client.get("http://example.com/b").build()?)?;
/// assert_eq!(connection.receive()?.text()?, "A");
/// assert_eq!(connection.receive()?.text()?, "B");
/// # Ok::<(), pannier::Error>(())
/// ```
pub struct Connection {
    client: Client,
    route: Arc<Route>,
    line: Arc<Line>,
    in_flight: VecDeque<Sent>,
    /// The response that was received last says that none comes after it.
    last: bool,
    id: u64,
    local: Option<SocketAddr>,
    remote: Option<SocketAddr>,
}

/// A request whose response was not received.
struct Sent {
    request: Request,
    length: u64,
    timings: Timings,
    /// Its own part of a connection of HTTP/2.
    own: Option<Lent>,
}

impl Sent {
    /// What is known when the connection has ended with a response before: nobody has seen how much of the
    /// request went out, so that all of it may have.
    fn transcript(&self) -> Transcript {
        Transcript {
            sent: self.length,
            reused: true,
            idempotent: self.request.method().is_idempotent(),
            ..Transcript::default()
        }
    }
}

impl Connection {
    pub(super) fn open(client: &Client, request: RequestBuilder) -> Result<Connection> {
        let request = request.build()?;
        let call = Call::new(client, &request, Instant::now());
        let mut timings = Timings::new(call.began, call.began);
        let lent = call.obtain_new(&request, &mut timings);
        let lent = lent.map_err(|error| error.with_url(request.shared_url()))?;
        let line = Arc::new(Line::by_hand());
        let (id, local, remote) = (lent.facts().id, lent.facts().local, lent.facts().remote);
        drop(line.put(Seat::Free(lent)));
        Ok(Connection {
            client: client.clone(),
            route: request.route().clone(),
            line,
            in_flight: VecDeque::new(),
            last: false,
            id,
            local,
            remote,
        })
    }

    /// Puts a request behind those in flight. Its body must be in memory. What the caller puts behind
    /// a request that is not idempotent is the caller's own risk.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] if the request is for another origin, its body is not in memory,
    /// or nothing can follow what was sent before: a request that may end HTTP, or one that closes.
    /// Nothing was sent then.
    pub fn send(&mut self, request: &Request) -> Result<()> {
        let refuse = |text: &str| {
            Err(Error::new(ErrorKind::InvalidRequest).message(text).with_url(request.shared_url()))
        };
        if *request.route() != self.route {
            return refuse("the request is for another origin than the connection");
        }
        let mut connection = match self.line.take() {
            Seat::Free(connection) => connection,
            seat => {
                drop(self.line.put(seat));
                return refuse("the connection is closed, or a response of it is still being read");
            }
        };
        let mut own = connection.another();
        if connection.is_share() && own.is_none() {
            drop(self.line.put(Seat::Free(connection)));
            return refuse("the connection takes no more requests");
        }
        let call = Call::new(&self.client, request, Instant::now());
        let mut timings = Timings::new(call.began, call.began);
        let queued = call.enqueue(request, own.as_mut().unwrap_or(&mut connection), call.deadline);
        timings.sent = Some(call.began);
        drop(self.line.put(Seat::Free(connection)));
        let length = queued.map_err(|error| error.with_url(request.shared_url()))?;
        self.in_flight.push_back(Sent { request: request.clone(), length, timings, own });
        Ok(())
    }

    /// Sends what was not sent yet, and returns when the head of the next final response has come.
    /// The timeouts of the request count from this call.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] if no request is in flight, or the response before was not read to
    /// its end; nothing has changed then. With any other, those of [`Client::send`], the connection is
    /// closed, and every request in flight is lost; over HTTP/2 only this one is.
    pub fn receive(&mut self) -> Result<Response> {
        let refuse = |text: &str| Err(Error::new(ErrorKind::InvalidRequest).message(text));
        match self.in_flight.front_mut().map(|sent| sent.own.take()) {
            Some(None) => {}
            Some(Some(own)) => return self.receive_on(Some(own), None),
            None => return refuse("no request is in flight on the connection"),
        }
        let connection = match self.line.take() {
            Seat::Free(connection) => Some(connection),
            Seat::Taken => return refuse("the response before was not read to its end"),
            Seat::Closed(..) | Seat::Left => None,
        };
        let result = self.receive_on(connection, Some(&Arc::clone(&self.line)));
        if result.is_err() {
            self.in_flight.clear();
            drop(self.line.leave());
        }
        result
    }

    /// The next response, on the connection of a line, or on its own part of one.
    fn receive_on(
        &mut self,
        connection: Option<Lent>,
        line: Option<&Arc<Line>>,
    ) -> Result<Response> {
        let closed = || Error::new(ErrorKind::Receive).message("the connection is closed");
        let mut sent = self.in_flight.pop_front().ok_or_else(closed)?;
        let request = &sent.request;
        let placed = |error: Error| error.with_url(request.shared_url());
        let lost = || closed().at(Phase::Wait).with_transcript(sent.transcript());
        let connection = connection.ok_or_else(|| placed(lost()))?;
        let call = Call::new(&self.client, request, Instant::now());
        let received = call.receive(request, line, connection, sent.length, &mut sent.timings);
        let answered = received.map_err(|(error, _)| placed(error))?;
        // A challenge is not answered here, but the next request will be able to.
        for party in Party::all(request) {
            party.challenged(&answered.head, request.body().in_memory().is_some(), 0)?;
        }
        self.last = answered.is_last();
        Ok(call.response(request, answered, &sent.timings, Vec::new()))
    }

    /// Can another request be sent, now or when the present response has been read?
    pub fn is_open(&self) -> bool {
        !self.last && self.line.is_open()
    }

    /// How many requests wait for their response to be received.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// A number that no other connection of the client has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// This side's address.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local
    }

    /// The peer's address.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.remote
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Seat::Free(connection) = self.line.leave() {
            let observer = self.client.config().observer.as_ref();
            drop(vacate(connection, CloseReason::Shutdown, observer));
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.id)
            .field("route", &self.route)
            .field("in_flight", &self.in_flight.len())
            .finish_non_exhaustive()
    }
}
