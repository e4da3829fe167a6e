//! A token ends whatever an exchange is blocked in, in each phase, and the call says so.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pannier::net::{Connect, Deadline, Dialing, Interrupt, Resolve, Transport};
use pannier::{CancelToken, Client, Error, ErrorKind, Phase};

use crate::support::peer::{Peer, Stage};
use crate::support::plain_tls::OneByteTls;
use crate::support::recorder::Recorder;
use crate::support::{builder, client, read_all, EMPTY, OK};

/// What a call reports that was cancelled, long before its deadline.
#[track_caller]
fn cancelled<T: std::fmt::Debug>(phase: Phase, call: impl FnOnce() -> Result<T, Error>) -> Error {
    let began = Instant::now();
    let error = call().unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(7), "only the deadline woke it");
    assert_cancelled(&error, phase);
    error
}

#[track_caller]
fn assert_cancelled(error: &Error, phase: Phase) {
    let found = (error.kind(), error.phase());
    assert_eq!(found, (ErrorKind::Cancelled, Some(phase)), "{:?}", error);
    assert!(error.to_string().starts_with("the request was cancelled while"), "{}", error);
}

/// A peer that cancels when `script` has got to where it blocks the client; the next request then
/// comes on another connection.
fn cancelling(script: impl FnOnce(&mut Stage, &dyn Fn()) + Send + 'static) -> (Peer, CancelToken) {
    let token = CancelToken::new();
    let cancel = token.clone();
    let peer = Peer::play(move |peer| {
        script(peer, &|| cancel.cancel());
        let mut wire = peer.accept();
        wire.exchange("GET /next", EMPTY);
        wire.expect_end();
    });
    (peer, token)
}

fn next(client: &Client, peer: &Peer) {
    let next = client.get(peer.url("/next")).send().unwrap();
    assert!(!next.connection().is_reused());
}

#[test]
fn err_cancelled_before_anything() {
    let client = client();
    let token = CancelToken::new();
    token.cancel();
    let request = client.get("http://127.0.0.1:1/").cancel(token);
    let error = cancelled(Phase::Connect, || request.send());
    assert!(error.is_safe_to_retry() && error.bytes_sent() == 0);
}

#[test]
fn ok_a_token_cancelled_before_leaves_an_idle_connection_alone() {
    let peer = Peer::answers([EMPTY, EMPTY]);
    let client = client();
    client.get(peer.url("/")).send().unwrap();
    let token = CancelToken::new();
    token.cancel();
    let error = client.get(peer.url("/")).cancel(token).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(client.get(peer.url("/")).send().unwrap().connection().is_reused());
}

/// Says that it waits, and waits for the token.
#[derive(Debug)]
struct Waits(Mutex<Sender<()>>);

impl Waits {
    fn wait(&self, cancel: Option<&CancelToken>) -> io::Error {
        let (wake, woken) = channel();
        let waker: Arc<dyn Interrupt> = Arc::new(Waker(Mutex::new(wake)));
        let _registration = cancel.expect("there is a token").register(waker).unwrap();
        self.0.lock().unwrap().send(()).unwrap();
        woken.recv().unwrap();
        io::Error::new(io::ErrorKind::Other, "woken")
    }
}

struct Waker(Mutex<Sender<()>>);

impl Interrupt for Waker {
    fn interrupt(&self) {
        self.0.lock().unwrap().send(()).unwrap();
    }
}

impl Resolve for Waits {
    fn resolve(
        &self,
        _: &str,
        _: u16,
        _: Deadline,
        cancel: Option<&CancelToken>,
    ) -> io::Result<Vec<SocketAddr>> {
        Err(self.wait(cancel))
    }
}

impl Connect for Waits {
    fn connect(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        Err(self.wait(dialing.cancel))
    }
}

fn cancel_when(blocked: Receiver<()>) -> CancelToken {
    let token = CancelToken::new();
    let cancel = token.clone();
    thread::spawn(move || {
        blocked.recv().unwrap();
        cancel.cancel();
    });
    token
}

#[test]
fn err_cancelled_while_looking_up_or_connecting() {
    for phase in [Phase::Resolve, Phase::Connect] {
        let (blocks, blocked) = channel();
        let waits = Waits(Mutex::new(blocks));
        let client = match phase {
            Phase::Resolve => builder().resolver(waits).build(),
            _ => builder().connector(waits).build(),
        };
        let token = cancel_when(blocked);
        let request = client.post("http://example.com/").cancel(token);
        let error = cancelled(phase, || request.send());
        assert!(error.is_connect() && error.is_safe_to_retry());
    }
}

#[test]
fn err_cancelled_in_the_tls_handshake() {
    let token = CancelToken::new();
    let cancel = token.clone();
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.expect([0x16]);
        cancel.cancel();
        wire.expect_end();
    });
    let client = builder().tls(OneByteTls).build();
    let url = peer.url("/").replace("http:", "https:");
    cancelled(Phase::Tls, || client.get(url).cancel(token).send());
    peer.join();
}

