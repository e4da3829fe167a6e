//! The field section that a connection received before, so that a line of it that comes again is not
//! parsed again, and a message that comes again is not kept twice.
//!
//! The responses of one server are alike: most lines of a head stand in the head before, at the same
//! place among the lines. What HPACK does about that in HTTP/2 for the bytes, this does for the work:
//! a line that is byte for byte the one before has the same parts, and comparing it is several times
//! cheaper than reading it. A line depends on nothing but its bytes, so nothing else changes.

use crate::http::{Field, Headers};

/// The last section, unless its lines were folded or too many bytes to hold on to.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    headers: Headers,
    /// Where the lines end.
    end: usize,
}

impl Repeated {
    /// Was there a line at `index` before?
    #[inline]
    pub(super) fn has(&self, index: usize) -> bool {
        index < self.headers.len()
    }

    /// The line at `position` of `input`, if it is the one that was at `index` before: the field, and
    /// where the next line begins.
    #[inline]
    pub(super) fn line(
        &self,
        index: usize,
        input: &[u8],
        position: usize,
    ) -> Option<(Field, usize)> {
        let (bytes, fields) = self.headers.parts();
        let field = fields.get(index)?;
        let start = field.start as usize;
        let end = fields.get(index + 1).map_or(self.end, |next| next.start as usize);
        let line = bytes.get(start..end)?;
        let next = position + line.len();
        (input.get(position..next)? == line).then(|| (field.moved(start, position), next))
    }

    /// A section without folded lines, by its message from the first byte on, its fields, and where its
    /// lines end. If it is the one before, that is what it shares its bytes with.
    pub(super) fn section(&mut self, message: &[u8], fields: &[Field], end: usize) -> Headers {
        if self.headers.received() == message {
            return self.headers.clone();
        }
        let headers = Headers::from_parts(message.to_vec(), fields.to_vec());
        self.headers = match message.len() <= MOST {
            true => headers.clone(),
            false => Headers::new(),
        };
        self.end = end;
        headers
    }
}

/// A connection holds on to no more than this for the sake of speed.
const MOST: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &[u8] = b"Server: x\r\nDate: 1\r\n\r\n";

    fn repeated() -> Repeated {
        let field = |start, name_end, value_start, value_end| Field {
            start,
            name_end,
            value_start,
            value_end,
        };
        let mut repeated = Repeated::default();
        repeated.section(FIRST, &[field(0, 6, 8, 9), field(11, 15, 17, 18)], 20);
        repeated
    }

    #[test]
    fn ok_a_line_that_comes_again_has_the_same_parts_where_it_stands_now() {
        let input = b"XX\r\nServer: x\r\nDate: 1\r\n";
        let (field, next) = repeated().line(0, input, 4).unwrap();
        assert_eq!((field.name(input), field.value(input), next), (&b"Server"[..], &b"x"[..], 15));
        let (field, next) = repeated().line(1, input, 15).unwrap();
        assert_eq!((field.name(input), field.value(input), next), (&b"Date"[..], &b"1"[..], 24));
    }

    #[test]
    fn ok_any_other_line_is_left_to_the_parser() {
        for input in [&b"Server: y\r\n"[..], b"server: x\r\n", b"Server: x\r", b"Server: x\n", b""]
        {
            assert!(repeated().line(0, input, 0).is_none(), "{:?}", input);
        }
        assert!(repeated().line(2, FIRST, 20).is_none());
        assert!(Repeated::default().line(0, FIRST, 0).is_none());
    }

    #[test]
    fn ok_what_is_too_long_is_not_held() {
        let mut repeated = repeated();
        repeated.section(&[b'a'; MOST + 1], &[], 0);
        assert!(repeated.headers.received().is_empty() && repeated.headers.is_empty());
    }
}
