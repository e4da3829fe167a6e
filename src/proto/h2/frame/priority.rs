//! PRIORITY (RFC 9113 §6.3), and what HEADERS says of the same: read, written, and of no effect, for
//! RFC 9113 §5.3.2 deprecates it.

use super::error::{Error, Rule};
use super::{kind, split_u32, Frame, FrameHead, STREAM_BITS};

/// Which stream another was meant to be served after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    /// Whether it was to be alone below that stream.
    pub exclusive: bool,
    /// That stream, 31 bits.
    pub dependency: u32,
    /// Its weight less one, as it is on the wire.
    pub weight: u8,
}

impl Priority {
    /// The five octets at the beginning of `payload`, and what follows them.
    pub(super) fn split(payload: &[u8]) -> Option<(Priority, &[u8])> {
        let (word, rest) = split_u32(payload)?;
        let (&weight, rest) = rest.split_first()?;
        let (exclusive, dependency) = (word & !STREAM_BITS != 0, word & STREAM_BITS);
        Some((Priority { exclusive, dependency, weight }, rest))
    }

    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        let exclusive = if self.exclusive { !STREAM_BITS } else { 0 };
        let word = self.dependency & STREAM_BITS | exclusive;
        out.extend_from_slice(&word.to_be_bytes());
        out.push(self.weight);
    }
}

pub(super) fn parse(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Error> {
    match Priority::split(payload) {
        Some((priority, [])) => Ok(Frame::Priority { stream: head.stream, priority }),
        // RFC 9113 §6.3: "A PRIORITY frame with a length other than 5 octets MUST be treated as a
        // stream error (Section 5.4.2) of type FRAME_SIZE_ERROR."
        _ => Err(Error::stream_error(head.kind, head.stream, Rule::Length(head.length))),
    }
}

pub(super) fn write(stream: u32, priority: &Priority, out: &mut Vec<u8>) {
    FrameHead { length: 5, kind: kind::PRIORITY, flags: 0, stream }.write_to(out);
    priority.write_to(out);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refused, same};
    use super::*;

    #[test]
    fn ok_the_highest_bit_is_not_of_the_stream() {
        for (wire, exclusive, dependency, weight) in [
            (b"\0\0\x05\x02\0\0\0\0\x01\0\0\0\0\0", false, 0, 0),
            (b"\0\0\x05\x02\0\0\0\0\x01\x80\0\0\x03\xff", true, 3, 255),
            (b"\0\0\x05\x02\0\0\0\0\x01\x7f\xff\xff\xff\x0f", false, STREAM_BITS, 15),
        ] {
            let priority = Priority { exclusive, dependency, weight };
            same(wire, Frame::Priority { stream: 1, priority });
        }
    }

    #[test]
    fn err_a_wrong_length_is_the_harm_of_one_stream() {
        refused(b"\0\0\x04\x02\0\0\0\0\x01\0\0\0\0", Some(1), Rule::Length(4));
        refused(b"\0\0\x06\x02\0\0\0\0\x01\0\0\0\0\0\0", Some(1), Rule::Length(6));
        refused(b"\0\0\x05\x02\0\0\0\0\0\0\0\0\0\0", None, Rule::NoStream);
    }
}
