//! When a connection persists, when it goes back to the pool, and what becomes of unread content.

use std::io::Read;
use std::time::Duration;

use pannier::http::Method;
use pannier::{Client, CloseReason, ErrorKind, PoolConfig, Protocol, Timeouts};

use crate::support::peer::{Peer, Wire};
use crate::support::recorder::Recorder;
use crate::support::{builder, client, once, read_all, scripted, sized, EMPTY, OK};

/// The reason for which the connection is closed after this exchange.
fn reason(client: &Client, request: &[(&str, &str)]) -> Option<CloseReason> {
    let mut builder = client.get("http://example.com/");
    for (name, value) in request {
        builder = builder.header(name, value);
    }
    let mut response = builder.send().unwrap();
    read_all(&mut response).unwrap();
    response.connection().close_reason()
}

#[test]
fn ok_persistence_is_decided_by_version_and_connection_options_of_both_sides() {
    use CloseReason::*;
    let length = "Content-Length: 2\r\n\r\nok";
    let chunks = "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    // The request's fields; the response's head, its last fields and content; the reason.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str, Option<CloseReason>);
    let table: &[Case<'_>] = &[
        (&[], "HTTP/1.1 200 OK\r\n", length, None),
        (&[], "HTTP/1.1 200 OK\r\n", chunks, None),
        (&[], "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", length, None),
        (&[], "HTTP/1.1 200 OK\r\nConnection: closed\r\n", length, None),
        (&[], "HTTP/1.1 200 OK\r\nConnection: close\r\n", length, Some(RequestedByServer)),
        (&[], "HTTP/1.1 200 OK\r\nconnection:CLOSE\r\n", chunks, Some(RequestedByServer)),
        (&[], "HTTP/1.1 200 OK\r\nConnection: x, Close\r\n", length, Some(RequestedByServer)),
        (
            &[],
            "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nVia: 1.1 x\r\nConnection: close\r\n",
            length,
            Some(RequestedByServer),
        ),
        (&[], "HTTP/1.0 200 OK\r\n", length, Some(Http10)),
        (&[], "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", length, None),
        (&[], "HTTP/1.0 200 OK\r\nConnection: x\r\nConnection: keep-alive\r\n", length, None),
        (
            &[],
            "HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n",
            length,
            Some(RequestedByServer),
        ),
        (&[], "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", chunks, Some(AmbiguousFraming)),
        (&[], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", chunks, Some(AmbiguousFraming)),
        (&[], "HTTP/1.1 200 OK\r\n", "\r\nok", Some(CloseDelimited)),
        (&[], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP", Some(SurplusBytes)),
        (&[], "HTTP/1.1 204 No Content\r\n", "\r\nok", Some(SurplusBytes)),
        (&[("Connection", "close")], "HTTP/1.1 200 OK\r\n", length, Some(RequestedByClient)),
        (&[("Connection", "x, CLOSE")], "HTTP/1.1 200 OK\r\n", length, Some(RequestedByClient)),
        (&[], "HTTP/1.1 200 OK\r\nKeep-Alive: max=1\r\n", length, None),
        (&[], "HTTP/1.1 200 OK\r\nKeep-Alive: max=0\r\n", length, Some(ExchangesExhausted)),
        (
            &[],
            "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=0\r\n",
            length,
            Some(ExchangesExhausted),
        ),
        (&[], "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\n", length, None),
        (&[], "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\n", length, Some(IdleTimeout)),
    ];
    for (request, head, rest, expected) in table {
        let (client, _) = scripted([once([*head, *rest].concat())]);
        assert_eq!(reason(&client, request), *expected, "{:?} {:?}", request, head);
        assert_eq!(client.pool_stats().idle, usize::from(expected.is_none()), "{:?}", head);
    }
}

#[test]
fn ok_http_1_0_persists_only_if_asked_and_granted() {
    let granted = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    let keep: &[(&str, &str)] = &[("Connection", "keep-alive")];
    let table = [
        (keep, granted, None),
        (keep, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Some(CloseReason::Http10)),
        (&[], granted, Some(CloseReason::RequestedByClient)),
    ];
    for (request, answer, expected) in table {
        let scripts = pannier::net::Script::connections([once(answer)]);
        let client = builder().protocol(Protocol::Http10).connector(scripts.clone()).build();
        assert_eq!(reason(&client, request), expected, "{:?}", request);
        assert!(scripts.written(0).starts_with(b"GET / HTTP/1.0\r\nHost: example.com\r\n"));
    }
}

#[test]
fn ok_a_pool_without_room_closes_what_could_persist() {
    for pool in [PoolConfig::default().max_idle(0), PoolConfig::default().max_idle_per_origin(0)] {
        let scripts = once(EMPTY).repeated();
        let client = builder().connector(scripts).pool(pool).build();
        assert_eq!(reason(&client, &[]), Some(CloseReason::Evicted));
    }
}

#[test]
fn err_a_response_that_fails_names_why_its_connection_was_closed() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n");
        wire.expect_end();
        let mut wire = peer.accept();
        wire.exchange("GET /", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok");
        wire.expect_end();
    });
    let client = client();
    let timeouts = Timeouts::default().read(Duration::from_millis(30));
    let expected = [
        (ErrorKind::Framing, CloseReason::Fault),
        (ErrorKind::Timeout, CloseReason::UnfinishedResponse),
    ];
    for (kind, reason) in expected {
        let mut response = client.get(peer.url("/")).timeouts(timeouts).send().unwrap();
        assert_eq!(read_all(&mut response).unwrap_err().kind(), kind);
        assert_eq!(response.connection().close_reason(), Some(reason));
        assert_eq!(response.read_body(&mut [0]).unwrap_err().kind(), kind, "once more");
    }
}

