//! Which idle connection is used again, and which are closed instead.

use std::io::{Cursor, Read};
use std::sync::{mpsc, Arc};
use std::thread;
use std::time::Duration;

use pannier::http::Method;
use pannier::net::Script;
use pannier::{Body, Client, ClientBuilder, CloseReason, PoolConfig, Response, RetryPolicy};

use crate::support::peer::{Peer, Wire};
use crate::support::recorder::Recorder;
use crate::support::{builder, client, once, EMPTY, OK};

/// Two connections, with a response on each that has not been read.
fn two_under_way(client: &Client, peer: &Peer) -> [Response; 2] {
    [(); 2].map(|()| client.get(peer.url("/")).send().unwrap())
}

fn finish(response: &mut Response) {
    response.read_exact(&mut [0; 2]).unwrap();
    assert!(response.is_ended());
}

/// Two connections, each of which has had an exchange; then what the test wants.
fn two_wires(script: impl FnOnce([Wire; 2]) + Send + 'static) -> Peer {
    Peer::play(move |peer| {
        let wires = [(); 2].map(|()| {
            let mut wire = peer.accept();
            wire.exchange("GET /", OK);
            wire
        });
        script(wires);
    })
}

#[test]
fn ok_the_connection_that_became_idle_last_is_used_first() {
    for newest in [0, 1] {
        let peer = two_wires(move |mut wires| {
            wires[newest].exchange("GET /a", EMPTY);
            wires[newest].exchange("GET /b", EMPTY);
            wires.into_iter().for_each(Wire::expect_end);
        });
        let client = client();
        let mut responses = two_under_way(&client, &peer);
        finish(&mut responses[1 - newest]);
        finish(&mut responses[newest]);
        assert_eq!(client.pool_stats().idle, 2);
        for path in ["/a", "/b"] {
            let next = client.get(peer.url(path)).send().unwrap();
            assert_eq!(next.connection().id(), responses[newest].connection().id());
        }
        assert_eq!(client.pool_stats().reused, 2);
    }
}

#[test]
fn ok_two_at_once_use_both_idle_connections() {
    let peer = two_wires(|mut wires| {
        wires[1].exchange("GET /", OK);
        wires[0].exchange("GET /", OK);
        wires.into_iter().for_each(Wire::expect_end);
    });
    let client = client();
    two_under_way(&client, &peer).iter_mut().for_each(finish);
    let again = two_under_way(&client, &peer);
    assert!(again.iter().all(|response| response.connection().is_reused()));
    assert_eq!(client.pool_stats().created, 2);
}

/// One exchange; then a pause, after which the connection is of no use any more. That it is kept until
/// then is seen where nothing hangs on the machine being quick.
fn too_old(config: PoolConfig, expected: CloseReason) {
    let peer = Peer::play(|peer| {
        for _ in 0..2 {
            let mut wire = peer.accept();
            wire.exchange("GET /", EMPTY);
            wire.expect_end();
        }
    });
    let recorder = Recorder::new();
    let client = builder().pool(config).observer(recorder.clone()).build();
    client.get(peer.url("/")).send().unwrap();
    thread::sleep(Duration::from_millis(3));
    let second = client.get(peer.url("/")).send().unwrap();
    assert!(!second.connection().is_reused());
    assert_eq!(recorder.closed()[0], (1, expected));
}

#[test]
fn ok_a_connection_that_was_idle_too_long_is_closed_at_checkout() {
    let config = PoolConfig::default().idle_timeout(Duration::from_millis(2));
    too_old(config, CloseReason::IdleTimeout);
}

#[test]
fn ok_a_connection_that_has_reached_its_age_is_closed_at_checkout() {
    too_old(PoolConfig::default().max_age(Duration::from_millis(2)), CloseReason::MaxAge);
}

