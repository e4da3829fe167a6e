//! What the engine sends: request heads, targets, content, and what it refuses to send.

use pannier::http::{Headers, Method, Origin, Scheme, Url, Version};
use pannier::proto::h1::{Error, Framing, RequestHead, Target, Transfer};
use pannier::proto::CloseReason;

use crate::support::client::{Client, OK};

#[test]
fn ok_request_heads_go_out_as_they_are() {
    let mut client = Client::new();
    client.send("PURGE /a?b HTTP/1.1", &[("host", "x"), ("X-A", "1"), ("x-a", "\u{e9}")]).unwrap();
    assert_eq!(
        client.sent,
        "PURGE /a?b HTTP/1.1\r\nhost: x\r\nX-A: 1\r\nx-a: \u{e9}\r\n\r\n".as_bytes()
    );
}

#[test]
fn ok_the_four_forms_of_a_target() {
    let url = Url::parse("http://example.com:8080/a?b").unwrap();
    let plain = Url::parse("http://example.com").unwrap();
    let other = Origin::new(Scheme::Http, plain.host().clone(), 80);
    for (target, expected) in [
        (Target::origin_form(&url), "/a?b"),
        (Target::origin_form(&plain), "/"),
        (Target::absolute_form(&url), "http://example.com:8080/a?b"),
        (Target::absolute_form(&plain), "http://example.com/"),
        (Target::authority_form(&url.origin()), "example.com:8080"),
        (Target::authority_form(&other), "example.com:80"),
        (Target::asterisk_form(), "*"),
        (Target::verbatim("urn:x#y").unwrap(), "urn:x#y"),
    ] {
        let mut wire = Vec::new();
        RequestHead {
            method: &Method::OPTIONS,
            target: &target,
            version: Version::Http10,
            headers: &Headers::new(),
            transfer: Transfer::Decoded,
        }
        .write_to(&mut wire);
        assert_eq!(wire, format!("OPTIONS {} HTTP/1.0\r\n\r\n", expected).into_bytes());
    }
}

#[test]
fn err_targets_that_would_break_the_request_line() {
    for text in ["", " ", "/a b", "/a\tb", "/a\r\nX: y", "/a\n", "/\0", "/\x7f", "/\u{e4}", " /"] {
        assert_eq!(Target::verbatim(text), Err(Error::Target), "{:?}", text);
    }
}

#[test]
fn ok_request_framing_follows_from_the_fields() {
    for (fields, framing) in [
        (&[][..], Framing::Empty),
        (&[("Content-Length", "0")], Framing::Empty),
        (&[("Content-Length", "5")], Framing::Length(5)),
        (&[("content-length", "18446744073709551615")], Framing::Length(u64::MAX)),
        (&[("Transfer-Encoding", "Chunked")], Framing::Chunked),
    ] {
        assert_eq!(Client::new().send("POST / HTTP/1.1", fields), Ok(framing), "{:?}", fields);
    }
}

