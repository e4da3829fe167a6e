//! What a caller is told of exchanges over HTTP/2: of their connection, in events, by errors; and how a client
//! lets its connections go.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use pannier::proto::h2::ErrorCode;
use pannier::{CloseReason, ErrorKind, Phase, PoolConfig};

use crate::support::h2_peer::{builder, client, play, End, More, H2};
use crate::support::peer::Peer;
use crate::support::read_all;
use crate::support::recorder::Recorder;

#[test]
fn ok_the_connection_of_each_exchange_is_reported() {
    let peer = play(|peer| {
        let two = peer.requests(2);
        for fields in two {
            peer.answer(fields.stream, fields.path());
        }
        assert_eq!(peer.serve(), 1);
    });
    let client = client();
    let (mut pipeline, address) = (
        client.pipeline(["/a", "/b"].map(|path| client.get(peer.url(path)))).depth(2),
        peer.address(),
    );
    let mut told = Vec::new();
    for response in pipeline.by_ref() {
        let response = response.unwrap();
        let info = *response.connection();
        assert_eq!((info.remote_addr(), info.close_reason()), (Some(address), None));
        told.push((info.id(), info.stream(), info.exchanges()));
        response.text().unwrap();
    }
    assert_eq!(told, [(1, Some(1), 1), (1, Some(3), 2)]);
    let third = client.get(peer.url("/c")).send().unwrap();
    let info = *third.connection();
    assert_eq!((info.id(), info.stream(), info.exchanges()), (1, Some(5), 3));
    assert!(info.is_reused());
    assert_eq!(third.text().unwrap(), "/c");
}

#[test]
fn ok_events_come_in_order() {
    let peer = play(|peer| {
        let first = peer.request("POST", "/a");
        assert_eq!(peer.content(first), b"body");
        peer.head(first, 103, &[], More);
        peer.answer(first, "ok");
        let second = peer.request("GET", "/b");
        peer.reset(second, ErrorCode::REFUSED_STREAM);
        let again = peer.request("GET", "/b");
        peer.head(again, 204, &[], End);
    });
    let recorder = Recorder::new();
    let client = builder().observer(recorder.clone()).build();
    client.post(peer.url("/a")).body("body").send().unwrap().text().unwrap();
    let mut told = recorder.take();
    told.retain(|event| !event.starts_with("connecting"));
    let expected = [
        "connected 1",
        "request head 1 POST /a HTTP/2",
        "request body 4",
        "request end",
        "informational 103",
        "response head 200",
        "response end",
        "kept 1",
    ];
    assert_eq!(told, expected);
    client.get(peer.url("/b")).send().unwrap();
    let expected = [
        "reused 1 after 1",
        "request head 1 GET /b HTTP/2",
        "request end",
        "kept 1",
        "retrying after Reset",
        "reused 1 after 2",
        "request head 1 GET /b HTTP/2",
        "request end",
        "response head 204",
        "response end",
        "kept 1",
    ];
    assert_eq!(recorder.take(), expected);
    drop(client);
    assert_eq!(recorder.take(), ["closed 1 Shutdown"]);
}

#[test]
fn ok_the_end_of_a_connection_is_told_once_and_with_its_reason() {
    let peer = Peer::play(|stage| {
        let mut one = H2::accept(stage);
        let four = one.requests(4);
        one.goaway(four[3].stream, ErrorCode::NO_ERROR);
        for fields in four {
            one.answer(fields.stream, fields.path());
        }
        one.expect_end();
    });
    let recorder = Recorder::new();
    let client = builder().observer(recorder.clone()).build();
    let paths: Vec<_> = (0..4).map(|number| peer.url(&format!("/{}", number))).collect();
    thread::scope(|scope| {
        for path in &paths {
            scope.spawn(|| client.get(path.as_str()).send().unwrap().text().unwrap());
        }
    });
    assert_eq!(recorder.closed(), [(1, CloseReason::GoAway)]);
    assert_eq!(client.pool_stats().closed(CloseReason::GoAway), 1);
}

#[test]
fn err_errors_say_what_happened_and_whether_to_try_again() {
    type Say = fn(&mut H2, u32);
    let table: [(Say, ErrorKind, Phase, &str, bool); 7] = [
        (
            |peer, stream| peer.reset(stream, ErrorCode::INTERNAL_ERROR),
            ErrorKind::Reset,
            Phase::Wait,
            "the peer reset the stream (INTERNAL_ERROR)",
            false,
        ),
        (
            |peer, stream| peer.reset(stream, ErrorCode::new(0xbad)),
            ErrorKind::Reset,
            Phase::Wait,
            "the peer reset the stream (error code 0xbad)",
            false,
        ),
        (
            |peer, stream| peer.reset(stream, ErrorCode::HTTP_1_1_REQUIRED),
            ErrorKind::Reset,
            Phase::Wait,
            "HTTP_1_1_REQUIRED",
            false,
        ),
        (
            |peer, stream| peer.block(stream, &[(":status", "99")], End),
            ErrorKind::Protocol,
            Phase::Wait,
            "the response has no valid :status (RFC 9113 §8.3.2)",
            false,
        ),
        (
            |peer, stream| peer.head(stream, 200, &[("Upper", "case")], End),
            ErrorKind::Protocol,
            Phase::Wait,
            "not a token in lower case (RFC 9113 §8.2.1)",
            false,
        ),
        (
            |peer, stream| peer.data(stream, "x", More),
            ErrorKind::Protocol,
            Phase::Wait,
            "content came before the response head (RFC 9113 §8.1)",
            false,
        ),
        (
            |peer, stream| peer.head(stream, 200, &[("connection", "close")], End),
            ErrorKind::Protocol,
            Phase::Wait,
            "field of HTTP/1 connections (RFC 9113 §8.2.2)",
            false,
        ),
    ];
    for (say, kind, phase, text, safe) in table {
        let peer = play(move |peer| {
            let stream = peer.next_request().stream;
            assert_eq!(peer.content(stream), b"body");
            say(peer, stream);
            let last = peer.next_request();
            peer.answer(last.stream, "ok");
            peer.forget_rest();
        });
        let client = client();
        let error = client.post(peer.url("/a")).body("body").send().unwrap_err();
        assert_eq!((error.kind(), error.phase()), (kind, Some(phase)), "{:?}", error);
        assert!(error.to_string().contains(text), "{}", error);
        assert!(error.to_string().contains(&peer.url("/a")), "{}", error);
        assert_eq!(error.is_safe_to_retry(), safe, "{:?}", error);
        assert!(error.bytes_sent() > 4 && !error.is_timeout(), "{:?}", error);
        let next = client.get(peer.url("/next")).send().unwrap();
        assert_eq!(next.connection().id(), 1, "only the stream was lost: {:?}", error);
    }
}

