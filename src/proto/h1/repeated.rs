//! The head that a connection received before, so that what of it comes again is not read again.
//!
//! The responses of one server are alike. Often a head is byte for byte the one before; else most of its
//! lines stand there at the same place among the lines, and most others have at least their names from
//! there. What HPACK does about that in HTTP/2 for the bytes, this does for the work: a head or a line that
//! comes again has the same parts, and comparing it is several times cheaper than reading it. Neither
//! depends on anything but its bytes, so nothing else changes. The section of a whole head that comes again
//! is not copied either: both responses share it.

use crate::http::token::trim_ows;
use crate::http::{Field, Headers};

use super::fields::control_byte;
use super::response::StatusLine;

/// The last head, unless it had folded lines or too many bytes to hold on to.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    headers: Headers,
    status_line: Option<StatusLine>,
    /// Where the field lines end.
    end: usize,
}

impl Repeated {
    /// The status line and the length of the head, if `input` begins with all of it.
    #[inline]
    pub(super) fn head(&self, input: &[u8]) -> Option<(StatusLine, usize)> {
        let status_line = self.status_line?;
        let head = self.headers.received();
        Some((status_line, head.len())).filter(|_| input.starts_with(head))
    }

    /// The header section of the same head.
    pub(super) fn headers(&self) -> Headers {
        self.headers.clone()
    }

    /// The status line and where it ends, if `input` begins with the same one.
    pub(super) fn status_line(&self, input: &[u8]) -> Option<(StatusLine, usize)> {
        let status_line = self.status_line?;
        let (bytes, fields) = self.headers.parts();
        let end = self.line_start(fields, 0);
        Some((status_line, end)).filter(|_| input.starts_with(&bytes[..end]))
    }

    /// How many fields it had.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.headers.len()
    }

    /// Reads lines at `position` of `input`, behind those that `fields` has, as long as they are those that
    /// came there before or differ from them in their values only: adds them, up to `most` in all, and
    /// returns where the next line begins. Not inlined, so that the registers are free for it.
    #[inline(never)]
    pub(super) fn lines(
        &self,
        fields: &mut Vec<Field>,
        most: usize,
        input: &[u8],
        mut position: usize,
    ) -> usize {
        let (bytes, before) = self.headers.parts();
        let mut differs = position;
        for index in fields.len()..most.min(before.len()) {
            let (start, end) = (self.line_start(before, index), self.line_start(before, index + 1));
            if position >= differs {
                differs = position + agreement(&bytes[start..self.end], &input[position..]);
            }
            let field = before[index].moved(start, position);
            let next = position + end - start;
            let (field, next) = match next <= differs {
                true => (field, next),
                false => match similar(field, differs, input) {
                    Some(found) => found,
                    None => break,
                },
            };
            fields.push(field);
            position = next;
        }
        position
    }

    /// Where the line of the field at `index` begins, or the last one ends.
    #[inline]
    fn line_start(&self, fields: &[Field], index: usize) -> usize {
        fields.get(index).map_or(self.end, |field| field.start as usize)
    }

    /// Holds on to a head: its status line, its fields, and where their lines end if none is folded.
    pub(super) fn remember(
        &mut self,
        status_line: StatusLine,
        headers: &Headers,
        unfolded_end: Option<usize>,
    ) {
        *self = match unfolded_end {
            Some(end) if headers.received().len() <= MOST => {
                Repeated { headers: headers.clone(), status_line: Some(status_line), end }
            }
            _ => Repeated::default(),
        };
    }
}

/// The line that was read as `field` before, and is the same up to `differs`, if that is in a value of the
/// common form.
#[inline]
fn similar(field: Field, differs: usize, input: &[u8]) -> Option<(Field, usize)> {
    let (start, end) = (field.value_start as usize, field.value_end as usize);
    if differs < start {
        return None;
    }
    let end = control_byte(input, differs.min(end));
    match input.get(start..end + 2)? {
        // A tab may end it: what came before it is as it was, and not looked at.
        [value @ .., b'\r', b'\n'] if !value.is_empty() && trim_ows(value) == value => {
            Some((Field { value_end: end as u32, ..field }, end + 2))
        }
        _ => None,
    }
}

/// How many bytes are the same before the first that differs.
fn agreement(one: &[u8], other: &[u8]) -> usize {
    if other.starts_with(one) {
        return one.len();
    }
    let words = one.chunks_exact(8).zip(other.chunks_exact(8));
    let same = 8 * words.take_while(|(one, other)| one == other).count();
    let bytes = one[same..].iter().zip(&other[same..]);
    same + bytes.take_while(|(one, other)| one == other).count()
}

