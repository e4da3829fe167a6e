//! What can go wrong on a connection of HTTP/2, by the rule that was broken.
//!
//! The same names serve for a connection and for a single stream (RFC 9113 §5.4): what
//! [`Connection::recv`](super::Connection::recv) returns has ended the connection, and what
//! [`Reset::Malformed`](super::Reset::Malformed) holds has ended one stream.

use std::{error, fmt};

use super::{frame, hpack, ErrorCode, Refusal};

/// A broken rule of HTTP/2, or a request that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A frame that is wrong in itself.
    Frame(frame::Error),
    /// A field block that cannot be unpacked.
    Hpack(hpack::Error),
    /// The peer answers in HTTP/1.
    Http1,
    /// The first frame is not SETTINGS.
    NoSettings,
    /// SETTINGS are acknowledged that were not sent.
    UnexpectedAck,
    /// The server allows to be sent what only servers send.
    PushEnabled,
    /// A push was promised although that was switched off.
    PushPromise,
    /// A frame on a stream that was not opened.
    IdleStream(u32),
    /// A frame on a stream that the peer had ended.
    StreamClosed(u32),
    /// Another frame inside a field block.
    Interleaved,
    /// CONTINUATION without a field block that it continues.
    Continuation,
    /// A window grew beyond 2^31-1.
    WindowOverflow,
    /// More content came than the window allows.
    WindowExceeded,
    /// GOAWAY names a higher stream than the one before.
    GoAwayGrew,
    /// An encoded field block is longer than this.
    BlockTooLong(usize),
    /// A field block has more CONTINUATION frames than this.
    TooManyContinuations(usize),
    /// Too many frames came that brought nothing.
    Flood,
    /// The peer asks and asks, and does not read the answers.
    AnswersUnread,
    /// The response has no `:status`, or one that is not three digits, or 101.
    Status,
    /// A pseudo-field that does not belong there.
    PseudoField,
    /// A field name is not a token in lower case.
    FieldName,
    /// A field value holds a control character, or white space at an end.
    FieldValue,
    /// A field that belongs to connections of HTTP/1.
    ConnectionField,
    /// `Content-Length` is not a number of bytes.
    ContentLength,
    /// Two `Content-Length` values differ.
    ContentLengthsDiffer,
    /// The content is not as long as `Content-Length` says.
    ContentMismatch {
        /// Bytes of content that came, or would have.
        received: u64,
        /// Bytes of content that were announced.
        expected: u64,
    },
    /// Content in a response that has none, whatever it says: to HEAD, 204, or 304.
    UnexpectedContent,
    /// An interim response ends the stream.
    InterimEnd,
    /// Content before the head of the final response.
    DataBeforeHead,
    /// Another field block after the final head, and it is no trailer section.
    SecondHead,
    /// A field block in a tunnel.
    FieldsInTunnel,
    /// More interim responses than this.
    TooManyInterim(usize),
    /// The response head is larger than this.
    HeadTooLong(usize),
    /// The trailer section is larger than this.
    TrailerTooLong(usize),
    /// A section has more fields than this.
    TooManyFields(usize),
    /// The peer closed before it sent anything.
    ClosedBeforeSettings,
    /// The peer closed inside a frame, or inside a field block.
    ClosedInFrame,
    /// The peer closed while this many responses were not complete.
    Closed(usize),
    /// No stream can be opened.
    Refused(Refusal),
    /// The request has no valid authority or path.
    Target,
    /// The request head is larger than the peer takes.
    RequestTooLong {
        /// Its size, as RFC 9113 §6.5.2 measures it.
        size: u64,
        /// What the peer takes.
        limit: u32,
    },
    /// There is no such stream on which something may be sent.
    NotOpen,
}

