//! The way of a request: checkout or dial, send, wait, and again after a redirect or a dead
//! connection. One function for each step, top down.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::conn::{Connection, Content, Failure, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Observer, Phase, Timings};
use crate::http::{Origin, Scheme, StatusCode};
use crate::net::{CancelToken, Deadline, Dialing, Registration, Step, Transport};
use crate::proto::h1::{RequestHead, ResponseHead};
use crate::proto::CloseReason;

use super::body::Opened;
use super::config::Timeouts;
use super::exchange::{observe, transcript, Exchange};
use super::explain::{blame, explain};
use super::redirect;
use super::request::Request;
use super::response::{Redirected, Response};
use super::Client;

/// Sends `request` and follows where it leads.
pub(super) fn run(client: &Client, request: &Request) -> Result<Response> {
    let call = Call::new(request);
    let mut request = Cow::Borrowed(request);
    let mut history = Vec::new();
    let mut started = call.began;
    loop {
        let result = call.expect_or_repeat(client, &request, started);
        let placed = |error: Error| match history.is_empty() {
            true => error.with_url(request.shared_url()),
            false => error.after_redirects(call.idempotent).with_url(request.shared_url()),
        };
        let mut response = result.map_err(placed)?;
        match call.next(&request, &response, history.len())? {
            None => {
                response.set_history(history);
                return Ok(response);
            }
            Some(next) => {
                let (status, from, to) = (response.status(), request.url(), next.url());
                call.observe(|| Event::Redirecting { status, from, to });
                history.push(Redirected {
                    url: request.shared_url().clone(),
                    head: response.into_head(),
                    location: next.shared_url().clone(),
                });
                request = Cow::Owned(next);
                started = Instant::now();
            }
        }
    }
}

/// What holds for a call as a whole, however many exchanges it takes.
struct Call<'a> {
    began: Instant,
    deadline: Deadline,
    timeouts: Timeouts,
    /// Is the first request? Those after redirects are GET or the same again.
    idempotent: bool,
    cancel: Option<&'a CancelToken>,
    observer: Option<&'a Arc<dyn Observer>>,
}

