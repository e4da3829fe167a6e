//! CONTINUATION (RFC 9113 §6.10): the next piece of a field block. That it follows the piece before,
//! with nothing in between, is for the engine to see.

use super::{flag, kind, Frame, FrameHead};

pub(super) fn parse(head: FrameHead, payload: &[u8]) -> Frame<'_> {
    let end_headers = head.has(flag::END_HEADERS);
    Frame::Continuation { stream: head.stream, fragment: payload, end_headers }
}

pub(super) fn write(stream: u32, fragment: &[u8], end_headers: bool, out: &mut Vec<u8>) {
    let flags = if end_headers { flag::END_HEADERS } else { 0 };
    let length = fragment.len() as u32;
    FrameHead { length, kind: kind::CONTINUATION, flags, stream }.write_to(out);
    out.extend_from_slice(fragment);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, refused, same};
    use super::super::Rule;
    use super::*;

    #[test]
    fn ok_pieces_and_the_last_one() {
        for (wire, fragment, end_headers) in [
            (&b"\0\0\0\x09\0\0\0\0\x05"[..], &b""[..], false),
            (b"\0\0\x05\x09\x04\0\0\0\x05block", b"block", true),
        ] {
            same(wire, Frame::Continuation { stream: 5, fragment, end_headers });
        }
    }

    #[test]
    fn ok_it_has_neither_padding_nor_priority() {
        let frame = Frame::Continuation { stream: 5, fragment: b"\xff", end_headers: false };
        assert_eq!(read(b"\0\0\x01\x09\xfb\0\0\0\x05\xff"), Ok(frame));
    }

    #[test]
    fn err_no_stream() {
        refused(b"\0\0\x01\x09\x04\0\0\0\0b", None, Rule::NoStream);
    }
}
