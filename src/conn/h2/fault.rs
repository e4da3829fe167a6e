//! What ends an exchange of HTTP/2 before its time, and what that means to a caller.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::event::Phase;
use crate::proto::h2::{self, ErrorCode, Reset};

use super::super::exchange::Failure;

/// Says what it means to a caller. Of this there is one kind; it is a trait so that a program which never
/// speaks HTTP/2 does not carry its rules.
pub(crate) trait Explain: fmt::Debug + Send {
    fn explain(&self, phase: Phase) -> Error;
}

/// Why an exchange failed, if not because of the transport.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// A rule that the peer, or the caller, has broken.
    Rule(h2::Error),
    /// The exchange was ended alone.
    Reset(Reset),
    /// The peer has closed the connection before the end of the exchange, for a reason that it may have
    /// given.
    Closed(Option<ErrorCode>),
}

impl Explain for Fault {
    fn explain(&self, phase: Phase) -> Error {
        match *self {
            Fault::Rule(rule) => broken(phase, rule),
            Fault::Reset(reset) => ended_alone(phase, reset),
            Fault::Closed(complaint) => closed(phase, complaint),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Http2(Box::new(fault))
    }
}

fn broken(phase: Phase, rule: h2::Error) -> Error {
    let kind = match rule {
        h2::Error::HeadTooLong(_)
        | h2::Error::TrailerTooLong(_)
        | h2::Error::TooManyFields(_)
        | h2::Error::TooManyInterim(_)
        | h2::Error::BlockTooLong(_)
        | h2::Error::TooManyContinuations(_) => ErrorKind::TooLarge,
        h2::Error::ClosedBeforeSettings => ErrorKind::EmptyResponse,
        h2::Error::ContentMismatch { received, expected } if received < expected => {
            ErrorKind::Truncated
        }
        _ if rule.is_local() => ErrorKind::InvalidRequest,
        _ if phase == Phase::Receive => ErrorKind::Framing,
        _ => ErrorKind::Protocol,
    };
    Error::new(kind).at(phase).message(rule.to_string()).cause(rule)
}

/// RFC 9113 §5.4.2, §8.7: what the end of one exchange, in place of its response, means.
fn ended_alone(phase: Phase, reset: Reset) -> Error {
    let text = reset.to_string();
    match reset {
        Reset::Malformed(rule) => broken(phase, rule),
        Reset::Unprocessed(_) => Error::new(ErrorKind::Reset).at(phase).message(text).unprocessed(),
        _ => Error::new(ErrorKind::Reset).at(phase).message(text),
    }
}

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
