//! The one error of the crate: who failed, in which phase, and what had been sent and received.

use std::sync::Arc;
use std::{error, fmt, io};

use crate::event::Phase;
use crate::http::{InvalidHeader, StatusCode, Url, UrlError};
use crate::proto::h1;
#[cfg(feature = "http2")]
use crate::proto::h2;
#[cfg(feature = "proxy")]
use crate::proto::socks;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request failed, and how far it had come. One word wide.
///
/// Displayed, it is one sentence, which says already what its [`source`](error::Error::source) does: what
/// the system or an adapter reported, or which rule was broken.
///
/// ```
/// use pannier::net::Script;
/// use pannier::{Client, ErrorKind, Phase};
///
/// let silent = Script::new().expect_until("\r\n\r\n").close();
/// let client = Client::builder().connector(silent.repeated()).build();
///
/// let error = client.post("http://example.com/").send().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::EmptyResponse);
/// assert_eq!(error.phase(), Some(Phase::Wait));
/// assert!(error.bytes_sent() > 0 && error.bytes_received() == 0);
/// assert!(!error.is_safe_to_retry()); // the POST may have been processed
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    phase: Option<Phase>,
    url: Option<Arc<Url>>,
    status: Option<StatusCode>,
    transcript: Transcript,
    source: Option<Source>,
}

/// What an error comes from. Not a `dyn Error`, which would bring the `Debug` of each into every
/// program; except that of HTTP/2, which named here would itself be brought into every program.
pub(crate) enum Source {
    Io(io::Error),
    Protocol(h1::Error),
    #[cfg(feature = "http2")]
    Http2(Box<dyn error::Error + Send + Sync>),
    #[cfg(feature = "proxy")]
    Socks(socks::Error),
    Url(UrlError),
    Header(InvalidHeader),
}

/// What had crossed the wire when an exchange failed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Transcript {
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) reused: bool,
    pub(crate) idempotent: bool,
    /// May a request of the same call have been processed before, one that was redirected for instance?
    pub(crate) answered: bool,
    /// Has the peer said that it has not processed the request?
    pub(crate) unprocessed: bool,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The URL cannot be parsed.
    InvalidUrl,
    /// The URL's scheme is neither `http` nor `https`, or it is `https` and the client has no TLS.
    UnsupportedScheme,
    /// A method, field, target or body that cannot be sent.
    InvalidRequest,
    /// The host's addresses could not be found.
    Resolve,
    /// No connection could be made.
    Connect,
    /// The host has no address that the client's [policy](crate::net::AddressPolicy) allows.
    AddressRefused,
    /// A proxy is named by what is no proxy's URL, or it refuses to connect.
    Proxy,
    /// The TLS handshake failed.
    Tls,
    /// The time allowed was over.
    Timeout,
    /// The caller's token was cancelled.
    Cancelled,
    /// The client had been shut down.
    ShutDown,
    /// The peer closed the connection without a byte of a final response.
    EmptyResponse,
    /// The connection failed while the request was sent.
    Send,
    /// The connection failed while the response was received.
    Receive,
    /// The server ended the exchange alone, and kept the connection (RFC 9113 §6.4), or takes no more
    /// on that.
    Reset,
    /// The response head breaks the protocol.
    Protocol,
    /// The content's framing breaks the protocol.
    Framing,
    /// The peer closed before the end of the content.
    Truncated,
    /// The content's charset is unknown, so that its bytes are no text.
    Charset,
    /// The content's coding is unknown, or the content is not what the coding allows.
    Coding,
    /// A limit was exceeded.
    TooLarge,
    /// There were more redirects than allowed.
    TooManyRedirects,
    /// A redirect that cannot or must not be followed.
    Redirect,
    /// The status says so, and the caller asked for it to be an error.
    Status,
    /// The caller's request body could not be read, or was not as long as announced.
    Body,
}

