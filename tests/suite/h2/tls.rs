//! HTTP/2 by what was agreed on in a handshake of TLS (RFC 9113 §3.3), and over transports that cannot be
//! cloned, as those of TLS mostly are.

use std::thread;
use std::time::{Duration, Instant};

use pannier::net::Script;
use pannier::proto::h2::frame::{Frame, Settings};
use pannier::proto::h2::ErrorCode;
use pannier::{CancelToken, ErrorKind, Http2Config, PoolConfig, Protocol, Timeouts};

use crate::support::alpn::Negotiating;
use crate::support::counted::Counted;
use crate::support::h2_peer::{self, H2};
use crate::support::peer::Peer;
use crate::support::{builder, read_all, OK};

fn https(peer: &Peer, target: &str) -> String {
    peer.url(target).replace("http:", "https:")
}

#[test]
fn ok_http2_is_spoken_to_a_server_that_chooses_it() {
    for protocol in [Protocol::Http2, Protocol::Http2PriorKnowledge] {
        let peer = h2_peer::play(|peer| {
            let fields = peer.next_request();
            assert_eq!(fields.get(":scheme"), Some("https"));
            peer.answer(fields.stream, "ok");
            assert_eq!(peer.serve(), 1);
        });
        let tls = Negotiating::new(Some("h2"));
        let client = builder().protocol(protocol).tls(tls.clone()).build();
        let response = client.get(https(&peer, "/")).send().unwrap();
        assert_eq!(response.connection().stream(), Some(1));
        assert_eq!(response.text().unwrap(), "ok");
        assert_eq!(client.get(https(&peer, "/b")).send().unwrap().text().unwrap(), "/b");
        assert_eq!(tls.offered(), [["h2", "http/1.1"]]);
    }
}

#[test]
fn ok_http1_is_spoken_to_one_that_chooses_that_or_nothing() {
    for chosen in [Some("http/1.1"), None] {
        let peer = Peer::answers([OK, OK]);
        let client = builder().protocol(Protocol::Http2).tls(Negotiating::new(chosen)).build();
        for _ in 0..2 {
            let response = client.get(https(&peer, "/")).send().unwrap();
            assert_eq!(response.connection().stream(), None);
            assert_eq!(response.text().unwrap(), "ok");
        }
        assert_eq!(client.pool_stats().created, 1);
    }
}

#[test]
fn ok_without_being_asked_for_http2_is_not_offered() {
    let peer = Peer::answers([OK]);
    let tls = Negotiating::new(None);
    let client = builder().tls(tls.clone()).build();
    client.get(https(&peer, "/")).send().unwrap().text().unwrap();
    assert_eq!(tls.offered(), [["http/1.1"]]);
}

#[test]
fn err_a_server_that_chooses_http2_unoffered_is_told_apart() {
    let peer = Peer::play(|stage| drop(stage.accept()));
    let client = builder().tls(Negotiating::new(Some("h2"))).build();
    let error = client.get(https(&peer, "/")).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    let text = "the server has chosen h2 in the TLS handshake, which was not offered";
    assert!(error.to_string().starts_with(text), "{}", error);
}

#[test]
fn ok_over_cleartext_http2_is_not_spoken_without_prior_knowledge() {
    let peer = Peer::answers([OK]);
    let client = builder().protocol(Protocol::Http2).build();
    assert_eq!(client.get(peer.url("/")).send().unwrap().text().unwrap(), "ok");
}

