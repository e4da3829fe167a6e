//! A connection of HTTP/2 at work: what the peer sends and what is reported of it, however it comes.

use pannier::http::{Headers, Method};
use pannier::proto::h2::{
    Config, Connection, Error, ErrorCode, Event, Refusal, RequestHead, StreamId,
};
use pannier::proto::{CloseReason, Limits};

use crate::properties::h2_engine::*;

pub const OK: &[(&str, &str)] = &[(":status", "200")];

/// SETTINGS, then this.
pub fn after_settings(frames: &[Vec<u8>]) -> Vec<u8> {
    [settings(&[]), frames.concat()].concat()
}

/// A connection whose output has been sent, with the peer's SETTINGS received.
pub fn connected(config: Config, peer: &[(u16, u32)]) -> Connection {
    let mut connection = Connection::new(config, Limits::default());
    feed(&mut connection, &settings(peer));
    connection.output().clear();
    connection
}

/// Feeds what gives events that nobody wants to see, and says how many.
pub fn feed(connection: &mut Connection, mut input: &[u8]) -> usize {
    for count in 0.. {
        let (used, event) = connection.recv(input).unwrap();
        input = &input[used..];
        if event.is_none() {
            assert!(input.is_empty());
            return count;
        }
    }
    0
}

/// The frames that were sent, in words, and nothing is left of them.
pub fn sent(connection: &mut Connection) -> Vec<String> {
    let output = std::mem::take(connection.output());
    frames(&output).into_iter().map(words).collect()
}

/// What comes on stream 1 after a GET, and what is said of it.
type Row<'a> = (Vec<Vec<u8>>, &'a str);

#[test]
fn ok_exchanges_in_all_their_forms() {
    let rows: Vec<Row<'_>> = vec![
        (vec![headers(1, OK, true)], "1:200 END"),
        (vec![headers(1, OK, false), data(1, b"hello", true)], "1:200, 1:\"hello\" END"),
        (
            vec![headers(1, OK, false), data(1, b"he", false), data(1, b"llo", false)]
                .into_iter()
                .chain([data(1, b"", true)])
                .collect(),
            "1:200, 1:\"hello\" END",
        ),
        (
            vec![
                headers(1, &[(":status", "103"), ("link", "</a>")], false),
                headers(1, &[(":status", "100")], false),
                headers(1, OK, false),
                data(1, b"hello", false),
                headers(1, &[("a", "b")], true),
            ],
            "1:103, 1:100, 1:200, 1:\"hello\", 1:{\"a\": \"b\"} END",
        ),
        (
            vec![
                // Padding and priority are no part of the block.
                frame(1, 0x2c, 1, &[&[7, 0, 0, 0, 0, 9][..], &block(OK), &[0; 7]].concat()),
                padded(1, b"he", 20, false),
                padded(1, b"llo", 0, true),
            ],
            "1:200, 1:\"hello\" END",
        ),
        (
            vec![
                // A block in three frames, one of them empty.
                frame(1, 0, 1, &block(OK)[..5]),
                frame(9, 0, 1, b""),
                frame(9, 4, 1, &block(OK)[5..]),
                data(1, b"x", true),
            ],
            "1:200, 1:\"x\" END",
        ),
        (
            vec![
                // What is unknown or deprecated is passed over.
                frame(0xee, 0xff, 0, b"abc"),
                frame(0xee, 0xff, 1, b""),
                frame(0xee, 0, 2, b"x"),
                frame(2, 0, 1, &[0, 0, 0, 9, 1]),
                frame(2, 0, 77, &[0, 0, 0, 9, 1]),
                settings(&[(0x77, 1), (0xffff, 0)]),
                ping(5),
                headers(1, OK, true),
            ],
            "settings, 1:200 END",
        ),
        (
            // What comes after the end of the stream on both sides.
            vec![headers(1, OK, true), window(1, 10), rst(1, ErrorCode::NO_ERROR)],
            "1:200 END",
        ),
        (
            vec![headers(1, &[(":status", "200"), ("content-length", "5")], false)]
                .into_iter()
                .chain([data(1, b"he", false), data(1, b"llo", true)])
                .collect(),
            "1:200, 1:\"hello\" END",
        ),
        (
            vec![
                headers(
                    1,
                    &[(":status", "200"), ("content-length", "1"), ("content-length", "01")],
                    false,
                ),
                data(1, b"x", false),
                headers(1, &[], true),
            ],
            "1:200, 1:\"x\", 1:{} END",
        ),
        (vec![headers(1, &[(":status", "204"), ("content-length", "5")], true)], "1:204 END"),
        (
            vec![
                headers(1, &[(":status", "304"), ("content-length", "5")], false),
                data(1, b"", true),
            ],
            "1:304, 1:\"\" END",
        ),
        (vec![headers(1, &[(":status", "999")], true)], "1:999 END"),
    ];
    for (frames, said) in rows {
        let transcript = Session::get().everyway(&after_settings(&frames));
        assert_eq!(transcript.to_string(), format!("settings, {}, eof Ok(())", said));
    }
}

