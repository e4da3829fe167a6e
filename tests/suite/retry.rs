//! When a request is sent again, seen from the peer, and what an error says of the attempt.

use std::io::Cursor;

use pannier::http::Method;
use pannier::net::Script;
use pannier::{Body, CloseReason, Error, ErrorKind, Phase, RetryPolicy};

use crate::support::peer::{Peer, Stage, Wire};
use crate::support::recorder::Recorder;
use crate::support::{builder, client, once, scripted, EMPTY, OK};

/// What the peer does with the second request on a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    /// Takes the request whole and closes.
    Close,
    /// Takes it whole and resets.
    Reset,
    /// Answers with one byte and closes.
    OneByte,
    /// Says that it goes on, and closes.
    Interim,
}

impl Act {
    fn play(self, mut wire: Wire) {
        wire.expect_until("body");
        match self {
            Act::Close => wire.close(),
            Act::Reset => wire.reset(),
            Act::OneByte => {
                wire.send("H");
                wire.close();
            }
            Act::Interim => {
                wire.send("HTTP/1.1 102 Processing\r\n\r\n");
                wire.close();
            }
        }
    }
}

/// A connection that has had an exchange.
fn used(peer: &mut Stage) -> Wire {
    let mut wire = peer.accept();
    wire.exchange("GET /", EMPTY);
    wire
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Replayable,
    Reader,
}

impl Kind {
    fn body(self) -> Body {
        match self {
            Kind::Replayable => Body::from("body"),
            Kind::Reader => Body::sized(Cursor::new("body"), 4),
        }
    }
}

/// The second request on a connection meets `act`. How often does the peer get it, and what comes of
/// it?
fn attempt(method: &Method, kind: Kind, act: Act, again: bool) -> Result<(), Error> {
    let peer = Peer::play(move |peer| {
        let wire = used(peer);
        act.play(wire);
        if again {
            let mut wire = peer.accept();
            wire.expect_until("body");
            wire.send(EMPTY);
            wire.expect_end();
        }
        peer.expect_nobody();
    });
    let client = client();
    client.get(peer.url("/")).send().unwrap();
    let result = client.request(method.clone(), peer.url("/x")).body(kind.body()).send();
    assert_eq!(client.pool_stats().retried, u64::from(again));
    let result = result.map(|response| {
        assert_eq!((response.status().as_u16(), response.connection().id()), (200, 2));
    });
    drop(client);
    // Whoever connected while the script ran would have been seen at its end.
    peer.join();
    result
}

#[test]
fn ok_a_request_is_repeated_if_that_can_do_no_harm_and_only_then() {
    let custom = Method::new("FROB").unwrap();
    let methods = [
        (Method::GET, true),
        (Method::PUT, true),
        (Method::DELETE, true),
        (Method::OPTIONS, true),
        (Method::TRACE, true),
        (Method::POST, false),
        (Method::PATCH, false),
        (custom, false),
    ];
    for (method, idempotent) in methods {
        for kind in [Kind::Replayable, Kind::Reader] {
            for act in [Act::Close, Act::Reset, Act::OneByte, Act::Interim] {
                let silent = matches!(act, Act::Close | Act::Reset);
                let again = idempotent && silent && kind == Kind::Replayable;
                let result = attempt(&method, kind, act, again);
                let case = format!("{} {:?} {:?}: {:?}", method, kind, act, result);
                let error = match result {
                    Ok(()) => {
                        assert!(again, "{}", case);
                        continue;
                    }
                    Err(error) => error,
                };
                assert!(!again, "{}", case);
                assert!(error.connection_was_reused() && error.bytes_sent() > 50, "{}", case);
                assert_eq!(error.is_safe_to_retry(), idempotent, "{}", case);
                assert_eq!(error.bytes_received() == 0, silent, "{}", case);
                let kinds: &[ErrorKind] = match act {
                    Act::Close => &[ErrorKind::EmptyResponse],
                    Act::Reset => &[ErrorKind::Receive, ErrorKind::Send],
                    Act::OneByte => &[ErrorKind::Protocol],
                    Act::Interim => &[ErrorKind::EmptyResponse],
                };
                assert!(kinds.contains(&error.kind()), "{}", case);
            }
        }
    }
}

#[test]
fn ok_a_request_on_a_connection_that_was_closed_while_idle_is_repeated() {
    let peer = Peer::play(|peer| {
        used(peer).close();
        let mut wire = peer.accept();
        wire.exchange("GET /next", OK);
        wire.expect_end();
        peer.expect_nobody();
    });
    let client = client();
    let recorder = Recorder::new();
    client.get(peer.url("/")).send().unwrap();
    let request = client.get(peer.url("/next")).observer(recorder.clone());
    assert_eq!(request.send().unwrap().text().unwrap(), "ok");
    let told = recorder.take();
    assert_eq!(told.iter().filter(|told| told.starts_with("retrying")).count(), 1, "{:?}", told);
    assert_eq!(recorder.closed(), [(1, CloseReason::Fault)]);
}

#[test]
fn err_a_fresh_connection_that_is_closed_is_final() {
    for act in [Act::Close, Act::Reset] {
        let peer = Peer::play(move |peer| {
            act.play(peer.accept());
            peer.expect_nobody();
        });
        let client = client();
        let error = client.put(peer.url("/")).body("body").send().unwrap_err();
        assert!(!error.connection_was_reused() && error.bytes_sent() > 50);
        assert!(error.is_safe_to_retry() && error.bytes_received() == 0);
        peer.join();
    }
}

