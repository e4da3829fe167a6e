//! The response vectors of llhttp: what its log says, and what our engine reports.
//!
//! Compared are the heads (version, status, reason, fields), the body, whether the message was
//! complete, and whether it was refused. Where we differ on purpose, the difference stands in a
//! list with its reason; one that is not in the list fails, and so does one that is no longer one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pannier::{Leniency, Limits};

use crate::properties::replay::{lines, Feed, Request, Seen, Session};
use pannier::http::Method;

/// What a message comes to, as text: `1.1 200 "OK" {A: b}`, body, `complete` or `error`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outcome {
    heads: Vec<String>,
    body: Vec<u8>,
    complete: usize,
    refused: bool,
}

/// A vector: the name of its section, and what is in it.
#[derive(Debug)]
struct Vector {
    name: String,
    kind: String,
    wire: Vec<u8>,
    log: Outcome,
}

/// What llhttp does and we do not, each with the reason.
const DIFFERENCES: [(&str, &str); 6] = [
    (
        "HTTP/1.1 with keep-alive disabled and 204 status",
        "the response is complete; what follows it ends the connection, but is no fault in it",
    ),
    (
        "HTTP 100 first, then 400",
        "an empty line before a status line is behind a switch of its own, and that is off",
    ),
    (
        "No reason phrase",
        "the space after the code is part of the grammar (RFC 9112 §4): strict asks for it, the \
         default does not",
    ),
    (
        "`chunked` before other transfer-encoding",
        "a coding that nobody asked for with TE would be raw bytes of that coding (RFC 9112 §7.4)",
    ),
    (
        "Invalid OBS fold after chunked value",
        "the folded value is `chunked   abc`, which is no coding; llhttp reads until the close",
    ),
    ("RTSP response", "no protocol of ours"),
];

