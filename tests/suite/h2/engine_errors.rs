//! What ends a connection of HTTP/2, what ends a stream and leaves its neighbours alone, and how much
//! is borne of what brings nothing.

use pannier::http::Method;
use pannier::proto::h2::{Config, Connection, Error, ErrorCode, Refusal};
use pannier::proto::{CloseReason, Limits};

use crate::h2::engine::{after_settings, connected, feed, OK};
use crate::properties::h2_engine::*;

/// The end of the transcript, and what is sent about it.
fn assert_ends(session: &Session, wire: &[u8], said: &str, sent: &str) {
    let transcript = session.everyway(wire);
    let text = transcript.to_string();
    assert!(text.ends_with(said), "{} is not {}", text, said);
    assert_eq!(transcript.sent.last().map_or("", |last| last), sent, "{}", text);
}

#[test]
fn err_the_first_frame_is_not_settings() {
    let rows: Vec<(Vec<u8>, &str, &str)> = vec![
        (headers(1, OK, true), "error NoSettings", "GOAWAY 0 PROTOCOL_ERROR"),
        (ping(8), "error NoSettings", "GOAWAY 0 PROTOCOL_ERROR"),
        (frame(4, 1, 0, b""), "error NoSettings", "GOAWAY 0 PROTOCOL_ERROR"),
        (goaway(0, ErrorCode::NO_ERROR), "error NoSettings", "GOAWAY 0 PROTOCOL_ERROR"),
        (frame(0xee, 0, 0, b""), "error NoSettings", "GOAWAY 0 PROTOCOL_ERROR"),
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "error NoSettings", "GOAWAY 0 PROTOCOL_ERROR"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "error Http1", ""),
        (b"HTTP/1.0 ".to_vec(), "error Http1", ""),
        (b"HTTP/2".to_vec(), "eof Err(ClosedInFrame)", ""),
        (b"".to_vec(), "eof Err(ClosedBeforeSettings)", ""),
        (settings(&[])[..5].to_vec(), "eof Err(ClosedInFrame)", ""),
        (settings(&[(2, 0)])[..12].to_vec(), "eof Err(ClosedInFrame)", ""),
    ];
    for (wire, said, sent) in rows {
        assert_ends(&Session::get(), &wire, said, sent);
    }
}

