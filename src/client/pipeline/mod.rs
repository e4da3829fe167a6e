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
//! On a connection of HTTP/2 each request has a stream of its own, and none of these rules is needed: what goes
//! out beside the request whose turn it is neither waits for that nor is lost with it.
//!
//! What remains is why pipelining is for the caller to ask for: a response that was sent unasked cannot be
//! told from the answer to a request that is in flight already.

mod track;

use std::borrow::Cow;
use std::fmt;
use std::time::Instant;

use crate::error::Result;

use self::track::{Job, Track, Turn};
use super::call::Call;
use super::hop::Hop;
use super::into_request::IntoRequest;
use super::response::Response;
use super::Client;

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

impl<I> Pipeline<I>
where
    I: Iterator,
    I::Item: IntoRequest,
{
    pub(super) fn new(client: &Client, requests: I) -> Pipeline<I> {
        Pipeline { client: client.clone(), requests, track: Track::new(DEPTH) }
    }

    /// How many requests may be in flight at once. Default 16; 0 counts as 1. As many are taken from
    /// the iterator before a response is waited for.
    pub fn depth(mut self, depth: usize) -> Pipeline<I> {
        self.track.set_depth(depth.max(1));
        self
    }

    fn pull(&mut self) {
        while self.track.wants_more() {
            match self.requests.next() {
                Some(request) => self.track.push(request.into_request()),
                None => return,
            }
        }
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
            Some(Ok(job)) => Some(exchange(&self.client, &mut self.track, job)),
            Some(Err(error)) => Some(Err(error)),
            None => {
                self.track.leave(&self.client);
                None
            }
        }
    }
}

impl<I> Drop for Pipeline<I> {
    fn drop(&mut self) {
        self.track.leave(&self.client);
    }
}

impl<I> fmt::Debug for Pipeline<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pipeline({:?})", self.track)
    }
}

/// The response to the request whose turn it is. Apart from [`Pipeline`], of which there is a copy for each kind
/// of iterator.
fn exchange(client: &Client, track: &mut Track, job: Job) -> Result<Response> {
    let Job { request, trip } = job;
    if !request.may_be_pipelined() {
        track.leave(client);
        return client.send(&request);
    }
    // After the iterator was asked, which may have taken its time.
    let now = Instant::now();
    let mut turn = Turn::new(Call::new(client, &request, now), &request, trip);
    let result = track.exchange_or_retry(&mut turn);
    if client.is_bounded() && turn.call.may_lead_on(&request, &result) {
        track.lose_all();
    }
    turn.call.conclude(&mut Hop::whole(Cow::Borrowed(&request)), result, &mut turn.timings)
}

/// Half of what a round trip over a continent can hide at a server's usual pace, and no more than
/// what is to be sent again if a connection fails.
const DEPTH: usize = 16;
