//! Message framing (RFC 9112 §6.3): where the content of a message ends. Decided here, once.

use std::time::Duration;

use crate::http::token::{decimal, decimal_or_most, is_word, trim_ows};
use crate::http::{list, Headers, Method, StatusCode, Version};
use crate::proto::{CloseReason, ResponseHead};

use super::request::InFlight;
use super::{Error, Leniency, Transfer as Handing};

/// How the end of a response's content is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none: the response ends with its head.
    Empty,
    /// This many bytes, at least one.
    Length(u64),
    /// Chunks, to the last one and its trailer section.
    Chunked,
    /// Everything until the server closes the connection.
    UntilClose,
    /// No HTTP follows: a tunnel, or another protocol.
    Switched,
}

/// What of a request's method matters to the framing of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestKind {
    Head,
    Connect,
    Other,
}

impl From<&Method> for RequestKind {
    fn from(method: &Method) -> RequestKind {
        match method.as_str() {
            "HEAD" => RequestKind::Head,
            "CONNECT" => RequestKind::Connect,
            _ => RequestKind::Other,
        }
    }
}

/// What the fields that concern the connection say, read in one pass over a section.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Control {
    length: Length,
    transfer: Transfer,
    close: bool,
    keep_alive: bool,
    upgrade: bool,
    expect_continue: bool,
    takes_codings: bool,
    coded: bool,
    hints: KeepAlive,
}

/// A fault is kept, since there are messages whose `Content-Length` is of no concern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Length {
    #[default]
    None,
    Once(u64),
    /// The same number several times.
    Repeated(u64),
    /// Several numbers.
    Different,
    /// A number that is too large to be one, and is overlooked.
    Beyond,
    Invalid,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Transfer {
    #[default]
    None,
    Chunked,
    /// Nothing but `identity`, which RFC 2616 had for no coding at all and some servers still say.
    Identity,
    /// Chunked after `identity`: read, but not trusted.
    IdentityChunked,
    /// Codings that stay on the content, without chunked behind them.
    Coded,
    /// The same with chunked.
    CodedChunked,
    /// Chunked is not last, or there twice; or it is no list of codings.
    Other,
}

/// What a server says in `Keep-Alive` (RFC 2068 §19.7.1) about how long it keeps a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepAlive {
    /// For how long it keeps the connection idle.
    pub timeout: Option<Duration>,
    /// How many more requests it takes.
    pub max: Option<u64>,
}

impl Control {
    /// Reads a section. The length of a name rules out nearly all fields at once, and values that are
    /// rare are read out of line, so that the pass stays tight.
    pub(super) fn read(headers: &Headers, leniency: Leniency) -> Control {
        let mut control = Control::default();
        for (name, value) in headers.lines_of_lengths(LENGTHS) {
            match name.len() {
                2 if is_word(name, b"te") => control.takes(value),
                6 if is_word(name, b"expect") => {
                    control.expect_continue |= is_word(value, b"100-continue");
                }
                7 if is_word(name, b"upgrade") => control.upgrade = true,
                10 if is_word(name, b"connection") => control.connection(value),
                10 if is_word(name, b"keep-alive") => control.hints.read(value),
                14 if leniency.ignore_content_length => {}
                14 if is_word(name, b"content-length") => control.length(value, leniency),
                16 if is_word(name, b"content-encoding") => control.coded = true,
                17 if is_word(name, b"transfer-encoding") => control.coding(value, leniency),
                _ => {}
            }
        }
        control
    }

    /// The value of `Connection`, nearly always one word.
    fn connection(&mut self, value: &[u8]) {
        match is_word(value, b"keep-alive") {
            true => self.keep_alive = true,
            false => self.options(value),
        }
    }

    /// RFC 9110 §7.6.1: a list of case-insensitive options, over any number of lines.
    #[inline(never)]
    fn options(&mut self, value: &[u8]) {
        for option in list::elements(value) {
            // What cannot be read may have been a close.
            let option = option.unwrap_or(b"close");
            self.close |= is_word(option, b"close");
            self.keep_alive |= is_word(option, b"keep-alive");
        }
    }

