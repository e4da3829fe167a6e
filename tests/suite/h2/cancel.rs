//! A token ends one exchange of HTTP/2 in whatever phase it is, by a reset of its stream, and the connection
//! carries on.

use std::io;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use pannier::proto::h2::frame::Settings;
use pannier::proto::h2::ErrorCode;
use pannier::{Body, CancelToken, Client, Error, ErrorKind, Phase, PoolConfig};

use crate::support::h2_peer::{builder, client, play, play_with, More, H2};
use crate::support::peer::Peer;
use crate::support::read_all;

/// What a call reports that was cancelled, long before its deadline.
#[track_caller]
fn cancelled<T: std::fmt::Debug>(phase: Phase, call: impl FnOnce() -> Result<T, Error>) -> Error {
    let began = Instant::now();
    let error = call().unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(7), "only the deadline woke it");
    let found = (error.kind(), error.phase());
    assert_eq!(found, (ErrorKind::Cancelled, Some(phase)), "{:?}", error);
    assert!(error.to_string().starts_with("the request was cancelled while"), "{}", error);
    error
}

/// A peer on whose connection `script` cancels when it has got to where the client is blocked, and which is
/// told on which stream; and then another request is served.
fn cancelling(
    script: impl FnOnce(&mut H2, &dyn Fn()) -> u32 + Send + 'static,
) -> (Peer, CancelToken) {
    let token = CancelToken::new();
    let cancel = token.clone();
    let peer = play(move |peer| {
        let stream = script(peer, &|| cancel.cancel());
        peer.expect_reset(stream, ErrorCode::CANCEL);
        assert_eq!(peer.serve(), 1);
    });
    (peer, token)
}

#[track_caller]
fn goes_on(client: &Client, peer: &Peer) {
    let next = client.get(peer.url("/next")).send().unwrap();
    assert_eq!((next.connection().id(), next.connection().is_reused()), (1, true));
    assert_eq!(next.text().unwrap(), "/next");
}

#[test]
fn err_cancelled_while_waiting() {
    let (peer, token) = cancelling(|peer, cancel| {
        let stream = peer.next_request().stream;
        cancel();
        stream
    });
    let client = client();
    let error = cancelled(Phase::Wait, || client.get(peer.url("/")).cancel(token).send());
    assert!(error.bytes_sent() > 0);
    goes_on(&client, &peer);
}

#[test]
fn err_cancelled_while_receiving() {
    let (peer, token) = cancelling(|peer, cancel| {
        let stream = peer.next_request().stream;
        peer.head(stream, 200, &[], More);
        peer.data(stream, "begun", More);
        peer.ping();
        cancel();
        stream
    });
    let client = client();
    let mut response = client.get(peer.url("/")).cancel(token).send().unwrap();
    cancelled(Phase::Receive, || read_all(&mut response));
    drop(response);
    goes_on(&client, &peer);
}

#[test]
fn err_cancelled_while_an_upload_has_no_window() {
    let (peer, token) = cancelling(|peer, cancel| {
        let stream = peer.next_request().stream;
        peer.content_of(stream, 65_535);
        cancel();
        stream
    });
    let client = client();
    let request = client.post(peer.url("/")).body(vec![0; 1 << 20]).cancel(token);
    cancelled(Phase::Send, || request.send());
    goes_on(&client, &peer);
}

#[test]
fn err_cancelled_while_waiting_for_100_continue() {
    let (peer, token) = cancelling(|peer, cancel| {
        let stream = peer.next_request().stream;
        cancel();
        stream
    });
    let client = client();
    let timeouts = pannier::Timeouts::default().expect_continue(Duration::from_secs(3600));
    let request = client.post(peer.url("/")).expect_continue().body("body").timeouts(timeouts);
    cancelled(Phase::Send, || request.cancel(token).send());
    goes_on(&client, &peer);
}

#[test]
fn err_cancelled_while_the_peer_does_not_read() {
    let token = CancelToken::new();
    let cancel = token.clone();
    let peer = Peer::play(move |stage| {
        let mut peer = H2::accept_with(stage, &[(Settings::INITIAL_WINDOW_SIZE, 1 << 30)]);
        peer.window(0, 1 << 30);
        peer.next_request();
        cancel.cancel();
        peer.hold(stage);
    });
    let client = client();
    let body = Body::reader(io::repeat(0));
    let request = client.post(peer.url("/")).body(body).cancel(token);
    cancelled(Phase::Send, || request.send());
}