#[test]
fn ok_a_connection_returns_with_the_last_framed_byte_whoever_has_not_read_the_end() {
    let long = sized("200 OK", 100_000, 100_000);
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let table: Vec<(Method, String, usize)> = vec![
        (Method::HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".into(), 0),
        (Method::HEAD, chunks.into(), 0),
        (Method::GET, "HTTP/1.1 204 No Content\r\n\r\n".into(), 0),
        (Method::GET, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n".into(), 0),
        (Method::GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n".into(), 0),
        (Method::GET, EMPTY.into(), 0),
        (Method::GET, format!("{}0\r\n\r\n", chunks), 0),
        (Method::GET, OK.into(), 2),
        (Method::GET, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone".into(), 4),
        (Method::GET, "HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nnone".into(), 4),
        (Method::GET, format!("{}2\r\nok\r\n0\r\n\r\n", chunks), 2),
        (Method::GET, format!("{}2\r\nok\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n", chunks), 3),
        (Method::GET, long, 100_000),
    ];
    for (method, answer, length) in table {
        let shown = answer[..answer.len().min(80)].to_owned();
        let peer = Peer::play(move |peer| {
            let mut wire = peer.accept();
            wire.expect_head();
            wire.send(&answer);
            wire.exchange("GET /next", EMPTY);
            wire.expect_end();
        });
        let client = client();
        let mut response = client.request(method, peer.url("/")).send().unwrap();
        response.read_exact(&mut vec![0; length]).unwrap();
        assert!(response.is_ended(), "{}", shown);
        let next = client.get(peer.url("/next")).send().unwrap();
        assert!(next.connection().is_reused(), "{}", shown);
        assert_eq!(next.connection().id(), response.connection().id());
        assert_eq!(next.connection().exchanges(), 2);
        assert_eq!(response.read_body(&mut [0; 9]).unwrap(), 0);
    }
}

/// Answers the first request with `answer` and expects the second on the same connection, or on
/// another.
fn then_next(answer: impl AsRef<[u8]> + Send + 'static, same: bool) -> Peer {
    Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.expect_head();
        wire.send(answer);
        let mut next = match same {
            true => wire,
            false => {
                wire.expect_end();
                peer.accept()
            }
        };
        next.exchange("GET /next", EMPTY);
        next.expect_end();
    })
}

#[test]
fn ok_a_response_is_dropped_and_its_connection_kept_if_the_rest_is_near() {
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let table = [
        (OK.to_owned(), true),
        (format!("{}2\r\nok\r\n0\r\n\r\n", chunks), true),
        (sized("200 OK", 60_000, 60_000), true),
        // The rest does not come.
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok".to_owned(), false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n".to_owned(), false),
        // It would be too much.
        (sized("200 OK", 1_000_000, 20_000), false),
        // Nobody knows how much it is.
        (format!("{}2\r\nok\r\n", chunks), false),
        ("HTTP/1.1 200 OK\r\n\r\nok".to_owned(), false),
    ];
    for (answer, same) in table {
        let shown = answer[..answer.len().min(80)].to_owned();
        let peer = then_next(answer, same);
        let client = client();
        drop(client.get(peer.url("/")).send().unwrap());
        let next = client.get(peer.url("/next")).send().unwrap();
        assert_eq!(next.connection().is_reused(), same, "{}", shown);
    }
}

#[test]
fn ok_a_response_that_is_dropped_half_read_keeps_its_connection_if_the_rest_is_near() {
    let peer = then_next(sized("200 OK", 60_000, 60_000), true);
    let client = client();
    let mut response = client.get(peer.url("/")).send().unwrap();
    response.read_exact(&mut [0; 7]).unwrap();
    drop(response);
    assert!(client.get(peer.url("/next")).send().unwrap().connection().is_reused());
}

#[test]
fn ok_bodies_of_redirects_and_errors_obey_the_same_bound() {
    for status in ["302 Found\r\nLocation: /next", "404 Not Found"] {
        for (length, sent, same) in [(5, 5, true), (1_000_000, 20_000, false)] {
            let peer = then_next(sized(status, length, sent), same);
            let client = client();
            let mut next = client.get(peer.url("/")).send().unwrap();
            if next.status().is_client_error() {
                let error = next.error_for_status().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Status);
                next = client.get(peer.url("/next")).send().unwrap();
            }
            assert_eq!(next.connection().is_reused(), same, "{} {}", status, length);
            assert_eq!(next.url().path(), "/next");
        }
    }
}