#[test]
fn ok_head_and_connect_are_answered_in_their_own_way() {
    for (method, frames, said) in [
        (
            Method::HEAD,
            vec![headers(1, &[(":status", "200"), ("content-length", "5")], true)],
            "1:200 END",
        ),
        (
            Method::HEAD,
            vec![
                headers(1, &[(":status", "200"), ("content-length", "5")], false),
                data(1, b"", true),
            ],
            "1:200, 1:\"\" END",
        ),
        (
            Method::CONNECT,
            vec![
                headers(1, &[(":status", "200"), ("content-length", "5")], false),
                data(1, b"through the tunnel", true),
            ],
            "1:200, 1:\"through the tunnel\" END",
        ),
        (
            Method::CONNECT,
            vec![
                headers(1, &[(":status", "407"), ("content-length", "2")], false),
                data(1, b"no", true),
            ],
            "1:407, 1:\"no\" END",
        ),
    ] {
        let session = Session::idle().open(&method, true);
        let transcript = session.everyway(&after_settings(&frames));
        assert_eq!(transcript.to_string(), format!("settings, {}, eof Ok(())", said));
    }
}

#[test]
fn ok_a_head_is_kept_as_http1_would_write_it() {
    let mut connection = connected(Config::default(), &[]);
    request(&mut connection, &Method::GET, true);
    let fields = [(":status", "404"), ("server", "x"), ("set-cookie", "a=b"), ("empty", "")];
    let wire = headers(1, &fields, false);
    match connection.recv(&wire).unwrap() {
        (used, Some(Event::Head { stream: 1, head, end: false })) => {
            assert_eq!(used, wire.len());
            let text = b"HTTP/2 404 \r\nserver: x\r\nset-cookie: a=b\r\nempty: \r\n\r\n";
            assert_eq!(head.as_bytes(), text);
            assert_eq!(head.headers().get("Server"), Some("x"));
            assert_eq!(head.headers().get("empty"), Some(""));
            assert_eq!((head.reason(), head.headers().len()), (&b""[..], 3));
            assert_eq!(head.version().to_string(), "HTTP/2");
        }
        other => panic!("{:?}", other),
    }
}

#[test]
fn ok_streams_are_told_apart() {
    let session = Session::get().open(&Method::GET, true).open(&Method::GET, true);
    let wire = after_settings(&[
        headers(3, OK, false),
        headers(1, &[(":status", "201")], false),
        data(1, b"one", false),
        data(3, b"three", false),
        headers(5, &[(":status", "204")], true),
        data(1, b"!", true),
        data(3, b"?", true),
    ]);
    let said =
        "settings, 3:200, 1:201, 1:\"one\", 3:\"three\", 5:204 END, 1:\"!\" END, 3:\"?\" END";
    assert_eq!(session.everyway(&wire).to_string(), format!("{}, eof Ok(())", said));
}

#[test]
fn ok_questions_are_answered_in_their_order() {
    let wire = after_settings(&[ping(1), settings(&[]), ping(2), frame(6, 1, 0, &[9; 8])]);
    let transcript = Session::idle().everyway(&wire);
    assert_eq!(transcript.sent, ["ACK", "PONG 1", "ACK", "PONG 2"]);
    assert_eq!(transcript.to_string(), "settings, settings, pong 9, eof Ok(())");
}

#[test]
fn ok_a_connection_begins_with_preface_and_settings() {
    let mut connection = Connection::new(Config::default(), Limits::default());
    let output = connection.output().clone();
    let rest = output.strip_prefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    let sent: Vec<_> = frames(rest).into_iter().map(words).collect();
    assert_eq!(sent, ["SETTINGS", "WINDOW 0 +16711681"]);
    let expected = settings(&[(2, 0), (4, 1 << 20), (6, 64 << 10)]);
    assert!(rest.starts_with(&expected));
}