#[cfg(feature = "proxy")]
#[test]
fn err_cancelled_while_a_proxy_is_asked() {
    const REFUSAL: &str =
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\
                   Content-Length: 5\r\n\r\nwho";
    for (scheme, said) in [
        ("socks5h", vec![]),
        ("socks5h", vec![&b"\x05\x02"[..]]),
        ("socks5h", vec![b"\x05\x02", b"\x01\x00"]),
        ("socks4a", vec![]),
        ("http", vec![]),
        ("http", vec![b"HTTP/1.1 200 OK\r\n"]),
        ("http", vec![REFUSAL.as_bytes()]),
    ] {
        let token = CancelToken::new();
        let cancel = token.clone();
        let peer = Peer::play(move |peer| {
            let mut wire = peer.accept();
            for answer in said {
                wire.expect_bytes(4);
                wire.send(answer);
            }
            wire.expect_bytes(1);
            cancel.cancel();
            peer.stall(wire);
        });
        let proxy = pannier::Proxy::new(&format!("{}://{}", scheme, peer.address())).unwrap();
        let digest = pannier::Credentials::digest("user", "secret");
        let proxy = proxy.credentials(digest).tunnel_http(true);
        let client = builder().proxy(proxy).build();
        let error = cancelled(Phase::Tunnel, || client.post("http://a.test/").cancel(token).send());
        assert!(error.is_connect() && error.is_safe_to_retry() && error.bytes_sent() == 0);
    }
}

#[test]
fn err_cancelled_while_sending() {
    let (peer, token) = cancelling(|peer, cancel| {
        let mut wire = peer.accept();
        wire.expect_head();
        cancel();
        peer.stall(wire);
    });
    let client = client();
    // More than any socket buffer holds, and nobody reads it.
    let request = client.post(peer.url("/")).body(vec![0; 64 << 20]).cancel(token);
    let error = cancelled(Phase::Send, || request.send());
    assert!(error.bytes_sent() > 0 && !error.is_safe_to_retry());
    next(&client, &peer);
}

#[test]
fn err_cancelled_while_waiting_for_100_continue() {
    let (peer, token) = cancelling(|peer, cancel| {
        let mut wire = peer.accept();
        wire.expect_head();
        cancel();
        wire.expect_end();
    });
    let client = client();
    let request = client.post(peer.url("/")).header("Expect", "100-continue").body("body");
    cancelled(Phase::Send, || request.cancel(token).send());
    next(&client, &peer);
}

#[test]
fn err_cancelled_while_waiting_for_the_response() {
    for before in ["", "HTTP/1.1 200 O", "HTTP/1.1 102 Processing\r\n\r\n"] {
        let (peer, token) = cancelling(move |peer, cancel| {
            let mut wire = peer.accept();
            wire.expect_head();
            wire.send(before);
            cancel();
            wire.expect_end();
        });
        let client = client();
        cancelled(Phase::Wait, || client.get(peer.url("/")).cancel(token).send());
        next(&client, &peer);
    }
}

#[test]
fn err_cancelled_on_a_reused_connection_is_not_repeated() {
    let (peer, token) = cancelling(|peer, cancel| {
        let mut wire = peer.accept();
        wire.exchange("GET /", EMPTY);
        wire.expect_request("GET /cancelled");
        cancel();
        wire.expect_end();
    });
    let client = client();
    client.get(peer.url("/")).send().unwrap();
    let request = client.get(peer.url("/cancelled")).cancel(token);
    let error = cancelled(Phase::Wait, || request.send());
    assert!(error.connection_was_reused());
    assert_eq!(client.pool_stats().retried, 0);
    next(&client, &peer);
}

#[test]
fn err_cancelled_while_receiving_is_never_an_end() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nok";
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok";
    let until_close = "HTTP/1.1 200 OK\r\n\r\nok";
    for answer in [chunked, long, short, until_close] {
        let (go, gone) = channel();
        let (peer, token) = cancelling(move |peer, cancel| {
            let mut wire = peer.accept();
            wire.expect_head();
            wire.send(answer);
            gone.recv().unwrap();
            cancel();
            wire.expect_end();
        });
        let client = client();
        let mut response = client.get(peer.url("/")).cancel(token).send().unwrap();
        let mut buffer = [0; 20_000];
        assert_eq!(response.read_body(&mut buffer).unwrap(), 2);
        go.send(()).unwrap();
        cancelled(Phase::Receive, || response.read_body(&mut buffer));
        let again = response.read_body(&mut buffer).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Cancelled);
        next(&client, &peer);
    }
}

#[test]
fn err_cancelled_between_two_reads_of_a_body_that_has_come_whole_by_its_close() {
    let (peer, token) = cancelling(|peer, _| {
        let mut wire = peer.accept();
        wire.exchange("GET /", "HTTP/1.1 200 OK\r\n\r\nok");
        wire.close();
    });
    let client = client();
    let mut response = client.get(peer.url("/")).cancel(token.clone()).send().unwrap();
    assert_eq!(response.read_body(&mut [0; 2]).unwrap(), 2);
    token.cancel();
    cancelled(Phase::Receive, || read_all(&mut response));
    next(&client, &peer);
}

#[test]
fn ok_a_response_dropped_after_a_cancel_gives_no_connection_back() {
    let (peer, token) = cancelling(|peer, _| {
        let mut wire = peer.accept();
        wire.exchange("GET /", OK);
        wire.expect_end();
    });
    let recorder = Recorder::new();
    let client = builder().observer(recorder.clone()).build();
    let response = client.get(peer.url("/")).cancel(token.clone()).send().unwrap();
    token.cancel();
    drop(response);
    assert_eq!(client.pool_stats().idle, 0);
    assert_eq!(recorder.closed().len(), 1);
    next(&client, &peer);
}

#[test]
fn ok_a_cancel_after_the_end_does_no_harm_to_the_connection() {
    let peer = Peer::answers([OK, OK]);
    let client = client();
    let token = CancelToken::new();
    let response = client.get(peer.url("/")).cancel(token.clone()).send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
    token.cancel();
    let next = client.get(peer.url("/")).send().unwrap();
    assert!(next.connection().is_reused());
    assert_eq!(next.text().unwrap(), "ok");
    assert_eq!(client.pool_stats().retried, 0);
}
