//! A field block on its way out (RFC 9113 §4.3): one HEADERS frame, and CONTINUATION for what the
//! peer's SETTINGS_MAX_FRAME_SIZE leaves no room for in it.

use super::{flag, kind, FrameHead};

/// Appends the frames of a field block, none with more of it than `max_frame_size`.
///
/// ```
/// use pannier::proto::h2::frame::{write_field_block, Frame};
///
/// let mut out = Vec::new();
/// write_field_block(1, b"\x88", false, 16_384, &mut out);
///
/// let mut same = Vec::new();
/// Frame::headers(1, b"\x88", false).write_to(&mut same);
/// assert_eq!(out, same);
/// ```
pub fn write_field_block(
    stream: u32,
    block: &[u8],
    end_stream: bool,
    max_frame_size: u32,
    out: &mut Vec<u8>,
) {
    let most = max_frame_size.max(1) as usize;
    let (mut kind, mut rest) = (kind::HEADERS, block);
    let mut flags = if end_stream { flag::END_STREAM } else { 0 };
    loop {
        let (fragment, left) = rest.split_at(rest.len().min(most));
        if left.is_empty() {
            flags |= flag::END_HEADERS;
        }
        FrameHead { length: fragment.len() as u32, kind, flags, stream }.write_to(out);
        out.extend_from_slice(fragment);
        if left.is_empty() {
            return;
        }
        (rest, kind, flags) = (left, kind::CONTINUATION, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::{write_field_block, FrameHead};

    /// The frames of a block, each as type, flags and length.
    fn frames(length: usize, most: u32) -> Vec<(u8, u8, usize)> {
        let block: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let mut out = b"before".to_vec();
        write_field_block(3, &block, true, most, &mut out);
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