#[test]
fn ok_streams_end_by_reset_or_goaway() {
    let three = || Session::get().open(&Method::GET, true).open(&Method::POST, false);
    let refused = ErrorCode::REFUSED_STREAM;
    let rows: Vec<Row<'_>> = vec![
        (vec![rst(1, refused)], "1:Unprocessed(Refused), eof Err(Closed(2))"),
        (
            vec![headers(1, OK, false), rst(1, refused)],
            "1:200, 1:Peer(REFUSED_STREAM), eof Err(Closed(2))",
        ),
        (
            vec![headers(1, OK, false), rst(1, ErrorCode::NO_ERROR)],
            "1:200, 1:Peer(NO_ERROR), eof Err(Closed(2))",
        ),
        (vec![rst(3, ErrorCode::INTERNAL_ERROR)], "3:Peer(INTERNAL_ERROR), eof Err(Closed(2))"),
        (
            vec![headers(5, OK, true), rst(5, ErrorCode::NO_ERROR)],
            "5:200 END, 5:Stopped(NO_ERROR), eof Err(Closed(2))",
        ),
        (
            vec![goaway(3, ErrorCode::NO_ERROR), headers(1, OK, true), headers(3, OK, true)],
            "goaway 3 NO_ERROR, 5:Unprocessed(GoneAway(NO_ERROR)), 1:200 END, 3:200 END, eof Ok(())",
        ),
        (
            vec![
                goaway((1 << 31) - 1, ErrorCode::NO_ERROR),
                headers(1, OK, true),
                goaway(1, ErrorCode::ENHANCE_YOUR_CALM),
            ],
            "goaway 2147483647 NO_ERROR, 1:200 END, goaway 1 ENHANCE_YOUR_CALM, \
             5:Unprocessed(GoneAway(ENHANCE_YOUR_CALM)), \
             3:Unprocessed(GoneAway(ENHANCE_YOUR_CALM)), eof Ok(())",
        ),
        (
            // What has been answered was processed, whatever is said.
            vec![headers(5, OK, false), goaway(0, ErrorCode::NO_ERROR)],
            "5:200, goaway 0 NO_ERROR, 5:Peer(NO_ERROR), 3:Unprocessed(GoneAway(NO_ERROR)), \
             1:Unprocessed(GoneAway(NO_ERROR)), eof Ok(())",
        ),
        (
            vec![headers(5, OK, true), headers(1, OK, true), headers(3, OK, true)],
            "5:200 END, 1:200 END, 3:200 END, eof Ok(())",
        ),
    ];
    for (frames, said) in rows {
        let transcript = three().everyway(&after_settings(&frames));
        assert_eq!(transcript.to_string(), format!("settings, {}", said));
        assert_eq!(transcript.sent, ["ACK"]);
    }
}

#[test]
fn ok_what_comes_for_a_stream_that_was_reset_is_ignored() {
    let mut connection = connected(Config::default(), &[]);
    for _ in 0..3 {
        request(&mut connection, &Method::GET, true);
    }
    connection.reset(1, ErrorCode::CANCEL);
    connection.reset(1, ErrorCode::CANCEL);
    // The table is kept up to date by what is ignored: 62 is the field that it brought.
    let block = [&block(OK)[..], b"\x40\x01a\x01b"].concat();
    let ignored = [
        frame(1, 4, 1, &block),
        data(1, b"late", false),
        padded(1, b"late", 9, true),
        window(1, 5),
        headers(1, &[("trailer", "x")], true),
        rst(1, ErrorCode::CANCEL),
    ];
    connection.output().clear();
    assert_eq!(feed(&mut connection, &ignored.concat()), 0);
    assert_eq!(connection.streams(), 2);
    let wire = frame(1, 5, 3, b"\x88\xbe");
    match connection.recv(&wire).unwrap() {
        (_, Some(Event::Head { stream: 3, head, .. })) => {
            assert_eq!(head.headers().get("a"), Some("b"));
        }
        other => panic!("{:?}", other),
    }
    assert_eq!(sent(&mut connection), [""; 0]);
}

