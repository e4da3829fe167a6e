//! Field sections of responses (RFC 9113 §8.2, §8.3): what a decoder finds becomes a response head or
//! a trailer section, if it is well-formed.
//!
//! HTTP/2 has no lines, so they are written here, as HTTP/1 would have them: a head is then one
//! buffer with offsets into it, whatever it came in. Names and values are checked as those of HTTP/1
//! are: a name is a token, and in lower case; a value holds no control character, where RFC 9113
//! §8.2.1 asks only for CR, LF and NUL, since RFC 9110 §5.5 has none of the others valid either.
//!
//! After a first fault nothing more is stored, and the decoder goes on alone.

use crate::http::token::{decimal, is_field_byte, is_ows, is_token_byte};
use crate::http::{Field, Headers, StatusCode, Version};
use crate::proto::{Limits, ResponseHead};

use super::Error;

/// A section that is being put together. The buffers are used again for the next one.
#[derive(Debug)]
pub(super) struct Section {
    kind: SectionKind,
    limits: Limits,
    bytes: Vec<u8>,
    fields: Vec<Field>,
    /// As RFC 9113 §6.5.2 measures it.
    size: usize,
    status: Option<StatusCode>,
    content_length: Option<u64>,
    fault: Option<Error>,
}

/// Which rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SectionKind {
    Head,
    Trailers,
}

impl Section {
    pub(super) fn new(limits: Limits) -> Section {
        Section {
            kind: SectionKind::Head,
            limits,
            bytes: Vec::new(),
            fields: Vec::new(),
            size: 0,
            status: None,
            content_length: None,
            fault: None,
        }
    }

    /// Begins a section.
    pub(super) fn begin(&mut self, kind: SectionKind) {
        self.kind = kind;
        self.bytes.clear();
        self.fields.clear();
        self.size = 0;
        self.status = None;
        self.content_length = None;
        self.fault = None;
        if kind == SectionKind::Head {
            self.bytes.extend_from_slice(STATUS_LINE);
        }
    }

    /// Takes a field on, as the decoder finds it.
    #[inline]
    pub(super) fn field(&mut self, name: &[u8], value: &[u8]) {
        if self.fault.is_none() {
            self.fault = self.add(name, value).err();
        }
    }

