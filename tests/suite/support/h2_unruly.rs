//! A server of HTTP/2 that refuses, resets, stalls, goes away and changes its mind at random, and writes down
//! what it has processed: so a test can judge each result by what really happened to its request. It watches
//! its client too: none may send more than windows and limits allow.

use std::collections::{BTreeMap, HashMap};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pannier::proto::h2::frame::{write_field_block, Frame, FrameHead, Settings};
use pannier::proto::h2::hpack::{Decoder, Encoder, Indexing};
use pannier::proto::h2::ErrorCode;

use super::unruly::{content, Random};

/// What the servers know.
pub struct Server {
    /// In shares, what has become of requests that were not forgotten yet.
    arrivals: Vec<Mutex<HashMap<u64, Vec<Arrival>>>>,
    /// What a client did that it must not.
    faults: Mutex<Vec<String>>,
    pub connections: AtomicU64,
    pub processed: AtomicU64,
    serving: AtomicUsize,
    stopped: AtomicBool,
    seed: u64,
}

/// One arrival of a request at a server, which has looked at it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub act: Act,
    pub size: usize,
    /// Whether its connection has been ended by force, so that nobody knows what of the answer came.
    pub torn: Arc<AtomicBool>,
}

/// What a server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Answer,
    /// Resets the stream unprocessed.
    Refuse,
    /// Resets it in place of the answer, which it had begun or not.
    Reset,
    /// Answers with what breaks a rule.
    Malformed,
    /// Does nothing at all.
    Stall,
    /// Goes away gracefully; this request and what came later are not looked at.
    GoAway,
    /// Answers, and takes no more on this connection.
    GoAwayAfter,
    /// Goes away without a word.
    Close,
    /// Goes away by force, in the middle of a frame perhaps.
    Tear,
}

/// What becomes of ten thousand requests.
pub const ACTS: [(u64, Act); 9] = [
    (9_530, Act::Answer),
    (150, Act::Refuse),
    (150, Act::Reset),
    (60, Act::Malformed),
    (30, Act::Stall),
    (25, Act::GoAway),
    (25, Act::GoAwayAfter),
    (15, Act::Close),
    (15, Act::Tear),
];

pub const SIZES: [(u64, usize); 5] = [(20, 0), (40, 11), (25, 1000), (10, 20_000), (5, 70_000)];

const SHARES: usize = 64;

impl Server {
    pub fn new(seed: u64) -> Arc<Server> {
        Arc::new(Server {
            arrivals: (0..SHARES).map(|_| Mutex::default()).collect(),
            faults: Mutex::default(),
            connections: AtomicU64::new(0),
            processed: AtomicU64::new(0),
            serving: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            seed,
        })
    }

    /// Listens on as many addresses of loopback.
    pub fn listen(self: &Arc<Server>, origins: u8) -> Vec<SocketAddr> {
        (1..=origins).map(|number| listen(self, number)).collect()
    }

    fn arrived(&self, id: u64, arrival: Arrival) {
        self.processed.fetch_add(1, Ordering::Relaxed);
        self.share(id).lock().unwrap().entry(id).or_default().push(arrival);
    }

    /// What was processed of a request, which is over.
    pub fn forget(&self, id: u64) -> Vec<Arrival> {
        self.share(id).lock().unwrap().remove(&id).unwrap_or_default()
    }

    fn share(&self, id: u64) -> &Mutex<HashMap<u64, Vec<Arrival>>> {
        &self.arrivals[((id >> 40) ^ id) as usize % SHARES]
    }

    /// Ends the listeners, and waits for the connections. Returns what was processed of requests after they
    /// were forgotten.
    pub fn stop(&self, origins: &[SocketAddr]) -> Vec<(u64, Vec<Arrival>)> {
        self.stopped.store(true, Ordering::Release);
        for origin in origins {
            drop(TcpStream::connect(origin).unwrap());
        }
        let patience = Instant::now() + Duration::from_secs(10);
        while self.serving.load(Ordering::Acquire) > 0 {
            assert!(Instant::now() < patience, "a connection was left open");
            thread::sleep(Duration::from_millis(1));
        }
        let faults = self.faults.lock().unwrap();
        assert!(
            faults.is_empty(),
            "{} faults: {:#?}",
            faults.len(),
            &faults[..faults.len().min(9)]
        );
        let late =
            self.arrivals.iter().map(|arrivals| std::mem::take(&mut *arrivals.lock().unwrap()));
        late.flatten().collect()
    }
}

