//! Server-sent events and lines, on a connection and off it.

use std::io::Read;
use std::time::{Duration, Instant};

use pannier::{ErrorKind, EventStream, Lines, Phase, ServerEvent, Timeouts};
use proptest::prelude::*;

use crate::properties::event_stream;
use crate::support::peer::Peer;
use crate::support::{client, once, scripted};

/// The events of a stream, shown as `event|data|id`, and what it says for the next request.
fn events(text: &str) -> (Vec<String>, String, Option<u64>) {
    event_stream::check(text.as_bytes());
    let mut stream = EventStream::new(text.as_bytes());
    let shown = |event: ServerEvent| format!("{}|{}|{}", event.event, event.data, event.id);
    let events = stream.by_ref().map(|event| shown(event.unwrap())).collect();
    let retry = stream.retry().map(|retry| retry.as_millis() as u64);
    (events, stream.last_event_id().to_owned(), retry)
}

#[test]
fn ok_the_examples_of_the_standard_and_their_edges() {
    let table: &[(&str, &[&str], &str, Option<u64>)] = &[
        ("", &[], "", None),
        ("data: YHOO\ndata: +2\ndata: 10\n\n", &["message|YHOO\n+2\n10|"], "", None),
        (
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            &["message|first event|1", "message|second event|", "message| third event|"],
            "",
            None,
        ),
        ("data\n\ndata\ndata\n\ndata:", &["message||", "message|\n|"], "", None),
        ("data:test\n\ndata: test\n\n", &["message|test|", "message|test|"], "", None),
        ("event: add\ndata: 1\n\nevent: none\n\ndata: 2\n\n", &["add|1|", "message|2|"], "", None),
        ("\u{feff}data: 1\n\n\u{feff}data: 2\n\n", &["message|1|"], "", None),
        ("data: 1\r\ndata: 2\rdata: 3\n\r\ndata: 4\r\r", &["message|1\n2\n3|", "message|4|"], "", None),
        ("id: 1\ndata: a\n\nid: 2\n\nid: 3\ndata: lost\n", &["message|a|1"], "2", None),
        ("id: 1\n\nid: a\0b\ndata: x\n\n", &["message|x|1"], "1", None),
        ("retry: 10\n", &[], "", Some(10)),
        ("retry: 10\nretry: x\nretry: +1\nretry:\nretry: 1.5\n", &[], "", Some(10)),
        ("retry: 99999999999999999999999\n", &[], "", Some(u64::MAX)),
        ("Data: x\nda ta: x\n data: x\ndata : x\n:data: x\n\n", &[], "", None),
        ("data: a:b: c\n\n", &["message|a:b: c|"], "", None),
        ("data: no end", &[], "", None),
    ];
    for (text, expected, last_id, retry) in table {
        let found = events(text);
        assert_eq!(
            found,
            (expected.iter().map(|event| event.to_string()).collect(), last_id.to_string(), *retry),
            "{:?}",
            text
        );
    }
}

const PIECES: &[&[u8]] = &[
    b"data",
    b":",
    b" ",
    b"\n",
    b"\r",
    b"\r\n",
    b"id: 1",
    b"event:x",
    b"retry: 12",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\0",
    b"x",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ok_any_split_gives_the_same_events(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40),
    ) {
        event_stream::check(&pieces.concat());
    }
}

#[test]
fn err_what_is_too_long_ends_the_stream_in_bounded_memory() {
    // Neither a line nor an event without end is collected.
    let line = std::io::repeat(b'x');
    let event = Endless(b"data: x\n");
    for mut stream in [
        EventStream::new(Box::new(line) as Box<dyn Read>),
        EventStream::new(Box::new(event) as Box<dyn Read>).max_length(100_000),
    ] {
        let error = stream.next().unwrap().unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::TooLarge, Some(Phase::Receive)));
        assert!(stream.next().is_none());
    }
    let mut lines = Lines::new(&b"12345\n123456\n1"[..]).max_length(5);
    assert_eq!(lines.next().unwrap().unwrap(), "12345");
    assert_eq!(lines.next().unwrap().unwrap_err().kind(), ErrorKind::TooLarge);
    assert!(lines.next().is_none());
}

struct Endless(&'static [u8]);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let whole = buffer.len() / self.0.len() * self.0.len();
        buffer[..whole].chunks_mut(self.0.len()).for_each(|chunk| chunk.copy_from_slice(self.0));
        Ok(whole)
    }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream ; charset=utf-8\r\n\r\n";

#[test]
fn ok_an_event_is_there_as_soon_as_it_has_ended() {
    let (next, more) = std::sync::mpsc::channel();
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", HEAD);
        // Not the byte behind the last CR is waited for.
        for text in ["data: 1\r\r", "\ndata: 2\n\n", "data: 3\r\n\r\n"] {
            more.recv().unwrap();
            wire.send(text);
        }
        wire.expect_end();
    });
    let mut events = client().get(peer.url("/")).send().unwrap().events().unwrap();
    for number in ["1", "2", "3"] {
        next.send(()).unwrap();
        assert_eq!(events.next().unwrap().unwrap().data, number);
    }
    drop(events);
    peer.join();
}

#[test]
fn err_silence_is_a_timeout_though_the_stream_may_last_for_ever() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", HEAD);
        for _ in 0..10 {
            std::thread::sleep(Duration::from_millis(30));
            wire.send(": still here\n\n");
        }
        wire.send("data: news\n\n");
        peer.stall(wire);
    });
    let idle = Timeouts::default().read(Duration::from_millis(200));
    let request = client().get(peer.url("/")).timeouts(idle);
    let mut events = request.send().unwrap().events().unwrap();
    assert_eq!(events.next().unwrap().unwrap().data, "news");
    let began = Instant::now();
    let error = events.next().unwrap().unwrap_err();
    assert!(error.is_timeout() && error.phase() == Some(Phase::Receive), "{:?}", error);
    assert!(began.elapsed() >= Duration::from_millis(190), "{:?}", began.elapsed());
    assert!(events.next().is_none());
}

#[test]
fn err_a_stream_that_is_cut_short_or_is_none() {
    let cut =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
               9\r\ndata: 1\n\n\r\n";
    let (client, _) = scripted([
        once(cut),
        once("HTTP/1.1 204 No Content\r\n\r\n"),
        once("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"),
        once("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ]);
    let get = || client.get("http://a.test/").send().unwrap();
    let mut events = get().events().unwrap();
    assert_eq!(events.next().unwrap().unwrap().data, "1");
    assert_eq!(events.next().unwrap().unwrap_err().kind(), ErrorKind::Truncated);
    assert!(events.next().is_none());
    let error = get().events().unwrap_err();
    assert_eq!(
        (error.kind(), error.status().map(|status| status.as_u16())),
        (ErrorKind::Status, Some(204))
    );
    for text in ["\"text/html\"", "\"\""] {
        let error = get().events().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains(text), "{}", error);
    }
}