#[test]
fn ok_a_connection_is_used_as_often_as_keep_alive_max_allows() {
    let peer = Peer::play(|peer| {
        for _ in 0..2 {
            let mut wire = peer.accept();
            for max in ["max=1, timeout=5", "timeout=5,MAX=0"] {
                let answer =
                    "HTTP/1.1 204 No Content\r\nKeep-Alive: ".to_owned() + max + "\r\n\r\n";
                wire.exchange("GET /", answer);
            }
            wire.expect_end();
        }
    });
    let client = client();
    let exchanges = [(); 4].map(|()| {
        let response = client.get(peer.url("/")).send().unwrap();
        (response.connection().id(), response.connection().close_reason())
    });
    let exhausted = Some(CloseReason::ExchangesExhausted);
    assert_eq!(exchanges, [(1, None), (1, exhausted), (2, None), (2, exhausted)]);
}

#[test]
fn ok_what_would_not_be_repeated_goes_on_no_connection_that_is_closed_already() {
    let sized = || Body::sized(Cursor::new("body"), 4);
    for (method, body, policy) in [
        (Method::POST, Body::from("body"), RetryPolicy::default()),
        (Method::PATCH, Body::from("body"), RetryPolicy::default()),
        (Method::PUT, sized(), RetryPolicy::default()),
        (Method::GET, Body::empty(), RetryPolicy::none()),
    ] {
        let scripts = Script::connections([once(EMPTY), Script::new().reply(EMPTY)]);
        let client = builder().connector(scripts.clone()).retries(policy).build();
        client.get("http://a.test/").send().unwrap();
        client.request(method.clone(), "http://a.test/").body(body).send().unwrap();
        assert_eq!(scripts.count(), 2, "{}", method);
        assert_eq!(client.pool_stats().retried, 0, "{}", method);
        assert!(!String::from_utf8(scripts.written(0)).unwrap().contains("body"), "{}", method);
    }
}

/// The only wait of more than a second: what is probed is what was idle for as long as that, and the
/// pool asks the clock itself.
#[test]
fn ok_a_connection_idle_for_a_second_is_probed() {
    let closed = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", EMPTY);
        wire.close();
        let mut wire = peer.accept();
        wire.exchange("POST /", EMPTY);
        wire.expect_end();
    });
    let (answered, is_answered) = mpsc::channel();
    let talking = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", EMPTY);
        is_answered.recv().unwrap();
        wire.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
        wire.expect_end();
        let mut wire = peer.accept();
        wire.exchange("POST /", EMPTY);
        wire.expect_end();
    });
    let quiet = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", EMPTY);
        wire.exchange("POST /", EMPTY);
        wire.expect_end();
    });
    let recorder = Recorder::new();
    let client = builder().observer(recorder.clone()).build();
    for peer in [&closed, &talking, &quiet] {
        client.get(peer.url("/")).send().unwrap();
    }
    answered.send(()).unwrap();
    thread::sleep(Duration::from_millis(1100));
    for (peer, reused) in [(&closed, false), (&talking, false), (&quiet, true)] {
        let response = client.post(peer.url("/")).send().unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.connection().is_reused(), reused);
    }
    let dead = CloseReason::ClosedWhileIdle;
    assert_eq!(recorder.closed(), [(1, dead), (2, dead)]);
    assert_eq!(client.pool_stats().retried, 0);
}

#[test]
fn ok_where_each_connection_is_looked_at_nothing_unasked_answers_the_next_request() {
    let ((answered, is_answered), (sent, is_sent)) = (mpsc::channel(), mpsc::channel());
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /first", EMPTY);
        is_answered.recv().unwrap();
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
        sent.send(()).unwrap();
        wire.expect_end();
        let mut wire = peer.accept();
        wire.exchange("GET /second", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright");
        wire.exchange("GET /third", EMPTY);
        wire.expect_end();
    });
    let client = builder().pool(PoolConfig::default().look_after(Duration::ZERO)).build();
    client.get(peer.url("/first")).send().unwrap();
    answered.send(()).unwrap();
    is_sent.recv().unwrap();
    assert_eq!(client.get(peer.url("/second")).send().unwrap().text().unwrap(), "right");
    assert!(client.get(peer.url("/third")).send().unwrap().connection().is_reused());
    assert_eq!(client.pool_stats().closed(CloseReason::ClosedWhileIdle), 1);
}

