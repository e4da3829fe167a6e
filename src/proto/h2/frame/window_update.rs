//! WINDOW_UPDATE (RFC 9113 §6.9): room for more content, on a stream or on the connection.

use super::error::{Error, Rule};
use super::{kind, split_u32, Frame, FrameHead, STREAM_BITS};

pub(super) fn parse(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Error> {
    let increment = match split_u32(payload) {
        Some((increment, [])) => increment & STREAM_BITS,
        // RFC 9113 §6.9: "A WINDOW_UPDATE frame with a length other than 4 octets MUST be treated as a
        // connection error (Section 5.4.1) of type FRAME_SIZE_ERROR."
        _ => return Err(Error::connection(head.kind, Rule::Length(head.length))),
    };
    // RFC 9113 §6.9: "A receiver MUST treat the receipt of a WINDOW_UPDATE frame with a flow-control
    // window increment of 0 as a stream error (Section 5.4.2) of type PROTOCOL_ERROR; errors on the
    // connection flow-control window MUST be treated as a connection error".
    if increment == 0 {
        return Err(Error::stream_error(head.kind, head.stream, Rule::Increment));
    }
    Ok(Frame::WindowUpdate { stream: head.stream, increment })
}

pub(super) fn write(stream: u32, increment: u32, out: &mut Vec<u8>) {
    FrameHead { length: 4, kind: kind::WINDOW_UPDATE, flags: 0, stream }.write_to(out);
    out.extend_from_slice(&(increment & STREAM_BITS).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, refused, same};
    use super::*;

    #[test]
    fn ok_on_a_stream_and_on_the_connection() {
        for (wire, stream, increment) in [
            (b"\0\0\x04\x08\0\0\0\0\x05\0\0\x03\xe8", 5, 1000),
            (b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01", 0, 1),
            (b"\0\0\x04\x08\0\0\0\0\0\x7f\xff\xff\xff", 0, STREAM_BITS),
        ] {
            same(wire, Frame::WindowUpdate { stream, increment });
        }
        let reserved = b"\0\0\x04\x08\0\0\0\0\x05\x80\0\0\x01";
        assert_eq!(read(reserved), Ok(Frame::WindowUpdate { stream: 5, increment: 1 }));
    }

    #[test]
    fn err_no_increment_is_the_harm_of_its_window() {
        refused(b"\0\0\x04\x08\0\0\0\0\x05\0\0\0\0", Some(5), Rule::Increment);
        refused(b"\0\0\x04\x08\0\0\0\0\x05\x80\0\0\0", Some(5), Rule::Increment);
        refused(b"\0\0\x04\x08\0\0\0\0\0\0\0\0\0", None, Rule::Increment);
    }

    #[test]
    fn err_any_other_length() {
        refused(b"\0\0\x03\x08\0\0\0\0\x05\0\0\0", None, Rule::Length(3));
        refused(b"\0\0\x05\x08\0\0\0\0\0\0\0\0\0\0", None, Rule::Length(5));
    }
}
