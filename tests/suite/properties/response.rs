//! Any response in any pieces: the same events, and at every step what `replay` checks. Each head is read
//! as it is alone.

use pannier::http::{Method, Version};
use pannier::proto::h1::{HeadParser, Transfer};
use pannier::{Leniency, Limits};

use super::replay::{lines, Head, Request, Seen, Session};

/// The first line says what was asked and how it is read, one character for each; the rest is what
/// the peer sends.
pub fn check(data: &[u8]) {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let wire = data.get(end + 1..).unwrap_or(b"");
    let session = session(&data[..end]);
    let transcript = session.everyway(wire);
    assert!(transcript.data().len() <= wire.len(), "more content than bytes");
    for seen in &transcript.seen {
        if let Seen::Informational(head) | Seen::Head(head) = seen {
            let mut parser = HeadParser::new(session.limits, session.leniency);
            let (used, alone) = parser.parse(&head.bytes).expect("valid").expect("whole");
            assert_eq!(used, head.bytes.len());
            assert!(Head::from(&alone) == *head, "not {}", lines(&head.fields));
        }
    }
}

/// `g`et, `h`ead, `c`onnect and `u`pgrade are requests, at most eight; the others are switches.
fn session(letters: &[u8]) -> Session {
    let mut session = Session { requests: Vec::new(), ..Session::get() };
    let has = |letter| letters.contains(&letter);
    for letter in letters {
        let mut request = match letter {
            b'g' => Request::new(Method::GET),
            b'h' => Request::new(Method::HEAD),
            b'c' => Request::new(Method::CONNECT),
            b'u' => Request { fields: &UPGRADE, ..Request::new(Method::GET) },
            _ => continue,
        };
        if has(b'r') {
            request.transfer = Transfer::Raw;
        }
        session.requests.push(request);
        // Nothing may be sent behind what may end HTTP on the connection.
        if session.requests.len() == 8 || matches!(letter, b'c' | b'u') {
            break;
        }
    }
    if session.requests.is_empty() {
        session.requests.push(Request::new(Method::GET));
    }
    if has(b'0') && session.requests.len() == 1 {
        session.requests[0].version = Version::Http10;
    }
    if has(b's') {
        session.leniency = Leniency::strict();
    }
    if has(b'l') {
        session.leniency = Leniency::default().leading_empty_lines(true).space_before_colon(true);
    }
    if has(b'i') {
        session.leniency = session.leniency.ignore_content_length(true);
    }
    if has(b't') {
        session.limits = tiny();
    }
    session
}

const UPGRADE: [(&str, &str); 2] = [("Connection", "upgrade"), ("Upgrade", "other")];

/// Limits that a short input can reach.
fn tiny() -> Limits {
    Limits::default()
        .head_bytes(64)
        .head_lines(3)
        .chunk_line(8)
        .trailer_bytes(24)
        .interim_responses(2)
}
