//! Which rule of HTTP/1.1 was broken, and by whom.

use std::{error, fmt};

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Ours: the engine was asked for something that the protocol does not allow. Never caused by
    /// bytes from a peer.
    Local,
    /// The peer's.
    Peer,
}

/// A broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The start line is no `HTTP/1.x SP 3DIGIT SP reason`.
    StatusLine,
    /// The major version is not 1.
    Version,
    /// A field name is empty or has a byte that no token has; or a line has no colon.
    FieldName,
    /// A field value or reason phrase has a control byte.
    FieldValue,
    /// A CR without LF.
    BareCr,
    /// A LF without CR where the leniency is off.
    BareLf,
    /// White space before the first field, or a folded line where the leniency is off.
    Folding,
    /// The head is longer than the limit, in bytes.
    HeadTooLong(usize),
    /// There are more field lines than the limit.
    TooManyFields(usize),
    /// There were more interim responses than the limit.
    TooManyInterim(usize),
    /// A `Content-Length` is no `1*DIGIT` or overflows 64 bits.
    ContentLength,
    /// Two `Content-Length` values differ.
    ContentLengthsDiffer,
    /// The transfer coding is not `chunked`, once and alone.
    TransferCoding,
    /// A chunk size is no `1*HEXDIG`, or something else than an extension follows it.
    ChunkSize,
    /// A chunk size overflows 64 bits, or has more digits than any such size needs.
    ChunkTooLarge,
    /// A chunk-size line, or all the extensions together, are longer than the limit.
    ChunkLineTooLong(usize),
    /// Chunk data is not followed by CRLF.
    ChunkEnd,
    /// The trailer section is longer than the limit, in bytes.
    TrailerTooLong(usize),
    /// A 101 that answers no `Upgrade`.
    UnaskedUpgrade,
    /// Bytes came although no request is waiting for a response.
    Unsolicited,
    /// The peer closed before it sent the first byte of a response.
    ClosedBeforeResponse,
    /// The peer closed after interim responses, before the first byte of a final one.
    ClosedAfterInterim,
    /// The peer closed inside a head.
    ClosedInHead,
    /// The peer closed after this many bytes of content; the length was announced or chunked.
    Truncated {
        /// Bytes of content that came.
        received: u64,
        /// Bytes of content announced by `Content-Length`.
        expected: Option<u64>,
    },
    /// A request head was to be sent while the content of the one before is unfinished, or after
    /// the connection was to close.
    NotReady,
    /// The request's framing fields are invalid or contradict each other.
    RequestFraming,
    /// More content was to be sent than announced.
    ContentTooLong,
    /// Less content was sent than announced; this much is missing.
    ContentTooShort(u64),
    /// The request target is empty or has a byte that is no visible ASCII character.
    Target,
}

impl Error {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Error::NotReady
            | Error::RequestFraming
            | Error::ContentTooLong
            | Error::ContentTooShort(_)
            | Error::Target => Fault::Local,
            _ => Fault::Peer,
        }
    }

    /// The section of RFC 9112, unless it says otherwise, that has the rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Error::StatusLine => "§4",
            Error::Version => "§2.3",
            Error::FieldName | Error::FieldValue => "§5",
            Error::BareCr | Error::BareLf => "§2.2",
            Error::Folding => "§5.2",
            Error::HeadTooLong(_) | Error::TooManyFields(_) => "RFC 9110 §5.4",
            Error::TooManyInterim(_) => "RFC 9110 §15.2",
            Error::ContentLength | Error::ContentLengthsDiffer | Error::RequestFraming => "§6.3",
            Error::TransferCoding => "§6.1",
            Error::ChunkSize | Error::ChunkTooLarge | Error::ChunkEnd => "§7.1",
            Error::ChunkLineTooLong(_) => "§7.1.1",
            Error::TrailerTooLong(_) => "§7.1.2",
            Error::UnaskedUpgrade => "RFC 9110 §7.8",
            Error::Unsolicited => "§9.2",
            Error::ClosedBeforeResponse | Error::ClosedAfterInterim | Error::ClosedInHead => "§9.5",
            Error::Truncated { .. } => "§8",
            Error::NotReady => "§9.3",
            Error::ContentTooLong | Error::ContentTooShort(_) => "RFC 9110 §8.6",
            Error::Target => "§3.2",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::StatusLine => {
                f.write_str("the response does not begin with an HTTP/1 status line")
            }
            Error::Version => f.write_str("the response is not of HTTP/1.0 or HTTP/1.1"),
            Error::FieldName => f.write_str("a header line has no valid field name before a colon"),
            Error::FieldValue => f.write_str("a header line holds a control character"),
            Error::BareCr => f.write_str("a header line holds a CR without LF"),
            Error::BareLf => f.write_str("a header line ends in LF without CR"),
            Error::Folding => f.write_str("a header line begins with white space"),
            Error::HeadTooLong(limit) => {
                write!(f, "the response head is longer than {} bytes", limit)
            }
            Error::TooManyFields(limit) => {
                write!(f, "the response has more than {} header lines", limit)
            }
            Error::TooManyInterim(limit) => {
                write!(f, "more than {} interim responses came before a final one", limit)
            }
            Error::ContentLength => f.write_str("the Content-Length is not a number of bytes"),
            Error::ContentLengthsDiffer => f.write_str("two Content-Length values differ"),
            Error::TransferCoding => f.write_str("the transfer coding is not chunked alone"),
            Error::ChunkSize => f.write_str("a chunk does not begin with its size"),
            Error::ChunkTooLarge => f.write_str("a chunk size exceeds 64 bits"),
            Error::ChunkLineTooLong(limit) => {
                write!(f, "chunk extensions are longer than the {} bytes allowed", limit)
            }
            Error::ChunkEnd => f.write_str("the data of a chunk is not followed by CRLF"),
            Error::TrailerTooLong(limit) => {
                write!(f, "the trailer section is longer than {} bytes", limit)
            }
            Error::UnaskedUpgrade => f.write_str("the peer switched protocols without being asked"),
            Error::Unsolicited => f.write_str("the peer sent bytes that no request had asked for"),
            Error::ClosedBeforeResponse => {
                f.write_str("the peer closed the connection without a response")
            }
            Error::ClosedAfterInterim => {
                f.write_str("the peer closed the connection after an interim response")
            }
            Error::ClosedInHead => {
                f.write_str("the peer closed the connection inside a response head")
            }
            Error::Truncated { received, expected: Some(expected) } => {
                write!(
                    f,
                    "the peer closed the connection after {} of {} body bytes",
                    received, expected
                )
            }
            Error::Truncated { received, expected: None } => {
                write!(
                    f,
                    "the peer closed the connection before the last chunk, after {} body bytes",
                    received
                )
            }
            Error::NotReady => f.write_str("the connection cannot take a request now"),
            Error::RequestFraming => {
                f.write_str("the request's Content-Length or Transfer-Encoding is invalid")
            }
            Error::ContentTooLong => {
                f.write_str("the request body is longer than its announced length")
            }
            Error::ContentTooShort(missing) => {
                write!(f, "the request body is {} bytes shorter than its announced length", missing)
            }
            Error::Target => f.write_str(
                "the request target is empty or holds a byte that is no visible ASCII character",
            ),
        }?;
        match self.section() {
            section if section.starts_with("RFC") => write!(f, " ({})", section),
            section => write!(f, " (RFC 9112 {})", section),
        }
    }
}

impl error::Error for Error {}
