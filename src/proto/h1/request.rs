//! Request heads (RFC 9112 §3): a request line, then a field section.
//!
//! Nothing is checked here that the types have not checked already, and nothing is added: what the
//! caller hands in is what goes out, in its order.

use crate::http::{Headers, Method, Version};

use crate::proto::CloseReason;

use super::framing::{Control, RequestKind};
use super::{Error, Framing, Leniency, Target};

/// The head of a request, ready to be sent.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// The target, in the form that suits the method and the next hop.
    pub target: &'a Target<'a>,
    /// The version. HTTP/1.0 is for servers that need it.
    pub version: Version,
    /// The whole header section, `Host` and framing fields included.
    pub headers: &'a Headers,
    /// Whether a chunked response is to be decoded.
    pub transfer: Transfer,
}

/// A request head, and what it means for the connection that carries it.
#[derive(Clone, Copy, Debug)]
pub struct PreparedHead<'a> {
    pub(super) head: RequestHead<'a>,
    pub(super) intent: Intent,
}

/// What the fields of a request head mean for its connection. Who sends a head many times finds it
/// out once.
#[derive(Clone, Copy, Debug)]
pub struct Intent {
    pub(super) framing: Framing,
    pub(super) close: Option<CloseReason>,
    pub(super) in_flight: InFlight,
}

/// What is to be known of a request when its response comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFlight {
    pub(super) kind: RequestKind,
    pub(super) asks_upgrade: bool,
    pub(super) expects_continue: bool,
    pub(super) transfer: Transfer,
    /// Was it said in `TE` that transfer codings are decoded, and can they be?
    pub(super) takes_codings: bool,
}

/// What becomes of the chunked coding of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transfer {
    /// It is decoded.
    #[default]
    Decoded,
    /// It is followed to find the end, but handed on as it is, trailers included.
    Raw,
}

impl<'a> PreparedHead<'a> {
    /// Finds out what the head means.
    ///
    /// # Errors
    /// [`Error::RequestFraming`] for framing fields that are invalid.
    pub fn new(head: RequestHead<'a>) -> Result<PreparedHead<'a>, Error> {
        let intent = Intent::of(head.method, head.version, head.headers, head.transfer)?;
        Ok(PreparedHead { head, intent })
    }

    /// The head itself.
    pub fn head(&self) -> &RequestHead<'a> {
        &self.head
    }

    /// Does the content wait for the server's word (RFC 9110 §10.1.1)?
    pub fn expects_continue(&self) -> bool {
        self.intent.in_flight.expects_continue
    }

    /// How long the content is announced to be.
    pub fn content_length(&self) -> Option<u64> {
        match self.intent.framing {
            Framing::Length(length) => Some(length),
            _ => None,
        }
    }

    /// The head with what was found out when its fields were these.
    pub fn with_intent(head: RequestHead<'a>, intent: Intent) -> PreparedHead<'a> {
        PreparedHead { head, intent }
    }
}

impl InFlight {
    /// May what follows the response be no HTTP?
    pub(super) fn may_switch(&self) -> bool {
        self.asks_upgrade || self.kind == RequestKind::Connect
    }
}

impl Intent {
    /// May the response have other transfer codings than `chunked`, which are then to be decoded?
    pub fn takes_codings(&self) -> bool {
        self.in_flight.takes_codings
    }

    /// What the fields of such a head mean.
    ///
    /// # Errors
    /// [`Error::RequestFraming`] for framing fields that are invalid.
    pub fn of(
        method: &Method,
        version: Version,
        headers: &Headers,
        transfer: Transfer,
    ) -> Result<Intent, Error> {
        let control = Control::read(headers, Leniency::strict());
        let framing = control.request_framing(version)?;
        let asked = CloseReason::RequestedByClient;
        // RFC 9110 §10.1.1: a server ignores the expectation of an HTTP/1.0 request.
        let heeded = framing != Framing::Empty && version != Version::Http10;
        let in_flight = InFlight {
            kind: RequestKind::from(method),
            asks_upgrade: control.asks_upgrade(),
            expects_continue: control.expects_continue() && heeded,
            transfer,
            takes_codings: cfg!(feature = "gzip") // without it nobody decodes them
                && control.takes_codings()
                && transfer == Transfer::Decoded,
        };
        Ok(Intent { framing, close: control.close_reason(version, asked, asked), in_flight })
    }
}

impl RequestHead<'_> {
    /// Appends the head as it goes on the wire.
    ///
    /// ```
    /// use pannier::http::{Headers, Method, Version};
    /// use pannier::proto::h1::{RequestHead, Target, Transfer};
    ///
    /// let mut headers = Headers::new();
    /// headers.append("Host", "example.com")?;
    /// let head = RequestHead {
    ///     method: &Method::GET,
    ///     target: &Target::verbatim("/")?,
    ///     version: Version::Http11,
    ///     headers: &headers,
    ///     transfer: Transfer::Decoded,
    /// };
    /// let mut wire = Vec::new();
    /// head.write_to(&mut wire);
    /// assert_eq!(wire, b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let line =
            self.method.as_str().len() + self.target.as_str().len() + " HTTP/1.1 \r\n\r\n".len();
        out.reserve(line + self.headers.buffer_size());
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.target.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.version.as_str().as_bytes());
        out.extend_from_slice(b"\r\n");
        self.headers.write_to(out);
        out.extend_from_slice(b"\r\n");
    }
}
