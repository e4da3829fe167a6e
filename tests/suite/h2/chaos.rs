//! Very many exchanges over many threads on few connections of HTTP/2, against servers that refuse, reset,
//! stall, go away and change their settings at random.
//!
//! Each has one result, which is true by what the server has written down; nothing that must not happen twice
//! does; nobody comes back later than allowed; no client sends more than windows and limits have it (that,
//! the server watches); and when all is over, no descriptor and no thread is left.

#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::io::Cursor;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use pannier::http::Method;
use pannier::{Body, CancelToken, Client, Error, ErrorKind, Http2Config, PoolConfig, Timeouts};

use crate::support::counted::Counted;
use crate::support::h2_peer;
use crate::support::h2_unruly::{Act, Arrival, Server, SIZES};
use crate::support::in_threads;
use crate::support::unruly::{alone, content, receive, Random};

/// Run by hand with `PANNIER_H2_CHAOS=100000`.
const EXCHANGES: u64 = 20_000;

/// How many in every run of the tests.
const FEW: u64 = 1_500;

const THREADS: u64 = 64;

const ORIGINS: u8 = 2;

/// By when each must have come back.
const DEADLINE: Duration = Duration::from_secs(2);

/// And how much later at most. Many threads wait for few processors.
const SLACK: Duration = Duration::from_millis(500);

#[test]
fn ok_exchanges_against_servers_that_misbehave() {
    let name = "h2::chaos::ok_exchanges_against_servers_that_misbehave";
    alone(name, || chaos(FEW, 7, Halves::Two));
}

#[test]
fn ok_exchanges_one_at_a_time_against_servers_that_misbehave() {
    let name = "h2::chaos::ok_exchanges_one_at_a_time_against_servers_that_misbehave";
    alone(name, || chaos(FEW, 8, Halves::One));
}

#[test]
#[ignore = "long: run by .ci/run"]
fn ok_many_exchanges_against_servers_that_misbehave() {
    let count = env::var("PANNIER_H2_CHAOS").map_or(EXCHANGES, |count| count.parse().unwrap());
    let seed = env::var("PANNIER_H2_SEED").map_or(1, |seed| seed.parse().unwrap());
    let name = "h2::chaos::ok_many_exchanges_against_servers_that_misbehave";
    alone(name, || {
        chaos(count, seed, Halves::Two);
        chaos(count / 10, seed, Halves::One);
    });
}

/// Can the transport be cloned? If not, a connection carries one exchange at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halves {
    One,
    Two,
}

/// What came of the exchanges of one thread.
#[derive(Default)]
struct Tally {
    kinds: BTreeMap<String, u64>,
    latest: Duration,
    /// Those that failed, and how often they were processed by then.
    failed: HashMap<u64, usize>,
}

fn chaos(count: u64, seed: u64, halves: Halves) {
    let server = Server::new(seed << 32);
    let origins = server.listen(ORIGINS);
    let windows = Http2Config::default().stream_window(20_000).max_stream_window(100_000);
    let builder = h2_peer::builder()
        .http2(windows.connection_window(200_000))
        .timeouts(Timeouts::default().total(DEADLINE));
    let pool = PoolConfig::default();
    let client = match halves {
        Halves::Two => builder.pool(pool.max_per_origin(3)),
        Halves::One => builder.pool(pool.max_per_origin(20)).connector(Counted::default()),
    };
    let client = client.build();
    let (hand, tokens) = channel::<CancelToken>();
    let canceller = thread::spawn(move || cancel_each(tokens, Random::new(seed)));
    let began = Instant::now();
    let tallies = in_threads(0..THREADS, |worker| {
        let random = Random::new(seed << 32 | worker);
        let count = count / THREADS + u64::from(worker < count % THREADS);
        work(&client, &server, &origins, worker, count, random, &hand)
    });
    let elapsed = began.elapsed();
    drop(hand);
    canceller.join().unwrap();
    let stats = client.pool_stats();
    assert_eq!((stats.active, stats.waiting), (0, 0));
    drop(client);
    let late = server.stop(&origins);
    let mut kinds = BTreeMap::new();
    let latest = tallies.iter().map(|tally| tally.latest).max().unwrap_or_default();
    let mut failed = HashMap::new();
    for tally in tallies {
        tally.kinds.into_iter().for_each(|(kind, count)| *kinds.entry(kind).or_insert(0) += count);
        failed.extend(tally.failed);
    }
    println!("{} exchanges, halves {:?}, in {:.1?}: {:?}", count, halves, elapsed, kinds);
    println!(
        "processed {}, the latest after {:.2?}",
        server.processed.load(Ordering::Relaxed),
        latest
    );
    println!("{:?}", stats);
    for (id, arrivals) in late {
        let before =
            failed.get(&id).unwrap_or_else(|| panic!("{:x} was processed after its answer", id));
        assert!(is_idempotent(id) || before + arrivals.len() <= 1, "{:x} {:?}", id, arrivals);
    }
    assert!(latest <= DEADLINE + SLACK, "one came back after {:?}", latest);
    assert!(stats.retried > 0, "nothing was put to the test");
}