impl ErrorKind {
    const fn explain(self) -> &'static str {
        match self {
            ErrorKind::InvalidUrl => "the URL is invalid",
            ErrorKind::UnsupportedScheme => "the URL's scheme is not supported",
            ErrorKind::InvalidRequest => "the request is invalid",
            ErrorKind::Resolve => "the host could not be resolved",
            ErrorKind::Connect => "no connection could be made",
            ErrorKind::AddressRefused => "the host's address is refused",
            ErrorKind::Proxy => "the proxy made no connection",
            ErrorKind::Tls => "the TLS handshake failed",
            ErrorKind::Timeout => "the time allowed was over",
            ErrorKind::Cancelled => "the request was cancelled",
            ErrorKind::ShutDown => "the client was shut down",
            ErrorKind::EmptyResponse => "the peer closed the connection without a response",
            ErrorKind::Send => "the request could not be sent",
            ErrorKind::Receive => "the response could not be received",
            ErrorKind::Reset => "the server ended the exchange",
            ErrorKind::Protocol => "the response is invalid",
            ErrorKind::Framing => "the response body is invalid",
            ErrorKind::Charset => "the charset of the response body is not supported",
            ErrorKind::Coding => "the response body cannot be decoded",
            ErrorKind::Truncated => "the response body is incomplete",
            ErrorKind::TooLarge => "a limit was exceeded",
            ErrorKind::TooManyRedirects => "there were too many redirects",
            ErrorKind::Redirect => "the redirect cannot be followed",
            ErrorKind::Status => "the status is an error",
            ErrorKind::Body => "the request body could not be read",
        }
    }
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind) -> Error {
        Error(Box::new(Inner {
            kind,
            message: String::new(),
            phase: None,
            url: None,
            status: None,
            transcript: Transcript::default(),
            source: None,
        }))
    }

    /// A rule of HTTP/1 that was broken in this phase.
    pub(crate) fn broken_rule(phase: Phase, rule: h1::Error) -> Error {
        Error::new(kind_of(phase, &rule)).at(phase).message(rule.to_string()).cause(rule)
    }

    /// The same as an error of another kind.
    #[cfg(feature = "proxy")]
    pub(crate) fn but(mut self, kind: ErrorKind) -> Error {
        self.0.kind = kind;
        self
    }

    /// A sentence that is more exact than the kind.
    pub(crate) fn message(mut self, message: impl Into<String>) -> Error {
        self.0.message = message.into();
        self
    }

    pub(crate) fn cause(mut self, source: impl Into<Source>) -> Error {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn at(mut self, phase: Phase) -> Error {
        self.0.phase = Some(phase);
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Error {
        self.0.status = Some(status);
        self
    }

    /// What had crossed the wire; that the peer has not processed the request stays.
    pub(crate) fn with_transcript(mut self, transcript: Transcript) -> Error {
        let unprocessed = self.0.transcript.unprocessed || transcript.unprocessed;
        self.0.transcript = Transcript { unprocessed, ..transcript };
        self
    }

    /// The peer has said that it has not processed the request.
    #[cfg(feature = "http2")]
    pub(crate) fn unprocessed(mut self) -> Error {
        self.0.transcript.unprocessed = true;
        self
    }

    /// May the peer have processed the request?
    pub(crate) fn may_be_processed(&self) -> bool {
        self.bytes_sent() > 0 && !self.is_unprocessed()
    }

    pub(crate) fn is_unprocessed(&self) -> bool {
        self.0.transcript.unprocessed
    }

    /// The failure came after others of the call, which may have been processed; `idempotent` is the request
    /// with which that began.
    pub(crate) fn after_others(mut self, idempotent: bool) -> Error {
        self.0.transcript.idempotent = idempotent;
        self.0.transcript.answered = true;
        self
    }

    /// Keeps the first URL that is set.
    pub(crate) fn with_url(mut self, url: &Arc<Url>) -> Error {
        self.0.url.get_or_insert_with(|| url.clone());
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The phase in which the exchange failed, if one had begun.
    pub fn phase(&self) -> Option<Phase> {
        self.0.phase
    }

    /// The URL of the exchange that failed, without userinfo.
    pub fn url(&self) -> Option<&Url> {
        self.0.url.as_deref()
    }

    /// The status, if a response had come.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Was the time over?
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Did it fail before a connection stood?
    pub fn is_connect(&self) -> bool {
        matches!(
            self.phase(),
            Some(Phase::Queue | Phase::Resolve | Phase::Connect | Phase::Tunnel | Phase::Tls)
        )
    }

    /// How many bytes of the request the system had taken.
    pub fn bytes_sent(&self) -> u64 {
        self.0.transcript.sent
    }

    /// How many bytes of the response had come.
    pub fn bytes_received(&self) -> u64 {
        self.0.transcript.received
    }

    /// Had the connection carried an exchange before?
    pub fn connection_was_reused(&self) -> bool {
        self.0.transcript.reused
    }

    /// Can sending the request again not make the peer process it twice: because nothing was sent,
    /// because the peer has said that it did not process it (RFC 9113 §8.7), or because the method is
    /// idempotent (RFC 9110 §9.2.2)? After redirects and further attempts this is said of the request with
    /// which the call began.
    pub fn is_safe_to_retry(&self) -> bool {
        let transcript = &self.0.transcript;
        let unprocessed = transcript.sent == 0 || transcript.unprocessed;
        transcript.idempotent || (unprocessed && !transcript.answered)
    }
}

/// One sentence: what failed, why, and where.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.message.as_str() {
            "" => f.write_str(self.0.kind.explain())?,
            message => f.write_str(message)?,
        }
        if let (ErrorKind::Timeout | ErrorKind::Cancelled, Some(phase)) =
            (self.kind(), self.phase())
        {
            write!(f, " while {}", phase.explain())?;
        }
        if let (Some(source), "") = (&self.0.source, self.0.message.as_str()) {
            write!(f, ": {}", source)?;
        }
        match &self.0.url {
            Some(url) => write!(f, " ({})", url),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Transcript { sent, received, reused, .. } = self.0.transcript;
        let reused = if reused { ", connection reused" } else { "" };
        write!(
            f,
            "Error({:?}: {}; sent {}, received {}{})",
            self.0.kind, self, sent, received, reused
        )
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_ref().map(|source| match source {
            Source::Io(source) => source as _,
            Source::Protocol(source) => source as _,
            #[cfg(feature = "http2")]
            Source::Http2(source) => &**source as _,
            #[cfg(feature = "proxy")]
            Source::Socks(source) => source as _,
            Source::Url(source) => source as _,
            Source::Header(source) => source as _,
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Io(source) => source.fmt(f),
            Source::Protocol(source) => source.fmt(f),
            #[cfg(feature = "http2")]
            Source::Http2(source) => source.fmt(f),
            #[cfg(feature = "proxy")]
            Source::Socks(source) => source.fmt(f),
            Source::Url(source) => source.fmt(f),
            Source::Header(source) => source.fmt(f),
        }
    }
}

impl From<io::Error> for Source {
    fn from(source: io::Error) -> Source {
        Source::Io(source)
    }
}

impl From<h1::Error> for Source {
    fn from(source: h1::Error) -> Source {
        Source::Protocol(source)
    }
}

#[cfg(feature = "http2")]
impl From<h2::Error> for Source {
    fn from(source: h2::Error) -> Source {
        Source::Http2(Box::new(source))
    }
}

#[cfg(feature = "proxy")]
impl From<socks::Error> for Source {
    fn from(source: socks::Error) -> Source {
        Source::Socks(source)
    }
}

impl From<UrlError> for Source {
    fn from(source: UrlError) -> Source {
        Source::Url(source)
    }
}

impl From<InvalidHeader> for Source {
    fn from(source: InvalidHeader) -> Source {
        Source::Header(source)
    }
}

/// For `impl Read`: the pannier error is inside, and `Error::from` gets it back. The kind is that of what
/// the system has reported, or the one that comes nearest.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error.kind() {
            ErrorKind::Timeout => io::ErrorKind::TimedOut,
            ErrorKind::Truncated | ErrorKind::EmptyResponse => io::ErrorKind::UnexpectedEof,
            ErrorKind::Protocol | ErrorKind::Framing | ErrorKind::Coding => {
                io::ErrorKind::InvalidData
            }
            ErrorKind::InvalidUrl | ErrorKind::InvalidRequest => io::ErrorKind::InvalidInput,
            ErrorKind::Reset => io::ErrorKind::ConnectionReset,
            ErrorKind::Cancelled => io::ErrorKind::Other,
            _ => error.0.source.as_ref().map_or(io::ErrorKind::Other, Source::io_kind),
        };
        io::Error::new(kind, error)
    }
}

