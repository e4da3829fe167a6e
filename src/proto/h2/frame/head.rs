//! The nine octets before the payload of every frame (RFC 9113 §4.1), and what can be judged by them
//! alone: lengths and stream identifiers. A frame that is refused for them need not be read.
//!
//! ```text
//! Length (24) · Type (8) · Flags (8) · Reserved (1) · Stream Identifier (31)
//! ```

use super::error::{Error, Rule};
use super::{flag, kind};

/// The head of a frame.
///
/// ```
/// use pannier::proto::h2::frame::{flag, kind, FrameHead};
///
/// let mut wire = Vec::new();
/// let head = FrameHead { length: 8, kind: kind::PING, flags: flag::ACK, stream: 0 };
/// head.write_to(&mut wire);
/// assert_eq!(wire, b"\0\0\x08\x06\x01\0\0\0\0");
/// assert_eq!(FrameHead::parse(&wire), Some(head));
/// assert_eq!(FrameHead::parse(&wire[..8]), None);
/// assert!(head.check(16_384).is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// How many octets follow, 24 bits.
    pub length: u32,
    /// The type, one of [`kind`] or another.
    pub kind: u8,
    /// The flags; what they mean depends on the type.
    pub flags: u8,
    /// The stream, 31 bits; 0 is the connection.
    pub stream: u32,
}

impl FrameHead {
    /// How long a head is.
    pub const LENGTH: usize = 9;

    /// Reads a head at the beginning of `input`; `None` if it is not all there.
    #[inline]
    pub fn parse(input: &[u8]) -> Option<FrameHead> {
        match *input.get(..FrameHead::LENGTH)? {
            // RFC 9113 §4.1: the reserved bit "MUST be ignored when receiving".
            [l0, l1, l2, kind, flags, s0, s1, s2, s3] => Some(FrameHead {
                length: u32::from_be_bytes([0, l0, l1, l2]),
                kind,
                flags,
                stream: u32::from_be_bytes([s0, s1, s2, s3]) & STREAM_BITS,
            }),
            _ => None,
        }
    }

