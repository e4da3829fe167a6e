//! What is written can be read, and what is read does not depend on the pieces it comes in.

use pannier::http::{Headers, Method, Version};
use pannier::proto::h1::{Connection, Framing, HeadParser, RequestHead, Target, Transfer};
use pannier::{Leniency, Limits};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::properties::replay::{Request, Session};
use crate::properties::{chunked, framing, headers, response};

/// A request as a reader that knows nothing of this crate understands it.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    line: String,
    fields: Vec<(String, Vec<u8>)>,
    content: Vec<u8>,
    left: usize,
}

/// RFC 9112 as a server reads it, for messages that are valid.
fn read(mut wire: &[u8]) -> Read {
    let line = String::from_utf8(take_line(&mut wire)).unwrap();
    let mut fields = Vec::new();
    loop {
        let line = take_line(&mut wire);
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|&byte| byte == b':').expect("a field has a colon");
        let name = String::from_utf8(line[..colon].to_vec()).unwrap();
        let value = &line[colon + 1..];
        fields.push((name, value.strip_prefix(b" ").unwrap_or(value).to_vec()));
    }
    let find = |name: &str| {
        let found = fields.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| String::from_utf8(value.clone()).unwrap())
    };
    let content = match (find("transfer-encoding"), find("content-length")) {
        (Some(_), _) => take_chunks(&mut wire),
        (None, Some(length)) => take(&mut wire, length.parse().unwrap()),
        (None, None) => Vec::new(),
    };
    Read { line, fields, content, left: wire.len() }
}

fn take(wire: &mut &[u8], count: usize) -> Vec<u8> {
    let (taken, rest) = wire.split_at(count);
    *wire = rest;
    taken.to_vec()
}

fn take_line(wire: &mut &[u8]) -> Vec<u8> {
    let end = wire.windows(2).position(|pair| pair == b"\r\n").expect("a line has an end");
    let line = take(wire, end);
    take(wire, 2);
    line
}

fn take_chunks(wire: &mut &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let line = String::from_utf8(take_line(wire)).unwrap();
        let size = usize::from_str_radix(&line, 16).unwrap();
        content.extend(take(wire, size));
        assert!(take_line(wire).is_empty(), "a chunk and the trailer section end in CRLF");
        if size == 0 {
            return content;
        }
    }
}

fn token() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}"
}

/// Field values without white space around them.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![9 => 0x20..=0x7eu8, 1 => Just(b'\t'), 1 => 0x80..=0xffu8];
    vec(byte, 0..20).prop_map(|bytes| {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let start = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
        let end = bytes.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
        bytes[start..end].to_vec()
    })
}

/// Fields that say nothing about framing.
fn fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    vec((token().prop_map(|name| format!("X-{}", name)), value()), 0..8)
}

