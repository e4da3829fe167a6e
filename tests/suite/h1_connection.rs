//! The life of a connection: requests out, responses in order, persistence and its reasons.

use pannier::http::Method;
use pannier::proto::h1::{Error, Event, KeepAlive, Transfer};
use pannier::proto::CloseReason;

use crate::properties::replay::{Feed, Request, Session};
use crate::support::client::{Client, OK};

const CLOSE: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn ok_one_exchange_after_the_other() {
    let mut client = Client::new();
    for _ in 0..3 {
        assert_eq!(client.persistence(), Ok(()));
        client.get();
        assert_eq!(client.persistence(), Err(CloseReason::UnfinishedResponse));
        assert_eq!(client.receive(OK), "200 OK ok End");
        assert_eq!(client.connection.in_flight(), 0);
    }
    assert_eq!(client.persistence(), Ok(()));
    assert_eq!(client.sent, b"GET / HTTP/1.1\r\n\r\n".repeat(3));
}

#[test]
fn ok_4xx_and_5xx_persist() {
    for status in [400, 404, 408, 429, 500, 503, 600] {
        let wire = format!("HTTP/1.1 {} x\r\nContent-Length: 0\r\n\r\n", status);
        let transcript = Session::get().everyway(wire.as_bytes());
        assert_eq!(transcript.to_string(), format!("{} END persists", status));
    }
}

