//! The connection of a pipeline, what is in flight on it, and what becomes of that when it ends.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Phase, Timings};
use crate::net::Deadline;
use crate::proto::CloseReason;

use super::super::call::Call;
use super::super::checkout::Obtained;
use super::super::exchange::give_back;
use super::super::line::{Line, Seat};
use super::super::request::Request;
use super::super::retry::Failures;
use super::super::route::Route;
use super::super::run::{Answered, Left};
use super::super::{Client, Lent, Place};

/// What is under way.
pub(super) struct Track {
    depth: usize,
    /// Taken from the iterator and not answered, oldest first.
    jobs: VecDeque<Result<Job>>,
    /// How many of them, the oldest, are in flight.
    sent: usize,
    current: Option<Current>,
    /// Was the last connection one that many share? Then every request has its own part of it.
    multiplexed: bool,
}

/// A request on its way.
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) trip: Trip,
}

/// How far it has come.
#[derive(Default)]
pub(super) struct Trip {
    /// How often it was sent, but for the times when the peer did not look at it.
    tries: u32,
    /// Those times.
    unseen: Failures,
    in_flight: Option<Flight>,
}

/// A request in flight.
pub(super) struct Flight {
    /// Its length on the wire.
    length: u64,
    sent_at: Instant,
    /// Its own part of a connection that many share, if it is not on the line.
    own: Option<Lent>,
}

/// The request whose response is waited for.
pub(super) struct Turn<'a> {
    pub(super) call: Call<'a>,
    request: &'a Request,
    trip: Trip,
    pub(super) timings: Timings,
    /// Why it has to be sent again, if that is its own failure.
    failure: Option<Error>,
}

/// The connection that is used now.
struct Current {
    route: Arc<Route>,
    line: Arc<Line>,
    /// Is more than one request at a time allowed on it?
    pipelined: bool,
}

impl Track {
    pub(super) fn new(depth: usize) -> Track {
        Track { depth, jobs: VecDeque::new(), sent: 0, current: None, multiplexed: false }
    }

    pub(super) fn set_depth(&mut self, depth: usize) {
        self.depth = depth;
    }

    /// Could more requests be sent than are here?
    pub(super) fn wants_more(&self) -> bool {
        self.jobs.len() < self.depth
    }

    pub(super) fn push(&mut self, request: Result<Request>) {
        self.jobs.push_back(request.map(|request| Job { request, trip: Trip::default() }));
    }

