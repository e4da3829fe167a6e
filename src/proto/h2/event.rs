//! What the engine of a connection says: events of it, ends of streams, and why none can be opened.

use std::{error, fmt};

use crate::http::Headers;
use crate::proto::ResponseHead;

use super::{Error, ErrorCode, StreamId};

/// What happened on the connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An interim response (1xx): the final one is still to come.
    Informational {
        /// The stream.
        stream: StreamId,
        /// The head.
        head: ResponseHead,
    },
    /// The head of the final response.
    Head {
        /// The stream.
        stream: StreamId,
        /// The head.
        head: ResponseHead,
        /// The response has neither content nor trailers.
        end: bool,
    },
    /// A piece of content. What is taken of it is to be given back with
    /// [`release`](super::Connection::release).
    Data {
        /// The stream.
        stream: StreamId,
        /// The piece, of the input. Only the last one may be empty.
        data: &'a [u8],
        /// The response is complete.
        end: bool,
    },
    /// The trailer section, which completes the response.
    Trailers {
        /// The stream.
        stream: StreamId,
        /// The fields.
        trailers: Headers,
    },
    /// The stream has ended before its time, and takes and sends nothing more.
    Reset {
        /// The stream.
        stream: StreamId,
        /// Who ended it, and why.
        reset: Reset,
    },
    /// More content may be sent, on this stream or on all of them. How much, says
    /// [`send_room`](super::Connection::send_room).
    Window {
        /// The stream; `None`: the connection.
        stream: Option<StreamId>,
    },
    /// The peer has changed its settings: how many streams there may be, and how much may be sent on
    /// each.
    Settings,
    /// The peer takes no more streams. Those that it will not process are reset in the next events.
    GoAway {
        /// The last stream that it may process.
        last_stream: StreamId,
        /// Why.
        code: ErrorCode,
        /// What it says to people, if anything.
        debug: &'a [u8],
    },
    /// The answer to [`ping`](super::Connection::ping).
    Pong([u8; 8]),
}

/// How a stream ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reset {
    /// The peer ended it, and the response is not complete. NO_ERROR does not change that.
    Peer(ErrorCode),
    /// The response is complete; the peer wants no more of the request's content (RFC 9113 §8.1).
    Stopped(ErrorCode),
    /// The peer has not processed the request: it may be sent again, whatever its method
    /// (RFC 9113 §8.7).
    Unprocessed(Unprocessed),
    /// We ended it, because of what the peer sent on it.
    Malformed(Error),
}

/// How the peer said that it has not processed a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unprocessed {
    /// RST_STREAM with REFUSED_STREAM.
    Refused,
    /// GOAWAY with a lower stream than this one, and this code.
    GoneAway(ErrorCode),
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reset::Peer(code) => write!(f, "the peer reset the stream ({})", code),
            Reset::Stopped(code) => {
                write!(f, "the peer has answered and wants no more content ({})", code)
            }
            Reset::Unprocessed(Unprocessed::Refused) => {
                f.write_str("the peer refused the stream unprocessed")
            }
            Reset::Unprocessed(Unprocessed::GoneAway(code)) => {
                write!(f, "the peer went away before it processed the stream ({})", code)
            }
            Reset::Malformed(error) => fmt::Display::fmt(error, f),
        }
    }
}

/// Why no stream can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// As many streams are open as may be at once. One of them will end.
    Full,
    /// The peer, or we, have sent GOAWAY, or the peer has closed.
    GoneAway,
    /// The numbers of streams are used up.
    Exhausted,
    /// The connection has failed.
    Failed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Full => "as many streams are open as may be",
            Refusal::GoneAway => "the connection takes no more streams",
            Refusal::Exhausted => "the connection has no stream identifiers left",
            Refusal::Failed => "the connection has failed",
        })
    }
}

impl error::Error for Refusal {}