#[test]
fn ok_threads_that_begin_at_once_share_the_connection_once_it_is_known_what_is_spoken() {
    let peer = Peer::play(|stage| {
        let mut peer = H2::accept(stage);
        let first = peer.next_request();
        peer.answer(first.stream, "ok");
        let many = peer.requests(16);
        for fields in many {
            peer.answer(fields.stream, fields.path());
        }
        peer.expect_end();
        stage.expect_nobody();
    });
    let client = builder().protocol(Protocol::Http2).tls(Negotiating::new(Some("h2"))).build();
    client.get(https(&peer, "/")).send().unwrap().text().unwrap();
    let url = https(&peer, "/x");
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(client.get(&url).send().unwrap().text().unwrap(), "/x"));
        }
    });
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
fn ok_a_transport_that_cannot_be_cloned_carries_one_exchange_at_a_time() {
    let peer = h2_peer::play(|peer| {
        for _ in 0..16 {
            let fields = peer.next_request();
            peer.expect_silence();
            peer.answer(fields.stream, fields.path());
        }
    });
    let pool = PoolConfig::default().max_per_origin(1);
    let client = h2_peer::builder().connector(Counted::default()).pool(pool).build();
    thread::scope(|scope| {
        for number in 0..16 {
            let (client, peer) = (&client, &peer);
            scope.spawn(move || {
                let path = format!("/{}", number);
                let response = client.get(peer.url(&path)).send().unwrap();
                assert_eq!(response.text().unwrap(), path);
            });
        }
    });
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
fn ok_over_a_transport_that_cannot_be_cloned_content_goes_both_ways() {
    let peer = h2_peer::play(|peer| {
        for _ in 0..2 {
            let stream = peer.next_request().stream;
            let content = peer.content(stream);
            assert_eq!(content.len(), 300_000);
            peer.answer(stream, &content[..200_000]);
        }
    });
    let client = h2_peer::builder().connector(Counted::default()).build();
    for _ in 0..2 {
        let mut response = client.post(peer.url("/")).body(vec![b'x'; 300_000]).send().unwrap();
        assert_eq!(read_all(&mut response).unwrap().len(), 200_000);
    }
}

#[test]
fn err_over_a_transport_that_cannot_be_cloned_deadlines_and_tokens_hold_and_cost_a_stream() {
    let token = CancelToken::new();
    let cancel = token.clone();
    let peer = h2_peer::play(move |peer| {
        let stream = peer.next_request().stream;
        peer.expect_reset(stream, ErrorCode::CANCEL);
        let stream = peer.next_request().stream;
        cancel.cancel();
        peer.expect_reset(stream, ErrorCode::CANCEL);
        // The window is used up, and nobody gives more.
        let stream = peer.next_request().stream;
        peer.content_of(stream, 65_535);
        peer.expect_reset(stream, ErrorCode::CANCEL);
        assert_eq!(peer.serve(), 1);
    });
    let client = h2_peer::builder().connector(Counted::default()).build();
    let short = Timeouts::default().total(Duration::from_millis(100));
    let began = Instant::now();
    let error = client.get(peer.url("/")).timeouts(short).send().unwrap_err();
    assert!(error.is_timeout() && began.elapsed() < Duration::from_secs(5), "{:?}", error);
    let error = client.get(peer.url("/")).cancel(token).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let upload = client.post(peer.url("/")).body(vec![0; 1 << 20]).timeouts(short);
    assert!(upload.send().unwrap_err().is_timeout());
    let next = client.get(peer.url("/next")).send().unwrap();
    assert_eq!((next.connection().id(), next.connection().stream()), (1, Some(7)));
    assert_eq!(next.text().unwrap(), "/next");
}

/// What a server says, frame by frame.
fn wire(frames: &[Frame<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    Settings::write(&[], &mut out);
    frames.iter().for_each(|frame| frame.write_to(&mut out));
    out
}

#[test]
fn ok_a_script_without_a_socket_can_speak_it() {
    // ":status: 200" is the eighth entry of the static table.
    let answer = wire(&[Frame::headers(1, b"\x88", false), Frame::data(1, b"ok", true)]);
    let script = Script::new().expect_until("SM\r\n\r\n").reply(answer).close();
    let connector = Script::connections([script]);
    let client = h2_peer::builder().connector(connector).http2(Http2Config::default()).build();
    let response = client.get("http://a.test/").send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
}

#[test]
fn err_a_server_that_chose_http2_and_speaks_http1_is_told_apart() {
    let peer = Peer::play(|stage| {
        let mut peer = H2::meet(stage.accept());
        peer.raw("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        peer.close();
    });
    let client = builder().protocol(Protocol::Http2).tls(Negotiating::new(Some("h2"))).build();
    let error = client.get(https(&peer, "/")).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{:?}", error);
}