    /// The request whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Result<Job>> {
        let job = self.jobs.pop_front()?;
        if matches!(&job, Ok(job) if job.trip.in_flight.is_some()) {
            self.sent -= 1;
        }
        Some(job)
    }

    /// The exchange; once more if it was lost on a connection that was used before.
    pub(super) fn exchange_or_retry(&mut self, turn: &mut Turn<'_>) -> Result<Answered> {
        loop {
            match self.exchange(turn) {
                Err(error) if turn.may_go_again(&error) => turn.failure = Some(error),
                result => return result,
            }
        }
    }

    /// Sends the request, with what may go out behind it, and waits for its response.
    fn exchange(&mut self, turn: &mut Turn<'_>) -> Result<Answered> {
        let own = turn.trip.in_flight.as_mut().and_then(|flight| flight.own.take());
        if let Some(connection) = own {
            return self.exchange_beside(turn, connection);
        }
        let (line, mut connection) = match self.connection(turn)? {
            (Some(line), connection) => (line, connection),
            (None, connection) => return self.exchange_beside(turn, connection),
        };
        if turn.trip.in_flight.is_none() {
            if let Err(error) = turn.send(&mut connection) {
                drop(line.put(Seat::Free(connection)));
                return Err(error);
            }
        }
        if turn.trip.tries == 1 {
            self.top_up(turn, &mut connection);
        }
        let received = turn.receive(Some(&line), connection);
        received.map_err(|(error, left)| {
            self.broken(turn.call.client, &error);
            drop(line.put(Seat::Closed(left.into_place(), CloseReason::Fault)));
            error
        })
    }

    /// Sends the request on its own part of a connection, with what may go out beside it, and waits for its
    /// response. What becomes of the others is no matter of this one.
    fn exchange_beside(&mut self, turn: &mut Turn<'_>, mut connection: Lent) -> Result<Answered> {
        if turn.trip.in_flight.is_none() {
            if let Err(error) = turn.send(&mut connection) {
                turn.trip.note_failure(&error, &Left::Nothing);
                return Err(error);
            }
        }
        if turn.trip.tries == 1 {
            self.top_up_beside(turn);
        }
        turn.receive(None, connection).map_err(|(error, left)| {
            turn.trip.note_failure(&error, &left);
            error
        })
    }

    /// The connection on which the request is in flight, or is to be sent. Without a line it is for this
    /// request alone.
    fn connection(&mut self, turn: &mut Turn<'_>) -> Result<(Option<Arc<Line>>, Lent)> {
        let route = turn.request.route();
        if !matches!(&self.current, Some(current) if current.route == *route) {
            self.leave(turn.call.client);
        }
        let seat = self.current.as_ref().map_or(Seat::Taken, |current| current.line.take());
        let again = turn.trip.tries > 0 && turn.trip.in_flight.is_none();
        let connection = match seat {
            // RFC 9112 §9.3.2: a client should not pipeline again at once after a failure.
            Seat::Free(connection) if again && connection.tally().exchanges > 0 => {
                let place = turn.call.vacate(connection, CloseReason::Evicted);
                self.start(turn, place)?
            }
            Seat::Free(connection) => connection,
            Seat::Closed(place, reason) => {
                if reason == CloseReason::RequestedByServer {
                    self.unsend_all(&mut turn.trip);
                }
                self.start(turn, place)?
            }
            // There is none yet, or the caller has it with a response that was not read to its end.
            Seat::Taken | Seat::Left => self.start(turn, None)?,
        };
        self.multiplexed = connection.is_share();
        if self.multiplexed {
            return Ok((None, connection));
        }
        let current = self.current.get_or_insert_with(|| Current::new(route));
        current.allow(turn.call.client, &connection);
        Ok((Some(Arc::clone(&current.line)), connection))
    }

    /// Another connection, in this place if there is one.
    fn start(&mut self, turn: &mut Turn<'_>, place: Option<Place>) -> Result<Lent> {
        if self.current.is_some() {
            self.lose_all();
        }
        turn.trip.in_flight = None;
        turn.timings = Timings::new(turn.timings.began, Instant::now());
        let Turn { call, request, trip, timings, .. } = turn;
        call.not_over(timings.started)?;
        let place = match place {
            Some(place) => Obtained::Place(place),
            None if trip.unseen.want_their_own() || (trip.tries > 0 && !self.multiplexed) => {
                Obtained::New(call.obtain_new(request, timings)?)
            }
            None => call.obtain(request, timings)?,
        };
        call.connection(request, place, timings)
    }

    /// Sends requests behind that whose turn it is; but none behind one that is sent for the second
    /// time, and none for the second time behind another.
    fn top_up(&mut self, turn: &Turn<'_>, connection: &mut Lent) {
        let depth = match &self.current {
            Some(current) if current.pipelined => self.depth,
            _ => return,
        };
        while self.sent + 1 < depth {
            let Job { request, trip } = match self.jobs.get_mut(self.sent) {
                Some(Ok(next)) if next.may_follow(turn.request) => next,
                _ => return,
            };
            let call = Call::new(turn.call.client, request, turn.call.began);
            // What cannot be sent fails when its turn comes.
            match call.enqueue(request, connection, call.deadline) {
                Ok(length) => trip.go(length, call.began, None),
                Err(_) => return,
            }
            self.sent += 1;
        }
    }

    /// Sends requests beside that whose turn it is, each on its own part of the connection, as long as there
    /// is room for one more.
    fn top_up_beside(&mut self, turn: &Turn<'_>) {
        let (client, now) = (turn.call.client, turn.call.began);
        while self.sent + 1 < self.depth {
            let Job { request, trip } = match self.jobs.get_mut(self.sent) {
                Some(Ok(next)) if next.may_follow(turn.request) => next,
                _ => return,
            };
            let call = Call::new(client, request, now);
            let mut share = match client.pool().try_share(request.route(), now) {
                Some(share) => share,
                None => return,
            };
            call.reuse(&mut share, now, now);
            match call.enqueue(request, &mut share, Deadline::after(now, Duration::ZERO)) {
                Ok(length) => trip.go(length, now, Some(share)),
                Err(_) => return,
            }
            self.sent += 1;
        }
    }

    /// The connection failed while it was waited for the response to a job.
    fn broken(&self, client: &Client, error: &Error) {
        let broken =
            matches!(error.kind(), ErrorKind::EmptyResponse | ErrorKind::Receive | ErrorKind::Send);
        if let (Some(current), true) = (&self.current, broken && self.sent > 0) {
            client.manners().note_break(&current.route);
        }
    }

    /// What is in flight was not looked at by the peer.
    fn unsend_all(&mut self, trip: &mut Trip) {
        let others = self.jobs.iter_mut().take(self.sent).flatten().map(|job| &mut job.trip);
        for trip in others.chain([trip]) {
            trip.tries -= u32::from(trip.in_flight.take().is_some());
        }
        self.sent = 0;
    }

    /// What was in flight is not any more, and next time there will be less of it.
    pub(super) fn lose_all(&mut self) {
        if let Some(current) = self.current.take() {
            current.line.leave();
        }
        if self.sent > 0 {
            self.depth = (self.depth / 2).max(1);
        }
        for job in self.jobs.iter_mut().take(self.sent).flatten() {
            job.trip.in_flight = None;
        }
        self.sent = 0;
    }

    /// Gives the connection back.
    pub(super) fn leave(&mut self, client: &Client) {
        let observer = client.config().observer.as_ref();
        if let Some(Seat::Free(connection)) =
            self.current.take().map(|current| current.line.leave())
        {
            give_back(connection, Instant::now(), observer);
        }
    }
}

