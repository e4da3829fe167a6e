//! Servers that close, reset, stall and truncate at random, and write down what arrived: so a test can
//! judge each result by what really happened to its request.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use pannier::{Error, ErrorKind, RequestBuilder};

use super::peer::Wire;
use super::read_all;

/// What the servers know.
#[derive(Default)]
pub struct Server {
    /// What it does with requests, and how often.
    acts: Vec<(u64, Act)>,
    /// How many requests clients have in flight on a connection.
    depth: usize,
    /// In shares, the requests that arrived and were not forgotten yet.
    arrivals: [Mutex<HashMap<u64, Vec<Arrival>>>; SHARES],
    connections: AtomicU64,
    serving: AtomicUsize,
    stopped: AtomicBool,
}

/// One arrival of a request.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// It was the first on its connection.
    fresh: bool,
    act: Act,
    size: usize,
    /// The end of its connection may have taken some of its answer along.
    torn: bool,
}

/// What a server does with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
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
    /// Takes the request, and then does nothing at all.
    Stall,
}

impl Act {
    fn answers(self) -> bool {
        !matches!(self, Act::Silence | Act::Break | Act::Stall)
    }
}

const SHARES: usize = 16;

/// What a client has room for that has read nothing yet.
const SURELY_TAKEN: usize = 32 << 10;

/// What a bad server does with a thousand requests.
pub const ACTS: [(u64, Act); 6] = [
    (900, Act::Answer),
    (40, Act::AnswerAndClose),
    (15, Act::AnswerAndSayClose),
    (5, Act::AnswerTwice),
    (25, Act::Silence),
    (15, Act::Break),
];

pub const SIZES: [(u64, usize); 5] = [(20, 0), (40, 11), (30, 1000), (8, 20_000), (2, 100_000)];

impl Server {
    pub fn new(acts: impl IntoIterator<Item = (u64, Act)>, depth: usize) -> Arc<Server> {
        Arc::new(Server { acts: acts.into_iter().collect(), depth, ..Server::default() })
    }

    /// Listens on as many addresses of loopback, so that no port is wanted twice while it rests.
    pub fn listen(self: &Arc<Server>, origins: u8) -> Vec<SocketAddr> {
        (1..=origins).map(|number| listen(self, number)).collect()
    }

    fn arrived(&self, id: u64, arrival: Arrival) {
        self.share(id).lock().unwrap().entry(id).or_default().push(arrival);
    }

    /// A connection with these answers, by request and size, ends now. RFC 9112 §9.6: if requests lie there
    /// unread it is a reset, and that takes along what the client had no room for yet.
    fn tear(&self, answers: &[(u64, usize)]) {
        if self.depth == 1 {
            return;
        }
        for (at, &(id, _)) in answers.iter().enumerate() {
            let in_flight = &answers[(at + 1).saturating_sub(self.depth)..=at];
            if in_flight.iter().map(|&(_, size)| size).sum::<usize>() > SURELY_TAKEN {
                let mut share = self.share(id).lock().unwrap();
                let arrivals = share.get_mut(&id).into_iter().flatten();
                arrivals.for_each(|arrival| arrival.torn = true);
            }
        }
    }

    /// What arrived of a request, which is over.
    pub fn forget(&self, id: u64) -> Vec<Arrival> {
        self.share(id).lock().unwrap().remove(&id).unwrap_or_default()
    }

    fn share(&self, id: u64) -> &Mutex<HashMap<u64, Vec<Arrival>>> {
        &self.arrivals[((id >> 40) ^ id) as usize % SHARES]
    }