    /// The head that was put together, and its Content-Length.
    pub(super) fn take_head(&mut self) -> Result<(ResponseHead, Option<u64>), Error> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        // RFC 9113 §8.3.2: ":status ... MUST be included in all responses".
        let status = self.status.ok_or(Error::Status)?;
        self.bytes.extend_from_slice(b"\r\n");
        let headers = Headers::from_parts(self.bytes.to_vec(), self.fields.to_vec());
        let reason = (REASON as u32, REASON as u32);
        let head = ResponseHead::new(Version::Http2, status, reason, headers);
        Ok((head, self.content_length))
    }

    /// The trailer section that was put together.
    pub(super) fn take_trailers(&mut self) -> Result<Headers, Error> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(Headers::from_parts(self.bytes.to_vec(), self.fields.to_vec())),
        }
    }

    fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        self.measure(name, value)?;
        if name.first() == Some(&b':') {
            return self.pseudo_field(name, value);
        }
        if !is_lower_token(name) {
            return Err(Error::FieldName);
        }
        if !is_field_value(value) {
            return Err(Error::FieldValue);
        }
        if is_of_connections(name) {
            return Err(Error::ConnectionField);
        }
        let is_length = self.kind == SectionKind::Head && name == b"content-length";
        if is_length && !self.content_length(value)? {
            return Ok(());
        }
        self.push(name, value);
        Ok(())
    }

    fn measure(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        self.size = self.size.saturating_add(name.len() + value.len() + OVERHEAD);
        let (limit, error): (usize, fn(usize) -> Error) = match self.kind {
            SectionKind::Head => (self.limits.head_bytes, Error::HeadTooLong),
            SectionKind::Trailers => (self.limits.trailer_bytes, Error::TrailerTooLong),
        };
        if self.size > limit.min(LONGEST) {
            return Err(error(limit));
        }
        match self.fields.len() < self.limits.head_lines {
            true => Ok(()),
            false => Err(Error::TooManyFields(self.limits.head_lines)),
        }
    }

    /// RFC 9113 §8.3: pseudo-fields stand before all others, and never in trailers; §8.3.2: a response
    /// has `:status` and no other.
    fn pseudo_field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        let due = self.kind == SectionKind::Head && self.fields.is_empty();
        if name != b":status" || !due || self.status.is_some() {
            return Err(Error::PseudoField);
        }
        // RFC 9113 §8.6: "HTTP/2 removes support for the 101 (Switching Protocols)".
        let code = Some(value).filter(|value| value.len() == 3 && *value != b"101");
        let code = code.and_then(decimal).ok_or(Error::Status)?;
        self.status = Some(StatusCode::new(code as u16).ok_or(Error::Status)?);
        self.bytes[CODE..CODE + 3].copy_from_slice(value);
        Ok(())
    }

    /// Is this the first Content-Length? Another one must say the same (RFC 9110 §8.6).
    fn content_length(&mut self, value: &[u8]) -> Result<bool, Error> {
        let length = decimal(value).ok_or(Error::ContentLength)?;
        match self.content_length.replace(length) {
            None => Ok(true),
            Some(before) if before == length => Ok(false),
            Some(_) => Err(Error::ContentLengthsDiffer),
        }
    }

    fn push(&mut self, name: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.reserve(name.len() + value.len() + ": \r\n".len());
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(b": ");
        self.bytes.extend_from_slice(value);
        self.bytes.extend_from_slice(b"\r\n");
        let (name_end, value_start) = (start + name.len(), start + name.len() + 2);
        self.fields.push(Field {
            start: start as u32,
            name_end: name_end as u32,
            value_start: value_start as u32,
            value_end: (value_start + value.len()) as u32,
        });
    }
}

/// RFC 9113 §8.2.2: "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific
/// header fields"; and TE is for requests.
fn is_of_connections(name: &[u8]) -> bool {
    matches!(
        name,
        b"connection"
            | b"keep-alive"
            | b"proxy-connection"
            | b"te"
            | b"transfer-encoding"
            | b"upgrade"
    )
}

/// RFC 9113 §8.2.1: a name "MUST NOT contain characters in the ranges 0x00-0x20, 0x41-0x5a, or
/// 0x7f-0xff", nor a colon; RFC 9110 §5.1: it is a token.
fn is_lower_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&byte| LOWER_TOKEN[usize::from(byte)])
}

/// RFC 9113 §8.2.1: a value "MUST NOT start or end with an ASCII whitespace character".
fn is_field_value(value: &[u8]) -> bool {
    let ends = [value.first(), value.last()];
    // All bytes are looked at, so that they can be looked at several at a time.
    let all = value.iter().fold(true, |all, &byte| all & is_field_byte(byte));
    all && !ends.iter().flatten().any(|&&byte| is_ows(byte))
}

const LOWER_TOKEN: [bool; 256] = lower_token_table();

const fn lower_token_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_token_byte(byte as u8) && !(byte as u8).is_ascii_uppercase();
        byte += 1;
    }
    table
}

/// A head begins like this; the code is put in when it comes.
const STATUS_LINE: &[u8] = b"HTTP/2 000 \r\n";

/// Where the code stands in it, and the reason phrase, which HTTP/2 does not have.
const CODE: usize = "HTTP/2 ".len();
const REASON: usize = "HTTP/2 000 ".len();

/// RFC 9113 §6.5.2: a field counts for its name, its value, and this much.
pub(super) const OVERHEAD: usize = 32;

/// What the offsets of fields, which have 32 bits, reach in any case.
const LONGEST: usize = 1 << 30;