#[test]
fn err_cancelled_while_as_many_streams_are_open_as_may_be() {
    let token = CancelToken::new();
    let cancel = token.clone();
    let pool = PoolConfig::default().max_per_origin(1);
    let (full, when_full) = channel::<()>();
    let peer = play_with(&[(Settings::MAX_CONCURRENT_STREAMS, 1)], move |peer| {
        let stream = peer.next_request().stream;
        peer.head(stream, 200, &[], More);
        when_full.recv().unwrap();
        cancel.cancel();
        peer.expect_reset(stream, ErrorCode::CANCEL);
        assert_eq!(peer.serve(), 1);
    });
    let client = builder().pool(pool).build();
    let busy = client.get(peer.url("/")).send().unwrap();
    let request = client.get(peer.url("/")).cancel(token);
    let waiting = thread::spawn(|| request.send());
    while client.pool_stats().waiting == 0 {
        thread::yield_now();
    }
    full.send(()).unwrap();
    let error = cancelled(Phase::Queue, || waiting.join().unwrap());
    assert_eq!(error.bytes_sent(), 0);
    drop(busy);
    goes_on(&client, &peer);
}

#[test]
fn ok_who_is_cancelled_while_reading_for_all_hands_reading_on() {
    let token = CancelToken::new();
    let cancel = token.clone();
    let peer = play(move |peer| {
        let reader = peer.request_to("/reader");
        let others = peer.requests(4);
        // One of them, to see that they wait by now.
        peer.ping();
        cancel.cancel();
        peer.expect_reset(reader, ErrorCode::CANCEL);
        for fields in others {
            peer.answer(fields.stream, fields.path());
        }
    });
    let client = client();
    thread::scope(|scope| {
        let reader = client.get(peer.url("/reader")).cancel(token);
        let reader = scope.spawn(move || reader.send().unwrap_err());
        while client.pool_stats().created == 0 {
            thread::yield_now();
        }
        let (client, peer) = (&client, &peer);
        for number in 0..4 {
            scope.spawn(move || {
                let path = format!("/{}", number);
                let response = client.get(peer.url(&path)).send().unwrap();
                assert_eq!(response.text().unwrap(), path);
            });
        }
        assert_eq!(reader.join().unwrap().kind(), ErrorKind::Cancelled);
    });
}

#[test]
fn ok_a_token_takes_effect_soon_whether_its_thread_reads_or_sleeps() {
    // Twenty wait on one connection, one of whom reads; each is cancelled in its turn.
    let tokens: Vec<_> = (0..20).map(|_| CancelToken::new()).collect();
    let (begun, when_begun) = channel();
    let peer = play(move |peer| {
        peer.requests(20);
        begun.send(()).unwrap();
        for _ in 0..20 {
            assert_eq!(peer.any_reset().1, ErrorCode::CANCEL);
        }
        assert_eq!(peer.serve(), 1);
    });
    let client = client();
    let mut late = thread::scope(|scope| {
        let run = |token: &CancelToken| {
            let request = client.get(peer.url("/")).cancel(token.clone());
            scope.spawn(move || (request.send().unwrap_err(), Instant::now()))
        };
        let calls: Vec<_> = tokens.iter().map(run).collect();
        when_begun.recv().unwrap();
        let late = tokens.iter().zip(calls).map(|(token, call)| {
            let at = Instant::now();
            token.cancel();
            let (error, ended) = call.join().unwrap();
            assert_eq!(error.kind(), ErrorKind::Cancelled);
            ended - at
        });
        late.collect::<Vec<_>>()
    });
    late.sort();
    assert!(late[10] <= Duration::from_millis(50), "{:?}", late);
    goes_on(&client, &peer);
}

#[test]
fn ok_a_batch_that_is_dropped_resets_what_it_has_under_way() {
    let (dropped, when_dropped) = channel();
    let peer = play(move |peer| {
        let requests = peer.requests(4);
        peer.answer(requests[0].stream, "first");
        when_dropped.recv().unwrap();
        // Its place has been taken by another request, or not.
        for _ in &requests[1..] {
            assert_eq!(peer.any_reset().1, ErrorCode::CANCEL);
        }
        peer.forget_rest();
    });
    let client = client();
    let requests: Vec<_> = (0..100).map(|_| client.get(peer.url("/"))).collect();
    let mut results = client.batch(requests).concurrency(4).run();
    let (_, first) = results.next().unwrap();
    assert_eq!(first.unwrap().text().unwrap(), "first");
    drop(results);
    dropped.send(()).unwrap();
    drop(client);
}
