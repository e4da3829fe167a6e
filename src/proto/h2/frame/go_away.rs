//! GOAWAY (RFC 9113 §6.8): the end of a connection, and which streams it still serves.

use super::super::ErrorCode;
use super::error::{Error, Rule};
use super::{kind, split_u32, Frame, FrameHead, STREAM_BITS};

pub(super) fn parse(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Error> {
    let first = split_u32(payload);
    match first.and_then(|(last, rest)| Some((last, split_u32(rest)?))) {
        // RFC 9113 §6.8: the last stream identifier has 31 bits and a reserved one above.
        Some((last, (code, debug))) => {
            Ok(Frame::GoAway { last_stream: last & STREAM_BITS, code: ErrorCode::new(code), debug })
        }
        None => Err(Error::connection(head.kind, Rule::Length(head.length))),
    }
}

pub(super) fn write(last_stream: u32, code: ErrorCode, debug: &[u8], out: &mut Vec<u8>) {
    let length = (8 + debug.len()) as u32;
    FrameHead { length, kind: kind::GOAWAY, flags: 0, stream: 0 }.write_to(out);
    out.extend_from_slice(&(last_stream & STREAM_BITS).to_be_bytes());
    out.extend_from_slice(&code.value().to_be_bytes());
    out.extend_from_slice(debug);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, refused, same};
    use super::*;

    #[test]
    fn ok_with_and_without_a_word_of_explanation() {
        for (wire, last_stream, code, debug) in [
            (&b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0"[..], 0, ErrorCode::NO_ERROR, &b""[..]),
            (
                b"\0\0\x0c\x07\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\x0bcalm",
                STREAM_BITS,
                ErrorCode::ENHANCE_YOUR_CALM,
                b"calm",
            ),
        ] {
            same(wire, Frame::GoAway { last_stream, code, debug });
        }
        let reserved = b"\0\0\x08\x07\0\0\0\0\0\x80\0\0\x07\0\0\0\0";
        let code = ErrorCode::NO_ERROR;
        assert_eq!(read(reserved), Ok(Frame::GoAway { last_stream: 7, code, debug: b"" }));
    }

    #[test]
    fn err_too_short_and_a_stream() {
        refused(b"\0\0\x07\x07\0\0\0\0\0\0\0\0\0\0\0\0", None, Rule::Length(7));
        refused(b"\0\0\0\x07\0\0\0\0\0", None, Rule::Length(0));
        refused(b"\0\0\x08\x07\0\0\0\0\x01\0\0\0\0\0\0\0\0", None, Rule::OnStream);
    }
}
