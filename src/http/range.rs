//! Byte ranges (RFC 9110 §14): what a request asks for, and which part of a representation a response
//! has. Units other than bytes are nobody's.

use std::ops::{Bound, RangeBounds};

use super::token::decimal;

/// Which part of a representation the content of a 206 is, or how long the representation is that a
/// 416 could not give a part of: a `Content-Range` (RFC 9110 §14.4).
///
/// ```
/// use pannier::http::ContentRange;
/// let range = ContentRange::parse("bytes 42-1233/1234").unwrap();
/// assert_eq!((range.first(), range.last()), (Some(42), Some(1233)));
/// assert_eq!(range.complete_length(), Some(1234));
/// assert_eq!(ContentRange::parse("bytes */1234").unwrap().first(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// From and to, both included.
    range: Option<(u64, u64)>,
    complete: Option<u64>,
}

impl ContentRange {
    /// Reads a field value; `None` where it is invalid, or of another unit than bytes. Parts must not
    /// be put together by such a value (RFC 9110 §14.4).
    pub fn parse(value: impl AsRef<[u8]>) -> Option<ContentRange> {
        let value = value.as_ref();
        let (unit, rest) = value.split_at(value.iter().position(|&byte| byte == b' ')?);
        let mut parts = rest[1..].splitn(2, |&byte| byte == b'/');
        let (range, complete) = (parts.next()?, parts.next()?);
        let complete = match complete {
            b"*" => None,
            digits => Some(decimal(digits)?),
        };
        let range = match range {
            b"*" => None,
            range => Some(first_and_last(range)?),
        };
        let is_valid = match (range, complete) {
            (Some((first, last)), complete) => {
                first <= last && complete.map_or(true, |complete| last < complete)
            }
            (None, complete) => complete.is_some(),
        };
        let is_bytes = unit.eq_ignore_ascii_case(b"bytes");
        (is_bytes && is_valid).then_some(ContentRange { range, complete })
    }

    /// The position of the first byte of the content; `None` if no part was given.
    pub fn first(&self) -> Option<u64> {
        self.range.map(|(first, _)| first)
    }

    /// The position of the last byte of the content; `None` if no part was given.
    pub fn last(&self) -> Option<u64> {
        self.range.map(|(_, last)| last)
    }

    /// The length of the whole representation, if it is known.
    pub fn complete_length(&self) -> Option<u64> {
        self.complete
    }
}

fn first_and_last(range: &[u8]) -> Option<(u64, u64)> {
    let mut ends = range.splitn(2, |&byte| byte == b'-');
    Some((decimal(ends.next()?)?, decimal(ends.next()?)?))
}

/// The value of a `Range` (RFC 9110 §14.2) that asks for these bytes; `None` if they are none.
pub(crate) fn request(bytes: impl RangeBounds<u64>) -> Option<String> {
    let first = match bytes.start_bound() {
        Bound::Unbounded => 0,
        Bound::Included(&first) => first,
        Bound::Excluded(&before) => before.checked_add(1)?,
    };
    let last = match bytes.end_bound() {
        Bound::Unbounded => return Some(format!("bytes={}-", first)),
        Bound::Included(&last) => last,
        Bound::Excluded(&end) => end.checked_sub(1)?,
    };
    (first <= last).then(|| format!("bytes={}-{}", first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_and_err_content_ranges() {
        let range = |first, last, complete| ContentRange { range: Some((first, last)), complete };
        for (value, expected) in [
            ("bytes 0-0/1", Some(range(0, 0, Some(1)))),
            ("Bytes 5-9/*", Some(range(5, 9, None))),
            ("bytes */10", Some(ContentRange { range: None, complete: Some(10) })),
            ("bytes 5-9/9", None),
            ("bytes 9-5/10", None),
            ("bytes */*", None),
            ("bytes 5-/10", None),
            ("bytes 5-9", None),
            ("bytes 5-9/", None),
            ("bytes +5-9/10", None),
            ("bytes  5-9/10", None),
            ("bytes 18446744073709551616-18446744073709551617/*", None),
            ("lines 5-9/10", None),
            ("bytes", None),
            ("", None),
        ] {
            assert_eq!(ContentRange::parse(value), expected, "{}", value);
        }
    }

    #[test]
    fn ok_and_err_ranges_to_ask_for() {
        assert_eq!(request(5..).as_deref(), Some("bytes=5-"));
        assert_eq!(request(..5).as_deref(), Some("bytes=0-4"));
        assert_eq!(request(5..=5).as_deref(), Some("bytes=5-5"));
        assert_eq!(request(..).as_deref(), Some("bytes=0-"));
        let above = (Bound::Excluded(5), Bound::Excluded(8));
        assert_eq!(request(above).as_deref(), Some("bytes=6-7"));
        let none =
            [(Bound::Included(5), Bound::Excluded(5)), (Bound::Included(6), Bound::Included(5))];
        for bounds in none {
            assert_eq!(request(bounds), None);
        }
        assert_eq!(request(..0), None);
        assert_eq!(request((Bound::Excluded(u64::MAX), Bound::Unbounded)), None);
    }
}
