//! How many connections there may be, and who gets one when there may be no more.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc};
use std::thread;
use std::time::{Duration, Instant};

use pannier::net::{Connect, Dialing, Script, Transport};
use pannier::{CancelToken, Client, CloseReason, ErrorKind, Phase, PoolConfig, Timeouts};

use crate::support::counted::Counted;
use crate::support::peer::Peer;
use crate::support::recorder::Recorder;
use crate::support::site::Site;
use crate::support::{builder, EMPTY, OK};

fn bounded(pool: PoolConfig) -> Client {
    builder().pool(pool).build()
}

/// Until so many requests wait for a connection.
fn until_waiting(client: &Client, count: usize) {
    let patience = Instant::now() + Duration::from_secs(10);
    while client.pool_stats().waiting != count {
        assert!(Instant::now() < patience, "{:?}", client.pool_stats());
        thread::yield_now();
    }
}

#[test]
fn ok_a_connection_that_comes_back_goes_to_whoever_waited_longest() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        for target in ["/first", "/1", "/2", "/3"] {
            wire.exchange(&format!("GET {}", target), OK);
        }
        wire.expect_end();
        peer.expect_nobody();
    });
    let client = bounded(PoolConfig::default().max_per_origin(1));
    let first = client.get(peer.url("/first")).send().unwrap();
    thread::scope(|scope| {
        for number in 1..4 {
            let (client, url) = (&client, peer.url(&format!("/{}", number)));
            scope.spawn(move || {
                let response = client.get(url).send().unwrap();
                assert!(response.timings().queue().is_some());
                assert!(response.connection().is_reused());
                response.bytes().unwrap()
            });
            until_waiting(client, number);
        }
        assert_eq!(client.pool_stats().active, 1);
        first.bytes().unwrap();
    });
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.reused, stats.active, stats.idle), (1, 3, 0, 1));
}

#[test]
fn ok_the_place_of_a_connection_that_is_closed_goes_to_whoever_waits() {
    let peer = Peer::play(|peer| {
        for _ in 0..2 {
            let mut wire = peer.accept();
            wire.expect_request("GET /");
            wire.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
            wire.expect_end();
        }
    });
    let client = bounded(PoolConfig::default().max_total(1));
    let recorder = Recorder::new();
    let first = client.get(peer.url("/")).send().unwrap();
    thread::scope(|scope| {
        let second = client.get(peer.url("/")).observer(recorder.clone());
        let second = scope.spawn(move || second.send().unwrap().bytes().unwrap());
        until_waiting(&client, 1);
        first.bytes().unwrap();
        second.join().unwrap();
    });
    assert_eq!(recorder.take()[..3], ["Queued", "connecting", "connected 2"]);
    assert_eq!(client.pool_stats().closed(CloseReason::RequestedByServer), 2);
}

#[test]
fn ok_an_idle_connection_to_one_origin_makes_room_for_another() {
    let (a, b) = (Peer::answers([EMPTY]), Peer::answers([EMPTY]));
    let client = bounded(PoolConfig::default().max_total(1));
    for url in [a.url("/"), b.url("/")] {
        client.get(url).send().unwrap().bytes().unwrap();
    }
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.idle, stats.closed(CloseReason::Evicted)), (2, 1, 1));
    drop(client);
}

#[test]
fn err_a_deadline_or_a_token_ends_the_wait_for_a_connection() {
    let peer = Peer::answers([OK]);
    let client = bounded(PoolConfig::default().max_per_origin(1));
    let first = client.get(peer.url("/")).send().unwrap();
    let waits = |timeouts| client.get(peer.url("/")).timeouts(timeouts);
    let short = Duration::from_millis(30);
    for timeouts in [Timeouts::default().total(short), Timeouts::default().queue(short)] {
        let began = Instant::now();
        let error = waits(timeouts).send().unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Timeout, Some(Phase::Queue)));
        assert!(error.is_connect() && error.is_safe_to_retry() && error.bytes_sent() == 0);
        assert!(began.elapsed() >= short);
    }
    let token = CancelToken::new();
    thread::scope(|scope| {
        let request = waits(Timeouts::default()).cancel(token.clone());
        let waiting = scope.spawn(move || request.send().unwrap_err());
        until_waiting(&client, 1);
        token.cancel();
        assert_eq!(waiting.join().unwrap().kind(), ErrorKind::Cancelled);
    });
    assert_eq!(client.pool_stats().waiting, 0);
    first.bytes().unwrap();
    assert_eq!((client.pool_stats().idle, client.pool_stats().active), (1, 0));
    drop(client);
}

