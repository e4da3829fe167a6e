//! Field sections of responses (RFC 9113 §8.2, §8.3): what a decoder finds becomes a response head or
//! a trailer section, if it is well-formed.
//!
//! HTTP/2 has no lines, so they are written here, as HTTP/1 would have them: a head is then one
//! buffer with offsets into it, whatever it came in. Names and values are checked as those of HTTP/1
//! are: a name is a token, and in lower case; a value holds no control character, where RFC 9113
//! §8.2.1 asks only for CR, LF and NUL, since RFC 9110 §5.5 has none of the others valid either.
//!
//! After a first fault nothing more is stored, and the decoder goes on alone.
//!
//! A server mostly sends the same fields in the same order. The section before is kept, and what
//! stands in it at the same place need not be looked at again.

use std::fmt;

use crate::http::token::{decimal, is_field_byte, is_ows, is_token_byte};
use crate::http::{Field, Headers, StatusCode, Version};
use crate::proto::{Limits, ResponseHead};

use super::Error;

/// A section that is being put together. The buffers are used again for the next ones.
pub(super) struct Section {
    kind: SectionKind,
    limits: Limits,
    lines: Lines,
    /// What was put together last.
    headers: Headers,
    /// As RFC 9113 §6.5.2 measures it, and how large that may become.
    size: usize,
    most: usize,
    status: Option<StatusCode>,
    content_length: Option<u64>,
    fault: Option<Error>,
}

/// Fields that have been found valid, and where they stand.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    fields: Vec<Field>,
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
            lines: Lines::default(),
            headers: Headers::new(),
            size: 0,
            most: 0,
            status: None,
            content_length: None,
            fault: None,
        }
    }

    /// Begins a section.
    pub(super) fn begin(&mut self, kind: SectionKind) {
        self.kind = kind;
        self.lines.bytes.clear();
        self.lines.fields.clear();
        self.size = 0;
        self.most = LONGEST.min(match kind {
            SectionKind::Head => self.limits.head_bytes,
            SectionKind::Trailers => self.limits.trailer_bytes,
        });
        self.status = None;
        self.content_length = None;
        self.fault = None;
        if kind == SectionKind::Head {
            self.lines.bytes.extend_from_slice(STATUS_LINE);
        }
    }

    /// Takes a field on, as the decoder finds it.
    #[inline]
    pub(super) fn field(&mut self, name: &[u8], value: &[u8]) {
        if self.fault.is_none() {
            self.fault = self.add(name, value).err();
        }
    }

    /// The section has come to its end.
    pub(super) fn finish(&mut self) {
        if self.kind == SectionKind::Head {
            self.lines.bytes.extend_from_slice(b"\r\n");
        }
        self.headers = self.lines.to_headers();
    }

    /// The head that was put together, and its Content-Length.
    pub(super) fn head(&self) -> Result<(ResponseHead, Option<u64>), Error> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        // RFC 9113 §8.3.2: "This pseudo-header field MUST be included in all responses, including
        // interim responses".
        let status = self.status.ok_or(Error::Status)?;
        let reason = (REASON as u32, REASON as u32);
        let head = ResponseHead::new(Version::Http2, status, reason, self.headers.clone());
        Ok((head, self.content_length))
    }

    /// The trailer section that was put together.
    pub(super) fn trailers(&self) -> Result<Headers, Error> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(self.headers.clone()),
        }
    }

    fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        self.measure(name, value)?;
        if name.first() == Some(&b':') {
            return self.pseudo_field(name, value);
        }
        let (bytes, fields) = self.headers.parts();
        let before = fields.get(self.lines.fields.len());
        let before = before.filter(|field| field.name(bytes) == name);
        if before.is_none() {
            check_name(name)?;
        }
        let is_length = self.kind == SectionKind::Head && name == b"content-length";
        if is_length && !is_first_length(&mut self.content_length, value)? {
            return Ok(());
        }
        match before {
            Some(field) if field.value(bytes) == value => self.lines.repeat(*field, bytes),
            _ if is_field_value(value) => self.lines.push(name, value),
            _ => return Err(Error::FieldValue),
        }
        Ok(())
    }

    fn measure(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        self.size = self.size.saturating_add(name.len() + value.len() + OVERHEAD);
        if self.size > self.most {
            return Err(match self.kind {
                SectionKind::Head => Error::HeadTooLong(self.limits.head_bytes),
                SectionKind::Trailers => Error::TrailerTooLong(self.limits.trailer_bytes),
            });
        }
        match self.lines.fields.len() < self.limits.head_lines {
            true => Ok(()),
            false => Err(Error::TooManyFields(self.limits.head_lines)),
        }
    }

    /// RFC 9113 §8.3: pseudo-fields stand before all others, and never in trailers; §8.3.2: a response
    /// has `:status` and no other.
    fn pseudo_field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        let due = self.kind == SectionKind::Head && self.lines.fields.is_empty();
        if name != b":status" || !due || self.status.is_some() {
            return Err(Error::PseudoField);
        }
        // RFC 9113 §8.6: 101 (Switching Protocols) does not exist in HTTP/2.
        let code = Some(value).filter(|value| value.len() == 3 && *value != b"101");
        let code = code.and_then(decimal).ok_or(Error::Status)?;
        self.status = Some(StatusCode::new(code as u16).ok_or(Error::Status)?);
        self.lines.bytes[CODE..CODE + 3].copy_from_slice(value);
        Ok(())
    }
}

