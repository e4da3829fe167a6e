//! Message framing: the engine's decision against one read slowly off the text of RFC 9112 §6.3.

use pannier::http::{Headers, Method, Version};
use pannier::proto::h1::{Connection, Event, RequestHead, Target, Transfer};
use pannier::proto::CloseReason;
use pannier::{Leniency, Limits};

use super::list;

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    None,
    Length(u64),
    Chunked,
    UntilClose,
    Tunnel,
    Refused,
}

/// The question: the method, the version and status of the answer, and its fields.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub method: &'static str,
    pub version: Version,
    pub status: u16,
    pub fields: Vec<(&'static str, Vec<u8>)>,
}

/// The first three bytes choose method, version and status. Then each line is a field: its first
/// byte chooses the name, the rest is the value; or a capital letter stands for a usual one.
pub fn check(data: &[u8]) {
    let pick = |index: usize| usize::from(data.get(index).copied().unwrap_or(0));
    let mut fields = Vec::new();
    for line in data.get(3..).unwrap_or(b"").split(|&byte| byte == b'\n').take(12) {
        if let Some((&first, value)) = line.split_first() {
            let preset = PRESETS.get(usize::from(first.wrapping_sub(b'A')));
            let (name, value) = match (preset, value) {
                (Some(&(name, value)), b"") => (name, value.as_bytes()),
                _ => (NAMES[usize::from(first) % NAMES.len()], value),
            };
            if value.iter().all(|byte| !matches!(byte, 0..=8 | 10..=31 | 127)) {
                fields.push((name, value.to_vec()));
            }
        }
    }
    let exchange = Exchange {
        method: METHODS[pick(0) % METHODS.len()],
        version: [Version::Http11, Version::Http10][pick(1) % 2],
        status: STATUSES[pick(2) % STATUSES.len()],
        fields,
    };
    exchange.check();
}

impl Exchange {
    pub fn check(&self) {
        let expected = self.reference();
        let (found, persistence) = self.engine();
        assert_eq!(found, expected, "{:?}", self);
        if found != Body::Refused {
            assert_eq!(persistence, self.persists(found), "{:?}", self);
        }
    }

    /// Sends the request, plays the head, and finds out what the engine expects then.
    pub fn engine(&self) -> (Body, Result<(), CloseReason>) {
        let mut connection = Connection::new(Limits::default(), Leniency::default());
        let head = RequestHead {
            method: &Method::new(self.method).expect("a method"),
            target: &Target::asterisk_form(),
            version: Version::Http11,
            headers: &Headers::new(),
            transfer: Transfer::Decoded,
        };
        connection.send_head(&head, &mut Vec::new()).expect("a valid request");
        let wire = self.wire();
        let used = match connection.recv(&wire, &mut []) {
            Ok((used, Some(Event::Head(_)))) => used,
            Ok(other) => panic!("no head: {:?} of {:?}", other, self),
            Err(_) => return (Body::Refused, connection.persistence()),
        };
        assert_eq!(used, wire.len());
        let body = expected_by(&mut connection);
        (body, connection.persistence())
    }

    fn wire(&self) -> Vec<u8> {
        let mut wire = format!("{} {} Reason\r\n", self.version, self.status).into_bytes();
        for (name, value) in &self.fields {
            wire.extend_from_slice(name.as_bytes());
            wire.extend_from_slice(b":");
            wire.extend_from_slice(value);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"\r\n");
        wire
    }

    /// RFC 9112 §6.3 item by item. What it leaves to the recipient is decided as the crate's
    /// documentation says.
    fn reference(&self) -> Body {
        let success = (200..300).contains(&self.status);
        // "2. Any 2xx (Successful) response to a CONNECT request implies that the connection will
        // become a tunnel immediately after the empty line that concludes the header fields. A
        // client MUST ignore any Content-Length or Transfer-Encoding header fields received in such
        // a message." It stands before the first item, which says nothing against a tunnel: RFC 9110
        // §9.3.6 makes no exception for 204.
        if self.method == "CONNECT" && success {
            return Body::Tunnel;
        }
        // "1. Any response to a HEAD request and any response with a 1xx (Informational), 204 (No
        // Content), or 304 (Not Modified) status code is always terminated by the first empty line
        // after the header fields, regardless of the header fields present in the message."
        if self.method == "HEAD" || [204, 304].contains(&self.status) {
            return Body::None;
        }
        // "4. If a Transfer-Encoding header field is present and the chunked transfer coding is the
        // final encoding, the message body length is determined by reading and decoding the chunked
        // data." Here: chunked and nothing else, since no other coding is ever asked for.
        let codings = self.values("Transfer-Encoding");
        if !codings.is_empty() {
            let lists = codings.iter().map(|value| list(value)).collect::<Vec<_>>();
            let read = lists.iter().all(|(elements, complete)| *complete && !elements.is_empty());
            let all = lists.into_iter().flat_map(|(elements, _)| elements).collect::<Vec<_>>();
            let is = |element: &String, coding| element.eq_ignore_ascii_case(coding);
            let others = all.iter().position(|element| !is(element, "identity"));
            match others {
                _ if !read => return Body::Refused,
                None => {}
                Some(place) if place + 1 == all.len() && is(&all[place], "chunked") => {
                    return Body::Chunked
                }
                Some(_) => return Body::Refused,
            }
        }
        // "5. If a message is received without Transfer-Encoding and with an invalid Content-Length
        // header field, then the message framing is invalid and the recipient MUST treat it as an
        // unrecoverable error, unless the field value can be successfully parsed as a
        // comma-separated list, all values in the list are valid, and all values in the list are
        // the same."
        let lengths = self.values("Content-Length");
        let mut length = None;
        for element in lengths.iter().flat_map(|value| value.split(|&byte| byte == b',')) {
            let element = element.iter().map(|&byte| char::from(byte)).collect::<String>();
            let element = element.trim_matches(&[' ', '\t'][..]);
            let digits = !element.is_empty() && element.chars().all(|c| c.is_ascii_digit());
            let number = element.parse::<u64>().ok().filter(|_| digits);
            match (length, number) {
                (_, None) => return Body::Refused,
                (Some(other), Some(number)) if other != number => return Body::Refused,
                (_, number) => length = number,
            }
        }
        // "6. If a valid Content-Length header field is present without Transfer-Encoding, its
        // decimal value defines the expected message body length in octets."
        // "8. Otherwise, this is a response message without a declared message body length."
        match length {
            Some(0) => Body::None,
            Some(length) => Body::Length(length),
            None => Body::UntilClose,
        }
    }

