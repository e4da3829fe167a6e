//! Forms: what is written parses back to the same parts by a strict parser, the announced length is
//! the true one, and a boundary occurs nowhere but between the parts of its form.

use std::io::Cursor;

use pannier::net::Script;
use pannier::{Body, Client, Multipart, Part};

use super::Dice;

/// What a form was made of.
#[derive(Debug, PartialEq)]
enum Seen {
    Part { name: Option<Vec<u8>>, file_name: Option<Vec<u8>>, content: Vec<u8> },
    Parts(Vec<Seen>),
}

pub fn check(data: &[u8]) {
    let mut source = Source { data, dice: Dice::new(data) };
    let (form, seen) = source.form("multipart/form-data", 0);
    let boundary = form.boundary().to_owned();
    let scripts = Script::new().reply("HTTP/1.1 204 No Content\r\n\r\n").repeated();
    let client = Client::builder().connector(scripts.clone()).build();
    let mut request = client.post("http://a.test/").multipart(form);
    if source.dice.roll(2) == 1 {
        request = request.header("Transfer-Encoding", "chunked");
    }
    request.send().expect("every form can be sent");
    let wire = scripts.written(0);
    let (head, content) = split(&wire, b"\r\n\r\n").expect("there is a head");
    let head = String::from_utf8_lossy(head).into_owned();
    let content = match head.split("\r\nContent-Length: ").nth(1) {
        Some(length) => {
            assert_eq!(length.lines().next(), Some(&*content.len().to_string()));
            content.to_vec()
        }
        None => unchunked(content),
    };
    assert_eq!(parse(&content, boundary.as_bytes()), seen, "{}", content.escape_ascii());
}

/// Makes up a form from bytes.
struct Source<'a> {
    data: &'a [u8],
    dice: Dice,
}

impl Source<'_> {
    fn form(&mut self, media_type: &str, depth: usize) -> (Multipart, Vec<Seen>) {
        let (mut form, mut seen) = (Multipart::of_type(media_type), Vec::new());
        for _ in 1..self.dice.roll(4) {
            let name = (depth == 0 || self.dice.roll(2) == 1).then(|| self.name());
            let (part, part_seen) = match self.dice.roll(4) {
                1 if depth < 3 => {
                    let (parts, seen) = self.form("multipart/mixed", depth + 1);
                    (Part::parts(parts), Seen::Parts(seen))
                }
                _ => self.part(name.clone()),
            };
            form = match name {
                Some(name) => form.part(name, part),
                None => form.unnamed(part),
            };
            seen.push(part_seen);
        }
        (form, seen)
    }

    fn part(&mut self, name: Option<Vec<u8>>) -> (Part, Seen) {
        let content = self.bytes();
        let body = match self.dice.roll(3) {
            1 => Body::from(content.clone()),
            2 => Body::sized(Cursor::new(content.clone()), content.len() as u64),
            _ => {
                let made = content.clone();
                Body::from_fn(None, move || Ok(Cursor::new(made.clone())))
            }
        };
        let mut part = Part::new(body).header("X-More", "more; \"x\"");
        let file_name = (self.dice.roll(2) == 1).then(|| self.name());
        if let Some(file_name) = &file_name {
            part = part.file_name(file_name);
        }
        (part, Seen::Part { name, file_name, content })
    }

    /// A name. What looks like an escape before it is escaped cannot be told from one afterwards, no
    /// more than with browsers, and is left out.
    fn name(&mut self) -> Vec<u8> {
        self.bytes().into_iter().filter(|byte| *byte != b'%').collect()
    }

    /// Some of the data, up to all that is left of it.
    fn bytes(&mut self) -> Vec<u8> {
        let count = (self.dice.roll(24) - 1).min(self.data.len());
        let (now, later) = self.data.split_at(count);
        self.data = later;
        now.to_vec()
    }
}

/// RFC 2046 §5.1.1 read off the grammar, without preamble and epilogue.
fn parse(content: &[u8], boundary: &[u8]) -> Vec<Seen> {
    let delimiter = [b"--", boundary].concat();
    let (mut parts, mut rest) = (Vec::new(), content);
    loop {
        rest = rest.strip_prefix(&delimiter[..]).expect("a delimiter begins the line");
        if let Some(end) = rest.strip_prefix(b"--") {
            assert_eq!(end, b"\r\n", "nothing follows the last delimiter");
            return parts;
        }
        rest = rest.strip_prefix(b"\r\n").expect("the line ends");
        let next = [b"\r\n", &delimiter[..]].concat();
        let (part, _) = split(rest, &next).expect("a delimiter ends the part");
        parts.push(parse_part(part));
        rest = &rest[part.len() + 2..];
    }
}

fn parse_part(part: &[u8]) -> Seen {
    let mut rest = part;
    let (mut name, mut file_name, mut inner) = (None, None, None);
    loop {
        let (line, after) = split(rest, b"\r\n").expect("a line ends");
        rest = after;
        if line.is_empty() {
            break;
        }
        assert!(!line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "a line is a line");
        let (field, value) = split(line, b": ").expect("a line is a field");
        match field {
            b"Content-Disposition" => {
                name = parameter(value, b"; name=");
                file_name = parameter(value, b"; filename=");
            }
            b"Content-Type" => {
                inner = split(value, b"; boundary=").map(|(_, boundary)| boundary.to_vec());
            }
            b"X-More" => assert_eq!(value, b"more; \"x\""),
            other => panic!("{}", other.escape_ascii()),
        }
    }
    match inner {
        Some(boundary) => Seen::Parts(parse(rest, &boundary)),
        None => Seen::Part { name, file_name, content: rest.to_vec() },
    }
}

/// What stands between the quotes of this parameter, its escapes undone. Another one's value may look
/// like it.
fn parameter(value: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    let mut rest = &value[value.iter().position(|&byte| byte == b';').unwrap_or(value.len())..];
    while !rest.is_empty() {
        let (name, quoted) = split(rest, b"\"").expect("a parameter is quoted");
        let (text, after) = split(quoted, b"\"").expect("a quote is closed");
        if name == wanted {
            return Some(undone(text));
        }
        rest = after;
    }
    None
}

fn undone(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let escape = [(&b"%22"[..], b'"'), (b"%0D", b'\r'), (b"%0A", b'\n'), (b"%00", 0)];
        let found = escape.iter().find(|(escape, _)| rest.starts_with(escape));
        let (byte, length) = found.map_or((first, 1), |(_, byte)| (*byte, 3));
        out.push(byte);
        rest = if length == 1 { after } else { &rest[length..] };
    }
    out
}

fn unchunked(mut wire: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let (line, rest) = split(wire, b"\r\n").expect("a size line ends");
        let size = usize::from_str_radix(std::str::from_utf8(line).expect("text"), 16);
        let size = size.expect("a size is hexadecimal");
        if size == 0 {
            assert_eq!(rest, b"\r\n");
            return content;
        }
        content.extend_from_slice(&rest[..size]);
        wire = rest[size..].strip_prefix(b"\r\n").expect("a chunk ends");
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let index = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..index], &bytes[index + at.len()..]))
}
