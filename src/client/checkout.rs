//! How a call comes by its connection: an idle one that is alive, one that someone gives back, or a
//! new one.
//!
//! Nothing is closed or probed while it is in the pool, so no lock is held over a system call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::conn::{Checkout, Connection, Grant, Waiting};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Phase, Timings};
use crate::http::{Origin, Scheme};
use crate::net::{Deadline, Dialing, Registration, Step, Tls, Transport};
use crate::proto::CloseReason;

use super::call::Call;
use super::request::Request;
use super::{Lent, Place, Pool};

/// What a call has to send its request on.
pub(super) enum Obtained {
    /// A connection that was used before.
    Kept(Lent),
    /// A place for a new one.
    Place(Place),
}

impl Call<'_> {
    /// An idle connection that seems alive, or a place for a new one; what comes first if the call has
    /// to wait.
    pub(super) fn obtain(&self, request: &Request, timings: &mut Timings) -> Result<Obtained> {
        let now = timings.started;
        self.obtain_by(request, timings, |pool| pool.checkout(request.origin(), now))
    }

    /// A new connection, whatever is idle.
    pub(super) fn obtain_new(&self, request: &Request, timings: &mut Timings) -> Result<Lent> {
        let obtained = self.obtain_by(request, timings, |pool| pool.reserve(request.origin()))?;
        let place = match obtained {
            Obtained::Place(place) => place,
            Obtained::Kept(connection) => self.vacate(connection, CloseReason::Evicted),
        };
        self.dial(place, request.origin(), timings)
    }

    fn obtain_by(
        &self,
        request: &Request,
        timings: &mut Timings,
        ask: impl Fn(&Arc<Pool>) -> Checkout<Arc<Origin>, Box<Connection>>,
    ) -> Result<Obtained> {
        let now = timings.started;
        loop {
            match ask(self.client.pool()) {
                Checkout::Idle(connection, since) => {
                    match self.take_alive(request, connection, since, now) {
                        Ok(connection) => return Ok(Obtained::Kept(connection)),
                        Err(dead) => drop(self.vacate(dead, DEAD)),
                    }
                }
                Checkout::Vacant(place) => return Ok(Obtained::Place(place)),
                Checkout::Overdue(connection, reason) => drop(self.vacate(connection, reason)),
                Checkout::Full(waiting) => return self.queue(request, waiting, timings),
                Checkout::Closed => return Err(shut_down()),
            }
        }
    }

    fn queue(
        &self,
        request: &Request,
        waiting: Waiting<Arc<Origin>, Box<Connection>>,
        timings: &mut Timings,
    ) -> Result<Obtained> {
        self.observe(|| Event::Queued);
        let granted = waiting.wait(self.until(self.timeouts.queue), self.cancel);
        let granted =
            granted.map_err(|error| self.blame(Phase::Queue, ErrorKind::Connect, error))?;
        let now = Instant::now();
        timings.queued = Some(now);
        match granted {
            Grant::Value(connection) => {
                match self.take_alive(request, connection, now, now) {
                    Ok(connection) => Ok(Obtained::Kept(connection)),
                    // Who has waited does not go to the end of the queue again.
                    Err(dead) => Ok(Obtained::Place(self.vacate(dead, DEAD))),
                }
            }
            Grant::Place(place) => Ok(Obtained::Place(place)),
            Grant::Closed => Err(shut_down()),
        }
    }

    /// The connection, which was idle from `since` on, unless it is found to be dead. A request that
    /// could not be repeated is not sent on one that was not looked at.
    fn take_alive(
        &self,
        request: &Request,
        mut connection: Lent,
        since: Instant,
        now: Instant,
    ) -> Result<Lent, Lent> {
        let (method, replayable) = (request.method(), request.body().is_replayable());
        let repeatable = request.retries().covers(method, replayable);
        let trusted = repeatable && now < since + PROBE_AFTER;
        if !trusted && !connection.is_quiet() {
            return Err(connection);
        }
        self.client.pool().count_reused();
        self.observe(|| Event::Reused {
            connection: connection.id,
            local: connection.local,
            remote: connection.remote,
            exchanges: connection.exchanges,
            idle: now.saturating_duration_since(since),
        });
        Ok(connection)
    }

    /// A new connection to the origin, with TLS if its scheme says so.
    pub(super) fn dial(
        &self,
        place: Place,
        origin: &Origin,
        timings: &mut Timings,
    ) -> Result<Lent> {
        let config = self.client.config();
        let deadline = self.until(self.timeouts.connect);
        let tls = match (origin.scheme(), &config.tls) {
            (Scheme::Http, _) => None,
            (Scheme::Https, Some(tls)) => Some(tls),
            (Scheme::Https, None) => {
                return Err(Error::new(ErrorKind::UnsupportedScheme)
                    .message("https needs a TLS adapter, and this client has none"))
            }
        };
        let mut transport = self.connect(origin, deadline, timings)?;
        if let Some(tls) = tls {
            self.observe(|| Event::Handshaking);
            transport = self.secure(&**tls, origin, transport, deadline)?;
            timings.secured = Some(Instant::now());
        }
        let now = Instant::now();
        let id = self.client.next_connection_id();
        let connection = Connection::new(transport, config.limits, config.leniency, id, now);
        self.client.pool().count_created();
        let (local, remote) = (connection.local, connection.remote);
        self.observe(|| Event::Connected { connection: id, local, remote });
        Ok(place.fill(Box::new(connection)))
    }

    fn connect(
        &self,
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
            self.client.config().connector.connect(dialing).map_err(|error| match phase {
                Phase::Resolve => self.blame(phase, ErrorKind::Resolve, error),
                phase => self.blame(phase, ErrorKind::Connect, error),
            })?;
        timings.connected = Some(Instant::now());
        Ok(transport)
    }

    fn secure(
        &self,
        tls: &dyn Tls,
        origin: &Origin,
        transport: Box<dyn Transport>,
        deadline: Deadline,
    ) -> Result<Box<dyn Transport>> {
        let blame = |error| self.blame(Phase::Tls, ErrorKind::Tls, error);
        let _registration = self.interruptible(&*transport).map_err(blame)?;
        tls.handshake(origin.host(), transport, &[b"http/1.1"], deadline).map_err(blame)
    }

    /// Has a cancel shut `transport` down, for as long as the registration lives.
    fn interruptible(&self, transport: &dyn Transport) -> std::io::Result<Option<Registration>> {
        match (self.cancel, transport.interrupt_handle()) {
            (Some(token), Some(handle)) => token.register(handle).map(Some),
            _ => Ok(None),
        }
    }
}

const DEAD: CloseReason = CloseReason::ClosedWhileIdle;

fn shut_down() -> Error {
    Error::new(ErrorKind::ShutDown).at(Phase::Queue)
}

/// A connection that was idle for longer than this is looked at before it is used again: for an end
/// that has come, and for bytes that no request asked for, which must never answer the next one
/// (RFC 9112 §9.2). One used just now is not: that would cost a request more than twice as many
/// system calls, and what comes that soon mostly came with the response, where it was noticed. Before
/// a request that would not be repeated, every one is: a server that closes after each response
/// without a word would fail every second POST.
const PROBE_AFTER: Duration = Duration::from_millis(5);