/// Cancels each token that is handed in, sooner or later.
fn cancel_each(tokens: Receiver<CancelToken>, mut random: Random) {
    for token in tokens {
        thread::sleep(Duration::from_micros(random.below(3_000)));
        token.cancel();
    }
}

fn method(id: u64) -> Method {
    match Random::new(id).below(10) {
        0..=2 => Method::POST,
        3 => Method::PUT,
        _ => Method::GET,
    }
}

fn is_idempotent(id: u64) -> bool {
    method(id).is_idempotent()
}

/// Makes `count` requests one after the other and judges each.
fn work(
    client: &Client,
    server: &Server,
    origins: &[SocketAddr],
    worker: u64,
    count: u64,
    mut random: Random,
    hand: &Sender<CancelToken>,
) -> Tally {
    let mut tally = Tally::default();
    for number in 0..count {
        let id = (worker << 40) | number;
        let origin = origins[random.below(origins.len() as u64) as usize];
        let mut request = client.request(method(id), format!("http://{}/{}", origin, id));
        if method(id) != Method::GET {
            request = request.body(body(content(id, random.pick(&SIZES)), &mut random));
        }
        let (whole, cancelled) = (random.below(20) > 0, random.below(50) == 0);
        if cancelled {
            let token = CancelToken::new();
            hand.send(token.clone()).unwrap();
            request = request.cancel(token);
        }
        let began = Instant::now();
        let result = receive(request, whole);
        tally.latest = tally.latest.max(began.elapsed());
        let arrivals = server.forget(id);
        let is_cancel = |error: &Error| error.kind() == ErrorKind::Cancelled;
        assert!(cancelled || !result.as_ref().err().map_or(false, is_cancel), "{:?}", result);
        judge(id, &arrivals, &result);
        let what = match &result {
            Ok(_) => "ok".to_owned(),
            Err(error) => format!("{:?} in {:?}", error.kind(), error.phase().unwrap()),
        };
        *tally.kinds.entry(what).or_insert(0) += 1;
        if arrivals.len() > 1 {
            let times = format!("processed {} times", arrivals.len());
            *tally.kinds.entry(times).or_insert(0) += 1;
        }
        if result.is_err() || !whole {
            tally.failed.insert(id, arrivals.len());
        }
    }
    tally
}

/// Sent again if need be, but for some; with a length that is known, or not.
fn body(content: Vec<u8>, random: &mut Random) -> Body {
    let length = content.len() as u64;
    match random.below(5) {
        0 => Body::from_fn(None, move || Ok(Cursor::new(content.clone()))),
        1 => Body::from_fn(Some(length), move || Ok(Cursor::new(content.clone()))),
        2 => Body::reader(Cursor::new(content)),
        _ => Body::from(content),
    }
}

/// Is this result the true one of a request that was processed so often?
///
/// - A response that was read to its end is the one to this very request, to its last byte.
/// - A request that is not idempotent is processed once at most. Is its error called safe to retry, then it
///   was not processed at all.
/// - An idempotent one is processed again only if the connection before was lost, and not for ever.
/// - One fails only if it was not processed, or was not answered as it should, or its connection was lost;
///   or time was over, or it was cancelled.
fn judge(id: u64, arrivals: &[Arrival], result: &Result<Option<Vec<u8>>, Error>) {
    let idempotent = is_idempotent(id);
    let case = || format!("{:x} {} {:?} {:?}", id, idempotent, arrivals, result);
    let is_torn = |arrival: &Arrival| arrival.torn.load(Ordering::Acquire);
    let answers = |act| matches!(act, Act::Answer | Act::GoAwayAfter | Act::Tear);
    let last = arrivals.last();
    match idempotent {
        true => assert!(arrivals.len() <= 6, "{}", case()),
        false => assert!(arrivals.len() <= 1, "{}", case()),
    }
    if let Some((_, before)) = arrivals.split_last() {
        let lost = |arrival: &Arrival| is_torn(arrival) || arrival.act == Act::Stall;
        assert!(before.iter().all(lost), "{}", case());
    }
    match result {
        Ok(Some(found)) => {
            let answered = last.filter(|last| answers(last.act));
            let answered = answered.unwrap_or_else(|| panic!("nobody answered {}", case()));
            assert!(*found == content(id, answered.size), "{}", case());
        }
        // Only the head was looked at.
        Ok(None) => assert!(last.map_or(false, |last| last.act != Act::Stall), "{}", case()),
        Err(error) => {
            use ErrorKind::{EmptyResponse, Framing, Protocol, Receive, Reset, Send, Truncated};
            let kinds = [EmptyResponse, Framing, Protocol, Receive, Reset, Send, Truncated];
            let broke_off = error.is_timeout() || error.kind() == ErrorKind::Cancelled;
            assert!(broke_off || kinds.contains(&error.kind()), "{}", case());
            assert!(idempotent || !error.is_safe_to_retry() || arrivals.is_empty(), "{}", case());
            let well = last.filter(|last| matches!(last.act, Act::Answer | Act::GoAwayAfter));
            let well = well.map_or(false, |last| !is_torn(last));
            assert!(broke_off || !well, "{}", case());
        }
    }
}
