//! Very many requests over many threads against servers that close, reset and truncate at random.
//!
//! What must hold for each of them, by what the server has written down of it:
//!
//! - A response that was read to its end is the one to this very request, to its last byte.
//! - A request that is not idempotent arrives once at most. Is its error called safe to retry, then
//!   it has not arrived at all.
//! - An idempotent request arrives twice at most. It fails only if its last arrival was not
//!   answered as it should; and if that arrival got no answer at all, only on a fresh connection:
//!   on a reused one it is sent again.
//!
//! And when all is over, no descriptor and no thread is left.

#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use pannier::http::Method;
use pannier::{Client, Error, ErrorKind, PoolConfig, Timeouts};

use crate::support::peer::Wire;
use crate::support::read_all;

/// Run by hand with `PANNIER_SOAK=1000000`.
const REQUESTS: u64 = 20_000;

const THREADS: u64 = 16;

/// Origins on addresses of their own, so that no port is wanted twice while it rests.
const ORIGINS: u8 = 4;

const NAME: &str = "soak::ok_many_requests_against_servers_that_misbehave";

#[test]
#[ignore = "long: run by .ci/run"]
fn ok_many_requests_against_servers_that_misbehave() {
    // Descriptors and threads are counted, so no other test may run in the same process.
    const ALONE: &str = "PANNIER_SOAK_ALONE";
    if env::var_os(ALONE).is_none() {
        let mut alone = Command::new(env::current_exe().unwrap());
        alone.args([NAME, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        assert!(alone.env(ALONE, "1").status().unwrap().success());
        return;
    }
    let requests = env::var("PANNIER_SOAK").map_or(REQUESTS, |count| count.parse().unwrap());
    let before = left_open();
    soak(requests);
    let patience = Instant::now() + Duration::from_secs(10);
    while left_open() != before && Instant::now() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(left_open(), before, "descriptors and threads");
}

/// How many descriptors and threads this process has.
fn left_open() -> [usize; 2] {
    ["/proc/self/fd", "/proc/self/task"].map(|folder| fs::read_dir(folder).unwrap().count())
}

fn soak(requests: u64) {
    let server = Arc::new(Server::default());
    let origins: Vec<_> = (1..=ORIGINS).map(|number| listen(&server, number)).collect();
    let pool = PoolConfig::default().max_idle_per_origin(4);
    let timeouts = Timeouts::default().total(Duration::from_secs(120));
    let client = Client::builder().pool(pool).timeouts(timeouts).build();
    let began = Instant::now();
    let tallies = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|worker| {
                let (client, server, origins) = (&client, &server, &origins);
                let count = requests / THREADS;
                scope.spawn(move || work(client, server, origins, worker, count))
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    let elapsed = began.elapsed();
    let mut tally = BTreeMap::new();
    tallies
        .into_iter()
        .flatten()
        .for_each(|(what, count)| *tally.entry(what).or_insert(0) += count);
    println!("{} requests in {:.1?}: {:?}", requests, elapsed, tally);
    println!("{:?}", client.pool_stats());
    assert!(client.pool_stats().retried > 0, "nothing was put to the test");
    drop(client);
    server.stop(&origins);
    for arrivals in &server.arrivals {
        let late = arrivals.lock().unwrap();
        assert!(late.is_empty(), "arrived when their call had returned: {:?}", late);
    }
}

/// Makes `count` requests one after the other and judges each.
fn work(
    client: &Client,
    server: &Server,
    origins: &[SocketAddr],
    worker: u64,
    count: u64,
) -> BTreeMap<String, u64> {
    let mut random = Random::new(worker);
    let mut tally = BTreeMap::new();
    for number in 0..count {
        let id = worker << 40 | number;
        let method = random.pick(&[(60, Method::GET), (20, Method::POST), (20, Method::PUT)]);
        let url = format!("http://{}/{}", origins[random.below(origins.len() as u64) as usize], id);
        let mut request = client.request(method.clone(), url);
        if method != Method::GET {
            request = request.body(content(id, random.pick(&SIZES)));
        }
        let whole = random.below(20) > 0;
        let result = request.send().and_then(|mut response| match whole {
            true => read_all(&mut response).map(Some),
            false => Ok(None),
        });
        let arrivals = server.forget(worker, id);
        judge(id, method.is_idempotent(), &arrivals, &result);
        let what = result.map_or_else(|error| format!("{:?}", error.kind()), |_| "ok".into());
        *tally.entry(what).or_insert(0) += 1;
        *tally.entry("arrivals".into()).or_insert(0) += arrivals.len() as u64;
    }
    tally
}

fn judge(id: u64, idempotent: bool, arrivals: &[Arrival], result: &Result<Option<Vec<u8>>, Error>) {
    let case = || format!("{:x} {} {:?} {:?}", id, idempotent, arrivals, result);
    let last = arrivals.last();
    let most = if idempotent { 2 } else { 1 };
    assert!(arrivals.len() <= most, "{}", case());
    match result {
        Ok(Some(found)) => {
            let answered = last.filter(|last| last.act.answers()).expect("nobody answered");
            assert!(*found == content(id, answered.size), "{}", case());
        }
        // Only the head was looked at.
        Ok(None) => assert!(last.map_or(false, |last| last.act != Act::Silence), "{}", case()),
        Err(error) => {
            use ErrorKind::{EmptyResponse, Protocol, Receive, Send, Truncated};
            let kinds = [EmptyResponse, Protocol, Receive, Send, Truncated];
            assert!(kinds.contains(&error.kind()), "{}", case());
            assert!(!last.map_or(false, |last| last.act.answers()), "{}", case());
            assert!(idempotent || !error.is_safe_to_retry() || arrivals.is_empty(), "{}", case());
            if idempotent {
                let last = last.expect("it has arrived, at the latest the second time");
                assert!(last.act == Act::Break || last.fresh, "{}", case());
                assert!(error.is_safe_to_retry(), "{}", case());
            }
        }
    }
}

/// What the servers know.
#[derive(Default)]
struct Server {
    /// By worker, the requests that arrived and were not forgotten yet.
    arrivals: [Mutex<HashMap<u64, Vec<Arrival>>>; THREADS as usize],
    connections: AtomicU64,
    serving: AtomicUsize,
    stopped: AtomicBool,
}

/// One arrival of a request.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    /// It was the first on its connection.
    fresh: bool,
    act: Act,
    size: usize,
}

/// What a server does with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    /// Answers and waits for more.
    Answer,
    /// Answers and closes without having said so.
    AnswerAndClose,
    /// Answers, says that it closes, and does.
    AnswerAndSayClose,
    /// Answers, and adds a response that nobody asked for.
    AnswerTwice,
    /// Goes away without a byte.
    Silence,
    /// Goes away in the middle of its answer.
    Break,
}

impl Act {
    fn answers(self) -> bool {
        !matches!(self, Act::Silence | Act::Break)
    }
}

const ACTS: [(u64, Act); 6] = [
    (900, Act::Answer),
    (40, Act::AnswerAndClose),
    (15, Act::AnswerAndSayClose),
    (5, Act::AnswerTwice),
    (25, Act::Silence),
    (15, Act::Break),
];

const SIZES: [(u64, usize); 5] = [(20, 0), (40, 11), (30, 1000), (8, 20_000), (2, 100_000)];

impl Server {
    fn arrived(&self, id: u64, arrival: Arrival) {
        let mut arrivals = self.arrivals[(id >> 40) as usize].lock().unwrap();
        arrivals.entry(id).or_default().push(arrival);
    }

    fn forget(&self, worker: u64, id: u64) -> Vec<Arrival> {
        self.arrivals[worker as usize].lock().unwrap().remove(&id).unwrap_or_default()
    }

    /// Ends the listeners, and waits for the connections.
    fn stop(&self, origins: &[SocketAddr]) {
        self.stopped.store(true, Ordering::Release);
        for origin in origins {
            drop(TcpStream::connect(origin).unwrap());
        }
        let patience = Instant::now() + Duration::from_secs(10);
        while self.serving.load(Ordering::Acquire) > 0 {
            assert!(Instant::now() < patience, "a connection was left open");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn listen(server: &Arc<Server>, number: u8) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, number), 0)).unwrap();
    let origin = listener.local_addr().unwrap();
    let server = server.clone();
    server.serving.fetch_add(1, Ordering::AcqRel);
    thread::spawn(move || {
        loop {
            let (stream, _) = listener.accept().unwrap();
            if server.stopped.load(Ordering::Acquire) {
                break;
            }
            server.serving.fetch_add(1, Ordering::AcqRel);
            let server = server.clone();
            thread::spawn(move || {
                let seed = server.connections.fetch_add(1, Ordering::Relaxed);
                serve(&server, stream, Random::new(1000 + seed));
                server.serving.fetch_sub(1, Ordering::AcqRel);
            });
        }
        drop(listener);
        server.serving.fetch_sub(1, Ordering::AcqRel);
    });
    origin
}