/// Fields of the request, version and fields of the response, and what comes of them.
type Row = (&'static [(&'static str, &'static str)], &'static str, &'static str, CloseReason);

/// Every reason that the engine itself can give, with a wire that brings it.
#[test]
fn ok_reasons_for_closing() {
    let rows: [Row; 16] = [
        (
            &[("Connection", "close")],
            "1.1",
            "Content-Length: 0\r\n",
            CloseReason::RequestedByClient,
        ),
        (
            &[("Connection", "x, CLOSE")],
            "1.1",
            "Content-Length: 0\r\n",
            CloseReason::RequestedByClient,
        ),
        (
            &[("Connection", "close")],
            "1.1",
            "Connection: close\r\n",
            CloseReason::RequestedByClient,
        ),
        (&[], "1.1", "Connection: close\r\nContent-Length: 0\r\n", CloseReason::RequestedByServer),
        (
            &[],
            "1.1",
            "Connection: x,, Close ,y\r\nContent-Length: 0\r\n",
            CloseReason::RequestedByServer,
        ),
        (
            &[],
            "1.1",
            "Connection: x\r\nconnection: close\r\nContent-Length: 0\r\n",
            CloseReason::RequestedByServer,
        ),
        (
            &[],
            "1.1",
            "Connection: keep-alive, close\r\nContent-Length: 0\r\n",
            CloseReason::RequestedByServer,
        ),
        (&[], "1.0", "Connection: close\r\nContent-Length: 0\r\n", CloseReason::RequestedByServer),
        (&[], "1.0", "Content-Length: 0\r\n", CloseReason::Http10),
        (&[], "1.0", "Connection: x\r\nContent-Length: 0\r\n", CloseReason::Http10),
        (&[], "1.0", "Keep-Alive: timeout=5\r\nContent-Length: 0\r\n", CloseReason::Http10),
        (&[], "1.0", "", CloseReason::CloseDelimited),
        (&[], "1.1", "Connection: close\r\n", CloseReason::CloseDelimited),
        (&[], "1.1", "Connection: keep-alive\r\n", CloseReason::CloseDelimited),
        (
            &[],
            "1.1",
            "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
            CloseReason::AmbiguousFraming,
        ),
        (
            &[],
            "1.0",
            "Connection: close\r\nTransfer-Encoding: chunked\r\n",
            CloseReason::AmbiguousFraming,
        ),
    ];
    for (request, version, fields, reason) in rows {
        let mut client = Client::new();
        client.send("GET / HTTP/1.1", request).unwrap();
        let head = format!("HTTP/{} 200 OK\r\n{}\r\n", version, fields);
        let body = if fields.contains("chunked") { "0\r\n\r\n" } else { "" };
        client.receive((head + body).as_bytes());
        if client.connection.in_flight() > 0 {
            assert!(matches!(client.connection.recv_eof(), Ok(Event::End)));
        }
        assert_eq!(client.persistence(), Err(reason), "{:?}", fields);
        assert_eq!(client.send("GET / HTTP/1.1", &[]), Err(Error::NotReady));
        assert!(!reason.to_string().is_empty());
    }
}

#[test]
fn ok_what_does_not_close() {
    for (version, fields) in [
        ("1.1", "Content-Length: 0\r\n"),
        ("1.1", "Connection: closed\r\nContent-Length: 0\r\n"),
        ("1.1", "Connection: keep-alive\r\nContent-Length: 0\r\n"),
        ("1.1", "Proxy-Connection: close\r\nContent-Length: 0\r\n"),
        ("1.2", "Content-Length: 0\r\n"),
        ("1.0", "Connection: keep-alive\r\nContent-Length: 0\r\n"),
        ("1.0", "Connection: x, Keep-Alive\r\nContent-Length: 0\r\n"),
        ("1.0", "Connection: x\r\nConnection: keep-alive\r\nContent-Length: 0\r\n"),
    ] {
        let wire = format!("HTTP/{} 200 OK\r\n{}\r\n", version, fields);
        let transcript = Session::get().everyway(wire.as_bytes());
        assert_eq!(transcript.to_string(), "200 END persists", "{:?}", fields);
    }
}

#[test]
fn ok_http_1_0_requests_persist_only_with_keep_alive() {
    for (fields, expected) in [
        (&[][..], Err(CloseReason::RequestedByClient)),
        (&[("Connection", "keep-alive")], Ok(())),
        (&[("Connection", "keep-alive, close")], Err(CloseReason::RequestedByClient)),
    ] {
        let mut client = Client::new();
        client.send("GET / HTTP/1.0", fields).unwrap();
        assert_eq!(client.receive(OK), "200 OK ok End");
        assert_eq!(client.persistence(), expected);
    }
}

#[test]
fn ok_keep_alive_hints() {
    let hints = |value: &str| {
        let wire = format!("HTTP/1.1 204 x\r\n{}\r\n", value);
        let KeepAlive { timeout, max, .. } = Session::get().everyway(wire.as_bytes()).keep_alive;
        (timeout.map(|timeout| timeout.as_secs()), max)
    };
    for (value, expected) in [
        ("", (None, None)),
        ("Keep-Alive: timeout=5, max=100\r\n", (Some(5), Some(100))),
        ("keep-alive: MAX=1,Timeout=0\r\n", (Some(0), Some(1))),
        ("Keep-Alive: timeout=5\r\nKeep-Alive: max=7\r\n", (Some(5), Some(7))),
        ("Keep-Alive: x=y, , timeout=15,,z\r\n", (Some(15), None)),
        ("Keep-Alive: timeout\r\n", (None, None)),
        ("Keep-Alive: 300\r\n", (None, None)),
        ("Keep-Alive: timeout=+5, max=-1\r\n", (None, None)),
        ("Keep-Alive: timeout=99999999999999999999\r\n", (None, None)),
        ("Keep-Alive: timeout=18446744073709551615\r\n", (Some(u64::MAX), None)),
    ] {
        assert_eq!(hints(value), expected, "{:?}", value);
    }
}

#[test]
fn ok_hints_are_those_of_the_last_response() {
    let mut client = Client::new();
    client.get();
    client.receive(b"HTTP/1.1 204 x\r\nKeep-Alive: timeout=5\r\n\r\n");
    assert!(client.connection.keep_alive().timeout.is_some());
    client.get();
    client.receive(b"HTTP/1.1 204 x\r\n\r\n");
    assert_eq!(client.connection.keep_alive(), KeepAlive::default());
}

#[test]
fn ok_a_head_that_comes_again_means_the_same_and_another_does_not() {
    let mut client = Client::new();
    let two: &[u8] = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 2\r\n\r\n";
    let one: &[u8] = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 1\r\n\r\n";
    let folded: &[u8] = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length:\r\n 1\r\n\r\n";
    for (head, content) in [(two, "ok"), (two, "ok"), (one, "o"), (folded, "o"), (two, "ok")] {
        client.get();
        let wire = [head, content.as_bytes()].concat();
        assert_eq!(client.receive(&wire), format!("200 OK {} End", content));
    }
    client.get();
    assert_eq!(client.receive(CLOSE), "200 OK ok End");
    assert_eq!(client.persistence(), Err(CloseReason::RequestedByServer));
}

#[test]
fn ok_surplus_bytes_never_answer_the_next_request() {
    let mut client = Client::new();
    client.get();
    let wire = [OK, OK].concat();
    let mut output = [0; 64];
    let (used, _) = client.connection.recv(&wire, &mut output).unwrap();
    let (more, _) = client.connection.recv(&wire[used..], &mut output).unwrap();
    let rest = &wire[used + more..];
    assert!(matches!(client.connection.recv(rest, &mut output), Ok((0, Some(Event::End)))));
    assert_eq!(client.persistence(), Err(CloseReason::SurplusBytes));
    assert_eq!(client.send("GET / HTTP/1.1", &[]), Err(Error::NotReady));
}

#[test]
fn err_unsolicited_bytes() {
    let mut client = Client::new();
    assert_eq!(client.receive(b""), "");
    assert_eq!(client.receive(b"HTTP/1.1 408 x\r\n\r\n"), "Unsolicited");
    assert_eq!(client.persistence(), Err(CloseReason::Fault));
    let mut client = Client::new();
    client.get();
    assert_eq!(client.receive(OK), "200 OK ok End");
    assert_eq!(client.receive(b"\r\n"), "Unsolicited");
}

#[test]
fn err_a_fault_stays() {
    let mut client = Client::new();
    client.get();
    assert_eq!(client.receive(b"nonsense"), "StatusLine");
    assert_eq!(client.receive(OK), "StatusLine");
    assert_eq!(client.persistence(), Err(CloseReason::Fault));
    assert_eq!(client.send("GET / HTTP/1.1", &[]), Err(Error::NotReady));
}

#[test]
fn ok_101_switches_when_asked() {
    let mut client = Client::new();
    client.send("GET / HTTP/1.1", &[("Connection", "upgrade"), ("Upgrade", "websocket")]).unwrap();
    let wire = b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n\x81\x05hello";
    assert_eq!(client.receive(wire), "103 Early Hints 101 Switching Protocols Switched");
    assert_eq!(client.persistence(), Err(CloseReason::Upgraded));
    assert!(matches!(client.connection.recv_eof(), Ok(Event::Switched)));
    assert_eq!(client.connection.direct(), 0);
}

#[test]
fn err_101_unasked() {
    let transcript = Session::get().everyway(b"HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n");
    assert_eq!(transcript.to_string(), "ERR UnaskedUpgrade");
}

#[test]
fn ok_a_refused_upgrade_is_a_usual_response() {
    let mut client = Client::new();
    client.send("GET / HTTP/1.1", &[("Connection", "upgrade"), ("Upgrade", "x")]).unwrap();
    assert_eq!(client.receive(OK), "200 OK ok End");
    assert_eq!(client.persistence(), Ok(()));
}

/// Three pipelined requests.
fn three() -> Session {
    Session { requests: vec![Request::new(Method::GET); 3], ..Session::get() }
}

#[test]
fn ok_pipelined_responses_arrive_in_one_read() {
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n";
    let wire = [OK, b"HTTP/1.1 204 x\r\n\r\n", &chunked[..]].concat();
    let transcript = three().everyway(&wire);
    assert_eq!(transcript.to_string(), "200 \"ok\" END 204 END 200 \"ok\" {X: y} END persists");
}

#[test]
fn ok_pipelined_requests_of_several_methods_match_their_responses() {
    let mut session = three();
    session.requests[0] = Request::new(Method::HEAD);
    session.requests[2].transfer = Transfer::Raw;
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let wire = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", OK, chunked].concat();
    let expected = r#"200 END 200 "ok" END 200 "0\r\n\r\n" END persists"#;
    assert_eq!(session.everyway(&wire).to_string(), expected);
}

#[test]
fn ok_the_end_of_one_is_no_surplus_while_others_are_awaited() {
    let transcript = three().everyway(&[OK, OK].concat());
    let expected = "200 \"ok\" END 200 \"ok\" END ERR ClosedBeforeResponse";
    assert_eq!(transcript.to_string(), expected);
    let transcript = three().everyway(&[OK, OK, OK, b"x"].concat());
    assert!(transcript.to_string().ends_with("END SurplusBytes"), "{}", transcript);
}

#[test]
fn err_no_response_is_read_behind_the_one_that_closes() {
    let ambiguous =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n";
    let old = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for (last, body, reason) in [
        (CLOSE, "\"ok\" ", CloseReason::RequestedByServer),
        (&old[..], "\"ok\" ", CloseReason::Http10),
        (&ambiguous[..], "", CloseReason::AmbiguousFraming),
    ] {
        let transcript = three().everyway(&[OK, last, OK].concat());
        let expected = format!("200 \"ok\" END 200 {}END ERR ClosedBeforeResponse", body);
        assert_eq!(transcript.to_string(), expected);
        assert_eq!(transcript.persistence, Err(reason));
    }
    let until_close = b"HTTP/1.1 200 OK\r\n\r\nrest";
    let transcript = three().everyway(until_close);
    assert_eq!(transcript.to_string(), "200 \"rest\" END ERR ClosedBeforeResponse");
    assert_eq!(transcript.persistence, Err(CloseReason::CloseDelimited));
}

#[test]
fn ok_responses_before_the_one_whose_request_closes_are_read() {
    let mut session = three();
    session.requests[2].fields = &[("Connection", "close")];
    let transcript = session.everyway(&[OK, OK, OK].concat());
    let expected = "200 \"ok\" END 200 \"ok\" END 200 \"ok\" END RequestedByClient";
    assert_eq!(transcript.to_string(), expected);
}

#[test]
fn ok_requests_may_be_added_while_responses_come() {
    let mut client = Client::new();
    client.get();
    client.get();
    assert_eq!(client.receive(OK), "200 OK ok End");
    client.get();
    assert_eq!(client.connection.in_flight(), 2);
    assert_eq!(client.receive(&[OK, OK].concat()), "200 OK ok End 200 OK ok End");
    assert_eq!(client.persistence(), Ok(()));
}

#[test]
fn ok_direct_reads_are_offered_where_data_is_all_that_can_come() {
    let mut client = Client::new();
    assert_eq!(client.connection.direct(), 0);
    client.get();
    assert_eq!((client.connection.direct(), client.connection.content_left()), (0, None));
    client.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    assert_eq!((client.connection.direct(), client.connection.content_left()), (7, Some(7)));
    client.connection.recv_direct(6);
    assert_eq!((client.connection.direct(), client.connection.content_left()), (1, Some(1)));
    client.connection.recv_direct(1);
    assert_eq!((client.connection.direct(), client.connection.content_left()), (0, Some(0)));
    assert_eq!(client.receive(b""), "End");
    assert_eq!(client.persistence(), Ok(()));

    client.get();
    client.receive(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!((client.connection.direct(), client.connection.content_left()), (0, None));
    assert_eq!(client.receive(b"a\r\nxy"), "xy");
    assert_eq!(client.connection.direct(), 8);
    client.connection.recv_direct(8);
    assert_eq!(client.connection.direct(), 0);
    let error = Error::Truncated { received: 10, expected: None };
    assert_eq!(client.connection.recv_eof().map(|_| ()), Err(error));

    let mut client = Client::new();
    client.get();
    client.receive(b"HTTP/1.1 200 OK\r\n\r\n");
    assert_eq!((client.connection.direct(), client.connection.content_left()), (u64::MAX, None));
    client.connection.recv_direct(1 << 40);
    assert_eq!(client.connection.direct(), u64::MAX);
    assert!(matches!(client.connection.recv_eof(), Ok(Event::End)));
}

#[test]
fn ok_without_room_heads_and_ends_are_still_found() {
    let mut client = Client::new();
    client.get();
    let (used, event) = client.connection.recv(OK, &mut []).unwrap();
    assert!(matches!(event, Some(Event::Head(_))));
    // There is content, but no place for it: not a byte of it is taken.
    assert!(matches!(client.connection.recv(&OK[used..], &mut []), Ok((0, None))));
    assert_eq!(client.receive(&OK[used..]), "ok End");
    client.get();
    let wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n";
    let mut seen = Vec::new();
    let mut at = 0;
    while client.connection.in_flight() > 0 {
        let (used, event) = client.connection.recv(&wire[at..], &mut []).unwrap();
        at += used;
        seen.push(event.expect("all of it is there"));
    }
    assert!(matches!(seen[..], [Event::Head(_), Event::Trailers(_), Event::End]));
}

#[test]
fn ok_the_end_comes_with_the_call_after_the_last_byte() {
    let transcript = Session::get().replay(OK, Feed { room: 2, ..Feed::WHOLE });
    assert_eq!(transcript.to_string(), "200 \"ok\" END persists");
}

#[test]
fn ok_whether_the_content_ends_within_what_is_there() {
    let rows: [(&str, &[&str], &[&str]); 5] = [
        ("Content-Length: 2\r\n\r\n", &["", "o"], &["ok", "okay"]),
        (
            "Transfer-Encoding: chunked\r\n\r\n",
            &["", "2", "2\r\nok\r\n", "2\r\nok\r\n0\r", "1\r\n0\r\n3\r\n0\r\n"],
            &["0\r\n", "2\r\nok\r\n0\r\n", "2\r\nok\r\n0\r\nX: y\r\n\r\n", "2\r\nokay", "x"],
        ),
        ("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", &[], &["", "X: y", "\r\n"]),
        ("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nx", &[], &["", "x"]),
        ("\r\n", &["", "ok"], &[]),
    ];
    for (begin, more, ended) in rows {
        let mut client = Client::new();
        client.get();
        assert!(!client.connection.ends_within(b"HTTP/1.1 200 OK"));
        client.receive(format!("HTTP/1.1 200 OK\r\n{}", begin).as_bytes());
        assert_eq!(client.connection.ends_with_stream(), begin == "\r\n");
        for (inputs, expected) in [(more, false), (ended, true)] {
            for input in inputs {
                let ends = client.connection.ends_within(input.as_bytes());
                assert_eq!(ends, expected, "{:?} after {:?}", input, begin);
            }
        }
    }
}
