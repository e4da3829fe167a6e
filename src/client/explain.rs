//! What went wrong on a connection, in terms of the caller.

use std::io;
use std::time::Instant;

use crate::conn::Failure;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Phase;
use crate::net::{AddressRefused, CancelToken, Deadline};

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
        Failure::Http2(fault) => fault.explain(phase),
        #[cfg(feature = "proxy")]
        Failure::Socks(error) => {
            Error::new(ErrorKind::Proxy).at(phase).message(error.to_string()).cause(error)
        }
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
