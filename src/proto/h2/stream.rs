//! One stream (RFC 9113 §5.1), as a client without push sees it.
//!
//! ```text
//!                 +--------+
//!                 |  idle  |  its number is above all that were opened
//!                 +--------+
//!                      │ send HEADERS
//!                      ▼
//!                 +--------+
//!       recv ES   |        |   send ES
//!     ┌───────────|  open  |───────────┐
//!     ▼           |        |           ▼
//! +----------+    +--------+    +----------+
//! |   half   |         │        |   half   |
//! |  closed  |         │ send   |  closed  |
//! | (remote) |         │ or     | (local)  |
//! +----------+         │ recv   +----------+
//!     │ send ES        │ RST         │ recv ES
//!     │ send or        ▼             │ send or
//!     │ recv RST  +--------+         │ recv RST
//!     └──────────►| closed |◄────────┘
//!                 +--------+  nothing is kept, but see `Streams`
//! ```
//!
//! While the peer may send, what it may send is a message (§8.1):
//!
//! ```text
//! Head ──(1xx)──► Head ──(final)──► Content | NoContent | Tunnel ──(DATA or trailers with ES)──► end
//! ```

use crate::http::Method;

use super::flow::{RecvWindow, Window};
use super::{Error, StreamId};

/// A stream that is not closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream {
    pub(super) id: StreamId,
    pub(super) state: State,
    pub(super) asked: Asked,
    pub(super) send: Window,
    pub(super) recv: RecvWindow,
}

/// Where in its life a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open(Receiving),
    HalfClosedLocal(Receiving),
    HalfClosedRemote,
}

/// Where in the response the peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiving {
    /// The final head is to come, after so many interim ones.
    Head { interim: usize },
    /// Content, of an announced length or not.
    Content { received: u64, length: Option<u64> },
    /// The response is defined as having no content.
    NoContent,
    /// After a 2xx to CONNECT: bytes that are no message.
    Tunnel,
}

/// What is to be known of a request when its response comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Head,
    Connect,
    Other,
}

/// Whether a stream lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    On,
    Closed,
}

impl From<&Method> for Asked {
    fn from(method: &Method) -> Asked {
        match method.as_str() {
            "HEAD" => Asked::Head,
            "CONNECT" => Asked::Connect,
            _ => Asked::Other,
        }
    }
}

impl State {
    /// A request was sent, whole or not.
    pub(super) fn opened(end: bool) -> State {
        let receiving = Receiving::Head { interim: 0 };
        match end {
            true => State::HalfClosedLocal(receiving),
            false => State::Open(receiving),
        }
    }

    /// May we send DATA, or trailers?
    pub(super) fn may_send(&self) -> bool {
        !matches!(self, State::HalfClosedLocal(_))
    }

    /// What the peer may send; nothing after END_STREAM.
    pub(super) fn receiving(&self) -> Option<Receiving> {
        match self {
            State::Open(receiving) | State::HalfClosedLocal(receiving) => Some(*receiving),
            State::HalfClosedRemote => None,
        }
    }

    pub(super) fn receiving_mut(&mut self) -> Option<&mut Receiving> {
        match self {
            State::Open(receiving) | State::HalfClosedLocal(receiving) => Some(receiving),
            State::HalfClosedRemote => None,
        }
    }

    /// END_STREAM was sent.
    pub(super) fn send_end(&mut self) -> Life {
        match *self {
            State::Open(receiving) => *self = State::HalfClosedLocal(receiving),
            State::HalfClosedLocal(_) => {}
            State::HalfClosedRemote => return Life::Closed,
        }
        Life::On
    }

    /// END_STREAM was received.
    pub(super) fn recv_end(&mut self) -> Life {
        match self {
            State::Open(_) => *self = State::HalfClosedRemote,
            State::HalfClosedLocal(_) => return Life::Closed,
            State::HalfClosedRemote => {}
        }
        Life::On
    }

    /// Has nothing of a response come?
    pub(super) fn is_unanswered(&self) -> bool {
        self.receiving() == Some(Receiving::Head { interim: 0 })
    }
}

impl Receiving {
    /// What follows a final head (RFC 9113 §8.1.1, RFC 9110 §6.4.1).
    ///
    /// 204, 304 and what answers HEAD have no content whatever their Content-Length says, so what it
    /// says is not held against them.
    pub(super) fn after_head(asked: Asked, status: u16, length: Option<u64>) -> Receiving {
        match (asked, status) {
            (Asked::Connect, 200..=299) => Receiving::Tunnel,
            (Asked::Head, _) | (_, 204 | 304) => Receiving::NoContent,
            _ => Receiving::Content { received: 0, length },
        }
    }

    /// May this much content come now, and be the last?
    pub(super) fn check_data(&self, count: u32, end: bool) -> Result<(), Error> {
        match *self {
            Receiving::Head { .. } => Err(Error::DataBeforeHead),
            Receiving::NoContent if count > 0 => Err(Error::UnexpectedContent),
            // RFC 9113 §8.1.1: malformed "if the value of a content-length header field does not equal
            // the sum of the DATA frame payload lengths that form the content".
            Receiving::Content { received, length: Some(expected) } => {
                let received = received + u64::from(count);
                let wrong = received > expected || (end && received < expected);
                match wrong {
                    true => Err(Error::ContentMismatch { received, expected }),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// So much of it has been handed on.
    pub(super) fn recv_data(&mut self, count: usize) {
        if let Receiving::Content { received, .. } = self {
            *received += count as u64;
        }
    }

    /// How much content is to come, if that is known.
    pub(super) fn left(&self) -> Option<u64> {
        match *self {
            Receiving::Content { received, length } => Some(length? - received),
            Receiving::NoContent => Some(0),
            _ => None,
        }
    }
}
