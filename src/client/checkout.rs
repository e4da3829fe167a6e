//! How a call comes by its connection: an idle one that is alive, one that someone gives back, or a
//! new one.
//!
//! Nothing is closed or probed while it is in the pool, so no lock is held over a system call.

use std::sync::Arc;
use std::time::Instant;

use crate::conn::{Checkout, Connection, Grant, Sharing, Waiting};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Phase, Timings};
use crate::proto::CloseReason;

use super::call::Call;
use super::dial::Dial;
use super::request::Request;
use super::route::Route;
use super::{Lent, Place};

/// What a call has to send its request on.
pub(super) enum Obtained {
    /// A connection that was used before.
    Kept(Lent),
    /// A new one.
    New(Lent),
    /// A place for a new one.
    Place(Place),
}

impl Call<'_> {
    /// An idle connection that seems alive, or a place for a new one; if the call has to wait, what
    /// comes first.
    pub(super) fn obtain(&self, request: &Request, timings: &mut Timings) -> Result<Obtained> {
        let (now, route) = (timings.started, request.route());
        let sharing = self.sharing(route);
        loop {
            let found = self.client.pool().checkout(route, now, sharing);
            match self.take(request, found, timings)? {
                Some(Obtained::Place(place)) if self.may_be_outrun(&place, route) => {
                    if let Some(obtained) = self.race(request, place, timings)? {
                        return Ok(obtained);
                    }
                }
                Some(obtained) => return Ok(obtained),
                None => {}
            }
        }
    }

    /// Will one connection by this route carry many exchanges at once?
    fn sharing(&self, route: &Arc<Route>) -> Sharing {
        match route.spoken.is_http2_known() {
            true => Sharing::Expected,
            false => Sharing::Unexpected,
        }
    }

    /// May a connection come back sooner than a new one is made?
    fn may_be_outrun(&self, place: &Place, route: &Route) -> bool {
        place.has_rivals() && !self.client.config().connector.is_immediate(route.first_hop())
    }

    /// A new connection, whatever is idle.
    pub(super) fn obtain_new(&self, request: &Request, timings: &mut Timings) -> Result<Lent> {
        loop {
            let found = self.client.pool().reserve(request.route());
            let place = match self.take(request, found, timings)? {
                Some(Obtained::Place(place)) => Some(place),
                Some(Obtained::Kept(connection) | Obtained::New(connection)) => {
                    self.vacate(connection, CloseReason::Evicted)
                }
                None => None,
            };
            if let Some(place) = place {
                return self.dial(place, request.route());
            }
        }
    }

    /// What is found in the pool comes to this; to nothing, if the pool is to be asked again.
    fn take(
        &self,
        request: &Request,
        found: Checkout<Arc<Route>, Connection>,
        timings: &mut Timings,
    ) -> Result<Option<Obtained>> {
        let now = timings.started;
        let (mut connection, since) = match found {
            Checkout::Idle(connection, since) => (connection, since),
            Checkout::Shared(connection) => (connection, now),
            Checkout::Vacant(place) => return Ok(Some(Obtained::Place(place))),
            Checkout::Overdue(connection, reason) => {
                drop(self.vacate(connection, reason));
                return Ok(None);
            }
            Checkout::Full(waiting) => return self.queue(request, waiting, timings),
            Checkout::Closed => return Err(shut_down()),
        };
        if !self.is_alive(request, &mut connection, since, now) {
            drop(self.vacate(connection, DEAD));
            return Ok(None);
        }
        self.reuse(&mut connection, since, now);
        Ok(Some(Obtained::Kept(connection)))
    }

    /// What comes first; nothing, if the pool is to be asked again.
    #[cold]
    fn queue(
        &self,
        request: &Request,
        waiting: Waiting<Arc<Route>, Connection>,
        timings: &mut Timings,
    ) -> Result<Option<Obtained>> {
        self.observe(|| Event::Queued);
        let granted = waiting.wait(self.until(self.timeouts.queue), self.cancel);
        let granted =
            granted.map_err(|error| self.blame(Phase::Queue, ErrorKind::Connect, error))?;
        timings.queued = Some(Instant::now());
        self.accept(request, granted)
    }

    /// What a grant comes to; nothing, if the pool is to be asked again.
    pub(super) fn accept(
        &self,
        request: &Request,
        granted: Grant<Arc<Route>, Connection>,
    ) -> Result<Option<Obtained>> {
        Ok(match granted {
            Grant::Value(connection) if connection.tally().exchanges == 0 => {
                Some(Obtained::New(connection))
            }
            // It was made aside, and of those who waited for it one is the first.
            Grant::Shared(connection) if connection.take_first() => Some(Obtained::New(connection)),
            Grant::Value(mut connection) => {
                let now = Instant::now();
                if !self.is_alive(request, &mut connection, now, now) {
                    // Who has waited does not go to the end of the queue again.
                    return Ok(self.vacate(connection, DEAD).map(Obtained::Place));
                }
                self.reuse(&mut connection, now, now);
                Some(Obtained::Kept(connection))
            }
            Grant::Shared(mut connection) => {
                let now = Instant::now();
                self.reuse(&mut connection, now, now);
                Some(Obtained::Kept(connection))
            }
            Grant::Place(place) => Some(Obtained::Place(place)),
            Grant::Overdue(connection, reason) => {
                drop(self.vacate(connection, reason));
                None
            }
            Grant::Closed => return Err(shut_down()),
            Grant::Failed => return Err(Error::new(ErrorKind::Connect).at(Phase::Connect)),
        })
    }

    /// May the connection, which was idle from `since` on, be used? A request that could not be
    /// repeated is not sent on one that was not looked at, even if others have shares of it: they may
    /// be busy elsewhere, so that nobody has heard of its end. Nor is any on one that serves several
    /// origins, where what one of them has sent unasked would answer for another.
    fn is_alive(
        &self,
        request: &Request,
        connection: &mut Connection,
        since: Instant,
        now: Instant,
    ) -> bool {
        let (method, replayable) = (request.method(), request.body().is_replayable());
        let repeatable = request.retries().policy.covers(method, replayable);
        let serves_one = request.route().forwarder().is_none();
        let trusted = repeatable && serves_one && self.client.config().pool.trusts(since, now);
        trusted || connection.is_quiet()
    }

    /// Notes that the connection is used again, or with others.
    pub(super) fn reuse(&self, connection: &mut Connection, since: Instant, now: Instant) {
        connection.tally_mut().was_idle = true;
        self.client.pool().count_reused();
        let (facts, tally) = (connection.facts(), connection.tally());
        self.observe(|| Event::Reused {
            connection: facts.id,
            local: facts.local,
            remote: facts.remote,
            exchanges: tally.exchanges,
            idle: now.saturating_duration_since(since),
        });
    }

    /// A new connection by this route, in this place.
    #[cold]
    pub(super) fn dial(&self, place: Place, route: &Route) -> Result<Lent> {
        let dial = Dial {
            maker: self.client.maker(),
            route,
            deadline: self.until(self.timeouts.connect),
            cancel: self.cancel,
            observer: self.observer,
        };
        let connection = dial.run()?;
        connection.take_first();
        self.client.pool().count_created();
        let born = connection.facts().born;
        Ok(place.fill(connection, born))
    }
}

const DEAD: CloseReason = CloseReason::ClosedWhileIdle;

fn shut_down() -> Error {
    Error::new(ErrorKind::ShutDown).at(Phase::Queue)
}