impl Job {
    /// May it go out while `first` is in flight?
    fn may_follow(&self, first: &Request) -> bool {
        self.trip.tries == 0
            && self.request.route() == first.route()
            && self.request.may_be_pipelined()
    }
}

impl fmt::Debug for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "depth: {}, in flight: {}", self.depth, self.sent)
    }
}

impl Trip {
    /// It is sent, with this length.
    fn go(&mut self, length: u64, sent_at: Instant, own: Option<Lent>) {
        self.tries += 1;
        self.in_flight = Some(Flight { length, sent_at, own });
    }

    fn was_sent(&self) -> bool {
        self.tries > 0 || !self.unseen.is_none()
    }

    /// It failed on its own part of a connection, of which this is left.
    fn note_failure(&mut self, error: &Error, left: &Left) {
        if !error.is_unprocessed() {
            return;
        }
        self.tries = self.tries.saturating_sub(1);
        self.unseen.note(error, left);
    }
}

impl<'a> Turn<'a> {
    pub(super) fn new(call: Call<'a>, request: &'a Request, trip: Trip) -> Turn<'a> {
        let sent = trip.in_flight.as_ref().map(|flight| flight.sent_at);
        let began = sent.unwrap_or(call.began);
        let timings = Timings { sent, ..Timings::new(began, began) };
        Turn { call, request, trip, timings, failure: None }
    }

    fn send(&mut self, connection: &mut Lent) -> Result<()> {
        if self.trip.tries == MOST_TRIES {
            let text = "the connection was closed twice before the request was answered";
            return Err(Error::new(ErrorKind::EmptyResponse).message(text).at(Phase::Wait));
        }
        if self.trip.was_sent() {
            let error = self.failure.take().unwrap_or_else(lost_with_another);
            self.call.observe(|| Event::Retrying { error: &error });
            self.call.client.pool().count_retried();
        }
        let until = self.call.until(self.call.timeouts.send);
        let length = self.call.enqueue(self.request, connection, until)?;
        let at = self.timings.connection_ready().max(self.call.began);
        self.timings.sent = Some(at);
        self.trip.go(length, at, None);
        Ok(())
    }

    /// Waits for the response.
    fn receive(
        &mut self,
        line: Option<&Arc<Line>>,
        connection: Lent,
    ) -> Result<Answered, (Error, Left)> {
        let length = self.trip.in_flight.take().map_or(0, |flight| flight.length);
        let Turn { call, request, timings, .. } = self;
        call.receive(request, line, connection, length, timings)
    }

    fn may_go_again(&self, error: &Error) -> bool {
        let replayable = self.request.body().is_replayable();
        let method = self.request.method();
        self.trip.tries < MOST_TRIES
            && !self.trip.unseen.are_too_many()
            && self.request.retries().policy.allows(method, replayable, error)
    }
}

impl Current {
    fn new(route: &Arc<Route>) -> Current {
        Current { route: Arc::clone(route), line: Arc::new(Line::new()), pipelined: false }
    }

    /// Allows more than one request at a time, if peer and policy are fit for it.
    fn allow(&mut self, client: &Client, connection: &Lent) {
        if self.pipelined {
            return;
        }
        let manners = client.manners();
        let shown = connection.may_be_pipelined();
        if shown {
            manners.note_persistence(&self.route);
        }
        self.pipelined = (shown || manners.persists(&self.route)) && !manners.breaks(&self.route);
    }
}

fn lost_with_another() -> Error {
    let text = "the connection was closed before the request was answered";
    Error::new(ErrorKind::EmptyResponse).message(text).at(Phase::Wait)
}

/// A request is sent at most this often, if the peer may have looked at it.
const MOST_TRIES: u32 = 2;