impl<'a> Call<'a> {
    fn new(request: &'a Request) -> Call<'a> {
        let began = Instant::now();
        Call {
            began,
            deadline: Deadline::after_opt(began, request.timeouts.total),
            timeouts: request.timeouts,
            idempotent: request.method().is_idempotent(),
            cancel: request.cancel.as_ref(),
            observer: request.observer.as_ref(),
        }
    }

    /// The request that the response asks for, if it is to be followed.
    fn next(
        &self,
        request: &Request,
        response: &Response,
        followed: usize,
    ) -> Result<Option<Request>> {
        if !response.status().is_redirection() {
            return Ok(None);
        }
        let policy = &request.redirects;
        let next = redirect::next(policy, request, response.head(), followed);
        next.map_err(|error| response.describe(error))
    }

    /// RFC 9110 §10.1.1: after a 417 the request may be repeated without the expectation, once.
    fn expect_or_repeat(
        &self,
        client: &Client,
        request: &Request,
        started: Instant,
    ) -> Result<Response> {
        let response = self.exchange_or_retry(client, request, started)?;
        let refused = response.status() == StatusCode::EXPECTATION_FAILED;
        if !refused || !request.headers().contains("Expect") || !request.body().is_replayable() {
            return Ok(response);
        }
        drop(response);
        self.exchange_or_retry(client, &request.without_expectation(), Instant::now())
    }

    /// One exchange; one more on a fresh connection if a reused one turned out to be dead.
    fn exchange_or_retry(
        &self,
        client: &Client,
        request: &Request,
        started: Instant,
    ) -> Result<Response> {
        // What cannot be sent costs no connection.
        self.not_cancelled(Phase::Connect)?;
        request.body().check_unspent()?;
        let mut timings = Timings::new(self.began, started);
        if let Some(connection) = self.checkout(client, request, timings.started) {
            let error = match self.exchange(client, request, connection, &mut timings) {
                Err(error) => error,
                response => return response,
            };
            let replayable = request.body().is_replayable();
            if !client.config().retries.allows(request.method(), replayable, &error) {
                return Err(error);
            }
            self.observe(|| Event::Retrying { error: &error });
            client.pool().count_retried();
            timings = Timings::new(self.began, Instant::now());
        }
        let connection = self.dial(client, request.origin(), &mut timings)?;
        self.exchange(client, request, connection, &mut timings)
    }

    /// An idle connection that seems alive. A request that could not be repeated is not sent on one
    /// that was not looked at. Nothing closed or probed here is in the pool any more, so no lock is
    /// held over a system call.
    fn checkout(
        &self,
        client: &Client,
        request: &Request,
        now: Instant,
    ) -> Option<Box<Connection>> {
        let (method, replayable) = (request.method(), request.body().is_replayable());
        let patience = match client.config().retries.covers(method, replayable) {
            true => PROBE_AFTER,
            false => Duration::ZERO,
        };
        let mut discarded = Vec::new();
        loop {
            let idle = client.pool().take(request.origin(), now, &mut discarded);
            for (connection, reason) in discarded.drain(..) {
                self.observe(|| Event::Closed { connection: connection.id, reason });
            }
            let idle = idle?;
            let (mut connection, rested) = (idle.value, now.saturating_duration_since(idle.since));
            if rested >= patience && !connection.is_quiet() {
                let (id, reason) = (connection.id, CloseReason::ClosedWhileIdle);
                self.observe(|| Event::Closed { connection: id, reason });
                continue;
            }
            client.pool().count_reused();
            self.observe(|| Event::Reused {
                connection: connection.id,
                local: connection.local,
                remote: connection.remote,
                exchanges: connection.exchanges,
                idle: rested,
            });
            return Some(connection);
        }
    }

    /// A new connection to the origin, with TLS if its scheme says so.
    fn dial(
        &self,
        client: &Client,
        origin: &Arc<Origin>,
        timings: &mut Timings,
    ) -> Result<Box<Connection>> {
        let config = client.config();
        let deadline = self.until(self.timeouts.connect);
        let tls = match (origin.scheme(), &config.tls) {
            (Scheme::Http, _) => None,
            (Scheme::Https, Some(tls)) => Some(tls),
            (Scheme::Https, None) => {
                return Err(Error::new(ErrorKind::UnsupportedScheme)
                    .message("https needs a TLS adapter, and this client has none"))
            }
        };
        let mut transport = self.connect(client, origin, deadline, timings)?;
        if let Some(tls) = tls {
            self.observe(|| Event::Handshaking);
            let blame = |error| self.blame(Phase::Tls, ErrorKind::Tls, error);
            let _registration = self.interruptible(&*transport).map_err(blame)?;
            let handshake = tls.handshake(origin.host(), transport, &[b"http/1.1"], deadline);
            transport = handshake.map_err(blame)?;
            timings.secured = Some(Instant::now());
        }
        let now = Instant::now();
        let id = client.next_connection_id();
        let connection = Connection::new(transport, config.limits, config.leniency, id, now);
        client.pool().count_created();
        let (local, remote) = (connection.local, connection.remote);
        self.observe(|| Event::Connected { connection: id, local, remote });
        Ok(Box::new(connection))
    }

    fn connect(
        &self,
        client: &Client,
        origin: &Origin,
        deadline: Deadline,
        timings: &mut Timings,
    ) -> Result<Box<dyn Transport>> {
        let mut phase = Phase::Connect;
        let mut progress = |step: Step<'_>| {
            match step {
                Step::Resolving(_) => phase = Phase::Resolve,
                Step::Resolved(_) => timings.resolved = Some(Instant::now()),
                Step::Connecting(_) => phase = Phase::Connect,
                _ => {}
            }
            self.observe_step(step);
        };
        let dialing = Dialing { origin, deadline, cancel: self.cancel, progress: &mut progress };
        let transport =
            client.config().connector.connect(dialing).map_err(|error| match phase {
                Phase::Resolve => self.blame(phase, ErrorKind::Resolve, error),
                phase => self.blame(phase, ErrorKind::Connect, error),
            })?;
        timings.connected = Some(Instant::now());
        Ok(transport)
    }

    /// Has a cancel shut `transport` down, for as long as the registration lives.
    fn interruptible(&self, transport: &dyn Transport) -> io::Result<Option<Registration>> {
        match (self.cancel, transport.interrupt_handle()) {
            (Some(token), Some(handle)) => token.register(handle).map(Some),
            _ => Ok(None),
        }
    }

