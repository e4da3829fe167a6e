//! RST_STREAM (RFC 9113 §6.4): the end of a stream before its time.

use super::super::ErrorCode;
use super::error::{Error, Rule};
use super::{kind, split_u32, Frame, FrameHead};

pub(super) fn parse(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Error> {
    match split_u32(payload) {
        Some((code, [])) => {
            Ok(Frame::RstStream { stream: head.stream, code: ErrorCode::new(code) })
        }
        // RFC 9113 §6.4: "A RST_STREAM frame with a length other than 4 octets MUST be treated as a
        // connection error (Section 5.4.1) of type FRAME_SIZE_ERROR."
        _ => Err(Error::connection(head.kind, Rule::Length(head.length))),
    }
}

pub(super) fn write(stream: u32, code: ErrorCode, out: &mut Vec<u8>) {
    FrameHead { length: 4, kind: kind::RST_STREAM, flags: 0, stream }.write_to(out);
    out.extend_from_slice(&code.value().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refused, same};
    use super::*;

    #[test]
    fn ok_codes_known_and_unknown() {
        for (wire, code) in [
            (b"\0\0\x04\x03\0\0\0\0\x05\0\0\0\x08", ErrorCode::CANCEL),
            (b"\0\0\x04\x03\0\0\0\0\x05\xff\0\0\x01", ErrorCode::new(0xff00_0001)),
        ] {
            same(wire, Frame::RstStream { stream: 5, code });
        }
    }

    #[test]
    fn err_any_other_length_and_no_stream() {
        refused(b"\0\0\x03\x03\0\0\0\0\x05\0\0\0", None, Rule::Length(3));
        refused(b"\0\0\x05\x03\0\0\0\0\x05\0\0\0\0\0", None, Rule::Length(5));
        refused(b"\0\0\x04\x03\0\0\0\0\0\0\0\0\0", None, Rule::NoStream);
    }
}