    /// Appends the head. The reserved bit is not set.
    #[inline]
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.octets());
    }

    /// Appends room for a head, which [`fill`](FrameHead::fill) writes when what follows it is there.
    pub fn reserve(out: &mut Vec<u8>) -> usize {
        let at = out.len();
        out.extend_from_slice(&[0; FrameHead::LENGTH]);
        at
    }

    /// Writes the head where `reserve` has left room, for a payload that goes from there to the end
    /// of `out`. The `length` of this head is of no account.
    ///
    /// # Panics
    /// If `at` is not what `reserve` has returned for `out`.
    pub fn fill(mut self, out: &mut [u8], at: usize) {
        let length = out.len() - at - FrameHead::LENGTH;
        debug_assert!(length < 1 << 24, "a payload of {}", length);
        self.length = length as u32;
        out[at..at + FrameHead::LENGTH].copy_from_slice(&self.octets());
    }

    /// Is this flag set?
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Judges the frame by its head, with the SETTINGS_MAX_FRAME_SIZE that its receiver has
    /// announced.
    ///
    /// # Errors
    /// It is too long, or its length or its stream is one that no frame of its type has.
    #[inline]
    pub fn check(&self, max_frame_size: u32) -> Result<(), Error> {
        // RFC 9113 §4.2: "An endpoint MUST send an error code of FRAME_SIZE_ERROR if a frame exceeds
        // the size defined in SETTINGS_MAX_FRAME_SIZE".
        if self.length > max_frame_size {
            return Err(self.size_error(Rule::TooLong(max_frame_size)));
        }
        self.check_stream()?;
        if self.has_length() {
            return Ok(());
        }
        Err(self.size_error(Rule::Length(self.length)))
    }

    /// RFC 9113 §6.1 and the like: "If a DATA frame is received whose Stream Identifier field is
    /// 0x00, the recipient MUST respond with a connection error (Section 5.4.1) of type
    /// PROTOCOL_ERROR." §6.5 and the like say the same of SETTINGS, PING and GOAWAY where it is
    /// anything else.
    fn check_stream(&self) -> Result<(), Error> {
        let rule = match self.kind {
            kind::SETTINGS | kind::PING | kind::GOAWAY if self.stream != 0 => Rule::OnStream,
            kind::DATA
            | kind::HEADERS
            | kind::PRIORITY
            | kind::RST_STREAM
            | kind::PUSH_PROMISE
            | kind::CONTINUATION
                if self.stream == 0 =>
            {
                Rule::NoStream
            }
            _ => return Ok(()),
        };
        Err(Error::connection(self.kind, rule))
    }

    /// RFC 9113 §4.2: FRAME_SIZE_ERROR, if a frame "exceeds any limit defined for the frame type, or
    /// is too small to contain mandatory frame data".
    fn has_length(&self) -> bool {
        let padded = u32::from(self.has(flag::PADDED));
        match self.kind {
            kind::DATA => self.length >= padded,
            kind::HEADERS if self.has(flag::PRIORITY) => self.length >= padded + 5,
            kind::HEADERS => self.length >= padded,
            kind::PRIORITY => self.length == 5,
            kind::RST_STREAM | kind::WINDOW_UPDATE => self.length == 4,
            kind::SETTINGS if self.has(flag::ACK) => self.length == 0,
            kind::SETTINGS => self.length % 6 == 0,
            kind::PUSH_PROMISE => self.length >= padded + 4,
            kind::PING => self.length == 8,
            kind::GOAWAY => self.length >= 8,
            _ => true,
        }
    }

    /// RFC 9113 §4.2: "A frame size error in a frame that could alter the state of the entire
    /// connection MUST be treated as a connection error (Section 5.4.1)": field blocks, SETTINGS,
    /// stream 0. RST_STREAM and WINDOW_UPDATE say so themselves (§6.4, §6.9). A DATA frame that lacks
    /// the length of its padding is treated like one with too much of it (§6.1).
    fn size_error(&self, rule: Rule) -> Error {
        match (self.kind, rule) {
            (kind::DATA, Rule::Length(_)) => Error::connection(self.kind, rule),
            (kind::DATA | kind::PRIORITY | kind::FIRST_UNKNOWN.., _) => {
                Error::stream_error(self.kind, self.stream, rule)
            }
            _ => Error::connection(self.kind, rule),
        }
    }

    fn octets(&self) -> [u8; FrameHead::LENGTH] {
        let [_, l0, l1, l2] = self.length.to_be_bytes();
        let [s0, s1, s2, s3] = (self.stream & STREAM_BITS).to_be_bytes();
        [l0, l1, l2, self.kind, self.flags, s0, s1, s2, s3]
    }
}

/// The bits of a stream identifier; the one above is reserved.
pub(super) const STREAM_BITS: u32 = (1 << 31) - 1;

#[cfg(test)]
mod tests {
    use super::super::kind::*;
    use super::{flag, Error, FrameHead, Rule};

    fn head(length: u32, kind: u8, flags: u8, stream: u32) -> FrameHead {
        FrameHead { length, kind, flags, stream }
    }

    #[test]
    fn ok_a_head_is_nine_octets_and_the_reserved_bit_is_none_of_it() {
        let wire = b"\x01\x02\x03\xfe\x55\x81\x02\x03\x04rest";
        let expected = head(0x01_02_03, 0xfe, 0x55, 0x0102_0304);
        for end in 0..FrameHead::LENGTH {
            assert_eq!(FrameHead::parse(&wire[..end]), None);
        }
        assert_eq!(FrameHead::parse(&wire[..9]), Some(expected));
        assert_eq!(FrameHead::parse(wire), Some(expected));
        let mut out = Vec::new();
        head(0x01_02_03, 0xfe, 0x55, 0x8102_0304).write_to(&mut out);
        assert_eq!(out, b"\x01\x02\x03\xfe\x55\x01\x02\x03\x04");
    }

    #[test]
    fn ok_a_head_is_filled_in_when_its_payload_is_there() {
        let mut out = b"before".to_vec();
        let at = FrameHead::reserve(&mut out);
        out.extend_from_slice(b"payload");
        head(0, HEADERS, flag::END_HEADERS, 3).fill(&mut out, at);
        assert_eq!(out, b"before\0\0\x07\x01\x04\0\0\0\x03payload");
    }

