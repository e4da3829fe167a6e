//! When a request is sent again.
//!
//! Two different things. A pooled connection may be closed by the server at the very moment in which
//! it is used again (RFC 9112 §9.3.1): that is nobody's fault, so such a request is repeated at once,
//! once, on a connection that is fresh. And a server may be out of order for a while: then a policy
//! may ask for more attempts, with growing pauses between them. In both cases only what the server
//! cannot have processed, or may process twice (RFC 9110 §9.2.2), unless the caller says otherwise.

use std::time::{Duration, Instant, SystemTime};

use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Timings};
use crate::http::{date, token, Headers, Method, StatusCode};
use crate::net::Deadline;

use super::call::Call;
use super::request::Request;
use super::run::{Answered, Left};

/// Which requests are sent again by the client itself.
///
/// ```
/// use std::time::Duration;
/// use pannier::{Client, RetryPolicy};
///
/// let policy = RetryPolicy::attempts(3)
///     .backoff(Duration::from_millis(200), Duration::from_secs(5))
///     .statuses([429, 503]);
/// let client = Client::builder().retries(policy).build();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    stale: bool,
    attempts: u32,
    first_pause: Duration,
    longest_pause: Duration,
    longest_wish: Duration,
    statuses: Statuses,
    twice: bool,
}

impl RetryPolicy {
    /// None. Nothing is pipelined then, since what was lost with another request could not be sent again.
    pub const fn none() -> RetryPolicy {
        RetryPolicy { stale: false, ..RetryPolicy::stale_connections() }
    }

    /// Once on a fresh connection, if the connection was reused, no byte of a response came, the body can
    /// be sent again, and the method is idempotent or nothing was sent. What the server says that it has
    /// not processed (HTTP/2), or could not be sent since the connection ended, goes again a few times.
    /// This is the default.
    pub const fn stale_connections() -> RetryPolicy {
        RetryPolicy {
            stale: true,
            attempts: 0,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            longest_wish: Duration::from_secs(120),
            statuses: Statuses::TRANSIENT,
            twice: false,
        }
    }

    /// The same, and up to `count` further attempts when the host cannot be found or reached, the
    /// connection fails before a response, a phase takes longer than allowed, or the status is 408,
    /// 429, 502, 503 or 504. Never beyond the total timeout: if the pause would be, what was got is
    /// the result. A request whose content is a reader gets none, and one that is not idempotent, such as
    /// POST, only if nothing of it was sent, so after no status: see
    /// [`allow_processing_twice`](RetryPolicy::allow_processing_twice).
    pub const fn attempts(count: u32) -> RetryPolicy {
        RetryPolicy { attempts: count, ..RetryPolicy::stale_connections() }
    }

    /// The pause before the first of the further attempts, and how long it may become by doubling.
    /// Each pause is shortened at random by up to a half, lest many clients come back at once.
    /// Default 500 ms and 30 s.
    #[must_use]
    pub const fn backoff(mut self, first: Duration, longest: Duration) -> RetryPolicy {
        self.first_pause = first;
        self.longest_pause = longest;
        self
    }

    /// How long a pause the server may ask for by `Retry-After` (RFC 9110 §10.2.3). What asks for a
    /// longer one is not repeated. Default 120 s; zero obeys none.
    #[must_use]
    pub const fn max_retry_after(mut self, longest: Duration) -> RetryPolicy {
        self.longest_wish = longest;
        self
    }

    /// Which statuses ask for a further attempt. Those outside of 400 to 599 do nothing.
    #[must_use]
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> RetryPolicy {
        self.statuses = Statuses::NONE;
        for status in statuses {
            self.statuses = self.statuses.with(status);
        }
        self
    }

    /// Further attempts also for requests that the server may have processed and that are not
    /// idempotent, such as POST. Only the caller can know that this does no harm. Off.
    #[must_use]
    pub const fn allow_processing_twice(mut self, on: bool) -> RetryPolicy {
        self.twice = on;
        self
    }

    /// Is such a request sent again however much of it a dead connection took?
    pub(crate) fn covers(&self, method: &Method, replayable: bool) -> bool {
        self.stale && replayable && method.is_idempotent()
    }

    /// May this request be sent again at once after this failure, on a fresh connection?
    pub(crate) fn allows(&self, method: &Method, replayable: bool, error: &Error) -> bool {
        let lost =
            matches!(error.kind(), ErrorKind::Send | ErrorKind::Receive | ErrorKind::EmptyResponse);
        if error.is_unprocessed() {
            return self.stale && replayable;
        }
        self.stale
            && lost
            && error.connection_was_reused()
            && error.bytes_received() == 0
            && replayable
            && (method.is_idempotent() || error.bytes_sent() == 0)
    }

