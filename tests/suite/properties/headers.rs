//! Field sections: parsed and written they are the same again, and the hop-by-hop fields go.

use pannier::http::{Headers, Method, Version};
use pannier::proto::h1::{HeadParser, RequestHead, Target, Transfer};
use pannier::proto::ResponseHead;
use pannier::{Leniency, Limits};

use super::list;

/// The data are the field lines of a head.
pub fn check(data: &[u8]) {
    append(data);
    let wire = [b"HTTP/1.1 200 OK\r\n", data, b"\r\n\r\n"].concat();
    let leniency = Leniency::default().space_before_colon(true);
    let head = parse(&wire, leniency);
    let expected = reference(&wire[b"HTTP/1.1 200 OK\r\n".len()..]);
    assert_eq!(head.as_ref().map(|head| lines(head.headers())), expected);
    let head = match head {
        Some(head) => head,
        None => return,
    };
    assert_eq!(head.reason(), b"OK");
    assert!(head.as_bytes().len() <= wire.len());
    valid(head.headers());
    let joined = parse(head.as_bytes(), leniency.folding(false)).expect("no fold is left");
    assert_eq!(lines(joined.headers()), lines(head.headers()));
    let again = parse(&written(head.headers()), Leniency::strict()).expect("what was written");
    assert_eq!(lines(again.headers()), lines(head.headers()));
    assert_eq!(&rebuilt(head.headers()), head.headers());
    hop_by_hop(head.headers());
    lookups(head.headers());
}

fn parse(wire: &[u8], leniency: Leniency) -> Option<ResponseHead> {
    let limits = Limits::default().head_bytes(1 << 20).head_lines(1 << 16);
    Some(HeadParser::new(limits, leniency).parse(wire).ok()??.1)
}

/// RFC 9112 §5 line by line, with the leniencies of `check`; `None` for what is no section.
fn reference(section: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    let (mut start, mut value_end) = (0, 0);
    loop {
        let end = start + section[start..].iter().position(|&byte| byte == b'\n')?;
        let line = &section[start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Some(fields);
        }
        let folded = matches!(line[0], b' ' | b'\t');
        let name_end = if folded { 0 } else { line.iter().position(|&byte| byte == b':')? };
        let from = if folded { 0 } else { name_end + 1 };
        let (blank, value) = trim(&line[from..]);
        let value_start = start + from + blank;
        if !is_value(value) {
            return None;
        }
        if !folded {
            let name = &line[..name_end - trailing(&line[..name_end])];
            let name = std::str::from_utf8(name).ok().filter(|name| is_token(name))?;
            fields.push((name.to_owned(), value.to_vec()));
            value_end = value_start + value.len();
        } else if value.is_empty() {
            fields.last()?;
        } else {
            let last = &mut fields.last_mut()?.1;
            if !last.is_empty() {
                last.resize(last.len() + value_start - value_end, b' ');
            }
            last.extend_from_slice(value);
            value_end = value_start + value.len();
        }
        start = end + 1;
    }
}

/// How much white space is before the text, and the text without that around it.
fn trim(text: &[u8]) -> (usize, &[u8]) {
    let blank = text.iter().take_while(|byte| b" \t".contains(byte)).count();
    let text = &text[blank..];
    (blank, &text[..text.len() - trailing(text)])
}

fn trailing(text: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| b" \t".contains(byte)).count()
}

/// The section behind a status line, as the writer of requests writes it.
fn written(headers: &Headers) -> Vec<u8> {
    let head = RequestHead {
        method: &Method::GET,
        target: &Target::asterisk_form(),
        version: Version::Http11,
        headers,
        transfer: Transfer::Decoded,
    };
    let mut wire = Vec::new();
    head.write_to(&mut wire);
    let section = wire.strip_prefix(b"GET * HTTP/1.1\r\n").expect("the request line");
    [b"HTTP/1.1 200 OK\r\n", section].concat()
}

fn rebuilt(headers: &Headers) -> Headers {
    let mut rebuilt = Headers::new();
    for (name, value) in headers.iter() {
        rebuilt.append(name, value).expect("what was parsed is valid");
    }
    rebuilt
}

fn valid(headers: &Headers) {
    for (name, value) in headers.iter() {
        assert!(is_token(name), "{:?}", name);
        assert!(is_value(value), "{:?}", value);
        assert!(!matches!(value.first(), Some(b' ' | b'\t')), "{:?}", value);
    }
    assert_eq!(headers.iter().count(), headers.len());
    assert_eq!(headers.is_empty(), headers.iter().next().is_none());
}

/// What is appended is there, or was refused for a reason.
fn append(data: &[u8]) {
    let at = data.iter().position(|&byte| byte == b':').unwrap_or(data.len());
    let name = match std::str::from_utf8(&data[..at]) {
        Ok(name) => name,
        Err(_) => return,
    };
    let value = data.get(at + 1..).unwrap_or(b"");
    let mut headers = Headers::new();
    let appended = headers.append(name, value).is_ok();
    assert_eq!(headers.len(), usize::from(appended));
    let inner = value
        .iter()
        .position(|byte| !b" \t".contains(byte))
        .map_or(&b""[..], |start| &value[start..]);
    assert_eq!(appended, is_token(name) && is_value(inner), "{:?}: {:?}", name, value);
    if appended {
        valid(&headers);
        headers.set(name, "other").expect("the name is valid");
        assert_eq!(headers.get_all(name).collect::<Vec<_>>(), [b"other"]);
        assert!(headers.remove(name) && headers.is_empty());
    }
}

/// RFC 9110 §7.6.1, once more and slowly.
fn hop_by_hop(headers: &Headers) {
    const FIXED: [&str; 7] = [
        "connection",
        "proxy-connection",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let mut named = Vec::new();
    for value in headers.get_all("connection") {
        named.extend(list(value).0.iter().map(|option| option.to_ascii_lowercase()));
    }
    let mut expected = lines(headers);
    expected.retain(|(name, _)| {
        let name = name.to_ascii_lowercase();
        !FIXED.contains(&name.as_str()) && !named.contains(&name)
    });
    let mut forwarded = headers.clone();
    forwarded.remove_hop_by_hop();
    assert_eq!(lines(&forwarded), expected);
    forwarded.remove_hop_by_hop();
    assert_eq!(lines(&forwarded), expected);
}

fn lookups(headers: &Headers) {
    for (name, _) in headers.iter() {
        let upper = name.to_ascii_uppercase();
        let same = lines(headers).into_iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values = same.map(|(_, value)| value).collect::<Vec<_>>();
        assert_eq!(headers.get_bytes(&upper), values.first().map(Vec::as_slice));
        assert_eq!(headers.get_all(&upper).collect::<Vec<_>>(), values);
        assert!(headers.contains(&upper));
    }
}

fn lines(headers: &Headers) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect()
}

fn is_token(name: &str) -> bool {
    let is_mark = |c| "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || is_mark(c))
}

fn is_value(value: &[u8]) -> bool {
    value.iter().all(|byte| !matches!(byte, 0..=8 | 10..=31 | 127))
}