    /// RFC 9112 §9.3, after the whole of the response.
    fn persists(&self, body: Body) -> Result<(), CloseReason> {
        let lists = self.values("Connection").into_iter().map(list).collect::<Vec<_>>();
        let has = |name: &str| {
            let elements = lists.iter().flat_map(|(elements, _)| elements);
            elements.into_iter().any(|element| element.eq_ignore_ascii_case(name))
        };
        // What cannot be read may have been a close.
        let close = has("close") || lists.iter().any(|(_, complete)| !complete);
        let old = self.version == Version::Http10;
        let bodyless = self.method == "HEAD" || [204, 304].contains(&self.status);
        let codings = self.values("Transfer-Encoding");
        let named = codings
            .iter()
            .flat_map(|value| list(value).0)
            .any(|coding| coding.eq_ignore_ascii_case("identity"));
        match body {
            Body::Tunnel => Err(CloseReason::Upgraded),
            Body::UntilClose => Err(CloseReason::CloseDelimited),
            Body::Chunked if named || old || !self.values("Content-Length").is_empty() => {
                Err(CloseReason::AmbiguousFraming)
            }
            // A length beside the coding that is none.
            Body::None | Body::Length(_) if named && !bodyless => {
                Err(CloseReason::AmbiguousFraming)
            }
            _ if close => Err(CloseReason::RequestedByServer),
            _ if old && !has("keep-alive") => Err(CloseReason::Http10),
            _ => Ok(()),
        }
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        let same = self.fields.iter().filter(|field| field.0 == name);
        same.map(|(_, value)| value.as_slice()).collect()
    }
}

/// What comes after the head, to judge by the outside of the engine; then lets it come.
fn expected_by(connection: &mut Connection) -> Body {
    let mut output = [0; 8];
    if let Ok((0, Some(event))) = connection.recv(b"", &mut output) {
        return match event {
            Event::End => Body::None,
            Event::Switched => Body::Tunnel,
            other => panic!("{:?} out of nothing", other),
        };
    }
    match (connection.direct(), connection.content_left()) {
        (u64::MAX, None) => {
            assert!(matches!(connection.recv_eof(), Ok(Event::End)));
            Body::UntilClose
        }
        (direct, Some(length)) if direct == length => {
            connection.recv_direct(length);
            assert!(matches!(connection.recv(b"", &mut output), Ok((0, Some(Event::End)))));
            Body::Length(length)
        }
        (0, None) => {
            assert!(matches!(
                connection.recv(b"0\r\n\r\n", &mut output),
                Ok((5, Some(Event::End)))
            ));
            Body::Chunked
        }
        other => panic!("what is to come? {:?}", other),
    }
}

const METHODS: [&str; 4] = ["GET", "HEAD", "CONNECT", "POST"];

const STATUSES: [u16; 10] = [200, 204, 304, 404, 201, 205, 302, 407, 500, 999];

const NAMES: [&str; 4] = ["Content-Length", "Transfer-Encoding", "Connection", "Server"];

const PRESETS: [(&str, &str); 22] = [
    ("Content-Length", "5"),
    ("Content-Length", "0"),
    ("Content-Length", "5, 5"),
    ("Content-Length", "5, 6"),
    ("Content-Length", "+5"),
    ("Content-Length", ""),
    ("Content-Length", "5,"),
    ("Content-Length", "005"),
    ("Content-Length", "18446744073709551615"),
    ("Content-Length", "18446744073709551616"),
    ("Transfer-Encoding", "chunked"),
    ("Transfer-Encoding", "Chunked, "),
    ("Transfer-Encoding", "gzip, chunked"),
    ("Transfer-Encoding", "chunked, gzip"),
    ("Transfer-Encoding", "chunked, chunked"),
    ("Transfer-Encoding", "identity"),
    ("Transfer-Encoding", ""),
    ("Transfer-Encoding", "chunked;q=1"),
    ("Connection", "close"),
    ("Connection", "x, Close,"),
    ("Connection", "keep-alive"),
    ("Connection", "keep-alive, close"),
];