#[test]
fn err_request_framing_that_readers_could_read_differently() {
    for (line, fields) in [
        ("POST / HTTP/1.1", &[("Content-Length", "+5")][..]),
        ("POST / HTTP/1.1", &[("Content-Length", "")]),
        ("POST / HTTP/1.1", &[("Content-Length", "5, 6")]),
        ("POST / HTTP/1.1", &[("Content-Length", "5"), ("Content-Length", "6")]),
        ("POST / HTTP/1.1", &[("Content-Length", "5"), ("Content-Length", "5")]),
        ("POST / HTTP/1.1", &[("Content-Length", "5, 5")]),
        ("POST / HTTP/1.1", &[("Content-Length", "18446744073709551616")]),
        ("POST / HTTP/1.1", &[("Content-Length", "5"), ("Transfer-Encoding", "chunked")]),
        ("POST / HTTP/1.1", &[("Content-Length", "0"), ("Transfer-Encoding", "chunked")]),
        ("POST / HTTP/1.1", &[("Content-Length", "x"), ("Transfer-Encoding", "chunked")]),
        ("POST / HTTP/1.1", &[("Transfer-Encoding", "gzip")]),
        ("POST / HTTP/1.1", &[("Transfer-Encoding", "gzip, chunked")]),
        ("POST / HTTP/1.1", &[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")]),
        ("POST / HTTP/1.1", &[("Transfer-Encoding", "")]),
        // RFC 9112 §6.1: not to be sent to what may be an HTTP/1.0 server.
        ("POST / HTTP/1.0", &[("Transfer-Encoding", "chunked")]),
    ] {
        let mut client = Client::new();
        assert_eq!(client.send(line, fields), Err(Error::RequestFraming), "{:?}", fields);
        assert!(client.sent.is_empty());
        assert_eq!((client.connection.in_flight(), client.persistence()), (0, Ok(())));
    }
}

#[test]
fn ok_content_of_known_length() {
    let mut client = Client::new();
    client.send("POST / HTTP/1.1", &[("Content-Length", "5")]).unwrap();
    let frame = client.connection.send_data(3).unwrap();
    assert_eq!((frame.before.as_bytes(), frame.after), (&b""[..], &b""[..]));
    assert_eq!(client.connection.send_data(3).map(|_| ()), Err(Error::ContentTooLong));
    assert_eq!(client.connection.send_end(), Err(Error::ContentTooShort(2)));
    assert!(client.connection.send_data(0).is_ok() && client.connection.send_data(2).is_ok());
    assert_eq!(client.connection.send_end(), Ok(&b""[..]));
    assert_eq!(client.receive(OK), "200 OK ok End");
    assert_eq!(client.persistence(), Ok(()));
}

#[test]
fn ok_content_in_chunks() {
    let mut client = Client::new();
    client.send("POST / HTTP/1.1", &[("Transfer-Encoding", "chunked")]).unwrap();
    let mut body = Vec::new();
    for piece in [&b"hello"[..], b"", b" big wide world!"] {
        let frame = client.connection.send_data(piece.len() as u64).unwrap();
        body.extend_from_slice(frame.before.as_bytes());
        body.extend_from_slice(piece);
        body.extend_from_slice(frame.after);
    }
    body.extend_from_slice(client.connection.send_end().unwrap());
    assert_eq!(body, b"5\r\nhello\r\n10\r\n big wide world!\r\n0\r\n\r\n");
    assert_eq!(client.connection.send_end(), Ok(&b""[..]));
    assert_eq!(client.connection.send_data(1).map(|_| ()), Err(Error::ContentTooLong));
}

#[test]
fn err_nothing_new_goes_into_an_unfinished_upload() {
    for fields in [("Content-Length", "5"), ("Transfer-Encoding", "chunked")] {
        let mut client = Client::new();
        client.send("PUT / HTTP/1.1", &[fields]).unwrap();
        let sent = client.sent.len();
        assert_eq!(client.send("GET / HTTP/1.1", &[]), Err(Error::NotReady));
        assert_eq!((client.sent.len(), client.connection.in_flight()), (sent, 1));
        assert_eq!(client.persistence(), Err(CloseReason::UnfinishedRequest));
    }
}

#[test]
fn ok_only_a_request_with_content_awaits_100_continue() {
    let expect = ("Expect", "100-Continue");
    for (fields, awaits) in [
        (&[expect, ("Content-Length", "5")][..], true),
        (&[("Transfer-Encoding", "chunked"), expect], true),
        (&[expect, ("Content-Length", "0")], false),
        (&[expect], false),
        (&[("Content-Length", "5")], false),
        (&[("Expect", "x"), ("Content-Length", "5")], false),
        (&[("X-Expect", "100-continue"), ("Content-Length", "5")], false),
    ] {
        let mut client = Client::new();
        assert!(!client.connection.expects_continue());
        client.send("PUT / HTTP/1.1", fields).unwrap();
        assert_eq!(client.connection.expects_continue(), awaits, "{:?}", fields);
    }
    // RFC 9110 §10.1.1: a server is to ignore the expectation of an HTTP/1.0 request.
    let mut client = Client::new();
    client.send("PUT / HTTP/1.0", &[expect, ("Content-Length", "5")]).unwrap();
    assert!(!client.connection.expects_continue());
}

#[test]
fn err_nothing_goes_behind_a_request_that_may_change_the_protocol() {
    for (line, fields, refusal) in [
        ("CONNECT a:80 HTTP/1.1", &[][..], &b"HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n"[..]),
        ("GET / HTTP/1.1", &[("Upgrade", "x")], OK),
    ] {
        let mut client = Client::new();
        client.send(line, fields).unwrap();
        assert_eq!(client.send("GET / HTTP/1.1", &[]), Err(Error::NotReady), "{}", line);
        client.receive(refusal);
        assert_eq!(client.send("GET / HTTP/1.1", &[]), Ok(Framing::Empty), "{}", line);
    }
}

#[test]
fn ok_an_early_response_ends_the_connection_but_not_the_upload() {
    let mut client = Client::new();
    client.send("PUT / HTTP/1.1", &[("Content-Length", "5")]).unwrap();
    client.connection.send_data(2).unwrap();
    let wire = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 x\r\nContent-Length: 2\r\n\r\nno";
    assert_eq!(client.receive(wire), "100 Continue 413 Content Too Large no End");
    assert_eq!(client.persistence(), Err(CloseReason::UnfinishedRequest));
    assert!(client.connection.send_data(3).is_ok());
    assert_eq!(client.connection.send_end(), Ok(&b""[..]));
    assert_eq!(client.persistence(), Err(CloseReason::UnfinishedRequest));
    assert_eq!(client.send("GET / HTTP/1.1", &[]), Err(Error::NotReady));
}

#[test]
fn ok_the_upload_ends_while_the_response_comes() {
    let mut client = Client::new();
    client.send("PUT / HTTP/1.1", &[("Content-Length", "2")]).unwrap();
    assert_eq!(client.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"), "200 OK o");
    client.connection.send_data(2).unwrap();
    client.connection.send_end().unwrap();
    assert_eq!(client.receive(b"k"), "k End");
    assert_eq!(client.persistence(), Ok(()));
}

#[test]
fn ok_and_err_a_trailer_section_ends_chunked_content_only() {
    let mut trailers = Headers::new();
    trailers.append("X-One", "1").unwrap();
    let mut client = Client::new();
    client.send("POST / HTTP/1.1", &[("Transfer-Encoding", "chunked")]).unwrap();
    let mut out = Vec::new();
    client.connection.send_trailers(&trailers, &mut out).unwrap();
    assert_eq!(out, b"0\r\nX-One: 1\r\n\r\n");
    assert_eq!(client.connection.send_end(), Ok(&b""[..]), "it has ended");
    let mut client = Client::new();
    client.send("POST / HTTP/1.1", &[("Content-Length", "0")]).unwrap();
    let sent = client.connection.send_trailers(&trailers, &mut out);
    assert_eq!((sent, out.len()), (Err(Error::RequestFraming), 15));
}
