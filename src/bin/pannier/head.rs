//! Heads as they crossed the wire, read once more: events give them as bytes.
//!
//! Fields are taken of what the library has let through, so that nothing is refused: obsolete folding
//! (RFC 9112 §5.2) is a space, and a line without a colon is none.

use pannier::http::token::{is_field_byte, is_ows, is_token, trim_ows};

/// The fields of a head or a trailer section, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    /// Those behind the first line of `head`.
    pub fn of(head: &[u8]) -> Fields {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        for line in head.split(|&byte| byte == b'\n').skip(1) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let folded = line.first().is_some_and(|&byte| is_ows(byte));
            match (line.iter().position(|&byte| byte == b':'), fields.last_mut()) {
                (_, Some((_, value))) if folded => {
                    value.push(b' ');
                    value.extend(trim_ows(line));
                }
                (Some(colon), _) => {
                    let name = String::from_utf8_lossy(&line[..colon]).into_owned();
                    fields.push((name, trim_ows(&line[colon + 1..]).to_vec()));
                }
                _ => {}
            }
        }
        Fields(fields)
    }

    /// The value of the first line of this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// The values of all lines of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Of a head that was refused, the lines from the first on that are whole and could stand there.
pub fn valid_lines(head: &[u8]) -> &[u8] {
    let mut end = 0;
    for (index, line) in head.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let Some(text) = line.strip_suffix(b"\n") else { break };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let folds = index > 1 && text.first().is_some_and(|&byte| is_ows(byte));
        let is_valid = match text.iter().position(|&byte| byte == b':') {
            _ if index == 0 => text.starts_with(b"HTTP/1."),
            Some(colon) => folds || is_token(&text[..colon]),
            None => folds || text.is_empty(),
        };
        if !is_valid || !text.iter().all(|&byte| is_field_byte(byte)) {
            break;
        }
        end += line.len();
        if text.is_empty() {
            break;
        }
    }
    &head[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_the_lines_before_what_is_wrong() {
        for (valid, rest) in [
            ("", "HTP/1.1 200 OK\r\nA: b\r\n\r\n"),
            ("HTTP/1.1 200 OK\r\nA: b\r\n", "no colon\r\nB: c\r\n\r\n"),
            ("HTTP/1.1 200 OK\nA: b\n", "B: \rc\n\n"),
            ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", "B: "),
            ("HTTP/1.1 200 OK\r\n", " A: b\r\n"),
            ("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "C: d\r\n"),
            ("HTTP/1.1 200 OK\r\n", ""),
        ] {
            let head = [valid, rest].concat();
            assert_eq!(valid_lines(head.as_bytes()), valid.as_bytes());
        }
    }

    #[test]
    fn ok_fields_of_a_head() {
        let head = b"HTTP/1.1 200 a: b\r\nX: y:z \r\n folded\r\nEmpty:\r\nx: 2\r\n\r\n";
        let fields = Fields::of(head);
        let expected = [("X", &b"y:z folded"[..]), ("Empty", b""), ("x", b"2")];
        assert_eq!(fields.iter().collect::<Vec<_>>(), expected);
        assert_eq!(fields.get("x"), Some(&b"y:z folded"[..]));
        assert_eq!(fields.all("X").collect::<Vec<_>>(), [&b"y:z folded"[..], b"2"]);
        assert_eq!((fields.get("y"), fields.len()), (None, 3));
    }
}