#[test]
fn err_a_request_is_repeated_once_at_most() {
    let peer = Peer::play(|peer| {
        let wire = used(peer);
        Act::Close.play(wire);
        Act::Close.play(peer.accept());
        peer.expect_nobody();
    });
    let client = client();
    client.get(peer.url("/")).send().unwrap();
    let error = client.put(peer.url("/")).body("body").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EmptyResponse);
    assert!(!error.connection_was_reused());
    assert_eq!(client.pool_stats().retried, 1);
    peer.join();
}

#[test]
fn ok_the_repetition_goes_out_on_a_fresh_connection_though_another_is_idle() {
    let peer = Peer::play(|peer| {
        let [mut older, mut newer] = [(); 2].map(|()| {
            let mut wire = peer.accept();
            wire.exchange("GET /", OK);
            wire
        });
        newer.expect_request("GET /next");
        newer.close();
        let mut fresh = peer.accept();
        fresh.exchange("GET /next", OK);
        older.exchange("GET /last", EMPTY);
        older.expect_end();
        fresh.expect_end();
    });
    let client = client();
    let get = |path| client.get(peer.url(path)).send().unwrap();
    drop([get("/"), get("/")]);
    let next = get("/next");
    assert_eq!(next.connection().id(), 3);
    // The older one is still there, and of use while the fresh one is not free.
    assert_eq!(get("/last").connection().id(), 1);
}

#[test]
fn err_nothing_is_repeated_without_the_policy() {
    let peer = Peer::play(|peer| {
        let wire = used(peer);
        Act::Close.play(wire);
        peer.expect_nobody();
    });
    let client = builder().retries(RetryPolicy::none()).build();
    client.get(peer.url("/")).send().unwrap();
    let error = client.put(peer.url("/")).body("body").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EmptyResponse);
    assert!(error.connection_was_reused() && error.is_safe_to_retry());
    peer.join();
}

#[test]
fn ok_a_post_is_kept_off_a_connection_that_was_reset() {
    let dead = Script::new().expect_until("\r\n\r\n").reply(EMPTY).reset();
    let (client, scripts) = scripted([dead, once(EMPTY)]);
    client.get("http://example.com/").send().unwrap();
    let response = client.post("http://example.com/").body("body").send().unwrap();
    assert_eq!(response.connection().id(), 2);
    assert!(scripts.written(1).starts_with(b"POST / "));
    assert_eq!(client.pool_stats().retried, 0, "nothing was tried on the first");
}

#[test]
fn err_nothing_was_sent_when_no_connection_stood() {
    let (client, _) = scripted([Script::refused()]);
    let error = client.post("http://example.com/").body("body").send().unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Connect, Some(Phase::Connect)));
    assert!(error.is_connect() && error.is_safe_to_retry());
    assert_eq!((error.bytes_sent(), error.bytes_received()), (0, 0));
}

/// Whatever fails after the server has answered a POST: it has processed it, perhaps.
#[test]
fn err_a_post_that_was_answered_is_not_safe_to_send_again() {
    let status = "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno";
    let elsewhere =
        "HTTP/1.1 302 Found\r\nLocation: ftp://example.com/\r\nContent-Length: 0\r\n\r\n";
    let (client, _) = scripted([status, status, elsewhere, OK].map(once));
    let post = |idempotent: bool| {
        let method = if idempotent { Method::PUT } else { Method::POST };
        client.request(method, "http://example.com/").body("body").header("Connection", "close")
    };
    for idempotent in [false, true] {
        let error = post(idempotent).send().unwrap().error_for_status().unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(500));
        assert_eq!(error.is_safe_to_retry(), idempotent, "{}", error);
        assert!(error.bytes_sent() > 50 && error.bytes_received() == 40, "{:?}", error);
    }
    let error = post(false).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsupportedScheme);
    assert!(!error.is_safe_to_retry() && error.bytes_sent() > 50, "{:?}", error);
    let mut response = post(false).send().unwrap();
    let error = response.copy_to(&mut FullDisk).unwrap_err();
    assert_eq!(error.to_string(), "disk full");
}

#[test]
fn err_what_fails_after_a_redirect_is_as_safe_to_send_again_as_the_first_request() {
    let there = "HTTP/1.1 303 See Other\r\nLocation: http://b.test/\r\nContent-Length: 0\r\n\r\n";
    for (method, safe) in [(Method::POST, false), (Method::PUT, true), (Method::GET, true)] {
        for second in
            [Script::refused(), once(""), once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")]
        {
            let (client, _) = scripted([once(there), second]);
            let sent = client.request(method.clone(), "http://a.test/").body("body").send();
            let error = sent.and_then(|response| response.bytes()).unwrap_err();
            assert_eq!(error.url().map(|url| url.as_str()), Some("http://b.test/"));
            assert_eq!(error.is_safe_to_retry(), safe, "{} {:?}", method, error);
        }
    }
}

struct FullDisk;

impl std::io::Write for FullDisk {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::Error::new(std::io::ErrorKind::Other, "disk full"))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