#[test]
fn ok_a_stream_reset_within_its_data_is_passed_over() {
    let mut connection = connected(Config::default(), &[]);
    let stream = request(&mut connection, &Method::GET, true);
    let wire = [headers(1, OK, false), padded(1, b"hello", 4, false), ping(3)].concat();
    let (mut used, _) = connection.recv(&wire).unwrap();
    let (count, event) = connection.recv(&wire[used..used + 12]).unwrap();
    assert!(matches!(event, Some(Event::Data { data: b"he", .. })));
    used += count;
    connection.reset(stream, ErrorCode::CANCEL);
    connection.output().clear();
    let (count, event) = connection.recv(&wire[used..]).unwrap();
    assert!(event.is_none());
    assert_eq!(used + count, wire.len());
    assert_eq!(sent(&mut connection), ["PONG 3"]);
}

#[test]
fn ok_a_stream_may_be_reset_anywhere_in_its_data() {
    for (content, padding, end) in [
        (&b"hello"[..], Some(4), false),
        (b"hello", Some(4), true),
        (b"hello", Some(0), true),
        (b"hello", None, true),
        (b"", Some(4), true),
    ] {
        let last = match padding {
            Some(padding) => padded(1, content, padding, end),
            None => data(1, content, end),
        };
        for cut in 0..last.len() {
            let mut connection = connected(Config::default(), &[]);
            request(&mut connection, &Method::GET, true);
            assert_eq!(feed(&mut connection, &headers(1, OK, false)), 1);
            let (mut used, mut seen) = (0, Vec::new());
            loop {
                let (count, event) = connection.recv(&last[used..cut]).unwrap();
                used += count;
                match event {
                    Some(Event::Data { data, end: false, .. }) => seen.extend_from_slice(data),
                    None => break,
                    other => panic!("{:?} after {} bytes", other, cut),
                }
            }
            assert!(content.starts_with(&seen));
            connection.reset(1, ErrorCode::CANCEL);
            connection.output().clear();
            assert_eq!(feed(&mut connection, &[&last[used..], &ping(3)].concat()), 0);
            assert_eq!(sent(&mut connection), ["PONG 3"], "{} bytes", cut);
            assert_eq!(connection.recv_eof(), Ok(()));
        }
    }
}

#[test]
fn ok_streams_are_opened_as_many_as_the_peer_allows() {
    let mut connection = Connection::new(Config::default(), Limits::default());
    assert_eq!(connection.capacity(), 100);
    feed(&mut connection, &settings(&[]));
    assert_eq!(connection.capacity(), 1_000);
    feed(&mut connection, &settings(&[(3, 2)]));
    assert_eq!(connection.capacity(), 2);
    for _ in 0..2 {
        assert_eq!(connection.can_open(), Ok(()));
        request(&mut connection, &Method::GET, true);
    }
    assert_eq!(connection.can_open(), Err(Refusal::Full));
    assert_eq!(open(&mut connection, &Headers::new()), Err(Error::Refused(Refusal::Full)));
    feed(&mut connection, &headers(1, OK, true));
    assert_eq!(connection.can_open(), Ok(()));
    feed(&mut connection, &settings(&[(3, 0)]));
    assert_eq!(connection.can_open(), Err(Refusal::Full));
    feed(&mut connection, &settings(&[(3, 9)]));
    feed(&mut connection, &goaway(3, ErrorCode::NO_ERROR));
    assert_eq!((connection.can_open(), connection.capacity()), (Err(Refusal::GoneAway), 0));
    assert_eq!(connection.close_reason(), Some(CloseReason::GoAway));
    assert_eq!(connection.streams(), 1);

    let mut connection = connected(Config::default().concurrent_streams(1), &[(3, 50)]);
    request(&mut connection, &Method::GET, true);
    assert_eq!(connection.can_open(), Err(Refusal::Full));
    connection.go_away(ErrorCode::NO_ERROR);
    assert_eq!(connection.can_open(), Err(Refusal::GoneAway));
    assert_eq!(connection.close_reason(), Some(CloseReason::RequestedByClient));
    assert_eq!(feed(&mut connection, &headers(1, OK, true)), 1);

    // With none at all every request would wait for ever, as it would for content without a window:
    // SETTINGS_INITIAL_WINDOW_SIZE is 1 then.
    let config = Config::default().concurrent_streams(0).stream_window(0);
    let mut connection = Connection::new(config, Limits::default());
    assert_eq!(connection.capacity(), 1);
    assert!(connection.output().windows(6).any(|setting| setting == [0, 4, 0, 0, 0, 1]));
}

