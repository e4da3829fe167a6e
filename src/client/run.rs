//! The way of a request: a connection, the exchange, and again after a redirect, on a dead connection
//! or as the policy says. One function for each step, top down.
//!
//! Up to the end only what an exchange has come to is handed on: the response, which is large, is
//! made last.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::conn::{self, Allowed, Content, Trailers};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Phase, Timings};
use crate::http::StatusCode;
use crate::net::Deadline;
use crate::proto::CloseReason;
use crate::proto::ResponseHead;

use super::auth::Role;
use super::body::Opened;
use super::call::{Call, Notify};
use super::checkout::Obtained;
use super::exchange::{give_back, transcript, Exchange};
use super::hop::{self, Hop, Next};
use super::line::Line;
use super::request::Request;
use super::response::{Redirected, Response, Terms};
use super::retry::Failures;
use super::{Client, Lent, Place};

/// What an exchange has come to: the head of a final response, and the connection with its content.
pub(super) struct Answered {
    pub(super) head: ResponseHead,
    connection: Lent,
    line: Option<Arc<Line>>,
}

impl Answered {
    /// Does the connection end with this response?
    pub(super) fn is_last(&self) -> bool {
        self.connection.close_reason().is_some()
    }
}

/// Sends `request` and follows where it leads.
pub(super) fn run(client: &Client, request: &Request) -> Result<Response> {
    let call = Call::new(client, request, Instant::now());
    let mut timings = Timings::new(call.began, call.began);
    let mut hop = Hop::whole(Cow::Borrowed(request));
    hop.ask_first()?;
    let first = call.exchange_or_retry(hop.sent(), &mut timings);
    call.conclude(&mut hop, first, &mut timings)
}