/// One connection, to its end.
fn serve(server: &Server, stream: TcpStream, mut random: Random) {
    let mut wire = Wire::new(stream, Instant::now() + Duration::from_secs(3600));
    let mut fresh = true;
    while let Some(head) = wire.next_head() {
        let id = field(&head, " /", " ").parse().unwrap();
        let length = match head.contains("Content-Length: ") {
            true => field(&head, "Content-Length: ", "\r\n").parse().unwrap(),
            false => 0,
        };
        let act = random.pick(&ACTS);
        let size = random.pick(&SIZES);
        // A message that does not come whole has not arrived.
        if !wire.try_bytes(length) {
            return;
        }
        server.arrived(id, Arrival { fresh, act, size });
        fresh = false;
        let (open, mut answer) = (act == Act::Answer, answer(id, size, act, &mut random));
        if act == Act::Break {
            let most = answer.len() as u64 - 1;
            answer.truncate(1 + random.below(most) as usize);
        }
        let sent = act == Act::Silence || wire.try_send(answer);
        let resets = !act.answers() && random.below(2) == 0;
        match () {
            () if resets && wire.can_reset() => return wire.reset(),
            () if open && sent => {}
            () => return wire.close(),
        }
    }
}

/// A response with content for this request, in one framing or another.
fn answer(id: u64, size: usize, act: Act, random: &mut Random) -> Vec<u8> {
    let content = content(id, size);
    let close = if act == Act::AnswerAndSayClose { "Connection: close\r\n" } else { "" };
    let early = if random.below(10) == 0 { "HTTP/1.1 103 Early Hints\r\n\r\n" } else { "" };
    let head = format!("{}HTTP/1.1 200 OK\r\n{}", early, close);
    let mut answer = head.into_bytes();
    match random.below(3) {
        0 => {
            answer.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in content.chunks(7000) {
                answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                answer.extend_from_slice(chunk);
                answer.extend_from_slice(b"\r\n");
            }
            answer.extend_from_slice(b"0\r\n\r\n");
        }
        _ => {
            answer.extend_from_slice(format!("Content-Length: {}\r\n\r\n", size).as_bytes());
            answer.extend_from_slice(&content);
        }
    }
    if act == Act::AnswerTwice {
        answer.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrap");
    }
    answer
}

/// What only this request is answered with.
fn content(id: u64, size: usize) -> Vec<u8> {
    let mut content = format!("{:x} ", id).repeat(size / 2 + 1).into_bytes();
    content.truncate(size);
    content
}

fn field<'a>(head: &'a str, before: &str, after: &str) -> &'a str {
    let start = head.find(before).unwrap() + before.len();
    &head[start..start + head[start..].find(after).unwrap()]
}

/// Numbers that are the same in every run (splitmix64).
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// One of these, each as often as its weight says.
    fn pick<T: Clone>(&mut self, choices: &[(u64, T)]) -> T {
        let mut left = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            match left.checked_sub(*weight) {
                None => return choice.clone(),
                Some(rest) => left = rest,
            }
        }
        unreachable!("the weights add up")
    }
}