/// Opens a stream with these fields.
fn open(connection: &mut Connection, headers: &Headers) -> Result<StreamId, Error> {
    let head = RequestHead {
        method: &Method::GET,
        scheme: "https",
        authority: Some(b"a"),
        path: Some("/"),
        headers,
        sensitive: &["X-Key".to_owned()],
    };
    connection.open(&head, true)
}

/// What a server makes of a request: each field, and whether it may be kept.
fn fields_of(block: &[u8], decoder: &mut pannier::proto::h2::hpack::Decoder) -> Vec<String> {
    let mut fields = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    decoder
        .decode(block, &mut |name, value| fields.push(format!("{}={}", text(name), text(value))))
        .unwrap();
    fields
}

#[test]
fn ok_requests_have_what_http2_asks_for_and_nothing_else() {
    let mut headers = Headers::new();
    for (name, value) in [
        ("Host", "other"),
        ("User-Agent", "x"),
        ("Connection", "close, X-Hop"),
        ("X-HOP", "1"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "keep-alive"),
        ("Transfer-Encoding", "chunked"),
        ("Upgrade", "h2c"),
        ("TE", "gzip"),
        ("te", "trailers"),
        ("X-Key", "secret \t"),
        ("Cookie", "a=b"),
        ("Range", "bytes=0-"),
    ] {
        headers.append(name, value).unwrap();
    }
    let mut connection = connected(Config::default(), &[]);
    let mut decoder = pannier::proto::h2::hpack::Decoder::new(4096);
    let expected = [
        ":method=GET",
        ":scheme=https",
        ":authority=a",
        ":path=/",
        "user-agent=x",
        "te=trailers",
        "x-key=secret",
        "cookie=a=b",
        "range=bytes=0-",
    ];
    let mut blocks = Vec::new();
    for number in 0..4 {
        assert_eq!(open(&mut connection, &headers), Ok(1 + 2 * number));
        let output = std::mem::take(connection.output());
        match frames(&output)[..] {
            [pannier::proto::h2::frame::Frame::Headers { fragment, end_stream: true, .. }] => {
                assert_eq!(fields_of(fragment, &mut decoder), expected);
                // Literals that are never to be indexed: one with a new name, and a cookie.
                assert!(fragment.contains(&0x10));
                assert!(fragment.windows(2).any(|pair| pair == b"\x1f\x11"));
                blocks.push(fragment.to_vec());
            }
            ref other => panic!("{:?}", other),
        }
    }
    assert!(blocks[1].len() < blocks[0].len());
    assert!(blocks[1] == blocks[2] && blocks[2] == blocks[3]);
    // Another request in between, and the first is encoded anew.
    headers.append("new", "entry").unwrap();
    for headers in [&headers.clone(), &headers] {
        connection.output().clear();
        open(&mut connection, headers).unwrap();
        let output = std::mem::take(connection.output());
        match frames(&output)[..] {
            [pannier::proto::h2::frame::Frame::Headers { fragment, .. }] => {
                assert_eq!(fields_of(fragment, &mut decoder).last().unwrap(), "new=entry");
            }
            ref other => panic!("{:?}", other),
        }
    }
}

#[test]
fn ok_a_table_that_the_peer_does_without_is_not_used() {
    let mut connection = connected(Config::default(), &[]);
    let mut headers = Headers::new();
    headers.append("a", "b").unwrap();
    let mut blocks = Vec::new();
    for table in [4_096, 4_096, 0, 0, 4_096] {
        feed(&mut connection, &settings(&[(1, table)]));
        connection.output().clear();
        open(&mut connection, &headers).unwrap();
        let output = std::mem::take(connection.output());
        match frames(&output)[..] {
            [pannier::proto::h2::frame::Frame::Headers { fragment, .. }] => {
                blocks.push(fragment.to_vec())
            }
            ref other => panic!("{:?}", other),
        }
    }
    // RFC 7541 §4.2: the next block begins with the update.
    let update = |block: &[u8]| block.first().map_or(false, |first| first >> 5 == 1);
    let updates: Vec<bool> = blocks.iter().map(|block| update(block)).collect();
    assert_eq!(updates, [false, false, true, false, true]);
    let mut decoder = pannier::proto::h2::hpack::Decoder::new(4_096);
    for block in &blocks {
        assert_eq!(fields_of(block, &mut decoder).last().unwrap(), "a=b");
    }
}