#[test]
fn err_a_broken_rule_of_the_connection_ends_it() {
    let big = frame(0, 0, 1, &[0; 16_385]);
    let closed = [headers(1, OK, true), data(1, b"", true)].concat();
    let rows: Vec<(Vec<u8>, &str, ErrorCode)> = vec![
        (settings(&[(2, 1)]), "PushEnabled", ErrorCode::PROTOCOL_ERROR),
        (settings(&[(2, 2)]), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (settings(&[(4, 1 << 31)]), "Frame(", ErrorCode::FLOW_CONTROL_ERROR),
        (settings(&[(5, 16_383)]), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (settings(&[(5, 1 << 24)]), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (frame(4, 0, 1, b""), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (frame(4, 0, 0, b"\0"), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (frame(4, 1, 0, &[0; 6]), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (frame(4, 1, 0, b"").repeat(2), "UnexpectedAck", ErrorCode::PROTOCOL_ERROR),
        (frame(6, 0, 0, b"1234567"), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (frame(6, 0, 1, b"12345678"), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (frame(7, 0, 1, &[0; 8]), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (frame(7, 0, 0, &[0; 7]), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (frame(8, 0, 0, &[0; 3]), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (frame(8, 0, 1, &[0; 5]), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (window(0, 0), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (window(0, (1 << 31) - 1), "WindowOverflow", ErrorCode::FLOW_CONTROL_ERROR),
        (
            [window(1, (1 << 31) - 65_536), settings(&[(4, 65_536)])].concat(),
            "WindowOverflow",
            ErrorCode::FLOW_CONTROL_ERROR,
        ),
        (frame(3, 0, 1, &[0; 3]), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (frame(3, 0, 0, &[0; 4]), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (big, "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (b"\xff\xff\xff\x00\x00\0\0\0\x01".to_vec(), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (b"\xff\xff\xff\xee\x00\0\0\0\x01".to_vec(), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (headers(0, OK, true), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (data(0, b"x", true), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (headers(2, OK, true), "IdleStream(2)", ErrorCode::PROTOCOL_ERROR),
        (headers(3, OK, true), "IdleStream(3)", ErrorCode::PROTOCOL_ERROR),
        (data(3, b"x", true), "IdleStream(3)", ErrorCode::PROTOCOL_ERROR),
        (padded(2, b"x", 1, true), "IdleStream(2)", ErrorCode::PROTOCOL_ERROR),
        (window(3, 1), "IdleStream(3)", ErrorCode::PROTOCOL_ERROR),
        (rst(3, ErrorCode::CANCEL), "IdleStream(3)", ErrorCode::PROTOCOL_ERROR),
        (frame(2, 0, 3, &[0; 4]), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (frame(2, 0, 0, &[0; 5]), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (frame(5, 4, 1, &[0, 0, 0, 2]), "PushPromise", ErrorCode::PROTOCOL_ERROR),
        (frame(9, 4, 1, b""), "Continuation", ErrorCode::PROTOCOL_ERROR),
        (
            [frame(1, 0, 1, b""), frame(9, 4, 3, b"")].concat(),
            "Interleaved",
            ErrorCode::PROTOCOL_ERROR,
        ),
        ([frame(1, 0, 1, b""), ping(1)].concat(), "Interleaved", ErrorCode::PROTOCOL_ERROR),
        (
            [frame(1, 0, 1, b""), frame(0xee, 0, 0, b"")].concat(),
            "Interleaved",
            ErrorCode::PROTOCOL_ERROR,
        ),
        (closed, "StreamClosed(1)", ErrorCode::STREAM_CLOSED),
        (headers(1, OK, true).repeat(2), "StreamClosed(1)", ErrorCode::STREAM_CLOSED),
        (
            [rst(1, ErrorCode::CANCEL), data(1, b"x", false)].concat(),
            "StreamClosed(1)",
            ErrorCode::STREAM_CLOSED,
        ),
        (
            [goaway(1, ErrorCode::NO_ERROR), goaway(3, ErrorCode::NO_ERROR)].concat(),
            "GoAwayGrew",
            ErrorCode::PROTOCOL_ERROR,
        ),
        (frame(0, 8, 1, b"\x01"), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (frame(0, 8, 1, b""), "Frame(", ErrorCode::FRAME_SIZE_ERROR),
        (frame(1, 0xc, 1, b"\x05\x88"), "Frame(", ErrorCode::PROTOCOL_ERROR),
        (frame(1, 4, 1, b"\x80"), "Hpack(IndexZero)", ErrorCode::COMPRESSION_ERROR),
        (frame(1, 4, 1, b"\xbe"), "Hpack(IndexTooLarge)", ErrorCode::COMPRESSION_ERROR),
        (frame(1, 4, 1, b"\x88\x20"), "Hpack(SizeUpdateLate)", ErrorCode::COMPRESSION_ERROR),
        (
            frame(1, 4, 1, b"\x3f\xe2\x1f\x88"),
            "Hpack(SizeUpdateTooLarge)",
            ErrorCode::COMPRESSION_ERROR,
        ),
        (frame(1, 4, 1, b"\x00\x01a"), "Hpack(Truncated)", ErrorCode::COMPRESSION_ERROR),
    ];
    for (frames, error, code) in rows {
        let transcript = Session::get().everyway(&after_settings(&[frames, ping(7)]));
        let text = transcript.to_string();
        assert!(text.contains(&format!("error {}", error)), "{} is not {}", text, error);
        assert_eq!(transcript.sent.last().unwrap(), &format!("GOAWAY 0 {}", code), "{}", text);
        assert!(!text.contains("pong"));
    }
}

#[test]
fn err_a_connection_that_has_failed_says_so_and_nothing_else() {
    let mut connection = connected(Config::default(), &[]);
    request(&mut connection, &Method::POST, false);
    connection.output().clear();
    let wire = headers(2, OK, true);
    assert_eq!(connection.recv(&wire).err(), Some(Error::IdleStream(2)));
    assert_eq!(connection.recv_eof(), Err(Error::IdleStream(2)));
    assert_eq!(connection.can_open(), Err(Refusal::Failed));
    assert_eq!(connection.close_reason(), Some(CloseReason::Fault));
    assert_eq!((connection.send_room(1), connection.send_data(1, b"x", true)), (0, 0));
    connection.reset(1, ErrorCode::CANCEL);
    connection.release(1, 5);
    let output = std::mem::take(connection.output());
    assert_eq!(
        frames(&output).into_iter().map(words).collect::<Vec<_>>(),
        ["GOAWAY 0 PROTOCOL_ERROR"]
    );
}

/// Malformed responses to a GET, with the error; each is followed by what would complete it.
#[test]
fn err_a_malformed_response_ends_its_stream_only() {
    let field = |name: &'static str, value: &'static str| vec![(":status", "200"), (name, value)];
    let heads: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (vec![], "Status"),
        (vec![("x-a", "b")], "Status"),
        (vec![(":status", "20")], "Status"),
        (vec![(":status", "2000")], "Status"),
        (vec![(":status", "20x")], "Status"),
        (vec![(":status", "099")], "Status"),
        (vec![(":status", "+20")], "Status"),
        (vec![(":status", "")], "Status"),
        (vec![(":status", "101")], "Status"),
        (vec![(":status", "200"), (":status", "200")], "PseudoField"),
        (vec![("x-a", "b"), (":status", "200")], "PseudoField"),
        (field(":path", "/"), "PseudoField"),
        (field(":", ""), "PseudoField"),
        (field("X-Upper", "a"), "FieldName"),
        (field("a b", "a"), "FieldName"),
        (field("a:b", "a"), "FieldName"),
        (field("", "a"), "FieldName"),
        (field("x\r\ny", "a"), "FieldName"),
        (field("x\0", "a"), "FieldName"),
        (field("\u{e9}", "a"), "FieldName"),
        (field("a", "b\r\nX-Evil: 1"), "FieldValue"),
        (field("a", "b\n"), "FieldValue"),
        (field("a", "b\0"), "FieldValue"),
        (field("a", "b\x7f"), "FieldValue"),
        (field("a", " b"), "FieldValue"),
        (field("a", "b\t"), "FieldValue"),
        (field("connection", "close"), "ConnectionField"),
        (field("proxy-connection", "close"), "ConnectionField"),
        (field("keep-alive", "timeout=5"), "ConnectionField"),
        (field("transfer-encoding", "chunked"), "ConnectionField"),
        (field("upgrade", "h2c"), "ConnectionField"),
        (field("te", "trailers"), "ConnectionField"),
        (field("content-length", "5x"), "ContentLength"),
        (field("content-length", "+5"), "ContentLength"),
        (field("content-length", ""), "ContentLength"),
        (field("content-length", "5, 5"), "ContentLength"),
        (field("content-length", "18446744073709551616"), "ContentLength"),
        (
            vec![(":status", "200"), ("content-length", "5"), ("content-length", "6")],
            "ContentLengthsDiffer",
        ),
        (field("content-length", "10"), "ContentMismatch { received: 5, expected: 10 }"),
        (field("content-length", "4"), "ContentMismatch { received: 5, expected: 4 }"),
        (field("content-length", "0"), "ContentMismatch { received: 5, expected: 0 }"),
        (vec![(":status", "204")], "UnexpectedContent"),
        (vec![(":status", "304")], "UnexpectedContent"),
    ];
    let mut rows: Vec<(Vec<Vec<u8>>, String)> = heads
        .into_iter()
        .map(|(fields, error)| {
            (vec![headers(1, &fields, false), data(1, b"hello", true)], error.to_owned())
        })
        .collect();
    let streams: Vec<(Vec<Vec<u8>>, &str)> = vec![
        (vec![data(1, b"hello", true)], "DataBeforeHead"),
        (vec![data(1, b"", true)], "DataBeforeHead"),
        (vec![headers(1, &[(":status", "103")], false), data(1, b"hello", true)], "DataBeforeHead"),
        (vec![headers(1, &[(":status", "103")], true)], "InterimEnd"),
        (
            vec![headers(1, &[(":status", "200"), ("content-length", "5")], true)],
            "ContentMismatch { received: 0, expected: 5 }",
        ),
        (
            vec![headers(1, &field("content-length", "5"), false), headers(1, &[], true)],
            "ContentMismatch { received: 0, expected: 5 }",
        ),
        (vec![headers(1, OK, false), headers(1, OK, false)], "SecondHead"),
        (vec![headers(1, OK, false), headers(1, &[("a", "b")], false)], "SecondHead"),
        (vec![headers(1, OK, false), headers(1, OK, true)], "PseudoField"),
        (vec![headers(1, OK, false), headers(1, &[("A", "b")], true)], "FieldName"),
        (vec![headers(1, OK, false), headers(1, &[("te", "b")], true)], "ConnectionField"),
        (vec![window(1, 0)], "Frame("),
        (vec![frame(2, 0, 1, &[0; 4])], "Frame("),
        (vec![window(1, (1 << 31) - 1)], "WindowOverflow"),
    ];
    rows.extend(streams.into_iter().map(|(frames, error)| (frames, error.to_owned())));
    for (frames, error) in rows {
        let mut wire = after_settings(&frames);
        wire.extend_from_slice(&headers(3, OK, true));
        let session = Session::get().open(&Method::GET, true);
        let transcript = session.everyway(&wire);
        let text = transcript.to_string();
        assert!(text.contains(&format!("1:Malformed({}", error)), "{} is not {}", text, error);
        assert!(text.ends_with("3:200 END, eof Ok(())"), "{}", text);
        assert!(!text.contains("hello"), "{}", text);
        let code = match &*error {
            "Frame(" if frames[0][3] == 2 => "FRAME_SIZE_ERROR",
            "WindowOverflow" => "FLOW_CONTROL_ERROR",
            _ => "PROTOCOL_ERROR",
        };
        assert_eq!(transcript.sent, ["ACK".to_owned(), format!("RST_STREAM 1 {}", code)]);
    }
}

#[test]
fn err_what_comes_after_the_end_of_a_response_ends_the_upload() {
    for late in [data(1, b"x", false), headers(1, &[("a", "b")], true), padded(1, b"", 3, true)] {
        let session = Session::idle().open(&Method::POST, false).open(&Method::GET, true);
        let wire = after_settings(&[headers(1, OK, true), late, headers(3, OK, true)]);
        let said = "1:200 END, 1:Malformed(StreamClosed(1)), 3:200 END, eof Ok(())";
        assert_ends(&session, &wire, said, "RST_STREAM 1 STREAM_CLOSED");
    }
}

#[test]
fn err_fields_do_not_come_through_a_tunnel() {
    let session = Session::idle().open(&Method::CONNECT, false);
    let wire = after_settings(&[headers(1, OK, false), headers(1, &[("a", "b")], true)]);
    let said = "1:200, 1:Malformed(FieldsInTunnel), eof Ok(())";
    assert_ends(&session, &wire, said, "RST_STREAM 1 PROTOCOL_ERROR");
}

#[test]
fn err_content_that_head_does_not_have() {
    let session = Session::idle().open(&Method::HEAD, true);
    let wire = after_settings(&[headers(1, OK, false), data(1, b"x", true)]);
    let said = "1:200, 1:Malformed(UnexpectedContent), eof Ok(())";
    assert_ends(&session, &wire, said, "RST_STREAM 1 PROTOCOL_ERROR");
}

#[test]
fn err_a_connection_that_is_cut() {
    let rows: Vec<(Vec<u8>, &str)> = vec![
        (vec![], "eof Err(Closed(1))"),
        (headers(1, OK, false), "1:200, eof Err(Closed(1))"),
        ([headers(1, OK, false), data(1, b"he", false)].concat(), "1:\"he\", eof Err(Closed(1))"),
        (headers(1, OK, true)[..12].to_vec(), "settings, eof Err(ClosedInFrame)"),
        (headers(1, OK, true)[..5].to_vec(), "settings, eof Err(ClosedInFrame)"),
        (frame(1, 1, 1, &block(OK)), "settings, eof Err(ClosedInFrame)"),
        (
            [headers(1, OK, false), data(1, b"hello", true)[..11].to_vec()].concat(),
            "1:\"he\", eof Err(ClosedInFrame)",
        ),
        // Padding belongs to the frame that ends the response.
        (
            [headers(1, OK, false), padded(1, b"hello", 4, true)[..18].to_vec()].concat(),
            "1:\"hello\", eof Err(ClosedInFrame)",
        ),
        (
            [headers(1, OK, false), padded(1, b"", 4, true)[..10].to_vec()].concat(),
            "1:200, eof Err(ClosedInFrame)",
        ),
    ];
    for (wire, said) in rows {
        assert_ends(&Session::get(), &after_settings(&[wire]), said, "ACK");
    }
}

#[test]
fn err_heads_and_trailers_beyond_their_limits() {
    let mut session = Session::get().open(&Method::GET, true);
    session.limits = Limits::default().head_bytes(200).trailer_bytes(100).head_lines(3);
    session.limits = session.limits.interim_responses(2);
    let long = "x".repeat(200 - 32 - 1 - (7 + 3 + 32));
    let longer = format!("{}x", long);
    let four = [(":status", "200"), ("a", ""), ("a", ""), ("a", ""), ("a", "")];
    let interim = headers(1, &[(":status", "103")], false);
    let rows: Vec<(Vec<u8>, &str)> = vec![
        (headers(1, &[(":status", "200"), ("a", &long)], true), "1:200 END"),
        (headers(1, &[(":status", "200"), ("a", &longer)], true), "1:Malformed(HeadTooLong(200))"),
        (headers(1, &four[..4], true), "1:200 END"),
        (headers(1, &four, true), "1:Malformed(TooManyFields(3))"),
        (
            [headers(1, OK, false), headers(1, &[("a", &long[..68])], true)].concat(),
            "1:200, 1:Malformed(TrailerTooLong(100))",
        ),
        ([interim.repeat(2), headers(1, OK, true)].concat(), "1:103, 1:103, 1:200 END"),
        (interim.repeat(4), "1:103, 1:103, 1:Malformed(TooManyInterim(2))"),
    ];
    for (frames, said) in rows {
        // The table is right afterwards: the field was added though it was not stored.
        let more = frame(1, 4, 3, &[&block(OK)[..], b"\x40\x01a\x01b"].concat());
        let trailers = frame(1, 5, 3, b"\xbe");
        let wire = after_settings(&[frames, more, trailers]);
        let transcript = session.everyway(&wire);
        let expected = format!("settings, {}, 3:200, 3:{{\"a\": \"b\"}} END, eof Ok(())", said);
        assert_eq!(transcript.to_string(), expected);
        if said.contains("Malformed") {
            assert_eq!(transcript.sent, ["ACK", "RST_STREAM 1 ENHANCE_YOUR_CALM"]);
        }
    }
}

#[test]
fn err_a_table_that_expands_without_end_is_refused_and_followed() {
    let mut bomb = [&block(OK)[..], b"\x40\x01a\x7f\xbd\x1d"].concat();
    bomb.extend_from_slice(&[b'b'; 3_900]);
    bomb.resize(16_000, 0xbe);
    let wire = after_settings(&[frame(1, 4, 1, &bomb), frame(1, 5, 3, b"\x88\xbe")]);
    let mut session = Session::get().open(&Method::GET, true);
    session.limits = Limits::default();
    let transcript = session.play(&[&wire]);
    assert_eq!(
        transcript.to_string(),
        "settings, 1:Malformed(HeadTooLong(65536)), 3:200 END, eof Ok(())"
    );
}

#[test]
fn err_a_field_block_without_end() {
    let first = frame(1, 0, 1, &block(OK));
    let full = frame(9, 0, 1, &block(&[("a", &"b".repeat(1_000))]).repeat(16));
    let rows: Vec<(Vec<u8>, &str)> = vec![
        ([first.clone(), full.repeat(6)].concat(), "error BlockTooLong(81920)"),
        ([first, frame(9, 0, 1, b"").repeat(65)].concat(), "error TooManyContinuations(64)"),
    ];
    for (frames, said) in rows {
        let wire = after_settings(&[frames]);
        let transcript = Session::get().play(&wire.chunks(1_000).collect::<Vec<_>>());
        assert_eq!(transcript.to_string(), format!("settings, {}", said));
        assert_eq!(transcript.sent, ["ACK", "GOAWAY 0 ENHANCE_YOUR_CALM"]);
    }
}

/// A connection with a budget of 50, in the middle of a response, and an upload that has ended.
fn flooded() -> Connection {
    let mut connection = connected(Config::default().idle_frames(50), &[]);
    for _ in 0..3 {
        request(&mut connection, &Method::POST, false);
    }
    let wire = [headers(3, OK, true), headers(5, OK, false)].concat();
    assert_eq!(feed(&mut connection, &wire), 2);
    connection.reset(1, ErrorCode::CANCEL);
    connection
}

#[test]
fn err_frames_that_bring_nothing_are_borne_up_to_a_bound() {
    let floods: Vec<(&str, Vec<u8>)> = vec![
        ("SETTINGS", settings(&[])),
        ("SETTINGS with values", settings(&[(4, 5), (4, 70_000)])),
        ("PING", ping(1)),
        ("answers to PING", frame(6, 1, 0, &[0; 8])),
        ("PRIORITY", frame(2, 0, 5, &[0, 0, 0, 1, 2])),
        ("PRIORITY on an idle stream", frame(2, 0, 99, &[0, 0, 0, 1, 2])),
        ("unknown frames", frame(0xee, 0, 0, b"")),
        ("unknown frames of some length", frame(0xee, 0, 5, &[0; 200])),
        ("empty DATA", data(5, b"", false)),
        ("padding", padded(5, b"", 255, false)),
        ("padding with a little DATA", padded(5, b"x", 100, false)),
        ("WINDOW_UPDATE of the connection", window(0, 1)),
        ("WINDOW_UPDATE of a stream", window(5, 1)),
        ("WINDOW_UPDATE of a stream that was reset", window(1, 1)),
        ("RST_STREAM of a stream that was reset", rst(1, ErrorCode::CANCEL)),
        ("DATA of a stream that was reset", data(1, b"x", false)),
        ("heads of a stream that was reset", headers(1, OK, false)),
        ("GOAWAY", goaway(5, ErrorCode::NO_ERROR)),
    ];
    for (name, unit) in floods {
        let mut connection = flooded();
        let mut borne = 0;
        let error = 'flood: loop {
            assert!(borne <= 60, "{}", name);
            let mut input = &unit[..];
            loop {
                match connection.recv(input) {
                    Ok((used, Some(_))) => input = &input[used..],
                    Ok((_, None)) => break,
                    Err(error) => break 'flood error,
                }
            }
            borne += 1;
        };
        assert_eq!((error, borne >= 45), (Error::Flood, true), "{} after {}", name, borne);
        let output = std::mem::take(connection.output());
        let last = frames(&output).pop().map(words);
        assert_eq!(last.as_deref(), Some("GOAWAY 0 ENHANCE_YOUR_CALM"));
    }
}

#[test]
fn err_long_frames_that_bring_nothing_are_borne_for_as_many_bytes() {
    let long = "y".repeat(4_000);
    let floods: [(&str, Vec<u8>); 4] = [
        ("unknown frames", frame(0xee, 0, 5, &[0; 4_000])),
        ("SETTINGS with many values", settings(&[(99, 5); 700])),
        ("GOAWAY with a long explanation", frame(7, 0, 0, &[0; 4_000])),
        ("long heads of a stream that was reset", headers(1, &[("x", &long)], false)),
    ];
    for (name, unit) in floods {
        let mut connection = flooded();
        let borne = (0..50).position(|_| {
            let mut input = &unit[..];
            loop {
                match connection.recv(input) {
                    Ok((used, Some(_))) => input = &input[used..],
                    Ok((_, None)) => return false,
                    Err(error) => return error == Error::Flood,
                }
            }
        });
        assert!(borne.map_or(false, |borne| (2..=4).contains(&borne)), "{}: {:?}", name, borne);
    }
}

#[test]
fn ok_what_brings_something_makes_up_for_what_does_not() {
    let mut connection = flooded();
    for round in 0..200 {
        let idle = [ping(1), settings(&[]), window(0, 1), window(5, 1)].concat();
        feed(&mut connection, &idle);
        match round % 2 {
            0 => drop(feed(&mut connection, &data(5, &[b'x'; 100], false))),
            _ => assert_eq!(connection.send_data(5, b"upload", false), 6),
        }
        connection.output().clear();
    }
    // Single bytes are as good as any, but make up for nothing.
    for _ in 0..1_000 {
        feed(&mut connection, &data(5, b"x", false));
    }
    // RFC 9113 §10.7: padding hides how long a message is, so short ones have more of it than content.
    for _ in 0..1_000 {
        feed(&mut connection, &padded(5, &[b'x'; 20], 235, false));
        connection.output().clear();
    }
}

#[test]
fn err_answers_that_nobody_takes() {
    let mut connection = connected(Config::default(), &[]);
    let mut error = None;
    for _ in 0..10_000 {
        match connection.recv(&ping(1)) {
            Ok((_, event)) => assert!(event.is_none()),
            Err(found) => {
                error = Some(found);
                break;
            }
        }
    }
    assert_eq!(error, Some(Error::AnswersUnread));
    assert!(connection.output().len() <= 70_000);

    let mut connection = connected(Config::default(), &[]);
    for _ in 0..9_000 {
        feed(&mut connection, &ping(1));
        connection.output().clear();
    }

    // Whoever holds them, they are unsent.
    let mut connection = connected(Config::default(), &[]);
    let mut unsent = 0;
    let error = loop {
        unsent += std::mem::take(connection.output()).len();
        connection.set_unsent(unsent);
        if let Err(error) = connection.recv(&ping(1)) {
            break error;
        }
    };
    assert_eq!(error, Error::AnswersUnread);
    assert!((60_000..70_000).contains(&unsent));
}

#[test]
fn ok_errors_say_what_is_wrong_and_where_it_is_written() {
    for (error, text) in [
        (Error::Http1, "the peer answers in HTTP/1 (RFC 9113 §3.4)"),
        (
            Error::ContentMismatch { received: 5, expected: 10 },
            "the peer sent 5 of 10 body bytes (RFC 9113 §8.1.1)",
        ),
        (Error::Refused(Refusal::Full), "as many streams are open as may be (RFC 9113 §5.1.2)"),
        (
            Error::TooManyInterim(16),
            "more than 16 interim responses came before a final one (RFC 9110 §15.2)",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
    let mut connection = connected(Config::default(), &[]);
    let error = connection.recv(&frame(6, 0, 0, b"1")).err().unwrap();
    assert_eq!(error.to_string(), "a PING frame has a wrong length of 1 (RFC 9113 §6.7)");
    assert!(matches!(connection.recv(b""), Err(Error::Frame(_))));
}