#[test]
fn err_after_shutdown_everything_is_refused_but_what_is_under_way_goes_on() {
    let peer = Peer::answers([OK]);
    let client = bounded(PoolConfig::default().max_per_origin(1));
    let first = client.get(peer.url("/")).send().unwrap();
    let refused = thread::scope(|scope| {
        let waiting = scope.spawn(|| client.get(peer.url("/")).send().unwrap_err());
        until_waiting(&client, 1);
        client.clone().shutdown();
        waiting.join().unwrap()
    });
    assert_eq!((refused.kind(), refused.phase()), (ErrorKind::ShutDown, Some(Phase::Queue)));
    let error = client.get(peer.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShutDown);
    assert_eq!(first.bytes().unwrap(), b"ok");
    let stats = client.pool_stats();
    assert_eq!((stats.active, stats.idle, stats.closed(CloseReason::Shutdown)), (0, 0, 1));
}

/// A stream that has left HTTP is a connection still.
#[test]
fn ok_a_connection_that_was_upgraded_keeps_its_place_until_it_is_dropped() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_head();
        wire.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
        wire.expect_end();
        peer.accept().exchange("GET /", EMPTY);
    });
    let client = bounded(PoolConfig::default().max_per_origin(1));
    let upgrade = client.get(peer.url("/")).header("Connection", "upgrade").header("Upgrade", "x");
    let stream = upgrade.send().unwrap().into_stream().unwrap();
    assert_eq!(client.pool_stats().active, 1);
    assert_eq!(client.pool_stats().closed(CloseReason::Upgraded), 1);
    let short = Timeouts::default().total(Duration::from_millis(10));
    let error = client.get(peer.url("/")).timeouts(short).send().unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Queue));
    drop(stream);
    client.get(peer.url("/")).send().unwrap();
}

/// A network far away: each connection is made when the test says so.
#[derive(Clone, Debug, Default)]
struct Far {
    /// How many were asked for, and how many may be made or must fail.
    asked: Arc<AtomicUsize>,
    allowed: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

impl Connect for Far {
    fn connect(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let patience = Instant::now() + Duration::from_secs(10);
        while self.allowed.load(Ordering::SeqCst) < number {
            dialing.deadline.remaining(Instant::now())?;
            let cancelled = dialing.cancel.map_or(false, CancelToken::is_cancelled);
            if cancelled || self.refused.load(Ordering::SeqCst) >= number {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            assert!(Instant::now() < patience);
            thread::yield_now();
        }
        let script = Script::new().expect_until("\r\n\r\n").reply(OK).expect_until("\r\n\r\n");
        script.reply(OK).expect_until("\r\n\r\n").reply(OK).repeated().connect(dialing)
    }
}

impl Far {
    fn until_asked(&self, count: usize) {
        let patience = Instant::now() + Duration::from_secs(10);
        while self.asked.load(Ordering::SeqCst) < count {
            assert!(Instant::now() < patience, "nobody dialled");
            thread::yield_now();
        }
    }
}

#[test]
fn ok_a_connection_that_comes_back_before_a_new_one_is_made_is_taken() {
    let far = Far::default();
    far.allowed.store(1, Ordering::SeqCst);
    let client = builder().connector(far.clone()).build();
    let url = "http://a.example/";
    let first = client.get(url).send().unwrap();
    thread::scope(|scope| {
        let second = scope.spawn(|| client.get(url).send().unwrap());
        far.until_asked(2);
        first.bytes().unwrap();
        let second = second.join().unwrap();
        assert!(second.connection().is_reused() && second.timings().connect().is_none());
        second.bytes().unwrap();
        // The new one is not lost.
        far.allowed.store(2, Ordering::SeqCst);
        let patience = Instant::now() + Duration::from_secs(10);
        while client.pool_stats().idle < 2 {
            assert!(Instant::now() < patience, "{:?}", client.pool_stats());
            thread::yield_now();
        }
    });
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.reused, stats.active, stats.waiting), (2, 1, 0, 0));
}

#[test]
fn ok_under_the_bound_on_all_nothing_is_made_that_another_origin_would_have_closed_at_once() {
    let far = Far::default();
    far.allowed.store(2, Ordering::SeqCst);
    let client = builder().connector(far.clone()).pool(PoolConfig::default().max_total(3)).build();
    let (url, other) = ("http://a.example/", "http://b.example/");
    let first = client.get(url).send().unwrap();
    let held = client.get(other).send().unwrap();
    thread::scope(|scope| {
        let second = scope.spawn(|| client.get(url).send().unwrap());
        far.until_asked(3);
        first.bytes().unwrap();
        far.allowed.store(3, Ordering::SeqCst);
        let second = second.join().unwrap();
        assert!(!second.connection().is_reused());
        second.bytes().unwrap();
    });
    held.bytes().unwrap();
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.reused, stats.idle), (3, 0, 3));
}

#[test]
fn ok_under_the_bound_on_all_one_origin_alone_takes_what_comes_first() {
    let far = Far::default();
    far.allowed.store(1, Ordering::SeqCst);
    let client = builder().connector(far.clone()).pool(PoolConfig::default().max_total(2)).build();
    let first = client.get("http://a.example/").send().unwrap();
    thread::scope(|scope| {
        let second = scope.spawn(|| client.get("http://a.example/").send().unwrap());
        far.until_asked(2);
        first.bytes().unwrap();
        assert!(second.join().unwrap().connection().is_reused());
    });
    far.allowed.store(2, Ordering::SeqCst);
}