    /// The value of `Content-Length`, nearly always one number.
    fn length(&mut self, value: &[u8], leniency: Leniency) {
        match (self.length, decimal(value)) {
            (Length::None, Some(length)) => self.length = Length::Once(length),
            _ => self.lengths(value, leniency),
        }
    }

    /// RFC 9110 §8.6: `1*DIGIT`; a list or repetition of one and the same number collapses.
    #[inline(never)]
    fn lengths(&mut self, value: &[u8], leniency: Leniency) {
        for element in value.split(|&byte| byte == b',') {
            self.length = match (self.length, decimal(trim_ows(element))) {
                (fault @ (Length::Invalid | Length::Different), _) => fault,
                (Length::Beyond, _) => Length::Invalid,
                (Length::None, None) if leniency.oversized_length && is_number(element) => {
                    Length::Beyond
                }
                (_, None) => Length::Invalid,
                (Length::None, Some(length)) => Length::Once(length),
                (Length::Once(other) | Length::Repeated(other), Some(length))
                    if other == length =>
                {
                    Length::Repeated(length)
                }
                _ => Length::Different,
            };
        }
    }

    /// RFC 9112 §7: transfer coding names are case-insensitive; `chunked` takes no parameters.
    #[inline(never)]
    fn coding(&mut self, value: &[u8], leniency: Leniency) {
        let mut codings = list::elements(value).peekable();
        if codings.peek().is_none() {
            self.transfer = Transfer::Other;
        }
        for coding in codings {
            let valid = coding.is_ok();
            let coding = coding.unwrap_or(b"");
            let chunked = is_word(coding, b"chunked");
            let identity = leniency.identity_coding && is_word(coding, b"identity");
            self.transfer = match self.transfer {
                Transfer::None if chunked => Transfer::Chunked,
                Transfer::Identity if chunked => Transfer::IdentityChunked,
                Transfer::Coded if chunked => Transfer::CodedChunked,
                Transfer::None | Transfer::Identity if identity => Transfer::Identity,
                Transfer::None | Transfer::Identity | Transfer::Coded if valid => Transfer::Coded,
                _ => Transfer::Other,
            };
        }
    }

    /// RFC 9110 §10.1.4: transfer codings that are taken, and `trailers`, which is none.
    #[inline(never)]
    fn takes(&mut self, value: &[u8]) {
        let mut codings = list::elements(value).flatten();
        self.takes_codings |= codings.any(|coding| !is_word(coding, b"trailers"));
    }

    pub(super) fn hints(&self) -> KeepAlive {
        self.hints
    }

    /// Is there a `Content-Encoding`?
    pub(super) fn is_coded(&self) -> bool {
        self.coded
    }

    /// Does a request with these fields wait for 100 Continue before its content?
    pub(super) fn expects_continue(&self) -> bool {
        self.expect_continue
    }

    /// Does a request with these fields take transfer codings other than chunked?
    pub(super) fn takes_codings(&self) -> bool {
        self.takes_codings
    }

    /// Does a request with these fields ask for another protocol?
    pub(super) fn asks_upgrade(&self) -> bool {
        self.upgrade
    }

    /// The content of a request with these fields (RFC 9112 §6.3, rules 5 to 7 of the sender). What
    /// a recipient may tolerate, a sender does not send.
    pub(super) fn request_framing(&self, version: Version) -> Result<Framing, Error> {
        match (self.transfer, self.length) {
            (Transfer::None, Length::None | Length::Once(0)) => Ok(Framing::Empty),
            (Transfer::None, Length::Once(length)) => Ok(Framing::Length(length)),
            // RFC 9112 §6.1: never to what may be an HTTP/1.0 server.
            (Transfer::Chunked, Length::None) if version != Version::Http10 => Ok(Framing::Chunked),
            _ => Err(Error::RequestFraming),
        }
    }

    /// Why the connection may not outlive a message of this version with these fields: `close` on
    /// either side, or HTTP/1.0 without `keep-alive` (RFC 9112 §9.3).
    pub(super) fn close_reason(
        &self,
        version: Version,
        close: CloseReason,
        old: CloseReason,
    ) -> Option<CloseReason> {
        match version {
            _ if self.close => Some(close),
            Version::Http10 if !self.keep_alive => Some(old),
            _ => None,
        }
    }
}