proptest! {
    #[test]
    fn ok_a_server_reads_what_was_sent(
        method in "[A-Z]{1,7}",
        target in "/[!-~]{0,20}",
        mut fields in fields(),
        pieces in vec(vec(any::<u8>(), 0..40), 0..6),
        in_chunks in any::<bool>(),
    ) {
        let content = pieces.concat();
        fields.push(match in_chunks {
            true => ("Transfer-Encoding".into(), b"chunked".to_vec()),
            false => ("Content-Length".into(), content.len().to_string().into_bytes()),
        });
        let mut section = Headers::new();
        for (name, value) in &fields {
            section.append(name, value).unwrap();
        }
        let head = RequestHead {
            method: &Method::new(&method).unwrap(),
            target: &Target::verbatim(&target).unwrap(),
            version: Version::Http11,
            headers: &section,
            transfer: Transfer::Decoded,
        };
        let mut connection = Connection::new(Limits::default(), Leniency::default());
        let mut wire = Vec::new();
        let framing = connection.send_head(&head, &mut wire).unwrap();
        prop_assert_eq!(framing, match content.len() as u64 {
            _ if in_chunks => Framing::Chunked,
            0 => Framing::Empty,
            length => Framing::Length(length),
        });
        for piece in &pieces {
            let frame = connection.send_data(piece.len() as u64).unwrap();
            wire.extend_from_slice(frame.before.as_bytes());
            wire.extend_from_slice(piece);
            wire.extend_from_slice(frame.after);
        }
        wire.extend_from_slice(connection.send_end().unwrap());
        let line = format!("{} {} HTTP/1.1", method, target);
        prop_assert_eq!(read(&wire), Read { line, fields, content, left: 0 });
    }

    #[test]
    fn ok_what_a_server_sends_is_read(
        status in 200..600u16,
        fields in fields(),
        pieces in vec(vec(any::<u8>(), 1..40), 0..6),
        trailers in fields(),
        framed in 0..3,
        late in any::<bool>(),
    ) {
        prop_assume!(![204, 304].contains(&status));
        let content = pieces.concat();
        let framing = match framed {
            0 => format!("Content-Length: {}\r\n", content.len()),
            1 => "Transfer-Encoding: chunked\r\n".to_owned(),
            _ => String::new(),
        };
        let mut wire = match late {
            true => b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".to_vec(),
            false => Vec::new(),
        };
        wire.extend_from_slice(format!("HTTP/1.1 {} Reason\r\n{}", status, framing).as_bytes());
        put_fields(&mut wire, &fields);
        if framed == 1 {
            for piece in &pieces {
                wire.extend_from_slice(format!("{:X}\r\n", piece.len()).as_bytes());
                wire.extend_from_slice(piece);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n");
            put_fields(&mut wire, &trailers);
        } else {
            wire.extend_from_slice(&content);
        }
        let transcript = Session::get().everyway(&wire);
        prop_assert_eq!(transcript.error, None);
        prop_assert_eq!(transcript.data(), content);
        prop_assert_eq!(transcript.persistence.is_ok(), framed < 2);
        let shown = transcript.to_string();
        prop_assert_eq!(shown.starts_with("103 "), late);
        prop_assert_eq!(shown.contains("END"), true);
    }

    #[test]
    fn ok_changed_responses_give_the_same_events_at_any_split(
        letters in "[ghcursltiz0]{0,3}",
        parts in vec(part(), 0..14),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut wire = parts.concat().into_bytes();
        for (at, byte) in changes {
            if !wire.is_empty() {
                let at = at.index(wire.len());
                wire[at] = byte;
            }
        }
        response::check(&[letters.as_bytes(), b"\n", &wire].concat());
    }

    #[test]
    fn ok_any_chunks_agree_with_the_reference(parts in vec(chunk_part(), 0..10)) {
        chunked::check(parts.concat().as_bytes());
    }

    #[test]
    fn ok_any_fields_survive_a_round_trip(parts in vec(field_part(), 0..12)) {
        headers::check(parts.concat().as_bytes());
    }

    #[test]
    fn ok_any_lines_are_read_as_the_reference_reads_them(
        text in "([A-Za-z0-9-]{0,20}[:(_ ]{1,2}[ -~\t\u{7f}\u{e9}]{0,20}(\r\n|\n|\r)){0,4}",
    ) {
        headers::check(text.as_bytes());
    }

    #[test]
    fn ok_any_fields_are_framed_as_the_text_says(
        start in any::<[u8; 3]>(),
        lines in vec("[A-V]|[abcd][0-9a-e, +\"\\\\]{0,5}", 0..6),
    ) {
        framing::check(&[&start[..], lines.join("\n").as_bytes()].concat());
    }
}

fn put_fields(wire: &mut Vec<u8>, fields: &[(String, Vec<u8>)]) {
    for (name, value) in fields {
        wire.extend_from_slice(name.as_bytes());
        wire.extend_from_slice(b":\t");
        wire.extend_from_slice(value);
        wire.extend_from_slice(b" \r\n");
    }
    wire.extend_from_slice(b"\r\n");
}

/// What responses are made of, right and wrong, in any order.
fn part() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.0 200 OK\r\n",
            "HTTP/1.1 204\r\n",
            "HTTP/1.1 100 x\r\n\r\n",
            "HTTP/1.1 101 x\r\n\r\n",
            "HTTP/1.1 304 x\n",
            "HTTP/1.1 20",
            "HTTP/1.x",
            "Content-Length: 5\r\n",
            "Content-Length: 0\r\n",
            "Content-Length: 5, 6\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Connection: close\r\n",
            "Connection: keep-alive\r\n",
            "Server: x\r\n",
            " folded\r\n",
            "\r\n",
            "\r\n\r\n",
            "\n",
            "\r",
            "hello",
            "5\r\nhello\r\n",
            "5;a=\"b\"\r\nhello\r\n",
            "0\r\n",
            "0\r\n\r\n",
            "X: y\r\n\r\n",
            "X:\r\n",
            "ffffffffffffffff\r\n",
            "A : b\r\n",
            "A: \0\r\n",
            ": b\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ][..],
    )
}