fn listen(server: &Arc<Server>, number: u8) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, number), 0)).unwrap();
    let origin = listener.local_addr().unwrap();
    let server = Arc::clone(server);
    server.serving.fetch_add(1, Ordering::AcqRel);
    thread::spawn(move || {
        loop {
            let (stream, _) = listener.accept().unwrap();
            if server.stopped.load(Ordering::Acquire) {
                break;
            }
            server.serving.fetch_add(1, Ordering::AcqRel);
            let server = Arc::clone(&server);
            thread::spawn(move || {
                let seed = server.seed + server.connections.fetch_add(1, Ordering::Relaxed);
                if let Err(End::Fault(fault)) = Conn::new(&server, stream, seed).serve() {
                    server.faults.lock().unwrap().push(fault);
                }
                server.serving.fetch_sub(1, Ordering::AcqRel);
            });
        }
        drop(listener);
        server.serving.fetch_sub(1, Ordering::AcqRel);
    });
    origin
}

/// Why a connection is over.
enum End {
    /// Either side has gone.
    Gone,
    /// The client did what it must not.
    Fault(String),
}

type Result<T = ()> = std::result::Result<T, End>;

/// A request on its way in, or its answer on its way out.
#[derive(Default)]
struct Stream {
    id: u64,
    /// What came of its content.
    got: Vec<u8>,
    expected: Option<u64>,
    /// The client has ended its side.
    whole: bool,
    /// The client has been told that this much may come.
    recv: i64,
    send: i64,
    /// What is still to be sent, and how it ends.
    out: Option<Answer>,
}

struct Answer {
    content: Vec<u8>,
    at: usize,
    trailers: bool,
}

struct Conn<'a> {
    server: &'a Server,
    stream: TcpStream,
    random: Random,
    input: Vec<u8>,
    output: Vec<u8>,
    decoder: Decoder,
    encoder: Encoder,
    streams: BTreeMap<u32, Stream>,
    /// The highest that has come.
    last: u32,
    /// None above this is processed.
    processes_up_to: u32,
    torn: Arc<AtomicBool>,
    send: i64,
    recv: i64,
    /// What the client has set.
    client_window: i64,
    /// What it holds for set, and what it will when it acknowledges.
    window: i64,
    most: usize,
    pending: Vec<(i64, usize)>,
}

const FIRST_WINDOW: i64 = 65_535;

