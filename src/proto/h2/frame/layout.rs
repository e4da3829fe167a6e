//! Where the content of a padded frame stands in its payload (RFC 9113 §6.1). It is known from the head
//! and one octet, so that DATA can be handed out before its frame is whole. What the padding holds is
//! not looked at: RFC 9113 §6.1 obliges nobody to.
//!
//! ```text
//! [Pad Length (8)] · content · Padding, as long as that says
//! ```

use super::error::{Error, Rule};
use super::{flag, kind, FrameHead};

/// The parts of a payload, in octets.
///
/// ```
/// use pannier::proto::h2::frame::{flag, kind, FrameHead, Layout};
///
/// let head = FrameHead { length: 10, kind: kind::DATA, flags: flag::PADDED, stream: 1 };
/// assert_eq!(Layout::begin(&head, b"")?, None); // the first octet has not come yet
/// let layout = Layout { before: 1, content: 7, padding: 2 };
/// assert_eq!(Layout::begin(&head, b"\x02con")?, Some(layout));
/// assert!(Layout::begin(&head, b"\x0acontent").is_err());
/// # Ok::<(), pannier::proto::h2::frame::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How much stands before the content: the length of the padding, or nothing.
    pub before: usize,
    /// How long the content is.
    pub content: usize,
    /// How much padding follows.
    pub padding: usize,
}

impl Layout {
    /// The layout of a frame of which the head is there, and maybe some of the payload; `None` if one
    /// octet of that is needed and not there.
    ///
    /// # Errors
    /// There is more padding than payload.
    #[inline]
    pub fn begin(head: &FrameHead, payload: &[u8]) -> Result<Option<Layout>, Error> {
        let length = head.length as usize;
        if !head.has(flag::PADDED) || !may_be_padded(head.kind) {
            return Ok(Some(Layout { before: 0, content: length, padding: 0 }));
        }
        let padding = match payload.first() {
            Some(&octet) => usize::from(octet),
            None if length > 0 => return Ok(None),
            None => return Err(Error::connection(head.kind, Rule::Length(0))),
        };
        // RFC 9113 §6.1: "If the length of the padding is the length of the frame payload or greater,
        // the recipient MUST treat this as a connection error (Section 5.4.1) of type
        // PROTOCOL_ERROR." The first octet is of the payload and not of the padding.
        match length.checked_sub(1 + padding) {
            Some(content) => Ok(Some(Layout { before: 1, content, padding })),
            None => Err(Error::connection(head.kind, Rule::Padding)),
        }
    }

    /// The content of a payload that is there as a whole.
    pub(super) fn content<'a>(head: &FrameHead, payload: &'a [u8]) -> Result<&'a [u8], Error> {
        let layout = Layout::begin(head, payload)?;
        let content = layout.and_then(|layout| {
            let end = layout.before + layout.content;
            payload.get(layout.before..end)
        });
        content.ok_or_else(|| Error::connection(head.kind, Rule::Length(head.length)))
    }
}

fn may_be_padded(kind: u8) -> bool {
    matches!(kind, kind::DATA | kind::HEADERS | kind::PUSH_PROMISE)
}

#[cfg(test)]
mod tests {
    use super::{flag, kind, Error, FrameHead, Layout, Rule};

    fn begin(flags: u8, length: u32, payload: &[u8]) -> Result<Option<Layout>, Error> {
        let head = FrameHead { length, kind: kind::DATA, flags, stream: 1 };
        Layout::begin(&head, payload)
    }

    fn parts(before: usize, content: usize, padding: usize) -> Option<Layout> {
        Some(Layout { before, content, padding })
    }

    #[test]
    fn ok_padding_is_shorter_than_the_payload() {
        for (flags, length, payload, expected) in [
            (0, 0, &b""[..], parts(0, 0, 0)),
            (0, 7, b"", parts(0, 7, 0)),
            (!flag::PADDED, 7, b"\xff", parts(0, 7, 0)),
            (flag::PADDED, 7, b"", None),
            (flag::PADDED, 7, b"\0", parts(1, 6, 0)),
            (flag::PADDED, 7, b"\x04content", parts(1, 2, 4)),
            (flag::PADDED, 7, b"\x06", parts(1, 0, 6)),
            (flag::PADDED, 1, b"\0", parts(1, 0, 0)),
            (flag::PADDED, 256, b"\xff", parts(1, 0, 255)),
        ] {
            assert_eq!(begin(flags, length, payload), Ok(expected), "{} {:?}", length, payload);
        }
    }

    #[test]
    fn err_padding_as_long_as_the_payload_or_longer() {
        for (length, first) in [(1, 1), (7, 7), (7, 8), (255, 255), (1, 255)] {
            let error = Error::connection(kind::DATA, Rule::Padding);
            assert_eq!(begin(flag::PADDED, length, &[first]), Err(error));
        }
        let error = Error::connection(kind::DATA, Rule::Length(0));
        assert_eq!(begin(flag::PADDED, 0, b""), Err(error));
    }

    #[test]
    fn ok_the_flag_means_nothing_in_other_frames() {
        for kind in [kind::PRIORITY, kind::SETTINGS, kind::PING, kind::CONTINUATION, 0xa] {
            let head = FrameHead { length: 5, kind, flags: 0xff, stream: 1 };
            assert_eq!(Layout::begin(&head, b"\xff"), Ok(parts(0, 5, 0)));
        }
    }
}