    /// Sends the request on `connection` and waits for the head of its response.
    fn exchange(
        &self,
        client: &Client,
        request: &Request,
        mut connection: Box<Connection>,
        timings: &mut Timings,
    ) -> Result<Response> {
        let result = self.send_and_wait(request, &mut connection, timings);
        let exchange = Exchange {
            deadline: self.deadline,
            read: self.timeouts.read,
            idempotent: self.idempotent,
            cancel: self.cancel.cloned(),
            observer: self.observer.cloned(),
            origin: request.origin().clone(),
        };
        match result {
            Ok(head) => Ok(Response::new(
                client,
                request.shared_url(),
                head,
                exchange,
                connection,
                *timings,
            )),
            Err(error) => {
                let error = error.with_transcript(transcript(&connection, exchange.idempotent));
                exchange.close(connection, CloseReason::Fault);
                Err(error)
            }
        }
    }

    fn send_and_wait(
        &self,
        request: &Request,
        connection: &mut Connection,
        timings: &mut Timings,
    ) -> Result<ResponseHead> {
        connection.begin();
        let target = request.target()?;
        let head = RequestHead {
            method: request.method(),
            target: &target,
            version: request.version(),
            headers: request.headers(),
            transfer: request.transfer(),
        };
        let mut watch = Notify { call: self, connection: connection.id };
        if let Some(token) = self.cancel {
            connection.cancel_by(token).map_err(|failure| self.explain(Phase::Send, failure))?;
        }
        let deadline = self.until(self.timeouts.send);
        let sent = match request.body().open()? {
            Opened::Bytes(bytes) => {
                connection.send(&head, Content::Bytes(bytes), deadline, &mut watch)
            }
            Opened::Reader(mut reader) => {
                connection.send(&head, Content::Reader(&mut *reader), deadline, &mut watch)
            }
        };
        timings.ready = Some(timings.secured.or(timings.connected).unwrap_or(timings.started));
        sent.map_err(|failure| self.explain(Phase::Send, failure))?;
        timings.sent = Some(Instant::now());
        let deadline = self.until(self.timeouts.response);
        let head = connection.recv_head(deadline, &mut watch);
        let head = head.map_err(|failure| self.explain(Phase::Wait, failure))?;
        timings.head = Some(Instant::now());
        self.observe(|| Event::ResponseHead { status: head.status(), head: head.as_bytes() });
        Ok(head)
    }

    /// The deadline of a phase that begins now: that of the call if it comes first.
    fn until(&self, timeout: Option<Duration>) -> Deadline {
        match timeout {
            Some(_) => Deadline::after_opt(Instant::now(), timeout).earlier(self.deadline),
            None => self.deadline,
        }
    }

    fn not_cancelled(&self, phase: Phase) -> Result<()> {
        match self.cancel.map_or(false, CancelToken::is_cancelled) {
            true => Err(Error::new(ErrorKind::Cancelled).at(phase)),
            false => Ok(()),
        }
    }

    fn explain(&self, phase: Phase, failure: Failure) -> Error {
        explain(self.cancel, phase, failure)
    }

    fn blame(&self, phase: Phase, kind: ErrorKind, error: io::Error) -> Error {
        blame(self.cancel, phase, kind, error)
    }

    fn observe<'e>(&self, event: impl FnOnce() -> Event<'e>) {
        observe(self.observer, event);
    }

    fn observe_step(&self, step: Step<'_>) {
        let event = match step {
            Step::Resolving(host) => Event::Resolving { host },
            Step::Resolved(addresses) => Event::Resolved { addresses },
            Step::Connecting(address) => Event::Connecting { address },
            Step::Refused(address) => Event::Refused { address },
            // Told when the connection has its number.
            Step::Connected(_) => return,
        };
        self.observe(|| event);
    }
}

/// Passes what a connection sees on to the observer.
struct Notify<'a> {
    call: &'a Call<'a>,
    connection: u64,
}

impl Watch for Notify<'_> {
    fn informational(&mut self, head: &ResponseHead) {
        self.call.observe(|| Event::Informational { status: head.status(), head: head.as_bytes() });
    }

    fn sent_head(&mut self, bytes: &[u8]) {
        let connection = self.connection;
        self.call.observe(|| Event::RequestHead { connection, bytes });
    }

    fn sent_content(&mut self, bytes: u64) {
        self.call.observe(|| Event::RequestBody { bytes });
    }

    fn sent_end(&mut self) {
        self.call.observe(|| Event::RequestEnd);
    }
}

/// A connection that was idle for longer than this is looked at before it is used again: for an end
/// that has come, and for bytes that no request asked for, which must never answer the next one
/// (RFC 9112 §9.2). One used just now is not: that would cost a request more than twice as many
/// system calls, and what comes that soon mostly came with the response, where it was noticed. Before
/// a request that would not be repeated, every one is: a server that closes after each response
/// without a word would fail every second POST.
const PROBE_AFTER: Duration = Duration::from_millis(5);