    /// Ends the listeners, and waits for the connections. Nothing may have arrived that was not
    /// forgotten.
    pub fn stop(&self, origins: &[SocketAddr]) {
        self.stopped.store(true, Ordering::Release);
        for origin in origins {
            drop(TcpStream::connect(origin).unwrap());
        }
        let patience = Instant::now() + Duration::from_secs(10);
        while self.serving.load(Ordering::Acquire) > 0 {
            assert!(Instant::now() < patience, "a connection was left open");
            thread::sleep(Duration::from_millis(1));
        }
        for arrivals in &self.arrivals {
            let late = arrivals.lock().unwrap();
            assert!(late.is_empty(), "arrived when their call had returned: {:?}", late);
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
    let (mut fresh, mut answers) = (true, Vec::new());
    while let Some(head) = wire.next_head() {
        let id = field(&head, " /", " ").parse().unwrap();
        let length = match head.contains("Content-Length: ") {
            true => field(&head, "Content-Length: ", "\r\n").parse().unwrap(),
            false => 0,
        };
        let act = random.pick(&server.acts);
        let size = random.pick(&SIZES);
        // A message that does not come whole has not arrived.
        if !wire.try_bytes(length) {
            return;
        }
        server.arrived(id, Arrival { fresh, act, size, torn: false });
        fresh = false;
        let (open, mut answer) = (act == Act::Answer, answer(id, size, act, &mut random));
        if act == Act::Break {
            let most = answer.len() as u64 - 1;
            answer.truncate(1 + random.below(most) as usize);
        }
        if act == Act::Stall {
            wire.rest();
            return;
        }
        let sent = act == Act::Silence || wire.try_send(answer);
        answers.push((id, size));
        if open && sent {
            continue;
        }
        server.tear(&answers);
        let resets = !act.answers() && random.below(2) == 0;
        return match resets && wire.can_reset() {
            true => wire.reset(),
            false => wire.leave(),
        };
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
pub fn content(id: u64, size: usize) -> Vec<u8> {
    let mut content = format!("{:x} ", id).repeat(size / 2 + 1).into_bytes();
    content.truncate(size);
    content
}

fn field<'a>(head: &'a str, before: &str, after: &str) -> &'a str {
    let start = head.find(before).unwrap() + before.len();
    &head[start..start + head[start..].find(after).unwrap()]
}

/// Is this result the true one of a request of which so much arrived?
///
/// - A response that was read to its end is the one to this very request, to its last byte.
/// - A request that is not idempotent arrives once at most. Is its error called safe to retry, then
///   it has not arrived at all.
/// - An idempotent request arrives twice at most. It fails only if its last arrival was not
///   answered as it should; and if that arrival got no answer at all, only on a fresh connection:
///   on a reused one it is sent again.
pub fn judge(
    id: u64,
    idempotent: bool,
    arrivals: &[Arrival],
    result: &Result<Option<Vec<u8>>, Error>,
) {
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
        Ok(None) => assert!(
            last.map_or(false, |last| last.act != Act::Silence && last.act != Act::Stall),
            "{}",
            case()
        ),
        Err(error) => {
            use ErrorKind::{EmptyResponse, Protocol, Receive, Send, Truncated};
            let kinds = [EmptyResponse, Protocol, Receive, Send, Truncated];
            let stalled = last.map_or(false, |last| last.act == Act::Stall);
            assert_eq!(error.is_timeout(), stalled, "{}", case());
            assert!(stalled || kinds.contains(&error.kind()), "{}", case());
            assert!(!last.map_or(false, |last| last.act.answers() && !last.torn), "{}", case());
            assert!(idempotent || !error.is_safe_to_retry() || arrivals.is_empty(), "{}", case());
            if idempotent {
                let last = last.expect("it has arrived, at the latest the second time");
                let broken = last.act == Act::Break || last.torn;
                assert!(stalled || broken || last.fresh, "{}", case());
                assert!(error.is_safe_to_retry(), "{}", case());
            }
        }
    }
}

/// Runs a test of this name again, alone in a process of its own, in which descriptors and threads can
/// be counted. In that process, what is left open must be what was before.
pub fn alone(name: &str, test: impl FnOnce()) {
    const ALONE: &str = "PANNIER_ALONE";
    if env::var_os(ALONE).is_none() {
        let mut alone = Command::new(env::current_exe().unwrap());
        alone.args([name, "--exact", "--include-ignored", "--nocapture", "--test-threads=1"]);
        assert!(alone.env(ALONE, "1").status().unwrap().success());
        return;
    }
    let before = left_open();
    test();
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

/// The content of the response, if it is read to its end and not just begun.
pub fn receive(request: RequestBuilder, whole: bool) -> Result<Option<Vec<u8>>, Error> {
    let mut response = request.send()?;
    match whole {
        true => read_all(&mut response).map(Some),
        false => Ok(None),
    }
}

/// Numbers that are the same in every run (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// One of these, each as often as its weight says.
    pub fn pick<T: Clone>(&mut self, choices: &[(u64, T)]) -> T {
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