impl<'a> Conn<'a> {
    fn new(server: &'a Server, stream: TcpStream, seed: u64) -> Conn<'a> {
        stream.set_nodelay(true).unwrap();
        Conn {
            server,
            stream,
            random: Random::new(seed),
            input: Vec::new(),
            output: Vec::new(),
            decoder: Decoder::new(4096),
            encoder: Encoder::new(),
            streams: BTreeMap::new(),
            last: 0,
            processes_up_to: u32::MAX,
            torn: Arc::default(),
            send: FIRST_WINDOW,
            recv: FIRST_WINDOW,
            client_window: FIRST_WINDOW,
            window: FIRST_WINDOW,
            most: usize::MAX,
            pending: Vec::new(),
        }
    }

    fn serve(mut self) -> Result {
        const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        while self.input.len() < PREFACE.len() {
            self.fill()?;
        }
        if !self.input.starts_with(PREFACE) {
            return fault("another preface");
        }
        self.input.drain(..PREFACE.len());
        self.set();
        loop {
            while let Some((frame, length)) = self.take()? {
                self.handle(frame)?;
                debug_assert!(length >= FrameHead::LENGTH);
            }
            self.go_on()?;
            self.flush()?;
            if self.processes_up_to < u32::MAX && self.is_done() {
                // What it has promised is done.
                self.leave();
                return Err(End::Gone);
            }
            self.fill()?;
        }
    }

    /// Has everything been answered that will be?
    fn is_done(&self) -> bool {
        let most = self.processes_up_to;
        !self
            .streams
            .iter()
            .any(|(number, stream)| *number <= most && (stream.out.is_some() || !stream.whole))
    }

    fn fill(&mut self) -> Result {
        let mut buffer = [0; 32 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(End::Gone),
                Ok(count) => {
                    self.input.extend_from_slice(&buffer[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(End::Gone),
            }
        }
    }

    fn flush(&mut self) -> Result {
        let written = self.stream.write_all(&self.output);
        self.output.clear();
        written.map_err(|_| End::Gone)
    }

    /// The next frame, as bytes of its own.
    fn take(&mut self) -> Result<Option<(Vec<u8>, usize)>> {
        let head = match FrameHead::parse(&self.input) {
            Some(head) => head,
            None => return Ok(None),
        };
        if let Err(error) = head.check(16_384) {
            return fault(format!("{:?}", error));
        }
        let end = FrameHead::LENGTH + head.length as usize;
        if self.input.len() < end {
            return Ok(None);
        }
        Ok(Some((self.input.drain(..end).collect(), end)))
    }

    fn handle(&mut self, bytes: Vec<u8>) -> Result {
        let frame = match Frame::read(&bytes, 16_384) {
            Ok(Some((frame, _))) => frame,
            other => return fault(format!("{:?}", other)),
        };
        match frame {
            Frame::Headers { stream, fragment, end_stream, end_headers: true, .. } => {
                self.head(stream, fragment, end_stream)
            }
            Frame::Data { stream, data, end_stream, .. } => self.data(stream, data, end_stream),
            Frame::RstStream { stream, .. } => {
                if stream > self.last {
                    return fault(format!("reset of {}, which is idle", stream));
                }
                self.streams.remove(&stream);
                Ok(())
            }
            Frame::Settings(settings) if settings.is_ack() => self.acknowledged(),
            Frame::Settings(settings) => {
                for (id, value) in settings.iter() {
                    if id == Settings::INITIAL_WINDOW_SIZE {
                        let by = i64::from(value) - self.client_window;
                        self.client_window = i64::from(value);
                        self.streams.values_mut().for_each(|stream| stream.send += by);
                    }
                }
                Frame::Settings(Settings::ACK).write_to(&mut self.output);
                Ok(())
            }
            Frame::WindowUpdate { stream: 0, increment } => {
                self.send += i64::from(increment);
                Ok(())
            }
            Frame::WindowUpdate { stream, increment } => {
                if let Some(stream) = self.streams.get_mut(&stream) {
                    stream.send += i64::from(increment);
                }
                Ok(())
            }
            Frame::Ping { ack: true, .. } => Ok(()),
            Frame::GoAway { code: ErrorCode::NO_ERROR, .. } => Ok(()),
            other => fault(format!("the client sends {:?}", other)),
        }
    }

    fn head(&mut self, number: u32, fragment: &[u8], end: bool) -> Result {
        let mut path = String::new();
        let mut length = None;
        let mut sink = |name: &[u8], value: &[u8]| {
            let value = String::from_utf8_lossy(value);
            match name {
                b":path" => path = value.into_owned(),
                b"content-length" => length = value.parse().ok(),
                _ => {}
            }
        };
        if let Err(error) = self.decoder.decode(fragment, &mut sink) {
            return fault(format!("{:?}", error));
        }
        if number % 2 == 0 || number <= self.last {
            return fault(format!("stream {} after {}", number, self.last));
        }
        self.last = number;
        if self.streams.len() >= self.most {
            return fault(format!("{} streams where {} may be", self.streams.len() + 1, self.most));
        }
        let id = match path.strip_prefix('/').map(str::parse) {
            Some(Ok(id)) => id,
            _ => return fault(format!("path {:?}", path)),
        };
        let stream = Stream {
            id,
            expected: length,
            recv: self.window,
            send: self.client_window,
            ..Stream::default()
        };
        self.streams.insert(number, stream);
        match end {
            true => self.whole(number),
            false => Ok(()),
        }
    }

    fn data(&mut self, number: u32, data: &[u8], end: bool) -> Result {
        self.recv -= data.len() as i64;
        if self.recv < 0 {
            return fault("more than the window of the connection".to_owned());
        }
        let stream = match self.streams.get_mut(&number) {
            Some(stream) => stream,
            // It was reset.
            None if number <= self.last => return Ok(()),
            None => return fault(format!("DATA on {}, which is idle", number)),
        };
        stream.recv -= data.len() as i64;
        if stream.recv < 0 && !data.is_empty() {
            return fault(format!("more than the window of a stream by {}", -stream.recv));
        }
        stream.got.extend_from_slice(data);
        match end {
            true => self.whole(number),
            false => Ok(()),
        }
    }

    fn acknowledged(&mut self) -> Result {
        if self.pending.is_empty() {
            return fault("SETTINGS acknowledged that were not sent".to_owned());
        }
        let (window, most) = self.pending.remove(0);
        let by = window - self.window;
        self.window = window;
        self.most = most;
        self.streams.values_mut().for_each(|stream| stream.recv += by);
        Ok(())
    }

    /// A request is there.
    fn whole(&mut self, number: u32) -> Result {
        let (id, expected, got) = match self.streams.get_mut(&number) {
            Some(stream) => {
                stream.whole = true;
                (stream.id, stream.expected, std::mem::take(&mut stream.got))
            }
            None => return Ok(()),
        };
        if number > self.processes_up_to {
            return Ok(());
        }
        if expected.map_or(false, |length| length != got.len() as u64)
            || got != content(id, got.len())
        {
            return fault(format!("{:x} came with other content than it was sent with", id));
        }
        let acts = if self.processes_up_to < u32::MAX { &ACTS[..4] } else { &ACTS[..] };
        let (act, size) = (self.random.pick(acts), self.random.pick(&SIZES));
        if !matches!(act, Act::Refuse | Act::GoAway) {
            self.server.arrived(id, Arrival { act, size, torn: Arc::clone(&self.torn) });
        }
        match act {
            Act::Answer => self.answer(number, id, size),
            Act::Refuse => self.reset(number, ErrorCode::REFUSED_STREAM),
            Act::Reset => {
                let codes = [ErrorCode::INTERNAL_ERROR, ErrorCode::CANCEL, ErrorCode::NO_ERROR];
                if self.random.below(2) == 0 {
                    self.block(number, &[(":status", "200")], false);
                    Frame::data(number, b"begun", false).write_to(&mut self.output);
                }
                let code = codes[self.random.below(3) as usize];
                self.reset(number, code);
            }
            Act::Malformed => self.malformed(number),
            Act::Stall => {}
            Act::GoAway => {
                // Nothing after the last one that was processed; that is the one before this at most.
                let processed = self.streams.iter().filter(|(at, s)| s.whole && **at != number);
                let last =
                    processed.map(|(at, _)| *at).filter(|at| *at < number).max().unwrap_or(0);
                let later = self.streams.iter().any(|(at, s)| *at > number && s.whole);
                match later {
                    // It is too late to say that of this one: those behind it were looked at.
                    true => self.reset(number, ErrorCode::REFUSED_STREAM),
                    false => self.go_away(last),
                }
            }
            Act::GoAwayAfter => {
                self.answer(number, id, size);
                self.go_away(self.last);
            }
            Act::Close => {
                self.torn.store(true, Ordering::Release);
                self.leave();
                return Err(End::Gone);
            }
            Act::Tear => {
                self.torn.store(true, Ordering::Release);
                self.answer(number, id, size);
                let _ = self.go_on();
                let cut = self.random.below(self.output.len() as u64 + 1) as usize;
                let _ = self.stream.write_all(&self.output[..cut]);
                return Err(End::Gone);
            }
        }
        Ok(())
    }

    fn go_away(&mut self, last: u32) {
        if self.random.below(2) == 0 {
            Frame::GoAway { last_stream: (1 << 31) - 1, code: ErrorCode::NO_ERROR, debug: b"soon" }
                .write_to(&mut self.output);
        }
        Frame::GoAway { last_stream: last, code: ErrorCode::NO_ERROR, debug: b"" }
            .write_to(&mut self.output);
        self.processes_up_to = last;
        self.streams.retain(|number, _| *number <= last);
    }

    /// Ends the connection in order.
    fn leave(&mut self) {
        let _ = self.stream.write_all(&self.output);
        let _ = self.stream.shutdown(Shutdown::Write);
        self.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut buffer = [0; 4096];
        while self.stream.read(&mut buffer).map_or(false, |count| count > 0) {}
    }

    fn reset(&mut self, number: u32, code: ErrorCode) {
        Frame::RstStream { stream: number, code }.write_to(&mut self.output);
        self.streams.remove(&number);
    }

    fn malformed(&mut self, number: u32) {
        match self.random.below(4) {
            0 => self.block(number, &[(":status", "two")], true),
            1 => self.block(number, &[(":status", "200"), ("Upper", "case")], true),
            2 => {
                self.block(number, &[(":status", "200"), ("content-length", "7")], false);
                Frame::data(number, b"six by", true).write_to(&mut self.output);
            }
            _ => Frame::data(number, b"no head", false).write_to(&mut self.output),
        }
        // The client will reset it, or regard it as ended.
        self.streams.remove(&number);
    }

    fn answer(&mut self, number: u32, id: u64, size: usize) {
        if self.random.below(10) == 0 {
            self.block(number, &[(":status", "103")], false);
        }
        let length = size.to_string();
        let fields = [(":status", "200"), ("content-length", &*length)];
        let count = if self.random.below(2) == 0 { 1 } else { 2 };
        let trailers = self.random.below(10) == 0;
        let end = size == 0 && !trailers && self.random.below(2) == 0;
        self.block(number, &fields[..count], end);
        match self.streams.get_mut(&number) {
            Some(stream) if !end => {
                stream.out = Some(Answer { content: content(id, size), at: 0, trailers });
            }
            _ => drop(self.streams.remove(&number)),
        }
    }

    fn block(&mut self, number: u32, fields: &[(&str, &str)], end: bool) {
        let mut block = Vec::new();
        self.encoder.begin(&mut block);
        for (name, value) in fields {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            self.encoder.field(name, value, Indexing::Incremental, &mut block);
        }
        write_field_block(number, &block, end, 16_384, &mut self.output);
    }

    /// Sends what may be sent, in pieces of any size and of all answers in turn; gives windows; and says
    /// now and then what nobody has asked for.
    fn go_on(&mut self) -> Result {
        self.grant();
        match self.random.below(200) {
            0 => self.set(),
            1 => Frame::Ping { ack: false, payload: *b"anybody?" }.write_to(&mut self.output),
            2 => thread::sleep(Duration::from_millis(self.random.below(10))),
            _ => {}
        }
        let mut numbers: Vec<u32> = self.streams.keys().copied().collect();
        while !numbers.is_empty() {
            numbers.retain(|number| self.send_some(*number));
        }
        Ok(())
    }

    /// Sends a piece of one answer. Is there more, and may it be sent?
    fn send_some(&mut self, number: u32) -> bool {
        let most = 1 + self.random.below(16_384) as usize;
        let stream = match self.streams.get_mut(&number) {
            Some(stream) => stream,
            None => return false,
        };
        let (room, answer) = match &mut stream.out {
            Some(answer) => (stream.send.min(self.send).max(0) as usize, answer),
            None => return false,
        };
        let rest = answer.content.len() - answer.at;
        let count = rest.min(room).min(most);
        if count == 0 && rest > 0 {
            return false;
        }
        let is_last = count == rest;
        let end = is_last && !answer.trailers;
        if count > 0 || end {
            let piece = &answer.content[answer.at..answer.at + count];
            Frame::data(number, piece, end).write_to(&mut self.output);
        }
        answer.at += count;
        stream.send -= count as i64;
        self.send -= count as i64;
        if !is_last {
            return true;
        }
        let trailers = answer.trailers;
        self.streams.remove(&number);
        if trailers {
            self.block(number, &[("x-sum", "1")], true);
        }
        false
    }

    /// Gives windows to those who wait, of any size.
    fn grant(&mut self) {
        if self.recv < 40_000 {
            let increment = 30_000 + self.random.below(100_000) as u32;
            self.recv += i64::from(increment);
            Frame::WindowUpdate { stream: 0, increment }.write_to(&mut self.output);
        }
        for (number, stream) in &mut self.streams {
            if !stream.whole && stream.recv < 2_000 {
                let increment = 2_000 + self.random.below(30_000) as u32;
                stream.recv += i64::from(increment);
                Frame::WindowUpdate { stream: *number, increment }.write_to(&mut self.output);
            }
        }
    }

    /// Other settings, valid when they are acknowledged.
    fn set(&mut self) {
        let window = [0, 1_000, 30_000, 65_535, 200_000][self.random.below(5) as usize];
        let most = [4, 10, 30, 100, 1000][self.random.below(5) as usize];
        let table = [0, 100, 4096][self.random.below(3) as usize];
        self.pending.push((i64::from(window), most as usize));
        let values = [
            (Settings::INITIAL_WINDOW_SIZE, window),
            (Settings::MAX_CONCURRENT_STREAMS, most),
            (Settings::HEADER_TABLE_SIZE, table),
        ];
        Settings::write(&values, &mut self.output);
    }
}

fn fault<T>(text: impl Into<String>) -> Result<T> {
    Err(End::Fault(text.into()))
}