impl Error {
    /// The code to answer with.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Error::Frame(error) => error.code(),
            Error::Hpack(_) => ErrorCode::COMPRESSION_ERROR,
            Error::WindowOverflow | Error::WindowExceeded => ErrorCode::FLOW_CONTROL_ERROR,
            Error::StreamClosed(_) => ErrorCode::STREAM_CLOSED,
            Error::BlockTooLong(_)
            | Error::TooManyContinuations(_)
            | Error::Flood
            | Error::AnswersUnread
            | Error::TooManyInterim(_)
            | Error::HeadTooLong(_)
            | Error::TrailerTooLong(_)
            | Error::TooManyFields(_) => ErrorCode::ENHANCE_YOUR_CALM,
            Error::ClosedBeforeSettings | Error::ClosedInFrame | Error::Closed(_) => {
                ErrorCode::NO_ERROR
            }
            _ if self.is_local() => ErrorCode::INTERNAL_ERROR,
            _ => ErrorCode::PROTOCOL_ERROR,
        }
    }

    /// Is it the fault of this side? Then nothing was sent, and the connection is as it was.
    pub const fn is_local(&self) -> bool {
        matches!(
            self,
            Error::Refused(_) | Error::Target | Error::RequestTooLong { .. } | Error::NotOpen
        )
    }

    /// The section of RFC 9113, unless it says otherwise, that has the rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Error::Frame(_) | Error::Hpack(_) => "",
            Error::Http1 | Error::NoSettings | Error::ClosedBeforeSettings => "§3.4",
            Error::UnexpectedAck | Error::PushEnabled | Error::RequestTooLong { .. } => "§6.5",
            Error::PushPromise => "§8.4",
            Error::IdleStream(_) | Error::StreamClosed(_) | Error::NotOpen => "§5.1",
            Error::Interleaved | Error::Continuation => "§6.10",
            Error::WindowOverflow | Error::WindowExceeded => "§6.9.1",
            Error::GoAwayGrew => "§6.8",
            Error::BlockTooLong(_)
            | Error::TooManyContinuations(_)
            | Error::HeadTooLong(_)
            | Error::TrailerTooLong(_)
            | Error::TooManyFields(_) => "§10.5.1",
            Error::Flood | Error::AnswersUnread => "§10.5",
            Error::Status => "§8.3.2",
            Error::PseudoField => "§8.3",
            Error::FieldName | Error::FieldValue => "§8.2.1",
            Error::ConnectionField => "§8.2.2",
            Error::ContentLength
            | Error::ContentLengthsDiffer
            | Error::ContentMismatch { .. }
            | Error::UnexpectedContent => "§8.1.1",
            Error::InterimEnd
            | Error::DataBeforeHead
            | Error::SecondHead
            | Error::ClosedInFrame
            | Error::Closed(_) => "§8.1",
            Error::FieldsInTunnel => "§8.5",
            Error::TooManyInterim(_) => "RFC 9110 §15.2",
            Error::Refused(_) => "§5.1.2",
            Error::Target => "§8.3.1",
        }
    }

    fn explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Frame(error) => return fmt::Display::fmt(error, f),
            Error::Hpack(error) => return fmt::Display::fmt(error, f),
            Error::Http1 => "the peer answers in HTTP/1",
            Error::NoSettings => "the peer's first frame is not SETTINGS",
            Error::UnexpectedAck => "the peer acknowledges SETTINGS that were not sent",
            Error::PushEnabled => "the server enables push, which only a client may",
            Error::PushPromise => "the server promises a push, which was switched off",
            Error::IdleStream(stream) => {
                return write!(f, "a frame on stream {}, which is not open yet", stream)
            }
            Error::StreamClosed(stream) => {
                return write!(f, "a frame on stream {}, which the peer had ended", stream)
            }
            Error::Interleaved => "another frame stands inside a field block",
            Error::Continuation => "CONTINUATION without a field block before it",
            Error::WindowOverflow => "a flow-control window grew beyond 2147483647 bytes",
            Error::WindowExceeded => "more content came than the flow-control window allows",
            Error::GoAwayGrew => "a GOAWAY names a higher stream than the one before",
            Error::BlockTooLong(limit) => {
                return write!(f, "a field block is longer than {} bytes", limit)
            }
            Error::TooManyContinuations(limit) => {
                return write!(f, "a field block has more than {} CONTINUATION frames", limit)
            }
            Error::Flood => "the peer sent too many frames that bring nothing",
            Error::AnswersUnread => "the peer does not read the answers to its frames",
            Error::Status => "the response has no valid :status",
            Error::PseudoField => "a pseudo-field stands where it does not belong",
            Error::FieldName => "a field name is not a token in lower case",
            Error::FieldValue => {
                "a field value holds a control character, or white space at an end"
            }
            Error::ConnectionField => "the message has a field of HTTP/1 connections",
            Error::ContentLength => "the Content-Length is not a number of bytes",
            Error::ContentLengthsDiffer => "two Content-Length values differ",
            Error::ContentMismatch { received, expected } => {
                return write!(f, "the peer sent {} of {} body bytes", received, expected)
            }
            Error::UnexpectedContent => "the response has content where none may be",
            Error::InterimEnd => "an interim response ends the stream",
            Error::DataBeforeHead => "content came before the response head",
            Error::SecondHead => "a second head follows the final one",
            Error::FieldsInTunnel => "a field block came through a tunnel",
            Error::TooManyInterim(limit) => {
                return write!(f, "more than {} interim responses came before a final one", limit)
            }
            Error::HeadTooLong(limit) => {
                return write!(f, "the response head is longer than {} bytes", limit)
            }
            Error::TrailerTooLong(limit) => {
                return write!(f, "the trailer section is longer than {} bytes", limit)
            }
            Error::TooManyFields(limit) => {
                return write!(f, "the response has more than {} header lines", limit)
            }
            Error::ClosedBeforeSettings => "the peer closed the connection without a frame",
            Error::ClosedInFrame => "the peer closed the connection inside a frame",
            Error::Closed(streams) => {
                return write!(f, "the peer closed the connection during {} exchanges", streams)
            }
            Error::Refused(refusal) => return fmt::Display::fmt(refusal, f),
            Error::Target => "the request has no valid authority or path",
            Error::RequestTooLong { size, limit } => {
                return write!(
                    f,
                    "the request head has {} bytes, and the peer takes {}",
                    size, limit
                )
            }
            Error::NotOpen => "the stream is not open for sending",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.explain(f)?;
        match self.section() {
            "" => Ok(()),
            section if section.starts_with("RFC") => write!(f, " ({})", section),
            section => write!(f, " (RFC 9113 {})", section),
        }
    }
}

impl error::Error for Error {}

impl From<frame::Error> for Error {
    fn from(error: frame::Error) -> Error {
        Error::Frame(error)
    }
}

impl From<hpack::Error> for Error {
    fn from(error: hpack::Error) -> Error {
        Error::Hpack(error)
    }
}
