//! Many requests on one connection, sent without waiting for the responses in between
//! (RFC 9112 §9.3.2).
//!
//! The rules, which keep pipelining harmless against peers that cannot do it:
//!
//! - One request at a time until the peer has answered in HTTP/1.1 and kept the connection.
//! - Only idempotent requests, with content that is in memory and small. Any other waits until
//!   nothing is in flight, and goes out alone.
//! - If the connection ends, what was not answered is sent again: once, and each alone on a connection
//!   that is fresh, so that it cannot be lost in the same way. The depth is halved then. So the
//!   pipeline sends no request more than twice.
//! - But if the peer announced the end, what came behind was not looked at (RFC 9112 §9.6), and it is
//!   as if it had never been sent.
//! - A peer that ends connections without a word while several requests are in flight is
//!   remembered by the client, and not pipelined to any more.
//!
//! What remains is why pipelining is for the caller to ask for: a response that was sent unasked cannot be
//! told from the answer to a request that is in flight already.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Phase, Timings};
use crate::http::Origin;
use crate::proto::CloseReason;

use super::call::Call;
use super::checkout::Obtained;
use super::exchange::give_back;
use super::into_request::IntoRequest;
use super::line::{Line, Seat};
use super::request::Request;
use super::response::Response;
use super::run::Answered;
use super::{Client, Lent, Place};

/// Requests that are pipelined, and the responses in their order; made by [`Client::pipeline`].
///
/// An iterator: each step sends what may be in flight, and returns when the head of the next
/// response has come, redirects and retries included. A response should be read to its end, or
/// dropped, before the next is asked for; what cannot be read away then costs the connection, and
/// the requests behind it are sent again. The timeouts of a request count from the step that waits for
/// its response, not from when it was sent behind others.
///
/// ```
/// use pannier::net::Script;
/// use pannier::Client;
///
/// let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/// let script = Script::new()
///     // The first goes alone, the others together.
///     .expect_until("\r\n\r\n")
///     .reply(ok)
///     .expect_until("GET /c HTTP/1.1\r\n")
///     .expect_until("\r\n\r\n")
///     .reply([ok, ok].concat());
/// let client = Client::builder().connector(script.repeated()).build();
///
/// let urls = ["http://example.com/a", "http://example.com/b", "http://example.com/c"];
/// for response in client.pipeline(urls.map(|url| client.get(url))) {
///     assert_eq!(response?.text()?, "ok");
/// }
/// # Ok::<(), pannier::Error>(())
/// ```
#[must_use = "nothing is sent until responses are asked for"]
pub struct Pipeline<I> {
    client: Client,
    requests: I,
    track: Track,
}

/// What is under way.
struct Track {
    depth: usize,
    /// Taken from the iterator and not answered, oldest first.
    jobs: VecDeque<Result<Job>>,
    /// How many of them, the oldest, are in flight.
    sent: usize,
    current: Option<Current>,
}

/// A request on its way.
struct Job {
    request: Request,
    trip: Trip,
}

/// How far it has come.
#[derive(Default)]
struct Trip {
    /// How often it was sent.
    tries: u32,
    /// Its length on the wire and when it was sent, if it is in flight.
    in_flight: Option<(u64, Instant)>,
}

/// The request whose response is waited for.
struct Turn<'a> {
    call: Call<'a>,
    request: &'a Request,
    trip: Trip,
    timings: Timings,
    /// Why it has to be sent again, if that is its own failure.
    failure: Option<Error>,
}

/// The connection that is used now.
struct Current {
    origin: Arc<Origin>,
    line: Arc<Line>,
    /// Is more than one request at a time allowed on it?
    pipelined: bool,
}