    /// The pause before one more attempt after this result, with `made` further attempts made.
    fn pause(&self, request: &Request, result: &Result<Answered>, made: u32) -> Option<Duration> {
        if made >= self.attempts || !request.body().is_replayable() {
            return None;
        }
        let idempotent = request.method().is_idempotent() || self.twice;
        match result {
            Err(error) => {
                let harmless = idempotent || error.bytes_sent() == 0;
                (harmless && is_transient(error)).then(|| self.shortened(made))
            }
            Ok(answered) if idempotent && self.statuses.contains(answered.head.status()) => {
                match retry_after(answered.head.headers(), SystemTime::now()) {
                    Some(wish) if self.longest_wish > Duration::ZERO => {
                        (wish <= self.longest_wish).then_some(wish)
                    }
                    _ => Some(self.shortened(made)),
                }
            }
            Ok(_) => None,
        }
    }

    fn shortened(&self, made: u32) -> Duration {
        let doubled = self.first_pause.saturating_mul(1_u32.checked_shl(made).unwrap_or(u32::MAX));
        let pause = doubled.min(self.longest_pause);
        // Half of it is certain; how much of the other half there is, no two clients agree on: it is by
        // the microsecond at which each of them has failed.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        pause / 2 + pause / 2048 * (now.subsec_micros() % 1025)
    }
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy::stale_connections()
    }
}

/// The policy of a request, and what makes the further attempts that it may ask for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Retries {
    pub(crate) policy: RetryPolicy,
    pub(super) further: Option<&'static dyn Further>,
}

impl Retries {
    pub(super) fn by(policy: RetryPolicy) -> Retries {
        Retries { policy, further: Some(&Attempts) }
    }
}

/// Makes further attempts. Of this there is one kind; it is a trait so that a program that gives no policy
/// does not carry it.
pub(super) trait Further: Sync {
    /// Is there to be one after this result?
    fn are_wanted(&self, request: &Request, result: &Result<Answered>) -> bool;

    /// The result, or that of as many as the policy allows. Notes whether what came before may have been
    /// `processed`.
    fn persist(
        &self,
        call: &Call<'_>,
        request: &Request,
        result: Result<Answered>,
        timings: &mut Timings,
        processed: &mut bool,
    ) -> Result<Answered>;
}

struct Attempts;

impl Further for Attempts {
    fn are_wanted(&self, request: &Request, result: &Result<Answered>) -> bool {
        request.retries().policy.pause(request, result, 0).is_some()
    }

    fn persist(
        &self,
        call: &Call<'_>,
        request: &Request,
        mut result: Result<Answered>,
        timings: &mut Timings,
        processed: &mut bool,
    ) -> Result<Answered> {
        let mut made = 0;
        while let Some(pause) = request.retries().policy.pause(request, &result, made) {
            let now = Instant::now();
            let moment = Deadline::after(now, pause);
            if moment.earlier(call.deadline) != moment {
                break;
            }
            // A response is let go, so that its connection may carry the next attempt.
            let error = match result {
                Ok(answered) => {
                    call.response(request, answered, timings, Vec::new()).into_status_error()
                }
                Err(error) => error,
            };
            call.observe(|| Event::Retrying { error: &error });
            *processed |= error.may_be_processed();
            made += 1;
            result = call.rest(moment).and_then(|()| {
                call.client.pool().count_retried();
                *timings = Timings::new(call.began, Instant::now());
                call.exchange_or_retry(request, timings)
            });
        }
        result
    }
}

/// How often an exchange has failed, so that the request was sent again at once, or is to be.
#[derive(Default)]
pub(super) struct Failures {
    /// The connection was lost with it.
    lost: u32,
    /// The server refused it, and the connection went on.
    refused: u32,
    /// The server may have processed the request.
    taken: u32,
    /// Is it sent again on a connection of its own?
    pub(super) alone: bool,
}

impl Failures {
    pub(super) fn note(&mut self, error: &Error, left: &Left) {
        match left {
            Left::Connection => self.refused += 1,
            Left::Place(_) | Left::Nothing => self.lost += 1,
        }
        self.taken += u32::from(error.may_be_processed());
    }

    pub(super) fn is_none(&self) -> bool {
        self.lost + self.refused == 0
    }

    pub(super) fn are_too_many(&self) -> bool {
        self.taken > MOST_TAKEN || self.lost > MOST_LOST || self.refused > MOST_REFUSED
    }

    /// Is a connection with others of no use any more?
    pub(super) fn want_their_own(&self) -> bool {
        self.lost > MOST_SHARED
    }
}

/// May it be different the next time?
fn is_transient(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Resolve
            | ErrorKind::Connect
            | ErrorKind::EmptyResponse
            | ErrorKind::Send
            | ErrorKind::Receive
            | ErrorKind::Timeout
    )
}

/// `Retry-After = HTTP-date / delay-seconds` (RFC 9110 §10.2.3), as a pause from now.
fn retry_after(headers: &Headers, now: SystemTime) -> Option<Duration> {
    let value = headers.get_bytes("Retry-After")?;
    match token::decimal_or_most(value) {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => Some(date::parse(value, now)?.duration_since(now).unwrap_or_default()),
    }
}