impl Source {
    /// What it would be to who knows only of input and output. Nothing that a reader takes for an
    /// invitation to read again: this is an end.
    fn io_kind(&self) -> io::ErrorKind {
        match self {
            Source::Io(error) => match error.kind() {
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => io::ErrorKind::Other,
                kind => kind,
            },
            _ => io::ErrorKind::Other,
        }
    }
}

/// The pannier error inside, or any other as one of kind [`Receive`](ErrorKind::Receive) that says what
/// the other one does, and no more: it may come from a file.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        if !error.get_ref().map_or(false, |inner| inner.is::<Error>()) {
            return Error::new(ErrorKind::Receive).message(error.to_string()).cause(error);
        }
        match error.into_inner().map(|inner| inner.downcast::<Error>()) {
            Some(Ok(error)) => *error,
            _ => Error::new(ErrorKind::Receive),
        }
    }
}

/// The kind of each rule that an engine can find broken. What breaks a rule of heads is a matter of
/// framing once the head has been read.
fn kind_of(phase: Phase, rule: &h1::Error) -> ErrorKind {
    match rule {
        h1::Error::ClosedBeforeResponse | h1::Error::ClosedAfterInterim => ErrorKind::EmptyResponse,
        h1::Error::Truncated { .. } => ErrorKind::Truncated,
        h1::Error::HeadTooLong(_)
        | h1::Error::TooManyFields(_)
        | h1::Error::TooManyInterim(_)
        | h1::Error::ChunkLineTooLong(_)
        | h1::Error::TrailerTooLong(_) => ErrorKind::TooLarge,
        h1::Error::ChunkSize
        | h1::Error::ChunkTooLarge
        | h1::Error::ChunkEnd
        | h1::Error::ContentLength
        | h1::Error::ContentLengthsDiffer
        | h1::Error::TransferCoding => ErrorKind::Framing,
        h1::Error::ContentTooLong | h1::Error::ContentTooShort(_) => ErrorKind::Body,
        h1::Error::NotReady | h1::Error::RequestFraming | h1::Error::Target => {
            ErrorKind::InvalidRequest
        }
        _ if phase == Phase::Receive => ErrorKind::Framing,
        _ => ErrorKind::Protocol,
    }
}

// An error is one word, so that `Result<T>` is not wider for it.
const _: () = assert!(std::mem::size_of::<Error>() == std::mem::size_of::<usize>());