/// A connection holds on to no more than this for the sake of speed.
const MOST: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{StatusCode, Version};
    use crate::proto::h1::{HeadParser, Leniency};
    use crate::proto::Limits;

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nServer: x\r\nDate: 1\r\nA:\r\n\r\n";

    fn status_line() -> StatusLine {
        StatusLine { version: Version::Http11, status: StatusCode::OK, reason: (13, 15) }
    }

    fn repeated() -> Repeated {
        let field = |start, name_end, value_start, value_end| Field {
            start,
            name_end,
            value_start,
            value_end,
        };
        let fields = vec![field(17, 23, 25, 26), field(28, 32, 34, 35), field(37, 38, 39, 39)];
        let mut repeated = Repeated::default();
        let headers = Headers::from_parts(HEAD.to_vec(), fields);
        repeated.remember(status_line(), &headers, Some(41));
        repeated
    }

    /// Names and values of the lines that are known in this section, and what is left of it.
    fn known(section: &str) -> (Vec<(&str, &str)>, &str) {
        let mut fields = Vec::new();
        let end = repeated().lines(&mut fields, 9, section.as_bytes(), 0);
        let part = |start: u32, end: u32| &section[start as usize..end as usize];
        let lines = fields.iter().map(|field| {
            (part(field.start, field.name_end), part(field.value_start, field.value_end))
        });
        (lines.collect(), &section[end..])
    }

    #[test]
    fn ok_a_head_that_comes_again_is_known_as_a_whole() {
        let (_, length) = repeated().head(&[HEAD, b"content"].concat()).unwrap();
        assert_eq!(length, HEAD.len());
        assert_eq!(repeated().headers().iter().count(), 3);
        assert!(repeated().head(&HEAD[..length - 1]).is_none());
        assert!(Repeated::default().head(HEAD).is_none());
    }

    #[test]
    fn ok_a_status_line_that_comes_again_is_known() {
        assert!(matches!(repeated().status_line(&HEAD[..17]), Some((_, 17))));
        assert!(repeated().status_line(&HEAD[..16]).is_none());
        assert!(repeated().status_line(b"HTTP/1.1 204 OK\r\n").is_none());
        assert!(Repeated::default().status_line(HEAD).is_none());
    }

    #[test]
    fn ok_lines_that_come_again_have_the_same_parts_where_they_stand_now() {
        let lines = [("Server", "x"), ("Date", "1"), ("A", "")];
        let (found, rest) = known("Server: x\r\nDate: 1\r\nA:\r\nB: c\r\n");
        assert_eq!((&found[..], rest), (&lines[..], "B: c\r\n"));
    }

    #[test]
    fn ok_lines_that_differ_in_their_values_are_known_by_their_names() {
        let lines = [("Server", "xyz"), ("Date", "2 3"), ("A", "")];
        let (found, rest) = known("Server: xyz\r\nDate: 2 3\r\nA:\r\n\r\n");
        assert_eq!((&found[..], rest), (&lines[..], "\r\n"));
    }

    #[test]
    fn ok_any_other_line_is_left_to_the_parser() {
        for line in [
            "server: x\r\n",
            "Server: x\r",
            "Server: x\n",
            "Server: x \r\n",
            "Server: \tx\r\n",
            "Server:  x\r\n",
            "Server:x\r\n",
            "Server: y\tz\r\n",
            "Server: y\0\r\n",
            "Server: \r\n",
            "Server:\r\n",
            "Serve: x\r\n",
            "",
        ] {
            assert_eq!(known(line), (vec![], line));
        }
        let (found, rest) = known("Server: x\r\nDate: 1\r\nA: b\r\n");
        assert_eq!((found.len(), rest), (2, "A: b\r\n"));
    }

    #[test]
    fn ok_a_value_that_ends_sooner_ends_without_white_space() {
        let head = |value: &str| format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", value);
        for value in ["b\tc", "b\t", "b\t c", "b\t ", "b c", "b ", "b"] {
            let mut parser = HeadParser::new(Limits::default(), Leniency::default());
            for value in ["b\tcd", value] {
                let (_, head) = parser.parse(head(value).as_bytes()).unwrap().unwrap();
                assert_eq!(head.headers().get("a"), Some(value.trim_end()));
            }
        }
    }

    #[test]
    fn ok_no_more_lines_are_read_than_there_may_be() {
        let mut fields = Vec::new();
        assert_eq!(repeated().lines(&mut fields, 2, HEAD, 17), 37);
        assert_eq!(fields.len(), 2);
    }

    #[test]
    fn ok_what_is_folded_or_too_long_is_not_held() {
        for (head, end) in [(HEAD, None), (&[b'a'; MOST + 1][..], Some(0))] {
            let mut repeated = repeated();
            let headers = Headers::from_parts(head.to_vec(), Vec::new());
            repeated.remember(status_line(), &headers, end);
            assert!(repeated.head(head).is_none() && repeated.head(HEAD).is_none());
            assert!(repeated.status_line(HEAD).is_none() && repeated.len() == 0);
        }
    }
}