impl Call<'_> {
    /// Follows where the first exchange of the first stop, which came to this, leads, if anywhere.
    pub(super) fn conclude(
        &self,
        hop: &mut Hop<'_>,
        first: Result<Answered>,
        timings: &mut Timings,
    ) -> Result<Response> {
        match first {
            first if self.may_lead_on(&hop.request, &first) => self.follow(hop, first, timings),
            Ok(answered) => Ok(self.response(&hop.request, answered, timings, Vec::new())),
            Err(error) => Err(error.with_url(hop.request.shared_url())),
        }
    }

    #[cold]
    fn follow(
        &self,
        hop: &mut Hop<'_>,
        mut result: Result<Answered>,
        timings: &mut Timings,
    ) -> Result<Response> {
        let (mut history, mut followed, mut processed) = (Vec::new(), 0, false);
        loop {
            if let Some(further) = hop.sent().retries().further {
                result = further.persist(self, hop.sent(), result, timings, &mut processed);
            }
            let request = &*hop.request;
            let answered = result.map_err(|error| self.placed(request, error, processed))?;
            match hop.next(&answered.head, self.client.config(), followed) {
                Ok(Next::Nothing) => return Ok(self.response(request, answered, timings, history)),
                Ok(Next::Answer(role)) => self.go_again(hop, answered, timings, Some(role))?,
                Ok(Next::Content) => {
                    processed = true;
                    self.go_again(hop, answered, timings, None)?;
                }
                Ok(Next::Redirect(next)) => {
                    if history.len() == Redirected::MOST {
                        history.remove(0);
                    }
                    history.push(self.redirected(request, answered, timings, &next));
                    (followed, processed) = (followed + 1, true);
                    *hop = Hop::whole(Cow::Owned(next));
                    hop.ask_first()?;
                }
                Err(error) => {
                    let response = self.response(request, answered, timings, history);
                    return Err(response.describe(error));
                }
            };
            *timings = Timings::new(self.began, Instant::now());
            result = self.exchange_or_retry(hop.sent(), timings);
        }
    }

    /// The error with the URL of the request that it ends. If another of the same call may have been
    /// `processed` before, it is not as if nothing had been sent.
    fn placed(&self, request: &Request, error: Error, processed: bool) -> Error {
        let error = error.with_url(request.shared_url());
        match processed {
            true => error.after_others(self.idempotent),
            false => error,
        }
    }

    /// Lets the response go, so that its connection may carry the same request once more.
    fn go_again(
        &self,
        hop: &mut Hop<'_>,
        answered: Answered,
        timings: &Timings,
        answers: Option<Role>,
    ) -> Result<()> {
        let (status, version) = (answered.head.status(), answered.head.version());
        let url = hop.request.shared_url().clone();
        drop(self.response(&hop.request, answered, timings, Vec::new()));
        self.observe(|| Event::Authenticating { status, url: &url });
        hop.again(answers, version).map_err(|error| error.with_url(&url))
    }

    /// Lets the response go, so that its connection may carry the next request.
    fn redirected(
        &self,
        request: &Request,
        answered: Answered,
        timings: &Timings,
        next: &Request,
    ) -> Redirected {
        let response = self.response(request, answered, timings, Vec::new());
        let (status, head) = (response.status(), response.into_head());
        let (from, to) = (request.url(), next.url());
        self.observe(|| Event::Redirecting { status, from, to });
        let (url, location) = (request.shared_url().clone(), next.shared_url().clone());
        Redirected { url, head, location }
    }

    /// May this result lead to another exchange?
    pub(super) fn may_lead_on(&self, request: &Request, result: &Result<Answered>) -> bool {
        let leads_on = |answered: &Answered| hop::may_lead_on(request, &answered.head);
        let further = request.retries().further;
        result.as_ref().map_or(false, leads_on)
            || further.map_or(false, |further| further.are_wanted(request, result))
    }

    /// One exchange; one more on a fresh connection if a reused one turned out to be dead, and some more
    /// if others shared that, or the server says that it has not looked at the request.
    pub(super) fn exchange_or_retry(
        &self,
        request: &Request,
        timings: &mut Timings,
    ) -> Result<Answered> {
        // What cannot be sent costs no connection.
        self.not_over(timings.started)?;
        request.body().check_unspent()?;
        let mut obtained = self.obtain(request, timings)?;
        let mut failures = Failures::default();
        loop {
            let mut connection = self.connection(request, obtained, timings)?;
            let error = match self.exchange(request, &mut connection, timings) {
                Ok(head) if refuses_expectation(&head, request) => {
                    return self.expect_nothing(request, head, connection, timings);
                }
                Ok(head) => return Ok(Answered { head, connection, line: None }),
                Err(error) => error,
            };
            let (error, left) = self.failed(request, connection, error);
            obtained = self.try_again(request, error, left, &mut failures, timings)?;
        }
    }

    /// What the request is sent on again after this failure.
    ///
    /// # Errors
    /// The failure itself, if the request is not sent again.
    #[cold]
    fn try_again(
        &self,
        request: &Request,
        error: Error,
        left: Left,
        failures: &mut Failures,
        timings: &mut Timings,
    ) -> Result<Obtained> {
        failures.note(&error, &left);
        let replayable = request.body().is_replayable();
        let again = request.retries().policy.allows(request.method(), replayable, &error);
        let hopeless = failures.alone && !error.connection_was_reused();
        if !again || hopeless || failures.are_too_many() {
            return Err(error);
        }
        self.observe(|| Event::Retrying { error: &error });
        self.client.pool().count_retried();
        *timings = Timings::new(self.began, Instant::now());
        failures.alone = matches!(left, Left::Place(_)) || failures.want_their_own();
        match left {
            Left::Place(place) => Ok(Obtained::Place(place)),
            Left::Nothing if failures.alone => {
                Ok(Obtained::New(self.obtain_new(request, timings)?))
            }
            // Others use the same connection, or have made another by now.
            Left::Nothing | Left::Connection => self.obtain(request, timings),
        }
    }

    /// The same request without the expectation that this response refuses.
    #[cold]
    fn expect_nothing(
        &self,
        request: &Request,
        head: ResponseHead,
        connection: Lent,
        timings: &mut Timings,
    ) -> Result<Answered> {
        let answered = Answered { head, connection, line: None };
        drop(self.response(request, answered, timings, Vec::new()));
        *timings = Timings::new(self.began, Instant::now());
        self.exchange_or_retry(&request.without_expectation()?, timings)
    }

    /// The connection for an exchange: made now, if there is only a place for it.
    pub(super) fn connection(
        &self,
        request: &Request,
        obtained: Obtained,
        timings: &mut Timings,
    ) -> Result<Lent> {
        let connection = match obtained {
            Obtained::Kept(connection) => return Ok(connection),
            Obtained::New(connection) => connection,
            Obtained::Place(place) => self.dial(place, request.route())?,
        };
        timings.made = connection.facts().made;
        Ok(connection)
    }

    /// Sends the request on `connection` and waits for the head of its response.
    fn exchange(
        &self,
        request: &Request,
        connection: &mut conn::Connection,
        timings: &mut Timings,
    ) -> Result<ResponseHead> {
        connection.begin();
        let request = &*self.dress(request)?;
        let target = request.target()?;
        let outgoing = request.outgoing(&target);
        let mut watch = self.notify(request, connection);
        self.guard(connection)?;
        let allowed = Allowed {
            until: self.until(self.timeouts.send),
            for_continue: self.timeouts.expect_continue.unwrap_or(CONTINUE_PATIENCE),
        };
        let fields = request.body().trailers().map(|trailers| move || trailers.fields());
        let trailers: Trailers<'_> = fields.as_ref().map(|fields| fields as _);
        let sent = match request.body().open()? {
            Opened::Bytes(bytes) => {
                connection.send(&outgoing, Content::Bytes(bytes), trailers, allowed, &mut watch)
            }
            Opened::Reader(mut reader) => {
                let content = Content::Reader(&mut *reader);
                connection.send(&outgoing, content, trailers, allowed, &mut watch)
            }
        };
        sent.map_err(|failure| self.explain(Phase::Send, failure))?;
        timings.sent = Some(Instant::now());
        self.wait(request, connection, timings)
    }

    /// Puts a request behind those in flight on `connection`, or beside them, which may have to be waited
    /// for. Returns the length of what is sent.
    pub(super) fn enqueue(
        &self,
        request: &Request,
        connection: &mut conn::Connection,
        until: Deadline,
    ) -> Result<u64> {
        let request = &*self.dress(request)?;
        let target = request.target()?;
        let body = request.body();
        let content = match (body.open()?, body.trailers()) {
            (Opened::Bytes(bytes), None) => bytes,
            _ => {
                let text = "a pipelined request needs a body in memory, without trailers";
                return Err(Error::new(ErrorKind::InvalidRequest).message(text));
            }
        };
        let mut watch = self.notify(request, connection);
        let queued = connection.enqueue(&request.outgoing(&target), content, until, &mut watch);
        queued.map_err(|failure| self.explain(Phase::Send, failure))
    }

    /// Waits on `connection` for the head of the response to a pipelined request, of which this many
    /// bytes were sent.
    pub(super) fn receive(
        &self,
        request: &Request,
        line: Option<&Arc<Line>>,
        mut connection: Lent,
        sent: u64,
        timings: &mut Timings,
    ) -> Result<Answered, (Error, Left)> {
        connection.begin_response(sent);
        let guarded = self.guard(&mut connection);
        match guarded.and_then(|()| self.wait(request, &mut connection, timings)) {
            Ok(head) => Ok(Answered { head, connection, line: line.map(Arc::clone) }),
            Err(error) => Err(self.failed(request, connection, error)),
        }
    }

    /// Has the connection end when the call is cancelled.
    fn guard(&self, connection: &mut conn::Connection) -> Result<()> {
        match self.cancel {
            Some(token) => {
                connection.cancel_by(token).map_err(|failure| self.explain(Phase::Send, failure))
            }
            None => Ok(()),
        }
    }

    fn notify<'a>(&'a self, request: &'a Request, connection: &conn::Connection) -> Notify<'a> {
        Notify { call: self, connection: connection.facts().id, request }
    }

    /// The one place where a final head comes in.
    fn wait(
        &self,
        request: &Request,
        connection: &mut conn::Connection,
        timings: &mut Timings,
    ) -> Result<ResponseHead> {
        let mut watch = self.notify(request, connection);
        let deadline = self.until(self.timeouts.response);
        let before = connection.tally().received;
        let head = connection.recv_head(deadline, &mut watch).map_err(|failure| {
            let bytes = connection.unread();
            if !bytes.is_empty() {
                self.observe(|| Event::FaultyHead { bytes });
            }
            self.explain(Phase::Wait, failure)
        })?;
        // What nothing was read for was there when this step began: when the request had been sent, or what
        // came before the response had been read.
        let waited = connection.tally().received > before;
        let was_there = || timings.sent.map_or(self.began, |sent| sent.max(self.began));
        timings.head = Some(if waited { Instant::now() } else { was_there() });
        self.observe(|| Event::ResponseHead { status: head.status(), head: head.as_bytes() });
        self.heed(request, &head);
        Ok(head)
    }

    /// The error of an exchange, with what is known of its connection, and what is left of that.
    #[cold]
    fn failed(&self, request: &Request, connection: Lent, error: Error) -> (Error, Left) {
        let error = error.with_transcript(transcript(&connection, self.idempotent));
        if connection.survives() {
            if error.is_unprocessed() {
                self.client.manners().note_streams(request.route(), connection.room());
            }
            give_back(connection, Instant::now(), self.observer);
            return (error, Left::Connection);
        }
        let place = self.vacate(connection, CloseReason::Fault);
        (error, place.map_or(Left::Nothing, Left::Place))
    }

    /// The response that begins with this head.
    pub(super) fn response(
        &self,
        request: &Request,
        answered: Answered,
        timings: &Timings,
        history: Vec<Redirected>,
    ) -> Response {
        let Answered { head, connection, line } = answered;
        let exchange = Exchange {
            deadline: self.deadline,
            read: self.timeouts.read,
            idempotent: self.idempotent,
            cancel: self.cancel.cloned(),
            observer: self.observer.cloned(),
            line,
        };
        let layer = request.layer(head.headers(), connection.is_coded());
        let terms = Terms { limit: self.client.config().limits.body, layer };
        Response::new(terms, request.shared_url(), head, exchange, connection, timings, history)
    }
}

/// What is left of the connection of an exchange that failed.
pub(super) enum Left {
    /// All of it: it goes on.
    Connection,
    /// The place that it had.
    Place(Place),
    /// Nothing for now: others use it to its end.
    Nothing,
}

impl Left {
    pub(super) fn into_place(self) -> Option<Place> {
        match self {
            Left::Place(place) => Some(place),
            Left::Connection | Left::Nothing => None,
        }
    }
}

/// RFC 9110 §10.1.1: after a 417 the request may be repeated without the expectation, once.
fn refuses_expectation(head: &ResponseHead, request: &Request) -> bool {
    head.status() == StatusCode::EXPECTATION_FAILED
        && request.headers().contains("Expect")
        && request.body().is_replayable()
}

/// How long to wait for 100 Continue. What curl and Go wait.
const CONTINUE_PATIENCE: Duration = Duration::from_secs(1);