#[test]
fn err_requests_that_cannot_be_sent() {
    let mut connection = connected(Config::default(), &[(6, 200)]);
    let headers = Headers::new();
    let good = RequestHead {
        method: &Method::GET,
        scheme: "http",
        authority: Some(b"a"),
        path: Some("/"),
        headers: &headers,
        sensitive: &[],
    };
    for head in [
        RequestHead { path: Some(""), ..good },
        RequestHead { path: Some("/a b"), ..good },
        RequestHead { path: Some("/\r\n"), ..good },
        RequestHead { path: None, ..good },
        RequestHead { authority: Some(b""), ..good },
        RequestHead { authority: Some(b"a\n"), ..good },
        RequestHead { scheme: "", ..good },
        RequestHead { method: &Method::CONNECT, ..good },
        RequestHead { method: &Method::CONNECT, path: None, authority: None, ..good },
    ] {
        assert_eq!(connection.open(&head, true), Err(Error::Target), "{:?}", head);
    }
    let mut long = Headers::new();
    long.append("a", "b".repeat(30)).unwrap();
    let size = (7 + 3 + 32) + (7 + 4 + 32) + (10 + 1 + 32) + (5 + 1 + 32) + (1 + 30 + 32);
    let error = Error::RequestTooLong { size, limit: 200 };
    assert_eq!(connection.open(&RequestHead { headers: &long, ..good }, true), Err(error));
    assert_eq!(connection.open(&good, true), Ok(1));
    // The same again is known already, but is measured again.
    feed(&mut connection, &settings(&[(6, 100)]));
    assert_eq!(
        connection.open(&good, true),
        Err(Error::RequestTooLong { size: size - 63, limit: 100 })
    );
    assert_eq!(connection.streams(), 1);
}

#[test]
fn ok_a_long_head_is_continued() {
    let mut headers = Headers::new();
    for index in 0..4 {
        headers.append("X-Long", format!("{}{}", index, "!".repeat(10_000))).unwrap();
    }
    let mut connection = connected(Config::default(), &[]);
    open(&mut connection, &headers).unwrap();
    let output = std::mem::take(connection.output());
    let kinds: Vec<_> = frames(&output)
        .into_iter()
        .map(|frame| match frame {
            pannier::proto::h2::frame::Frame::Headers { end_headers, .. } => (1, end_headers),
            pannier::proto::h2::frame::Frame::Continuation { end_headers, .. } => (9, end_headers),
            other => panic!("{:?}", other),
        })
        .collect();
    assert_eq!(kinds, [(1, false), (9, false), (9, true)]);
}

#[test]
fn ok_trailers_end_a_request() {
    let mut connection = connected(Config::default(), &[]);
    let stream = request(&mut connection, &Method::POST, false);
    connection.output().clear();
    let mut trailers = Headers::new();
    trailers.append("Digest", "x").unwrap();
    assert_eq!(connection.send_data(stream, b"abc", false), 3);
    assert_eq!(connection.send_trailers(stream, &trailers), Ok(()));
    assert_eq!(sent(&mut connection), ["DATA 1 3", "HEADERS 1 END"]);
    assert_eq!(connection.send_trailers(stream, &trailers), Err(Error::NotOpen));
    assert_eq!(connection.send_data(stream, b"abc", true), 0);
    assert_eq!(connection.send_trailers(99, &trailers), Err(Error::NotOpen));
    assert_eq!(feed(&mut connection, &headers(1, OK, true)), 1);
    assert_eq!(connection.streams(), 0);
}

#[test]
fn ok_the_end_of_a_connection_without_exchanges_is_no_fault() {
    let mut connection = connected(Config::default(), &[]);
    assert_eq!(connection.recv_eof(), Ok(()));
    assert_eq!(connection.can_open(), Err(Refusal::GoneAway));
    assert_eq!(connection.close_reason(), Some(CloseReason::ClosedWhileIdle));
}

#[test]
fn ok_content_left_is_what_was_announced_and_has_not_come() {
    let mut connection = connected(Config::default(), &[]);
    request(&mut connection, &Method::GET, true);
    assert_eq!(connection.content_left(1), None);
    let fields = [(":status", "200"), ("content-length", "10")];
    feed(&mut connection, &headers(1, &fields, false));
    assert_eq!(connection.content_left(1), Some(10));
    let wire = data(1, b"hello", false);
    connection.recv(&wire[..11]).unwrap();
    assert_eq!(connection.content_left(1), Some(8));
    connection.recv(&wire[11..]).unwrap();
    assert_eq!(connection.content_left(1), Some(5));
    assert_eq!(connection.content_left(3), None);
}