fn evicting(config: PoolConfig) -> (ClientBuilder, Arc<Recorder>) {
    let recorder = Recorder::new();
    (builder().pool(config).observer(recorder.clone()), recorder)
}

#[test]
fn ok_the_bound_per_origin_closes_the_oldest_idle_connection_of_the_origin() {
    let (builder, recorder) = evicting(PoolConfig::default().max_idle_per_origin(1));
    let peer = two_wires(|[first, mut second]| {
        first.expect_end();
        second.exchange("GET /", EMPTY);
        second.expect_end();
    });
    let client = builder.build();
    two_under_way(&client, &peer).iter_mut().for_each(finish);
    assert_eq!(recorder.closed(), [(1, CloseReason::Evicted)]);
    assert_eq!(client.pool_stats().idle, 1);
    assert_eq!(client.get(peer.url("/")).send().unwrap().connection().id(), 2);
}

#[test]
fn ok_the_bound_of_all_closes_the_oldest_idle_connection_of_any_origin() {
    let (builder, recorder) = evicting(PoolConfig::default().max_idle(2));
    let peers = [(); 3].map(|()| {
        Peer::play(|peer| {
            let mut wire = peer.accept();
            wire.exchange("GET /", EMPTY);
            wire.expect_end();
        })
    });
    let client = builder.build();
    for peer in &peers {
        client.get(peer.url("/")).send().unwrap();
    }
    assert_eq!(recorder.closed(), [(1, CloseReason::Evicted)]);
    assert_eq!(client.pool_stats().idle, 2);
}

#[test]
fn ok_idle_connections_are_closed_on_demand_and_with_the_last_clone() {
    let peer = Peer::play(|peer| {
        for _ in 0..2 {
            let mut wire = peer.accept();
            wire.exchange("GET /", EMPTY);
            wire.expect_end();
        }
    });
    let recorder = Recorder::new();
    let client = builder().observer(recorder.clone()).build();
    client.get(peer.url("/")).send().unwrap();
    client.close_idle();
    assert_eq!(client.pool_stats().idle, 0);
    assert_eq!(recorder.closed(), [(1, CloseReason::Shutdown)]);
    client.get(peer.url("/")).send().unwrap();
    drop(client.clone());
    assert_eq!(client.pool_stats().idle, 1);
    drop(client);
    assert_eq!(recorder.closed(), [(2, CloseReason::Shutdown)]);
    peer.join();
}

#[test]
fn ok_connections_of_different_origins_are_not_mixed() {
    let peer = Peer::play(|peer| {
        let mut wires = [(); 2].map(|()| {
            let mut wire = peer.accept();
            wire.exchange("GET /", EMPTY);
            wire
        });
        wires[0].exchange("GET /", EMPTY);
        wires.into_iter().for_each(Wire::expect_end);
    });
    let client = client();
    let by_name = format!("http://LocalHost:{}/", peer.address().port());
    let ids = [peer.url("/"), by_name, peer.url("/")]
        .map(|url| client.get(url).send().unwrap().connection().id());
    assert_eq!(ids, [1, 2, 1]);
}

#[test]
fn ok_what_is_known_of_connections_is_shown_to_be_read() {
    let script = Script::new().expect_until("\r\n\r\n").reply(OK);
    let client = builder().connector(script.repeated()).build();
    let response = client.get("http://example.com/").send().unwrap();
    let shown = format!("{:?}", response.connection());
    assert!(
        shown.starts_with("ConnectionInfo { id: 1, stream: None, exchanges: 1, age: "),
        "{}",
        shown
    );
    response.bytes().unwrap();
    client.close_idle();
    let shown = format!("{:?}", client.pool_stats());
    assert!(
        shown.ends_with("created: 1, reused: 0, retried: 0, closed: {Shutdown: 1} }"),
        "{}",
        shown
    );
}