impl<I> Pipeline<I>
where
    I: Iterator,
    I::Item: IntoRequest,
{
    pub(super) fn new(client: &Client, requests: I) -> Pipeline<I> {
        let track = Track { depth: DEPTH, jobs: VecDeque::new(), sent: 0, current: None };
        Pipeline { client: client.clone(), requests, track }
    }

    /// How many requests may be in flight at once. Default 16; 0 counts as 1. As many are taken from
    /// the iterator before a response is waited for.
    pub fn depth(mut self, depth: usize) -> Pipeline<I> {
        self.track.depth = depth.max(1);
        self
    }

    fn pull(&mut self) {
        while self.track.jobs.len() < self.track.depth {
            let job = |request| Job { request, trip: Trip::default() };
            match self.requests.next() {
                Some(request) => self.track.jobs.push_back(request.into_request().map(job)),
                None => return,
            }
        }
    }

    fn exchange(&mut self, job: Job) -> Result<Response> {
        let Job { request, trip } = job;
        if !request.may_be_pipelined() {
            self.track.leave(&self.client);
            return self.client.send(&request);
        }
        // After the iterator was asked, which may have taken its time.
        let now = Instant::now();
        let call = Call::new(&self.client, &request, now);
        let sent = trip.in_flight.map(|(_, at)| at);
        let mut timings = Timings::new(sent.unwrap_or(now), sent.unwrap_or(now));
        timings.sent = sent;
        let mut turn = Turn { call, request: &request, trip, timings, failure: None };
        let result = loop {
            match self.track.exchange(&mut turn) {
                Ok(answered) => break Ok(answered),
                Err(error) if turn.may_go_again(&error) => turn.failure = Some(error),
                Err(error) => break Err(error),
            }
        };
        if self.client.is_bounded() && turn.call.may_lead_on(&request, &result) {
            self.track.lose_all();
        }
        turn.call.conclude(&request, result, &mut turn.timings)
    }
}

impl<I> Iterator for Pipeline<I>
where
    I: Iterator,
    I::Item: IntoRequest,
{
    type Item = Result<Response>;

    fn next(&mut self) -> Option<Result<Response>> {
        self.pull();
        match self.track.pop() {
            Some(Ok(job)) => Some(self.exchange(job)),
            Some(Err(error)) => Some(Err(error)),
            None => {
                self.track.leave(&self.client);
                None
            }
        }
    }
}

impl Track {
    fn pop(&mut self) -> Option<Result<Job>> {
        let job = self.jobs.pop_front()?;
        if matches!(&job, Ok(job) if job.trip.in_flight.is_some()) {
            self.sent -= 1;
        }
        Some(job)
    }

    /// Sends the request, with what may go out behind it, and waits for its response.
    fn exchange(&mut self, turn: &mut Turn<'_>) -> Result<Answered> {
        let (line, mut connection) = self.connection(turn)?;
        if turn.trip.in_flight.is_none() {
            if let Err(error) = turn.send(&mut connection) {
                drop(line.put(Seat::Free(connection)));
                return Err(error);
            }
        }
        if turn.trip.tries == 1 {
            self.top_up(turn, &mut connection);
        }
        let length = turn.trip.in_flight.take().map_or(0, |(length, _)| length);
        let received = turn.call.receive(&line, connection, length, &mut turn.timings);
        received.map_err(|(error, place)| {
            self.broken(turn.call.client, &error);
            drop(line.put(Seat::Closed(place, CloseReason::Fault)));
            error
        })
    }

    /// The connection on which the request is in flight, or is to be sent.
    fn connection(&mut self, turn: &mut Turn<'_>) -> Result<(Arc<Line>, Lent)> {
        let origin = turn.request.origin();
        if !matches!(&self.current, Some(current) if current.origin == *origin) {
            self.leave(turn.call.client);
        }
        let seat = self.current.as_ref().map_or(Seat::Taken, |current| current.line.take());
        let again = turn.trip.tries > 0 && turn.trip.in_flight.is_none();
        let connection = match seat {
            // RFC 9112 §9.3.2: a client should not pipeline again at once after a failure.
            Seat::Free(connection) if again && connection.exchanges > 0 => {
                let place = turn.call.vacate(connection, CloseReason::Evicted);
                self.start(turn, Some(place))?
            }
            Seat::Free(connection) => connection,
            Seat::Closed(place, reason) => {
                if reason == CloseReason::RequestedByServer {
                    self.unsend_all(&mut turn.trip);
                }
                self.start(turn, Some(place))?
            }
            // There is none yet, or the caller has it with a response that was not read to its end.
            Seat::Taken | Seat::Left => self.start(turn, None)?,
        };
        let current = self.current.get_or_insert_with(|| Current::new(origin));
        current.allow(turn.call.client, &connection);
        Ok((Arc::clone(&current.line), connection))
    }

