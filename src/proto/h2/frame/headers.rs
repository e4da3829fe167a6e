//! HEADERS (RFC 9113 §6.2): the beginning of a field block, or all of it.

use super::error::{Error, Rule};
use super::{flag, kind, Frame, FrameHead, Layout, Priority};

pub(super) fn parse(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Error> {
    let content = Layout::content(&head, payload)?;
    let (priority, fragment) = match (head.has(flag::PRIORITY), Priority::split(content)) {
        (false, _) => (None, content),
        (true, Some((priority, fragment))) => (Some(priority), fragment),
        // RFC 9113 §6.2 makes too much padding "a connection error (Section 5.4.1) of type
        // PROTOCOL_ERROR", and what leaves no room for these fields is too much. Without padding the
        // length has been judged already.
        (true, None) => return Err(Error::connection(head.kind, Rule::Padding)),
    };
    Ok(Frame::Headers {
        stream: head.stream,
        priority,
        fragment,
        end_stream: head.has(flag::END_STREAM),
        end_headers: head.has(flag::END_HEADERS),
    })
}

pub(super) fn write(
    stream: u32,
    priority: Option<&Priority>,
    fragment: &[u8],
    (end_stream, end_headers): (bool, bool),
    out: &mut Vec<u8>,
) {
    let at = FrameHead::reserve(out);
    let mut flags = 0;
    if let Some(priority) = priority {
        flags |= flag::PRIORITY;
        priority.write_to(out);
    }
    if end_stream {
        flags |= flag::END_STREAM;
    }
    if end_headers {
        flags |= flag::END_HEADERS;
    }
    out.extend_from_slice(fragment);
    FrameHead { length: 0, kind: kind::HEADERS, flags, stream }.fill(out, at);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, refused, same};
    use super::*;

    fn headers(flags: u8, priority: Option<Priority>, fragment: &[u8]) -> Frame<'_> {
        let (end_stream, end_headers) = (flags & 1 == 1, flags & 4 == 4);
        Frame::Headers { stream: 5, priority, fragment, end_stream, end_headers }
    }

    #[test]
    fn ok_headers_with_and_without_priority() {
        same(b"\0\0\0\x01\0\0\0\0\x05", headers(0, None, b""));
        same(b"\0\0\x05\x01\x05\0\0\0\x05block", headers(5, None, b"block"));
        let priority = Some(Priority { exclusive: true, dependency: 3, weight: 16 });
        same(b"\0\0\x0a\x01\x24\0\0\0\x05\x80\0\0\x03\x10block", headers(4, priority, b"block"));
        same(b"\0\0\x05\x01\x21\0\0\0\x05\x80\0\0\x03\x10", headers(1, priority, b""));
    }

    #[test]
    fn ok_padding_is_left_out() {
        let priority = Some(Priority { exclusive: false, dependency: 3, weight: 16 });
        for (wire, expected) in [
            (&b"\0\0\x08\x01\x0c\0\0\0\x05\x02block\xff\xff"[..], headers(4, None, b"block")),
            (b"\0\0\x03\x01\x08\0\0\0\x05\x02..", headers(0, None, b"")),
            (b"\0\0\x08\x01\x28\0\0\0\x05\x02\0\0\0\x03\x10..", headers(0, priority, b"")),
            (b"\0\0\x08\x01\x28\0\0\0\x05\x01\0\0\0\x03\x10b.", headers(0, priority, b"b")),
        ] {
            assert_eq!(read(wire), Ok(expected));
        }
    }

    #[test]
    fn err_padding_that_reaches_into_what_is_before_the_block() {
        refused(b"\0\0\x03\x01\x08\0\0\0\x05\x03..", None, Rule::Padding);
        refused(b"\0\0\x08\x01\x28\0\0\0\x05\x03\0\0\0\x03\x10..", None, Rule::Padding);
        refused(b"\0\0\x08\x01\x28\0\0\0\x05\xff\0\0\0\x03\x10..", None, Rule::Padding);
        refused(b"\0\0\x05\x01\x28\0\0\0\x05\0\0\0\0\0", None, Rule::Length(5));
        refused(b"\0\0\x04\x01\x20\0\0\0\x05\0\0\0\0", None, Rule::Length(4));
        refused(b"\0\0\0\x01\x08\0\0\0\x05", None, Rule::Length(0));
        refused(b"\0\0\x01\x01\0\0\0\0\0b", None, Rule::NoStream);
    }
}
