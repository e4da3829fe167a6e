//! DATA (RFC 9113 §6.1): content of a message. Its padding counts in flow control like its data, so
//! the length of both together is kept.

use super::{flag, kind, Error, Frame, FrameHead, Layout};

pub(super) fn parse(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Error> {
    Ok(Frame::Data {
        stream: head.stream,
        data: Layout::content(&head, payload)?,
        // RFC 9113 §6.1: "The entire DATA frame payload is included in flow control, including the Pad
        // Length and Padding fields if present."
        flow_length: head.length,
        end_stream: head.has(flag::END_STREAM),
    })
}

/// What `flow_length` has above the length of the data becomes padding, at most 255 octets and the one
/// that tells their number.
pub(super) fn write(stream: u32, data: &[u8], flow_length: u32, end: bool, out: &mut Vec<u8>) {
    let more = (flow_length as usize).saturating_sub(data.len()).min(256);
    let padded = if more > 0 { flag::PADDED } else { 0 };
    let flags = padded | if end { flag::END_STREAM } else { 0 };
    let length = (data.len() + more) as u32;
    FrameHead { length, kind: kind::DATA, flags, stream }.write_to(out);
    if more > 0 {
        out.push((more - 1) as u8);
    }
    out.extend_from_slice(data);
    // RFC 9113 §6.1: "Padding octets MUST be set to zero when sending."
    out.resize(out.len() + more.saturating_sub(1), 0);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refused, same};
    use super::super::Rule;
    use super::*;

    #[test]
    fn ok_data_with_and_without_padding() {
        for (wire, data, flow_length, end_stream) in [
            (&b"\0\0\0\0\0\0\0\0\x01"[..], &b""[..], 0, false),
            (b"\0\0\x05\0\x01\0\0\0\x01hello", b"hello", 5, true),
            (b"\0\0\x06\0\x08\0\0\0\x01\0hello", b"hello", 6, false),
            (b"\0\0\x09\0\x09\0\0\0\x01\x03hello\0\0\0", b"hello", 9, true),
            (b"\0\0\x03\0\x08\0\0\0\x01\x02\0\0", b"", 3, false),
        ] {
            same(wire, Frame::Data { stream: 1, data, flow_length, end_stream });
        }
        let longest = [b"\0\x01\x01\0\x08\0\0\0\x01\xff!".to_vec(), vec![0; 255]].concat();
        same(&longest, Frame::Data { stream: 1, data: b"!", flow_length: 257, end_stream: false });
    }

    #[test]
    fn ok_padding_that_no_frame_can_have_is_not_written() {
        let mut out = Vec::new();
        write(1, b"!", 0, false, &mut out);
        write(1, b"!", 1000, false, &mut out);
        assert_eq!(out.len(), 10 + 9 + 257);
    }

    #[test]
    fn err_more_padding_than_payload() {
        refused(b"\0\0\x03\0\x08\0\0\0\x01\x03\0\0", None, Rule::Padding);
        refused(b"\0\0\x01\0\x08\0\0\0\x01\xff", None, Rule::Padding);
        refused(b"\0\0\0\0\x08\0\0\0\x01", None, Rule::Length(0));
        refused(b"\0\0\0\0\0\0\0\0\0", None, Rule::NoStream);
    }
}
