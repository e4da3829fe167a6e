//! PING (RFC 9113 §6.7): a question whether the peer is there, or the answer with the same octets.

use super::error::{Error, Rule};
use super::{flag, kind, Frame, FrameHead};

pub(super) fn parse(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Error> {
    match *payload {
        [a, b, c, d, e, f, g, h] => {
            Ok(Frame::Ping { ack: head.has(flag::ACK), payload: [a, b, c, d, e, f, g, h] })
        }
        // RFC 9113 §6.7: "Receipt of a PING frame with a length field value other than 8 MUST be treated
        // as a connection error (Section 5.4.1) of type FRAME_SIZE_ERROR."
        _ => Err(Error::connection(head.kind, Rule::Length(head.length))),
    }
}

pub(super) fn write(ack: bool, payload: &[u8; 8], out: &mut Vec<u8>) {
    let flags = if ack { flag::ACK } else { 0 };
    FrameHead { length: 8, kind: kind::PING, flags, stream: 0 }.write_to(out);
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refused, same};
    use super::*;

    #[test]
    fn ok_question_and_answer() {
        let payload = *b"12345678";
        same(b"\0\0\x08\x06\0\0\0\0\x0012345678", Frame::Ping { ack: false, payload });
        same(b"\0\0\x08\x06\x01\0\0\0\x0012345678", Frame::Ping { ack: true, payload });
    }

    #[test]
    fn err_any_other_length_and_a_stream() {
        refused(b"\0\0\0\x06\0\0\0\0\0", None, Rule::Length(0));
        refused(b"\0\0\x07\x06\x01\0\0\0\x001234567", None, Rule::Length(7));
        refused(b"\0\0\x09\x06\0\0\0\0\x00123456789", None, Rule::Length(9));
        refused(b"\0\0\x08\x06\0\0\0\0\x0112345678", None, Rule::OnStream);
    }
}