/// How often a request is sent again that the server may have processed. RFC 9110 §9.2.2: "A client SHOULD
/// NOT automatically retry a failed automatic retry."
const MOST_TAKEN: u32 = 1;

/// How often a request is sent again on connections with others that was lost with such a one. Then it gets
/// a connection of its own, to be the first on it: a server may take less on one connection than a crowd
/// asks of it at once, which would leave some out for good.
const MOST_SHARED: u32 = 2;

/// How often it is sent again at all, since by mere chance it may not be the first even then. If it was, there
/// is nothing more to hope for.
const MOST_LOST: u32 = 5;

/// How often one is that the server has refused on a connection which goes on.
const MOST_REFUSED: u32 = 3;

/// Some of the statuses from 400 to 599, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Statuses([u64; 4]);

impl Statuses {
    const NONE: Statuses = Statuses([0; 4]);
    const TRANSIENT: Statuses = Statuses::NONE.with(408).with(429).with(502).with(503).with(504);

    const fn with(mut self, status: u16) -> Statuses {
        if status >= 400 && status < 600 {
            let bit = status as usize - 400;
            self.0[bit / 64] |= 1 << (bit % 64);
        }
        self
    }

    fn contains(self, status: StatusCode) -> bool {
        let bit = usize::from(status.as_u16()).wrapping_sub(400);
        self.0.get(bit / 64).map_or(false, |bits| bits >> (bit % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Transcript;

    #[test]
    fn ok_only_what_cannot_be_processed_twice_is_repeated() {
        let lost = |kind, sent, received, reused| {
            let transcript = Transcript { sent, received, reused, ..Transcript::default() };
            Error::new(kind).with_transcript(transcript)
        };
        let (send, receive, empty) =
            (ErrorKind::Send, ErrorKind::Receive, ErrorKind::EmptyResponse);
        let table = [
            (Method::GET, true, lost(empty, 100, 0, true), true),
            (Method::GET, true, lost(receive, 100, 0, true), true),
            (Method::PUT, true, lost(send, 50, 0, true), true),
            (Method::POST, true, lost(send, 0, 0, true), true),
            (Method::POST, true, lost(send, 1, 0, true), false),
            (Method::POST, true, lost(empty, 100, 0, true), false),
            (Method::PATCH, true, lost(empty, 100, 0, true), false),
            (Method::GET, true, lost(empty, 100, 0, false), false),
            (Method::GET, true, lost(receive, 100, 1, true), false),
            (Method::PUT, false, lost(empty, 100, 0, true), false),
            (Method::GET, true, lost(ErrorKind::Timeout, 100, 0, true), false),
            (Method::GET, true, lost(ErrorKind::Protocol, 100, 0, true), false),
            (Method::GET, true, lost(ErrorKind::Cancelled, 100, 0, true), false),
        ];
        for (method, replayable, error, expected) in table {
            let policy = RetryPolicy::default();
            assert_eq!(
                policy.allows(&method, replayable, &error),
                expected,
                "{} {:?}",
                method,
                error
            );
            assert!(!RetryPolicy::none().allows(&method, replayable, &error));
        }
    }

    #[test]
    fn ok_statuses_are_a_set() {
        let policy = RetryPolicy::attempts(1).statuses([400, 599, 500, 200, 1000]);
        for code in 100..=599 {
            let status = StatusCode::new(code).unwrap();
            assert_eq!(
                policy.statuses.contains(status),
                [400, 500, 599].contains(&code),
                "{}",
                code
            );
        }
    }

    #[test]
    fn ok_pauses_double_up_to_the_longest_and_are_shortened_by_half_at_most() {
        let policy = RetryPolicy::attempts(9)
            .backoff(Duration::from_millis(100), Duration::from_millis(1000));
        for (made, whole) in [(0, 100), (1, 200), (2, 400), (3, 800), (4, 1000), (70, 1000)] {
            let whole = Duration::from_millis(whole);
            let pause = policy.shortened(made);
            assert!(pause >= whole / 2 && pause <= whole, "{} {:?}", made, pause);
        }
    }

    #[test]
    fn ok_retry_after_is_seconds_or_a_date() {
        let now = date::parse("Sun, 06 Nov 1994 08:49:37 GMT", SystemTime::UNIX_EPOCH).unwrap();
        let table = [
            ("0", Some(0)),
            ("120", Some(120)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("99999999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("+1", None),
            ("1.5", None),
            ("soon", None),
        ];
        for (value, expected) in table {
            let mut headers = Headers::new();
            headers.append("Retry-After", value).unwrap();
            let found = retry_after(&headers, now).map(|pause| pause.as_secs());
            assert_eq!(found, expected, "{}", value);
        }
        assert_eq!(retry_after(&Headers::new(), now), None);
    }
}