fn chunk_part() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "5",
            "0",
            "a",
            "00",
            "ffffffff",
            "\r\n",
            "\r",
            "\n",
            ";",
            "a=b",
            "\"",
            "\\",
            " ",
            "\t",
            "hello",
            "5\r\nhello\r\n",
            "1\r\nx\r\n",
            "0\r\n",
            "0\r\n\r\n",
            "1;a=\"\\\"\"\r\nx\r\n",
            ";;;;;;;;",
            "+",
            "x",
        ][..],
    )
}

fn field_part() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "A",
            "Connection",
            "te",
            "Keep-Alive",
            ":",
            ": ",
            " ",
            "\t",
            "close",
            "x-y",
            ",",
            "\r\n",
            "\n",
            "\r\n ",
            "X-Y: 1\r\n",
            "Upgrade: a\r\n",
            "Connection: x-y, close\r\n",
            "A: b\r\n",
            "A:\r\n",
            "\u{e9}",
            "\0",
        ][..],
    )
}

/// Lines as they come and go between the heads of a connection.
fn head_of(lines: &[usize], ending: &str) -> Vec<u8> {
    const LINES: [&str; 16] = [
        "Server: x",
        "Server: another one",
        "Date: Mon, 23 Nov 2026 06:36:27 GMT",
        "Date: Mon, 23 Nov 2026 06:36:28 GMT",
        "Content-Length: 0",
        "Content-Length: 12",
        "A:",
        "A:c",
        "A: b",
        "A: b\tc",
        "A: b\t",
        "A: b \t c ",
        "A: b\r\n c",
        "A: \tb\t ",
        " folded",
        "X-Long-Name-With-Some-Length: and a value of some length, with a comma",
    ];
    let mut head = String::from("HTTP/1.1 200 OK\r\n");
    for line in lines {
        head.push_str(LINES[line % LINES.len()]);
        head.push_str(ending);
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// How a head differs from the one before it.
#[derive(Clone, Debug)]
enum Change {
    /// It is another one.
    Other { lines: Vec<usize>, bare: bool, phrase: bool },
    /// Some of its bytes are replaced, removed or added.
    Bytes(Vec<(prop::sample::Index, Splice)>),
}

#[derive(Clone, Debug)]
enum Splice {
    Replace(u8),
    Remove,
    Insert(&'static str),
}

fn change() -> impl Strategy<Value = Change> {
    let byte = prop::sample::select(&b"\r\n\t \0\x7f:;,0129aAzZ\x80\xff"[..]);
    let piece = prop::sample::select(&["\r\n", "\n", "\r\n ", "\t", " ", "x", ": ", "\tx"][..]);
    let splice = prop_oneof![
        byte.prop_map(Splice::Replace),
        Just(Splice::Remove),
        piece.prop_map(Splice::Insert),
    ];
    let other = (vec(0..16usize, 0..8), any::<bool>(), any::<bool>());
    let other = other.prop_map(|(lines, bare, phrase)| Change::Other { lines, bare, phrase });
    prop_oneof![
        2 => other,
        3 => vec((any::<prop::sample::Index>(), splice), 0..3).prop_map(Change::Bytes),
    ]
}

impl Change {
    fn apply(&self, head: &mut Vec<u8>) {
        match self {
            Change::Other { lines, bare, phrase } => {
                *head = head_of(lines, if *bare { "\n" } else { "\r\n" });
                if *phrase {
                    head.splice(12..15, b" A longer phrase".iter().copied());
                }
            }
            Change::Bytes(splices) => splices.iter().for_each(|(at, splice)| {
                let at = at.index(head.len().max(1)).min(head.len());
                let (removed, added): (usize, &[u8]) = match splice {
                    Splice::Replace(byte) => (1, std::slice::from_ref(byte)),
                    Splice::Remove => (1, b""),
                    Splice::Insert(piece) => (0, piece.as_bytes()),
                };
                head.splice(at..head.len().min(at + removed), added.iter().copied());
            }),
        }
    }
}

/// Rules under which something is allowed that is not by default, or less of it.
fn rules(which: usize) -> (Limits, Leniency) {
    let (limits, leniency) = (Limits::default(), Leniency::default());
    match which {
        0 => (limits, Leniency::strict()),
        1 => (limits.head_bytes(70), leniency.leading_empty_lines(true)),
        2 => (limits.head_lines(3), leniency.leading_empty_lines(true).space_before_colon(true)),
        _ => (limits, leniency),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// What the head before was like changes nothing, in whatever pieces the bytes come.
    #[test]
    fn ok_a_head_is_read_as_if_it_were_the_first(
        heads in vec((change(), vec(any::<prop::sample::Index>(), 0..3), any::<bool>()), 1..8),
        which in 0..5usize,
    ) {
        let (limits, leniency) = rules(which);
        let fresh = || HeadParser::new(limits, leniency);
        let mut kept = fresh();
        let mut head = head_of(&[0, 3, 4, 9], "\r\n");
        for (change, cuts, dripped) in heads {
            let before = head.clone();
            change.apply(&mut head);
            let wire = [&head[..], &before].concat();
            let mut ends: Vec<_> = match dripped {
                true => (1..wire.len()).collect(),
                false => cuts.iter().map(|cut| cut.index(wire.len())).collect(),
            };
            ends.sort_unstable();
            let expected = read_head(&mut fresh(), &wire, &ends);
            prop_assert_eq!(&read_head(&mut kept, &wire, &ends), &expected);
            if !expected.starts_with("Ok(Some") {
                kept = fresh();
                head = before;
            }
        }
    }
}

/// Responses, some with interim ones before them, that are alike and yet differ in what matters to the
/// connection.
fn exchange() -> impl Strategy<Value = (bool, Vec<u8>)> {
    let interim = prop::sample::select(
        &["", "", "", "HTTP/1.1 100 OK\r\n\r\n", "HTTP/1.1 103 OK\r\nContent-Length: 2\r\n\r\n"][..],
    );
    let line = prop::sample::select(
        &[
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 204 OK\r\n",
            "HTTP/1.1 304 OK\r\n",
            "HTTP/1.0 200 OK\r\n",
        ][..],
    );
    let fields = prop::sample::subsequence(
        &[
            "Connection: keep-alive\r\n",
            "Keep-Alive: timeout=5\r\n",
            "Keep-Alive: timeout=6\r\n",
            "Content-Encoding: x\r\n",
            "Content-Encoding:\r\n x\r\n",
        ][..],
        0..3,
    );
    let framing = prop::sample::select(
        &[
            "Content-Length: 2\r\n\r\nok",
            "Content-Length: 2\r\n\r\nok",
            "Content-Length: 2\r\n\r\n",
            "Content-Length: 3\r\n\r\nok.",
            "Content-Length:\r\n 3\r\n\r\nok.",
            "Content-Length: 0\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nContent-Length: 2\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n",
            "Connection: close\r\nContent-Length: 2\r\n\r\nok",
            "\r\n",
        ][..],
    );
    (any::<bool>(), interim, line, fields, framing).prop_map(
        |(is_head, interim, line, fields, rest)| {
            (is_head, [interim, line, &fields.concat(), rest].concat().into_bytes())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// What the responses before were like does not matter to what one means.
    #[test]
    fn ok_a_response_means_what_it_would_as_the_first(exchanges in vec(exchange(), 1..8)) {
        let mut all = Session { requests: Vec::new(), ..Session::get() };
        let (mut wire, mut seen) = (Vec::new(), Vec::new());
        for (is_head, response) in exchanges {
            let request = Request::new(if is_head { Method::HEAD } else { Method::GET });
            let mut expected = Session::request(request.clone()).everyway(&response);
            all.requests.push(request);
            wire.extend_from_slice(&response);
            seen.append(&mut expected.seen);
            let whole = all.everyway(&wire);
            prop_assert_eq!(&whole.seen, &seen);
            prop_assert_eq!(whole.error, expected.error);
            prop_assert_eq!(whole.left, expected.left);
            prop_assert_eq!(whole.persistence, expected.persistence);
            if expected.error.is_none() {
                prop_assert_eq!(whole.keep_alive, expected.keep_alive);
            }
            if expected.persistence.is_err() {
                break;
            }
        }
    }
}

/// What is read of the wire, and after how many of its bytes.
fn read_head(parser: &mut HeadParser, wire: &[u8], ends: &[usize]) -> String {
    for &end in ends.iter().chain([&wire.len()]) {
        let found = parser.parse(&wire[..end]);
        if !matches!(found, Ok(None)) {
            let bytes = found.as_ref().ok().and_then(|found| Some(found.as_ref()?.1.as_bytes()));
            let bytes = bytes.map(<[u8]>::escape_ascii);
            let bytes = bytes.map(|bytes| bytes.to_string());
            return format!("{:?} {:?} at {}", found, bytes, end);
        }
    }
    "nothing".to_owned()
}
