//! The way of a request: a connection, the exchange, and again after a redirect or on a dead
//! connection. One function for each step, top down.

use std::borrow::Cow;
use std::time::Instant;

use crate::conn::{Connection, Content};
use crate::error::{Error, Result};
use crate::event::{Event, Phase, Timings};
use crate::http::StatusCode;
use crate::proto::h1::{RequestHead, ResponseHead};
use crate::proto::CloseReason;

use super::body::Opened;
use super::call::{Call, Notify};
use super::checkout::Obtained;
use super::exchange::{transcript, Exchange};
use super::redirect;
use super::request::Request;
use super::response::{Redirected, Response};
use super::{Client, Lent, Place};

/// Sends `request` and follows where it leads.
pub(super) fn run(client: &Client, request: &Request) -> Result<Response> {
    let call = Call::new(client, request);
    let mut request = Cow::Borrowed(request);
    let mut history = Vec::new();
    let mut timings = Timings::new(call.began, call.began);
    loop {
        let result = call.expect_or_repeat(&request, &mut timings);
        let placed = |error: Error| match history.is_empty() {
            true => error.with_url(request.shared_url()),
            false => error.after_redirects(call.idempotent).with_url(request.shared_url()),
        };
        let mut response = call.response(&request, result.map_err(placed)?, &timings);
        response.settle();
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
                timings = Timings::new(call.began, Instant::now());
            }
        }
    }
}

impl Call<'_> {
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
    fn expect_or_repeat(&self, request: &Request, timings: &mut Timings) -> Result<Answered> {
        let answered = self.exchange_or_retry(request, timings)?;
        let refused = answered.head.status() == StatusCode::EXPECTATION_FAILED;
        if !refused || !request.headers().contains("Expect") || !request.body().is_replayable() {
            return Ok(answered);
        }
        drop(self.response(request, answered, timings));
        *timings = Timings::new(self.began, Instant::now());
        self.exchange_or_retry(&request.without_expectation(), timings)
    }

    /// One exchange; one more on a fresh connection if a reused one turned out to be dead.
    fn exchange_or_retry(&self, request: &Request, timings: &mut Timings) -> Result<Answered> {
        // What cannot be sent costs no connection.
        self.not_over(timings.started)?;
        request.body().check_unspent()?;
        let place = match self.obtain(request, timings)? {
            Obtained::Place(place) => place,
            Obtained::Kept(connection) => {
                let (error, place) = match self.exchange(request, connection, timings) {
                    Ok(answered) => return Ok(answered),
                    Err(failed) => failed,
                };
                let replayable = request.body().is_replayable();
                if !self.client.config().retries.allows(request.method(), replayable, &error) {
                    return Err(error);
                }
                self.observe(|| Event::Retrying { error: &error });
                self.client.pool().count_retried();
                *timings = Timings::new(self.began, Instant::now());
                place
            }
        };
        let connection = self.dial(place, request.origin(), timings)?;
        self.exchange(request, connection, timings).map_err(|(error, _)| error)
    }

    /// Sends the request on `connection` and waits for the head of its response. With the error comes
    /// the place of the connection, which is closed.
    fn exchange(
        &self,
        request: &Request,
        mut connection: Lent,
        timings: &mut Timings,
    ) -> Result<Answered, (Error, Place)> {
        match self.send_and_wait(request, &mut connection, timings) {
            Ok(head) => Ok(Answered { head, connection }),
            Err(error) => {
                let error = error.with_transcript(transcript(&connection, self.idempotent));
                Err((error, self.vacate(connection, CloseReason::Fault)))
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
        sent.map_err(|failure| self.explain(Phase::Send, failure))?;
        timings.sent = Some(Instant::now());
        let deadline = self.until(self.timeouts.response);
        let head = connection.recv_head(deadline, &mut watch);
        let head = head.map_err(|failure| self.explain(Phase::Wait, failure))?;
        timings.head = Some(Instant::now());
        self.observe(|| Event::ResponseHead { status: head.status(), head: head.as_bytes() });
        Ok(head)
    }

    /// The response that begins with this head. It is large, so it is made last, and in one place.
    fn response(&self, request: &Request, answered: Answered, timings: &Timings) -> Response {
        let exchange = Exchange {
            deadline: self.deadline,
            read: self.timeouts.read,
            idempotent: self.idempotent,
            cancel: self.cancel.cloned(),
            observer: self.observer.cloned(),
        };
        let Answered { head, connection } = answered;
        let limit = self.client.config().limits.body;
        Response::new(limit, request.shared_url(), head, exchange, connection, timings)
    }
}

/// What an exchange has come to: the head of a final response, and the connection with its content.
struct Answered {
    head: ResponseHead,
    connection: Lent,
}
