//! What went wrong on a connection, in terms of the caller.

use std::io;
use std::time::Instant;

use crate::conn::Failure;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Phase;
use crate::net::{AddressRefused, CancelToken, Deadline};
#[cfg(feature = "http2")]
use crate::proto::h2::{ErrorCode, Reset};

/// Is there still any use in going on with something that is to end by then?
pub(super) fn not_over(
    cancel: Option<&CancelToken>,
    phase: Phase,
    deadline: Deadline,
    now: Instant,
) -> Result<()> {
    match () {
        () if is_cancelled(cancel) => Err(Error::new(ErrorKind::Cancelled).at(phase)),
        () if deadline.is_past(now) => Err(Error::new(ErrorKind::Timeout).at(phase)),
        () => Ok(()),
    }
}

/// What a failure on a connection means to the caller.
pub(super) fn explain(cancel: Option<&CancelToken>, phase: Phase, failure: Failure) -> Error {
    match failure {
        Failure::Send(error) => blame(cancel, phase, ErrorKind::Send, error),
        Failure::Receive(error) => blame(cancel, phase, ErrorKind::Receive, error),
        Failure::Content(error) => {
            let text = format!("the request body could not be read: {}", error);
            Error::new(ErrorKind::Body).at(phase).message(text).cause(error)
        }
        // A cancel shuts the socket down, which then looks like a peer that ends too early.
        _ if is_cancelled(cancel) => Error::new(ErrorKind::Cancelled).at(phase),
        Failure::Protocol(error) => Error::broken_rule(phase, error),
        #[cfg(feature = "http2")]
        Failure::Connection(error) => Error::broken_http2(phase, error),
        #[cfg(feature = "http2")]
        Failure::Stream(reset) => ended_alone(phase, reset),
        #[cfg(feature = "http2")]
        Failure::Closed(complaint) => closed(phase, complaint),
        #[cfg(feature = "proxy")]
        Failure::Socks(error) => {
            Error::new(ErrorKind::Proxy).at(phase).message(error.to_string()).cause(error)
        }
    }
}

/// The peer has closed a connection of HTTP/2 in the middle of an exchange.
#[cfg(feature = "http2")]
fn closed(phase: Phase, complaint: Option<ErrorCode>) -> Error {
    let (kind, text) = match phase {
        Phase::Receive => {
            (ErrorKind::Truncated, "the peer closed the connection amid the response")
        }
        _ => (ErrorKind::EmptyResponse, "the peer closed the connection without a response"),
    };
    let error = Error::new(kind).at(phase);
    match complaint {
        Some(code) => error.message(format!("{}, and said {}", text, code)),
        None => error.message(text),
    }
}

/// RFC 9113 §5.4.2, §8.7: what the end of one exchange, in place of its response, means.
#[cfg(feature = "http2")]
fn ended_alone(phase: Phase, reset: Reset) -> Error {
    let text = reset.to_string();
    match reset {
        Reset::Malformed(error) => Error::broken_http2(phase, error),
        Reset::Unprocessed(_) => Error::new(ErrorKind::Reset).at(phase).message(text).unprocessed(),
        _ => Error::new(ErrorKind::Reset).at(phase).message(text),
    }
}

pub(super) fn blame(
    cancel: Option<&CancelToken>,
    phase: Phase,
    kind: ErrorKind,
    error: io::Error,
) -> Error {
    if is_cancelled(cancel) {
        return Error::new(ErrorKind::Cancelled).at(phase);
    }
    match error.kind() {
        // With a code of the system's own it is not the deadline, but a connection given up by TCP.
        io::ErrorKind::TimedOut if error.raw_os_error().is_none() => {
            Error::new(ErrorKind::Timeout).at(phase)
        }
        _ if error.get_ref().map_or(false, |inner| inner.is::<AddressRefused>()) => {
            let text = error.to_string();
            Error::new(ErrorKind::AddressRefused).at(phase).message(text).cause(error)
        }
        _ => Error::new(kind).at(phase).cause(error),
    }
}

fn is_cancelled(cancel: Option<&CancelToken>) -> bool {
    cancel.map_or(false, CancelToken::is_cancelled)
}