    /// Another connection, in this place if there is one.
    fn start(&mut self, turn: &mut Turn<'_>, place: Option<Place>) -> Result<Lent> {
        self.lose_all();
        turn.trip.in_flight = None;
        turn.timings = Timings::new(turn.timings.began, Instant::now());
        let Turn { call, request, trip, timings, .. } = turn;
        call.not_over(timings.started)?;
        let place = match place {
            Some(place) => Obtained::Place(place),
            None if trip.tries > 0 => Obtained::New(call.obtain_new(request, timings)?),
            None => call.obtain(request, timings)?,
        };
        let connection = match place {
            Obtained::Kept(connection) => return Ok(connection),
            Obtained::New(connection) => connection,
            Obtained::Place(place) => call.dial(place, request.origin())?,
        };
        timings.made = connection.made;
        Ok(connection)
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
            match call.enqueue(request, connection) {
                Ok(length) => trip.go(length, call.began),
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
            client.manners().note_break(&current.origin);
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
    fn lose_all(&mut self) {
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
    fn leave(&mut self, client: &Client) {
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
            && self.request.origin() == first.origin()
            && self.request.may_be_pipelined()
    }
}

impl Trip {
    /// It is sent, with this length.
    fn go(&mut self, length: u64, now: Instant) {
        self.tries += 1;
        self.in_flight = Some((length, now));
    }
}

impl Turn<'_> {
    fn send(&mut self, connection: &mut Lent) -> Result<()> {
        if self.trip.tries == MOST_TRIES {
            let text = "the connection was closed twice before the request was answered";
            return Err(Error::new(ErrorKind::EmptyResponse).message(text).at(Phase::Wait));
        }
        if self.trip.tries > 0 {
            let error = self.failure.take().unwrap_or_else(lost_with_another);
            self.call.observe(|| Event::Retrying { error: &error });
            self.call.client.pool().count_retried();
        }
        let length = self.call.enqueue(self.request, connection)?;
        let at = self.timings.connection_ready().max(self.call.began);
        self.timings.sent = Some(at);
        self.trip.go(length, at);
        Ok(())
    }

    fn may_go_again(&self, error: &Error) -> bool {
        let replayable = self.request.body().is_replayable();
        let method = self.request.method();
        self.trip.tries < MOST_TRIES && self.request.retries().allows(method, replayable, error)
    }
}

impl Current {
    fn new(origin: &Arc<Origin>) -> Current {
        Current { origin: Arc::clone(origin), line: Arc::new(Line::new()), pipelined: false }
    }

    /// Allows more than one request at a time, if peer and policy are fit for it.
    fn allow(&mut self, client: &Client, connection: &Lent) {
        if self.pipelined {
            return;
        }
        let manners = client.manners();
        let shown = connection.may_be_pipelined();
        if shown {
            manners.note_persistence(&self.origin);
        }
        self.pipelined = (shown || manners.persists(&self.origin)) && !manners.breaks(&self.origin);
    }
}

impl<I> Drop for Pipeline<I> {
    fn drop(&mut self) {
        self.track.leave(&self.client);
    }
}

impl<I> fmt::Debug for Pipeline<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("depth", &self.track.depth)
            .field("in_flight", &self.track.sent)
            .finish_non_exhaustive()
    }
}

fn lost_with_another() -> Error {
    let text = "the connection was closed before the request was answered";
    Error::new(ErrorKind::EmptyResponse).message(text).at(Phase::Wait)
}

/// Half of what a round trip over a continent can hide at a server's usual pace, and no more than
/// what is to be sent again if a connection fails.
const DEPTH: usize = 16;

/// A request is sent at most this often.
const MOST_TRIES: u32 = 2;
