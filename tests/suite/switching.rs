//! When a connection leaves HTTP: 101 after an Upgrade, and CONNECT.

use std::io::{Read, Write};

use pannier::http::Method;
use pannier::{Body, CloseReason, ErrorKind, Protocol};

use crate::support::peer::Peer;
use crate::support::{client, once, read_all, scripted, EMPTY};

const SWITCHING: &str =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n";

#[test]
fn ok_after_101_the_connection_is_the_callers_with_what_came_behind_the_head() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        let head = wire.expect_request("GET /");
        assert!(head.contains("Upgrade: echo\r\n"));
        wire.send([SWITCHING, "early "].concat());
        wire.expect("ping");
        wire.send("pong");
        wire.expect_end();
    });
    let client = client();
    let request = client.get(peer.url("/")).header("Connection", "upgrade");
    let mut response = request.header("Upgrade", "echo").send().unwrap();
    assert_eq!(response.status().as_u16(), 101);
    assert_eq!(response.connection().close_reason(), Some(CloseReason::Upgraded));
    assert_eq!(response.read_body(&mut [0; 9]).unwrap(), 0, "it has no content");
    let mut stream = response.into_stream().unwrap();
    stream.write_all(b"ping").unwrap();
    stream.flush().unwrap();
    let mut answer = [0; 10];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"early pong");
    assert_eq!(client.pool_stats().idle, 0);
}

#[test]
fn ok_a_2xx_to_connect_is_a_tunnel_whatever_its_fields_say() {
    for fields in ["", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
        let peer = Peer::play(move |peer| {
            let mut wire = peer.accept();
            let target = format!("CONNECT 127.0.0.1:{}", peer.port());
            wire.exchange(&target, format!("HTTP/1.1 200 OK\r\n{}\r\nearly", fields));
            wire.expect("ping");
            wire.send(" pong");
            wire.close();
        });
        let response = client().request(Method::CONNECT, peer.url("/")).send().unwrap();
        let mut stream = response.into_stream().unwrap();
        stream.write_all(b"ping").unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        assert_eq!(all, "early pong");
    }
}

#[test]
fn ok_a_refused_connect_is_a_response() {
    let refused = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno";
    let peer = Peer::answers([refused, EMPTY]);
    let client = client();
    let response = client.request(Method::CONNECT, peer.url("/")).send().unwrap();
    let response = *response.into_stream().unwrap_err();
    assert_eq!(response.text().unwrap(), "no");
    assert!(client.get(peer.url("/")).send().unwrap().connection().is_reused());
}

#[test]
fn err_any_other_response_is_no_stream_and_comes_back_whole() {
    let (client, _) = scripted([once("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]);
    let request = client.get("http://a.test/").header("Upgrade", "echo");
    let response = request.header("Connection", "upgrade").send().unwrap();
    let mut response = response.into_stream().unwrap_err();
    assert_eq!(read_all(&mut response).unwrap(), b"ok");
    assert_eq!(response.connection().close_reason(), None, "the upgrade was declined");
}

#[test]
fn err_a_101_that_nobody_asked_for() {
    let (client, _) = scripted([once(SWITCHING)]);
    let error = client.get("http://a.test/").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(client.pool_stats().idle, 0);
}

/// RFC 9110 §7.8: what comes behind a request that was not sent whole would be taken for a part of it.
#[test]
fn err_a_switch_amid_the_content_is_no_stream() {
    let large = || vec![b'x'; 8 << 20];
    let bodies: [fn(Vec<u8>) -> Body; 2] =
        [Body::from, |bytes| Body::reader(std::io::Cursor::new(bytes))];
    for (method, answer) in [(Method::PUT, SWITCHING), (Method::CONNECT, "HTTP/1.1 200 OK\r\n\r\n")]
    {
        for body in bodies {
            let peer = Peer::play(move |peer| {
                let mut wire = peer.accept();
                wire.expect_head();
                wire.send(answer);
                peer.stall(wire);
            });
            let request = client().request(method.clone(), peer.url("/")).header("Upgrade", "echo");
            let response = request.body(body(large())).send().unwrap();
            let response = response.into_stream().unwrap_err();
            assert_eq!(response.connection().close_reason(), Some(CloseReason::UnfinishedRequest));
        }
    }
    let peer = Peer::answers([SWITCHING]);
    let request = client().put(peer.url("/")).header("Upgrade", "echo").expect_continue();
    assert!(request.body("hello").send().unwrap().into_stream().is_err());
}

#[test]
fn ok_a_switched_connection_that_nobody_takes_is_closed() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", SWITCHING);
        wire.expect_end();
    });
    let client = client();
    let request = client.get(peer.url("/")).header("Upgrade", "echo");
    drop(request.header("Connection", "upgrade").send().unwrap());
    peer.join();
}

#[test]
fn ok_a_tunnel_outlives_a_request_that_was_to_close() {
    let close = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntunnel";
    for protocol in [Protocol::Http10, Protocol::Http11] {
        let (client, _) = scripted([once(close)]);
        let method = Method::CONNECT;
        let request = client.request(method, "http://example.com/").header("Connection", "close");
        let response = request.protocol(protocol).send().unwrap();
        assert_eq!(response.connection().close_reason(), Some(CloseReason::Upgraded));
        let mut text = String::new();
        response.into_stream().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "tunnel");
    }
}

#[test]
fn ok_one_thread_reads_while_another_writes_and_both_must_let_go() {
    // Neither side gets on unless the other does: more goes each way than any buffer holds.
    const LENGTH: usize = 16 << 20;
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", [SWITCHING, "early "].concat());
        let piece = vec![b'x'; 64 << 10];
        for _ in 0..LENGTH / piece.len() {
            wire.send(&piece);
            wire.expect_bytes(piece.len());
        }
        wire.expect_end();
    });
    let client = client();
    let request = client.get(peer.url("/")).header("Connection", "upgrade");
    let response = request.header("Upgrade", "echo").send().unwrap();
    let mut reading = response.into_stream().unwrap();
    let shown = format!("{:?}", reading);
    assert!(!shown.contains("Pool"), "what lends the connection is not shown: {}", shown);
    let mut writing = reading.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        writing.write_all(&vec![b'y'; LENGTH]).unwrap();
        writing
    });
    let mut received = vec![0; 6 + LENGTH];
    reading.read_exact(&mut received).unwrap();
    let (early, rest) = received.split_at(6);
    assert_eq!(early, b"early ");
    assert!(rest.iter().all(|&byte| byte == b'x'), "the content differs");
    drop(reading);
    assert_eq!(client.pool_stats().active, 1);
    drop(writer.join().unwrap());
    assert_eq!(client.pool_stats().active, 0);
    peer.join();
}