#[test]
fn ok_bytes_behind_a_response_never_answer_the_next_request() {
    let trap = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrap";
    let long = sized("200 OK", 100_000, 100_000);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    for answer in [OK, EMPTY, "HTTP/1.1 304 Not Modified\r\n\r\n", &long, chunked] {
        let peer = then_next([answer, trap].concat(), false);
        let client = client();
        let recorder = Recorder::new();
        let mut first = client.get(peer.url("/")).observer(recorder.clone()).send().unwrap();
        read_all(&mut first).unwrap();
        assert_eq!(first.connection().close_reason(), Some(CloseReason::SurplusBytes));
        assert_eq!(recorder.closed(), [(1, CloseReason::SurplusBytes)]);
        assert_eq!(client.get(peer.url("/next")).send().unwrap().text().unwrap(), "");
    }
}

#[test]
fn ok_a_connection_that_the_server_announced_to_close_is_not_used_again() {
    let peer = Peer::play(|peer| {
        let mut wires: Vec<Wire> = Vec::new();
        for _ in 0..3 {
            let mut wire = peer.accept();
            wire.exchange("GET /", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
            wires.push(wire);
        }
        wires.into_iter().for_each(Wire::expect_end);
    });
    let client = client();
    for _ in 0..3 {
        let response = client.get(peer.url("/")).send().unwrap();
        assert_eq!(response.connection().exchanges(), 1);
    }
    assert_eq!(client.pool_stats().created, 3);
}

/// In a segment of its own, after the connection has gone back to the pool.
#[test]
fn ok_what_came_unasked_while_a_connection_was_idle_answers_nothing() {
    let (sent, unasked) = std::sync::mpsc::channel();
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /1", OK);
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrap");
        sent.send(()).unwrap();
        let mut fresh = peer.accept();
        fresh.exchange("GET /2", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue");
    });
    let client = client();
    assert_eq!(client.get(peer.url("/1")).send().unwrap().text().unwrap(), "ok");
    unasked.recv().unwrap();
    // Longer than a connection may rest without being looked at.
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(client.get(peer.url("/2")).send().unwrap().text().unwrap(), "true");
    peer.join();
}

/// A request that could not be repeated is not sent where nobody listens any more.
#[test]
fn ok_a_post_goes_to_a_fresh_connection_if_the_kept_one_has_ended() {
    let (closed, end) = std::sync::mpsc::channel();
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /1", OK);
        wire.close();
        closed.send(()).unwrap();
        let mut fresh = peer.accept();
        fresh.expect_request("POST /2");
        fresh.expect("body");
        fresh.send(OK);
    });
    let client = client();
    assert_eq!(client.get(peer.url("/1")).send().unwrap().text().unwrap(), "ok");
    end.recv().unwrap();
    let created = client.post(peer.url("/2")).body("body").send().unwrap();
    assert_eq!(created.text().unwrap(), "ok");
    assert_eq!(client.pool_stats().reused, 0);
    peer.join();
}