impl Lines {
    fn to_headers(&self) -> Headers {
        Headers::from_parts(self.bytes.to_vec(), self.fields.to_vec())
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

    /// Adds a line of another section, which stands there in these bytes.
    fn repeat(&mut self, field: Field, bytes: &[u8]) {
        let (from, to) = (field.start as usize, self.bytes.len());
        let end = field.value_end as usize + "\r\n".len();
        self.bytes.extend_from_slice(&bytes[from..end]);
        self.fields.push(field.moved(from, to));
    }
}

/// Without the fields: there may be secrets among them.
impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section")
            .field("kind", &self.kind)
            .field("size", &self.size)
            .field("status", &self.status)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// Is this the first Content-Length? Another one must say the same (RFC 9110 §8.6).
fn is_first_length(first: &mut Option<u64>, value: &[u8]) -> Result<bool, Error> {
    let length = decimal(value).ok_or(Error::ContentLength)?;
    match first.replace(length) {
        None => Ok(true),
        Some(before) if before == length => Ok(false),
        Some(_) => Err(Error::ContentLengthsDiffer),
    }
}

/// RFC 9113 §8.2.1: a name "MUST NOT contain characters in the ranges 0x00-0x20, 0x41-0x5a, or
/// 0x7f-0xff", nor a colon; RFC 9110 §5.1: it is a token.
fn check_name(name: &[u8]) -> Result<(), Error> {
    let is_lower_token = |&byte: &u8| LOWER_TOKEN[usize::from(byte)];
    if name.is_empty() || !name.iter().all(is_lower_token) {
        return Err(Error::FieldName);
    }
    match is_of_connections(name) {
        true => Err(Error::ConnectionField),
        false => Ok(()),
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

/// RFC 9113 §8.2.1: a value "MUST NOT start or end with an ASCII whitespace character"; RFC 9110 §5.5:
/// it has no control characters but tabs.
fn is_field_value(value: &[u8]) -> bool {
    let is_bare = |end: Option<&u8>| end.map_or(true, |&byte| !is_ows(byte));
    let ends = is_bare(value.first()) && is_bare(value.last());
    // Almost no value holds any of them: eight bytes are looked at at a time.
    ends && (!may_hold_control(value) || value.iter().all(|&byte| is_field_byte(byte)))
}

fn may_hold_control(value: &[u8]) -> bool {
    let last = match value.len().checked_sub(8) {
        Some(last) => last,
        None => return true,
    };
    let mut words = value.chunks_exact(8).chain([&value[last..]]);
    words.any(|word| has_control(u64::from_le_bytes(word.try_into().expect("eight bytes"))))
}

/// Is one of eight bytes below the space, or DEL? The high bit of each byte tells, after what is
/// subtracted has borrowed from it.
fn has_control(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let below_space = word.wrapping_sub(0x20 * ONES) & !word;
    let del = word ^ (0x7f * ONES);
    let is_del = del.wrapping_sub(ONES) & !del;
    (below_space | is_del) & HIGH != 0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_values_are_judged_alike_eight_bytes_at_a_time() {
        for length in 1..20 {
            for place in 0..length {
                for byte in 0..=255 {
                    let mut value = vec![b'x'; length];
                    value[place] = byte;
                    let at_end = place == 0 || place + 1 == length;
                    let expected = is_field_byte(byte) && !(at_end && is_ows(byte));
                    assert_eq!(is_field_value(&value), expected, "{:?}", value);
                }
            }
        }
        assert!(is_field_value(b""));
    }

    #[test]
    fn ok_a_section_does_not_depend_on_the_one_before() {
        let sections: [&[(&str, &str)]; 5] = [
            &[("a", "1"), ("content-length", "2"), ("c", "3")],
            &[("a", "1"), ("content-length", "2"), ("c", "3")],
            &[("a", "2"), ("c", "3"), ("content-length", "5"), ("d", "")],
            &[("a", "2"), ("c", "3"), ("content-length", "5"), ("content-length", "5")],
            &[("a", "x\ty")],
        ];
        let mut reused = Section::new(Limits::default());
        for fields in sections {
            let mut fresh = Section::new(Limits::default());
            for section in [&mut reused, &mut fresh] {
                section.begin(SectionKind::Head);
                section.field(b":status", b"200");
                fields
                    .iter()
                    .for_each(|(name, value)| section.field(name.as_bytes(), value.as_bytes()));
                section.finish();
            }
            let (reused, fresh) = (reused.head().unwrap(), fresh.head().unwrap());
            assert_eq!((reused.0.as_bytes(), reused.1), (fresh.0.as_bytes(), fresh.1));
            assert_eq!(reused.0.headers(), fresh.0.headers());
        }
        reused.begin(SectionKind::Trailers);
        reused.field(b"a", b" x");
        assert_eq!(reused.trailers().err(), Some(Error::FieldValue));
    }
}