    #[test]
    fn ok_heads_that_their_types_allow() {
        for head in [
            head(0, DATA, 0, 1),
            head(16_384, DATA, flag::END_STREAM, 1),
            head(1, DATA, flag::PADDED, 1),
            head(0, HEADERS, 0, 1),
            head(6, HEADERS, flag::PADDED | flag::PRIORITY, 1),
            head(5, PRIORITY, 0xff, 1),
            head(4, RST_STREAM, 0xff, 1),
            head(0, SETTINGS, 0, 0),
            head(18, SETTINGS, 0xfe, 0),
            head(0, SETTINGS, flag::ACK, 0),
            head(4, PUSH_PROMISE, 0, 1),
            head(5, PUSH_PROMISE, flag::PADDED, 1),
            head(8, PING, flag::ACK, 0),
            head(8, GOAWAY, 0xff, 0),
            head(16_384, GOAWAY, 0, 0),
            head(4, WINDOW_UPDATE, 0, 0),
            head(4, WINDOW_UPDATE, 0xff, 2),
            head(0, CONTINUATION, 0, 1),
            head(0, 0xa, 0xff, 0),
            head(16_384, 0xff, 0xff, 9),
        ] {
            assert_eq!(head.check(16_384), Ok(()), "{:?}", head);
        }
    }

    #[test]
    fn err_lengths_and_streams_that_a_type_does_not_have() {
        let (wrong, long) = (Rule::Length, Rule::TooLong(16_384));
        for (head, stream, rule) in [
            (head(0, DATA, 0, 0), None, Rule::NoStream),
            (head(0, DATA, flag::PADDED, 1), None, wrong(0)),
            (head(16_385, DATA, 0, 1), Some(1), long),
            (head(0, HEADERS, 0, 0), None, Rule::NoStream),
            (head(0, HEADERS, flag::PADDED, 1), None, wrong(0)),
            (head(4, HEADERS, flag::PRIORITY, 1), None, wrong(4)),
            (head(5, HEADERS, flag::PRIORITY | flag::PADDED, 1), None, wrong(5)),
            (head(16_385, HEADERS, 0, 1), None, long),
            (head(5, PRIORITY, 0, 0), None, Rule::NoStream),
            (head(4, PRIORITY, 0, 1), Some(1), wrong(4)),
            (head(6, PRIORITY, 0, 1), Some(1), wrong(6)),
            (head(4, RST_STREAM, 0, 0), None, Rule::NoStream),
            (head(3, RST_STREAM, 0, 1), None, wrong(3)),
            (head(5, RST_STREAM, 0, 1), None, wrong(5)),
            (head(16_385, RST_STREAM, 0, 1), None, long),
            (head(0, SETTINGS, 0, 1), None, Rule::OnStream),
            (head(5, SETTINGS, 0, 0), None, wrong(5)),
            (head(6, SETTINGS, flag::ACK, 0), None, wrong(6)),
            (head(16_386, SETTINGS, 0, 0), None, long),
            (head(4, PUSH_PROMISE, 0, 0), None, Rule::NoStream),
            (head(3, PUSH_PROMISE, 0, 1), None, wrong(3)),
            (head(4, PUSH_PROMISE, flag::PADDED, 1), None, wrong(4)),
            (head(8, PING, 0, 1), None, Rule::OnStream),
            (head(7, PING, 0, 0), None, wrong(7)),
            (head(9, PING, flag::ACK, 0), None, wrong(9)),
            (head(8, GOAWAY, 0, 1), None, Rule::OnStream),
            (head(7, GOAWAY, 0, 0), None, wrong(7)),
            (head(3, WINDOW_UPDATE, 0, 1), None, wrong(3)),
            (head(5, WINDOW_UPDATE, 0, 0), None, wrong(5)),
            (head(0, CONTINUATION, 0, 0), None, Rule::NoStream),
            (head(16_385, CONTINUATION, 0, 1), None, long),
            (head(16_385, 0xa, 0, 1), Some(1), long),
            (head((1 << 24) - 1, 0xff, 0, 0), None, long),
        ] {
            let error = Error::stream_error(head.kind, stream.unwrap_or(0), rule);
            assert_eq!(head.check(16_384), Err(error), "{:?}", head);
        }
    }
}