#[test]
fn ok_close_idle_says_goodbye_and_leaves_what_is_in_use() {
    let peer = Peer::play(|stage| {
        let mut one = H2::accept(stage);
        let first = one.request("GET", "/1");
        one.head(first, 200, &[], More);
        let second = one.request("GET", "/2");
        one.answer(second, "/2");
        one.data(first, "1", End);
        assert_eq!(one.expect_goaway(), ErrorCode::NO_ERROR);
        one.expect_end();
        let mut two = H2::accept(stage);
        assert_eq!(two.serve(), 1);
    });
    let client = client();
    let mut first = client.get(peer.url("/1")).send().unwrap();
    client.close_idle();
    assert_eq!(client.get(peer.url("/2")).send().unwrap().text().unwrap(), "/2");
    assert_eq!(read_all(&mut first).unwrap(), b"1");
    drop(first);
    assert_eq!(client.pool_stats().idle, 1);
    client.close_idle();
    assert_eq!((client.pool_stats().idle, client.pool_stats().active), (0, 0));
    assert_eq!(client.get(peer.url("/3")).send().unwrap().text().unwrap(), "/3");
}

#[test]
fn ok_a_shutdown_lets_what_is_under_way_end_and_refuses_the_rest() {
    let (shut, when_shut) = channel::<()>();
    let peer = play(move |peer| {
        let first = peer.request("GET", "/1");
        peer.head(first, 200, &[], More);
        when_shut.recv().unwrap();
        peer.data(first, "1", End);
        assert_eq!(peer.expect_goaway(), ErrorCode::NO_ERROR);
    });
    let client = client();
    let mut first = client.get(peer.url("/1")).send().unwrap();
    client.shutdown();
    let error = client.get(peer.url("/2")).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShutDown);
    shut.send(()).unwrap();
    assert_eq!(read_all(&mut first).unwrap(), b"1");
    drop(first);
    let stats = client.pool_stats();
    assert_eq!((stats.idle, stats.active, stats.closed(CloseReason::Shutdown)), (0, 0, 1));
}

#[test]
fn ok_a_connection_that_is_too_old_takes_no_more_but_ends_what_it_has() {
    let peer = Peer::play(|stage| {
        let mut one = H2::accept(stage);
        let first = one.request("GET", "/1");
        one.head(first, 200, &[], More);
        let mut two = H2::accept(stage);
        let second = two.request("GET", "/2");
        two.answer(second, "2");
        one.data(first, "1", End);
        one.expect_end();
        two.expect_end();
    });
    let client = builder().pool(PoolConfig::default().max_age(Duration::from_millis(1))).build();
    let mut first = client.get(peer.url("/1")).send().unwrap();
    thread::sleep(Duration::from_millis(2));
    let second = client.get(peer.url("/2")).send().unwrap();
    assert_eq!((second.connection().id(), second.text().unwrap()), (2, "2".into()));
    assert_eq!(read_all(&mut first).unwrap(), b"1");
    drop(first);
    assert!(client.pool_stats().closed(CloseReason::MaxAge) > 0);
}

#[test]
fn ok_a_connection_that_was_idle_for_too_long_is_left() {
    let peer = Peer::play(|stage| {
        for _ in 0..2 {
            let mut peer = H2::accept(stage);
            let stream = peer.next_request().stream;
            peer.answer(stream, "ok");
            assert_eq!(peer.expect_goaway(), ErrorCode::NO_ERROR);
            peer.expect_end();
        }
    });
    let client =
        builder().pool(PoolConfig::default().idle_timeout(Duration::from_millis(1))).build();
    for _ in 0..2 {
        assert_eq!(client.get(peer.url("/")).send().unwrap().text().unwrap(), "ok");
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(client.pool_stats().closed(CloseReason::IdleTimeout), 1);
}

#[test]
fn ok_those_who_wait_at_a_shutdown_are_sent_away() {
    let peer = crate::support::h2_peer::play_with(&[(3, 1)], |peer| {
        let first = peer.request("GET", "/1");
        peer.head(first, 200, &[], More);
        peer.expect_reset(first, ErrorCode::CANCEL);
    });
    let client = builder().pool(PoolConfig::default().max_per_origin(1)).build();
    let first = client.get(peer.url("/1")).send().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| client.get(peer.url("/2")).send().unwrap_err());
        while client.pool_stats().waiting == 0 {
            thread::yield_now();
        }
        client.shutdown();
        assert_eq!(waiting.join().unwrap().kind(), ErrorKind::ShutDown);
    });
    drop(first);
}