#[test]
fn ok_a_new_connection_is_taken_when_it_is_there_first() {
    let far = Far::default();
    far.allowed.store(1, Ordering::SeqCst);
    let client = builder().connector(far.clone()).build();
    let first = client.get("http://a.example/").send().unwrap();
    thread::scope(|scope| {
        let second = scope.spawn(|| client.get("http://a.example/").send().unwrap());
        far.until_asked(2);
        far.allowed.store(2, Ordering::SeqCst);
        let second = second.join().unwrap();
        assert!(!second.connection().is_reused() && second.timings().connect().is_some());
    });
    drop(first);
    assert_eq!(client.pool_stats().created, 2);
}

#[test]
fn err_a_dialling_aside_reports_like_any_other_and_ends_with_its_call() {
    let far = Far::default();
    far.allowed.store(1, Ordering::SeqCst);
    let client = builder().connector(far.clone()).build();
    let url = "http://a.example/";
    let first = client.get(url).send().unwrap();
    far.refused.store(2, Ordering::SeqCst);
    let error = client.get(url).send().unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Connect, Some(Phase::Connect)));
    let short = Timeouts::default().total(Duration::from_millis(20));
    let error = client.get(url).timeouts(short).send().unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Timeout, Some(Phase::Connect)));
    let token = CancelToken::new();
    thread::scope(|scope| {
        let request = client.get(url).cancel(token.clone());
        let call = scope.spawn(move || request.send().unwrap_err());
        far.until_asked(4);
        token.cancel();
        assert_eq!(call.join().unwrap().kind(), ErrorKind::Cancelled);
    });
    thread::scope(|scope| {
        let call = scope.spawn(|| client.get(url).send().unwrap_err());
        far.until_asked(5);
        client.shutdown();
        assert_eq!(call.join().unwrap().kind(), ErrorKind::ShutDown);
    });
    drop(first);
    let patience = Instant::now() + Duration::from_secs(10);
    while client.pool_stats().active > 0 {
        assert!(Instant::now() < patience, "{:?}", client.pool_stats());
        thread::yield_now();
    }
    assert_eq!(client.pool_stats().waiting, 0);
}

/// A connector that goes wrong beside a connection that is in use.
#[derive(Debug, Default)]
struct Panics(AtomicUsize);

impl Connect for Panics {
    fn connect(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), 0, "on purpose");
        Script::new().expect_until("\r\n\r\n").reply(OK).repeated().connect(dialing)
    }
}

#[test]
fn err_a_panic_of_a_dialling_aside_leaves_nobody_waiting() {
    let client = Client::builder().connector(Panics::default()).build();
    let first = client.get("http://a.example/").send().unwrap();
    let error = client.get("http://a.example/").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    drop(first);
    assert_eq!((client.pool_stats().active, client.pool_stats().waiting), (0, 0));
}

/// Counted where the connections are made and closed, and by the server.
#[test]
fn ok_five_hundred_threads_never_exceed_the_bounds() {
    const THREADS: usize = 500;
    let busy = Arc::new(AtomicUsize::new(0));
    let most_busy = Arc::new(AtomicUsize::new(0));
    let (now, most) = (busy.clone(), most_busy.clone());
    let site = Site::serve(move |mut wire| {
        while let Some(head) = wire.next_head() {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let last = head.contains("/close");
            now.fetch_sub(1, Ordering::SeqCst);
            // The last answer says nothing of the end, which comes at once.
            if !wire.try_send(OK) || last {
                return wire.close();
            }
        }
    });
    let counted = Counted::default();
    let pool = PoolConfig::default().max_per_origin(7).max_total(9);
    let client = builder().pool(pool).connector(counted.clone()).build();
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (client, site, done) = (&client, &site, done.clone());
            let work = move || {
                for round in 0..4 {
                    let target = if (thread + round) % 9 == 0 { "/close" } else { "/" };
                    let result = client.get(site.url(target)).send().and_then(|r| r.bytes());
                    done.send(result).unwrap();
                }
            };
            thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, work).unwrap();
        }
    });
    drop(done);
    let results: Vec<_> = results.into_iter().collect();
    assert_eq!(results.len(), 4 * THREADS);
    assert!(results.iter().all(|result| matches!(result.as_deref(), Ok(b"ok"))), "{:?}", results);
    let stats = client.pool_stats();
    assert_eq!((stats.active, stats.waiting), (0, 0));
    assert!(most_busy.load(Ordering::SeqCst) <= 7, "{:?}", most_busy);
    assert_eq!(counted.open(), [stats.idle, 7]);
    drop(client);
    assert_eq!(counted.open()[0], 0);
    site.expect_all_closed();
}