/// Is it a number, whatever its size?
fn is_number(element: &[u8]) -> bool {
    decimal_or_most(trim_ows(element)).is_some()
}

/// The lengths of the names that are looked for, as bits.
const LENGTHS: u64 = 1 << 2 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 14 | 1 << 16 | 1 << 17;

impl KeepAlive {
    #[inline(never)]
    fn read(&mut self, value: &[u8]) {
        for element in list::elements(value).flatten() {
            let split = element.iter().position(|&byte| byte == b'=');
            let (name, number) = match split {
                Some(at) => (&element[..at], decimal(&element[at + 1..])),
                None => continue,
            };
            if is_word(name, b"timeout") {
                self.timeout = number.map(Duration::from_secs);
            } else if is_word(name, b"max") {
                self.max = number;
            }
        }
    }
}

/// The framing of a response's content, and whether that framing alone ends the connection.
///
/// RFC 9112 §6.3, in its order:
///
/// 1. A response to HEAD, and any 1xx, 204 or 304, ends with its header section, whatever the
///    fields say.
/// 2. A 2xx to CONNECT becomes a tunnel after its header section; `Content-Length` and
///    `Transfer-Encoding` in it are ignored. This comes first: 204 makes no exception, since RFC
///    9110 §9.3.6 knows none.
/// 3. `Transfer-Encoding` overrides `Content-Length`; that they are both there ought to be handled
///    as an error, so the connection is closed afterwards. The same holds for `Transfer-Encoding`
///    in HTTP/1.0 (§6.1).
/// 4. With `chunked` as the final transfer coding the content ends where the chunks say, without it at
///    the close. Other codings would be raw bytes of an encoding that was never asked for: they are
///    refused unless the request took some with `TE`. Only `identity`, which names no coding, is
///    passed over, and the connection closed afterwards. Where the content is handed on raw, a field
///    that does not end in `chunked` is passed over too.
/// 5. An invalid `Content-Length`, or values that differ, are an unrecoverable error.
/// 6. A valid `Content-Length` is the length; fewer bytes before the close are incomplete.
/// 7. (A request without either has no content.)
/// 8. Otherwise the content is everything until the server closes.
pub(super) fn response_framing(
    request: &InFlight,
    head: &ResponseHead,
    control: &Control,
) -> Result<(Framing, Option<CloseReason>), Error> {
    if request.kind == RequestKind::Connect && head.status().is_success() {
        return Ok((Framing::Switched, Some(CloseReason::Upgraded)));
    }
    let bodyless = matches!(head.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if bodyless || head.status().is_informational() || request.kind == RequestKind::Head {
        return Ok((Framing::Empty, None));
    }
    let (takes, raw) = (request.takes_codings, request.transfer == Handing::Raw);
    let named = control.transfer == Transfer::IdentityChunked;
    let doubtful = named || control.length != Length::None || head.version() == Version::Http10;
    match (control.transfer, control.length) {
        (Transfer::CodedChunked, _) if !(takes || raw) => Err(Error::TransferCoding),
        (Transfer::Chunked | Transfer::IdentityChunked | Transfer::CodedChunked, _) => {
            Ok((Framing::Chunked, doubtful.then_some(CloseReason::AmbiguousFraming)))
        }
        (Transfer::Coded, _) if takes => {
            Ok((Framing::UntilClose, Some(CloseReason::CloseDelimited)))
        }
        (Transfer::Coded | Transfer::Other, _) if !raw => Err(Error::TransferCoding),
        (_, Length::Invalid) => Err(Error::ContentLength),
        (_, Length::Different) => Err(Error::ContentLengthsDiffer),
        (transfer, Length::Once(length) | Length::Repeated(length)) => {
            let framing = if length == 0 { Framing::Empty } else { Framing::Length(length) };
            let ambiguous = transfer != Transfer::None;
            Ok((framing, ambiguous.then_some(CloseReason::AmbiguousFraming)))
        }
        // Nothing follows that could be misread.
        (_, Length::Beyond) if !control.close => Err(Error::ContentLength),
        (_, Length::None | Length::Beyond) => {
            Ok((Framing::UntilClose, Some(CloseReason::CloseDelimited)))
        }
    }
}