#[test]
#[ignore = "needs PANNIER_VECTORS"]
fn ok_llhttp_vectors() {
    let vectors = vectors();
    let reasons = DIFFERENCES.iter().copied().collect::<BTreeMap<_, _>>();
    let mut wrong = Vec::new();
    for vector in &vectors {
        let ours = ours(vector, leniency(&vector.kind));
        match (ours == vector.log, reasons.contains_key(vector.name.as_str())) {
            (true, true) => wrong.push(format!("{}: no longer a difference", vector.name)),
            (false, false) => wrong.push(format!(
                "{}: {}\nllhttp {:?}\nours   {:?}",
                vector.name,
                vector.wire.escape_ascii(),
                vector.log,
                ours
            )),
            _ => {}
        }
    }
    for name in reasons.keys() {
        if !vectors.iter().any(|vector| vector.name == *name) {
            wrong.push(format!("{}: no such vector", name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    println!("{} vectors, {} deliberate differences", vectors.len(), DIFFERENCES.len());
}

/// The default, or the switch that is meant, agrees where strict does not.
#[test]
#[ignore = "needs PANNIER_VECTORS"]
fn ok_llhttp_vectors_that_a_switch_reads() {
    for (name, leniency) in [
        ("No reason phrase", Leniency::default()),
        ("HTTP 100 first, then 400", Leniency::default().leading_empty_lines(true)),
    ] {
        let vectors = vectors();
        let vector = vectors.iter().find(|vector| vector.name == name).expect("the vector");
        assert_eq!(ours(vector, leniency), vector.log, "{}", name);
    }
}

fn vectors() -> Vec<Vector> {
    let folder = std::env::var_os("PANNIER_VECTORS").expect("PANNIER_VECTORS names the folder");
    let folder = PathBuf::from(folder).join("llhttp-response");
    let mut vectors = Vec::new();
    for file in std::fs::read_dir(&folder).expect("the vectors are there") {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        vectors.extend(sections(&text));
    }
    assert!(vectors.len() >= 30, "{} vectors", vectors.len());
    vectors
}

/// The nearest of our switches for a type of vector.
fn leniency(kind: &str) -> Leniency {
    let strict = Leniency::strict();
    match kind {
        "response" => strict,
        "response-lenient-optional-cr-before-lf" => strict.bare_lf(true),
        // llhttp's goes on to take control bytes.
        "response-lenient-headers" => strict.folding(true),
        other => panic!("a type that this test does not know: {}", other),
    }
}

/// What the engine makes of it. It is asked for one response.
fn ours(vector: &Vector, leniency: Leniency) -> Outcome {
    let request = Request::new(Method::GET);
    let session = Session { requests: vec![request], limits: Limits::default(), leniency };
    let transcript = session.replay(&vector.wire, Feed::WHOLE);
    let mut outcome = Outcome { body: transcript.data(), ..Outcome::default() };
    for seen in &transcript.seen {
        match seen {
            Seen::Head(head) | Seen::Informational(head) => {
                let version = head.version.to_string().replace("HTTP/", "");
                let reason = head.reason.escape_ascii();
                let fields = lines(&head.fields);
                outcome.heads.push(format!("{} {} {} {}", version, head.status, reason, fields));
                outcome.complete += usize::from(matches!(seen, Seen::Informational(_)));
            }
            Seen::End => outcome.complete += 1,
            _ => {}
        }
    }
    outcome.refused = transcript.error.map_or(false, |error| !is_end(error));
    if transcript.persistence == Err(pannier::proto::CloseReason::CloseDelimited) {
        // The log has no line for the end of the stream.
        outcome.complete -= 1;
    }
    outcome
}

/// The vectors just stop; to us that is an end of the stream.
fn is_end(error: pannier::proto::h1::Error) -> bool {
    use pannier::proto::h1::Error;
    matches!(
        error,
        Error::Truncated { .. }
            | Error::ClosedInHead
            | Error::ClosedAfterInterim
            | Error::ClosedBeforeResponse
    )
}

fn sections(text: &str) -> Vec<Vector> {
    let mut found = Vec::new();
    let (mut name, mut kind) = ("", "");
    let mut wire: Option<Vec<u8>> = None;
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        if line.starts_with('#') {
            name = line.trim_start_matches('#').trim_start();
        } else if let Some((_, meta)) = line.split_once("\"type\": \"") {
            kind = meta.split('"').next().unwrap_or("");
        } else if line == "```http" || line == "```log" {
            let end = rest.find("\n```").expect("a block has an end");
            match (line, wire.take()) {
                ("```log", Some(wire)) => {
                    let log = log(&rest[..end], &wire);
                    let (name, kind) = (name.to_owned(), kind.to_owned());
                    found.push(Vector { name, kind, wire, log });
                }
                _ => wire = Some(unescape(&rest[..end])),
            }
            rest = &rest[end + 4..];
        }
    }
    found
}

/// The block as bytes: a backslash at a line's end joins it to the next, the other line ends are
/// CRLF, and `\r`, `\n`, `\t` stand for themselves.
fn unescape(block: &str) -> Vec<u8> {
    let text = block.replace("\\\n", "").replace('\n', "\r\n");
    text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t").into_bytes()
}

/// Reads what llhttp reported off its log.
fn log(block: &str, wire: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    let (mut version, mut reason, mut fields) = (String::new(), Vec::new(), Vec::new());
    for line in block.lines() {
        let (offset, what) = line.strip_prefix("off=").unwrap_or(line).split_once(' ').unwrap();
        let offset: usize = offset.parse().expect("an offset");
        if let Some((length, span)) = what.strip_prefix("len=").and_then(|s| s.split_once(" span["))
        {
            let bytes = wire[offset..offset + length.parse::<usize>().unwrap()].to_vec();
            match span.split(']').next().unwrap() {
                "version" => version = String::from_utf8(bytes).unwrap(),
                "status" => reason = bytes,
                "header_field" => fields.push((String::from_utf8(bytes).unwrap(), Vec::new())),
                "header_value" => fields.last_mut().unwrap().1.extend_from_slice(&bytes),
                "body" => outcome.body.extend_from_slice(&bytes),
                _ => {}
            }
        } else if let Some(status) = what.strip_prefix("headers complete status=") {
            let status = status.split(' ').next().unwrap();
            let (reason, fields) = (std::mem::take(&mut reason), std::mem::take(&mut fields));
            let reason = reason.escape_ascii();
            outcome.heads.push(format!("{} {} {} {}", version, status, reason, lines(&fields)));
        } else if what == "message complete" {
            outcome.complete += 1;
        } else if what.starts_with("error ") {
            outcome.refused = true;
        }
    }
    outcome
}
