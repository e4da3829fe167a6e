//! PUSH_PROMISE (RFC 9113 §6.6): the announcement of a stream that the server opens. Whether the
//! client has allowed any is for the engine to know.

use super::error::{Error, Rule};
use super::{flag, kind, split_u32, Frame, FrameHead, Layout, STREAM_BITS};

pub(super) fn parse(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Error> {
    let content = Layout::content(&head, payload)?;
    let (promised, fragment) = match split_u32(content) {
        Some((promised, fragment)) => (promised & STREAM_BITS, fragment),
        // RFC 9113 §6.6 makes too much padding "a connection error (Section 5.4.1) of type
        // PROTOCOL_ERROR", and what leaves no room for the identifier is too much. Without padding the
        // length has been judged already.
        None => return Err(Error::connection(head.kind, Rule::Padding)),
    };
    // RFC 9113 §6.6: "A receiver MUST treat the receipt of a PUSH_PROMISE that promises an illegal
    // stream identifier (Section 5.1.1) as a connection error (Section 5.4.1) of type
    // PROTOCOL_ERROR." By §5.1.1 the streams that a server opens have even numbers.
    if promised == 0 || promised % 2 != 0 {
        return Err(Error::connection(head.kind, Rule::PromisedStream));
    }
    let end_headers = head.has(flag::END_HEADERS);
    Ok(Frame::PushPromise { stream: head.stream, promised, fragment, end_headers })
}

pub(super) fn write(
    stream: u32,
    promised: u32,
    fragment: &[u8],
    end_headers: bool,
    out: &mut Vec<u8>,
) {
    let flags = if end_headers { flag::END_HEADERS } else { 0 };
    let length = (4 + fragment.len()) as u32;
    FrameHead { length, kind: kind::PUSH_PROMISE, flags, stream }.write_to(out);
    out.extend_from_slice(&(promised & STREAM_BITS).to_be_bytes());
    out.extend_from_slice(fragment);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, refused, same};
    use super::*;

    fn promise(promised: u32, fragment: &[u8], end_headers: bool) -> Frame<'_> {
        Frame::PushPromise { stream: 1, promised, fragment, end_headers }
    }

    #[test]
    fn ok_promises() {
        same(b"\0\0\x04\x05\0\0\0\0\x01\0\0\0\x02", promise(2, b"", false));
        same(
            b"\0\0\x09\x05\x04\0\0\0\x01\x7f\xff\xff\xfeblock",
            promise(0x7fff_fffe, b"block", true),
        );
        let padded = b"\0\0\x08\x05\x0c\0\0\0\x01\x02\0\0\0\x02b\xff\xff";
        assert_eq!(read(padded), Ok(promise(2, b"b", true)));
        let reserved = b"\0\0\x04\x05\0\0\0\0\x01\x80\0\0\x02";
        assert_eq!(read(reserved), Ok(promise(2, b"", false)));
    }

    #[test]
    fn err_promises_of_streams_that_no_server_opens() {
        refused(b"\0\0\x04\x05\0\0\0\0\x01\0\0\0\0", None, Rule::PromisedStream);
        refused(b"\0\0\x04\x05\0\0\0\0\x01\x80\0\0\0", None, Rule::PromisedStream);
        refused(b"\0\0\x04\x05\0\0\0\0\x01\0\0\0\x03", None, Rule::PromisedStream);
    }

    #[test]
    fn err_padding_lengths_and_streams() {
        refused(b"\0\0\x06\x05\x08\0\0\0\x01\x02\0\0\0\x02.", None, Rule::Padding);
        refused(b"\0\0\x06\x05\x08\0\0\0\x01\x06\0\0\0\x02.", None, Rule::Padding);
        refused(b"\0\0\x03\x05\0\0\0\0\x01\0\0\0", None, Rule::Length(3));
        refused(b"\0\0\x04\x05\x08\0\0\0\x01\0\0\0\0", None, Rule::Length(4));
        refused(b"\0\0\x04\x05\0\0\0\0\0\0\0\0\x02", None, Rule::NoStream);
    }
}
