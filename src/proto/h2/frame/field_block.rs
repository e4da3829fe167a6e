//! A field block on its way out (RFC 9113 §4.3): one HEADERS frame, and CONTINUATION for what the
//! peer's SETTINGS_MAX_FRAME_SIZE leaves no room for in it.
//!
//! The block is encoded in place, behind room for a head, because its length is known only then. Most
//! are short: nothing is moved. A long one is moved apart once, from its end.

use super::{flag, kind, FrameHead};

/// A field block that is being appended.
///
/// ```
/// use pannier::proto::h2::frame::{FieldBlock, Frame};
///
/// let mut out = Vec::new();
/// let block = FieldBlock::begin(&mut out);
/// out.extend_from_slice(b"\x88"); // whatever encodes fields appends here
/// block.finish(1, false, 16_384, &mut out);
///
/// let mut same = Vec::new();
/// Frame::headers(1, b"\x88", false).write_to(&mut same);
/// assert_eq!(out, same);
/// ```
#[derive(Debug)]
#[must_use = "without its head the block is no frame"]
pub struct FieldBlock {
    /// Where the head of the HEADERS frame will stand.
    at: usize,
}

impl FieldBlock {
    /// Begins a block at the end of `out`. Nothing but its fragment may be appended until `finish`.
    pub fn begin(out: &mut Vec<u8>) -> FieldBlock {
        FieldBlock { at: FrameHead::reserve(out) }
    }

    /// Makes frames of no more than `max_frame_size` of what has been appended, for this stream.
    pub fn finish(self, stream: u32, end_stream: bool, max_frame_size: u32, out: &mut Vec<u8>) {
        let most = max_frame_size.max(1) as usize;
        let first = self.at + FrameHead::LENGTH;
        let length = out.len() - first;
        if length > most {
            spread(out, first, most);
        }
        // Head by head; the first is that of HEADERS.
        let (mut left, mut at) = (length, self.at);
        let mut kind = kind::HEADERS;
        let mut flags = if end_stream { flag::END_STREAM } else { 0 };
        loop {
            let here = left.min(most);
            left -= here;
            if left == 0 {
                flags |= flag::END_HEADERS;
            }
            let end = at + FrameHead::LENGTH + here;
            FrameHead { length: 0, kind, flags, stream }.fill(&mut out[..end], at);
            if left == 0 {
                return;
            }
            (at, kind, flags) = (end, kind::CONTINUATION, 0);
        }
    }

    /// Appends the frames of a block that is encoded already.
    pub fn write(
        stream: u32,
        block: &[u8],
        end_stream: bool,
        max_frame_size: u32,
        out: &mut Vec<u8>,
    ) {
        let begun = FieldBlock::begin(out);
        out.extend_from_slice(block);
        begun.finish(stream, end_stream, max_frame_size, out);
    }
}

/// Moves the pieces of what goes from `first` to the end of `out` apart, `most` octets each, so that a
/// head has room before every piece but the first.
fn spread(out: &mut Vec<u8>, first: usize, most: usize) {
    let length = out.len() - first;
    let heads = (length - 1) / most;
    out.resize(out.len() + heads * FrameHead::LENGTH, 0);
    for piece in (1..=heads).rev() {
        let from = first + piece * most;
        let to = (from + most).min(first + length);
        out.copy_within(from..to, from + piece * FrameHead::LENGTH);
    }
}

#[cfg(test)]
mod tests {
    use super::{FieldBlock, FrameHead};

    /// The frames of a block, each as type, flags and length.
    fn frames(length: usize, most: u32) -> Vec<(u8, u8, usize)> {
        let block: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let mut out = b"before".to_vec();
        FieldBlock::write(3, &block, true, most, &mut out);
        let (mut rest, mut joined, mut frames) = (&out[6..], Vec::new(), Vec::new());
        while let Some(head) = FrameHead::parse(rest) {
            let end = FrameHead::LENGTH + head.length as usize;
            joined.extend_from_slice(&rest[FrameHead::LENGTH..end]);
            frames.push((head.kind, head.flags, head.length as usize));
            assert_eq!(head.stream, 3);
            rest = &rest[end..];
        }
        assert_eq!((joined, rest.len(), &out[..6]), (block, 0, &b"before"[..]));
        frames
    }

    #[test]
    fn ok_a_block_is_split_where_the_peer_wants_it() {
        for (length, most, expected) in [
            (0, 10, &[(1, 5, 0)][..]),
            (9, 10, &[(1, 5, 9)]),
            (10, 10, &[(1, 5, 10)]),
            (11, 10, &[(1, 1, 10), (9, 4, 1)]),
            (20, 10, &[(1, 1, 10), (9, 4, 10)]),
            (25, 10, &[(1, 1, 10), (9, 0, 10), (9, 4, 5)]),
            (3, 1, &[(1, 1, 1), (9, 0, 1), (9, 4, 1)]),
            (2, 0, &[(1, 1, 1), (9, 4, 1)]),
            (40_000, 16_384, &[(1, 1, 16_384), (9, 0, 16_384), (9, 4, 7_232)]),
        ] {
            assert_eq!(frames(length, most), expected, "{} of {}", length, most);
        }
    }
}
