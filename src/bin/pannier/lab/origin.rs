//! An HTTP/1.1 origin on loopback that seems to be far away.
//!
//! A request is read at once and its response leaves when it would have come over the [`Path`]: a
//! round trip later at the earliest, segment by segment as window and line allow. Requests that come
//! before an answer wait in order, so that waiting for them overlaps, as on a real path. Whoever
//! connects has to wait out the handshake, which loopback does for nothing: see [`Far`]. The origin
//! reads heads only, answers every path, counts what it sees, and is for this laboratory alone.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{mpsc, Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pannier::net::{Connect, Dialing, TcpConnect, Transport};

use super::path::{Line, Path, Window, SEGMENT};

/// The origin. When it is dropped it closes its connections and waits for its threads.
pub struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    path: Path,
    line: Line,
    stopping: AtomicBool,
    accepted: AtomicU64,
    open: AtomicU64,
    most_open: AtomicU64,
    /// Guards the connections and their threads; nothing else is locked inside.
    connections: Mutex<Vec<(TcpStream, JoinHandle<()>)>>,
}

/// A request that came: when, how much its response has, and whether it is the last.
struct Asked {
    at: Instant,
    content: u64,
    closes: bool,
}

impl Origin {
    /// Listens on a port of the system's choice.
    pub fn start(path: Path) -> io::Result<Origin> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            path,
            line: Line::new(path),
            stopping: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
            open: AtomicU64::new(0),
            most_open: AtomicU64::new(0),
            connections: Mutex::default(),
        });
        let own = shared.clone();
        let accepting = thread::spawn(move || accept(&listener, &own));
        Ok(Origin { address, shared, accepting: Some(accepting) })
    }

    /// The URL of the page.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How many connections it has accepted.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// How many were open at once, at most.
    pub fn most_open(&self) -> u64 {
        self.shared.most_open.load(Ordering::SeqCst)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for (stream, serving) in self.shared.connections().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
            let _ = serving.join();
        }
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Vec<(TcpStream, JoinHandle<()>)>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) {
        self.accepted.fetch_add(1, Ordering::SeqCst);
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_open.fetch_max(open, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok((stream, handle)) = stream.and_then(|stream| Ok((stream.try_clone()?, stream)))
        else {
            continue;
        };
        shared.enter();
        let own = shared.clone();
        let serving = thread::spawn(move || serve(&stream, &own));
        let mut connections = shared.connections();
        // A handle keeps its socket, and there may be more of them than a process can have.
        connections.retain(|(_, serving)| !serving.is_finished());
        connections.push((handle, serving));
    }
}

/// Reads requests here and answers on a thread of its own, until either side has enough.
fn serve(stream: &TcpStream, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    let (requests, asked) = mpsc::channel();
    let has_left = thread::scope(|scope| {
        let answering = scope.spawn(move || answer(stream, shared, &asked));
        let _ = read_requests(stream, requests);
        answering.join().unwrap_or(false)
    });
    if !has_left {
        shared.leave();
    }
}

fn read_requests(mut stream: &TcpStream, requests: mpsc::Sender<Asked>) -> io::Result<()> {
    let mut unread = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let at = Instant::now();
        unread.extend(&buffer[..count]);
        while let Some(end) = unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head: Vec<u8> = unread.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let number = head.strip_prefix("get /object/").and_then(|rest| rest.split(' ').next());
            let content = size(number.and_then(|number| number.parse().ok()).unwrap_or(0));
            let closes = head.contains("\r\nconnection: close\r\n");
            if requests.send(Asked { at, content, closes }).is_err() {
                return Ok(());
            }
        }
    }
}

/// Answers in order; true if the connection was given up with the last response. That is said before
/// its last bytes go out, for whoever has them may come again at once.
fn answer(mut stream: &TcpStream, shared: &Shared, requests: &mpsc::Receiver<Asked>) -> bool {
    let mut window = Window::new(shared.path.round_trip);
    for asked in requests {
        let response = response(&asked);
        let earliest = asked.at + shared.path.round_trip;
        let mut segments = response.chunks(SEGMENT as usize).peekable();
        while let Some(segment) = segments.next() {
            let bytes = segment.len() as u64;
            let admitted = window.admit(earliest, bytes);
            sleep_until(admitted);
            let come = shared.line.pass(admitted, bytes);
            window.came(come, bytes);
            sleep_until(come);
            if asked.closes && segments.peek().is_none() {
                shared.leave();
            }
            if stream.write_all(segment).is_err() {
                return asked.closes && segments.peek().is_none();
            }
        }
        if asked.closes {
            let _ = stream.shutdown(Shutdown::Write);
            return true;
        }
    }
    false
}

fn response(asked: &Asked) -> Vec<u8> {
    let mut response = head(asked.content, asked.closes).into_bytes();
    response.resize(response.len() + asked.content as usize, b'.');
    response
}

fn head(content: u64, closes: bool) -> String {
    let connection = if closes { "Connection: close\r\n" } else { "" };
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n", content, connection)
}

/// The content of the page, which is number 0, or of an object.
pub fn size(number: u64) -> u64 {
    match number {
        0 => PAGE,
        number => OBJECTS[(number - 1) as usize % OBJECTS.len()],
    }
}

/// The whole response, with its head.
pub fn size_on_the_wire(number: u64, closes: bool) -> u64 {
    head(size(number), closes).len() as u64 + size(number)
}

/// Makes connections that stand only when a handshake over the path would be done.
#[derive(Debug)]
pub struct Far {
    tcp: TcpConnect,
    round_trip: Duration,
}

impl Far {
    /// Connections over this path.
    pub fn new(path: Path) -> Far {
        Far { tcp: TcpConnect::new(), round_trip: path.round_trip }
    }
}

impl Connect for Far {
    fn connect(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        let stands = Instant::now() + self.round_trip;
        let transport = self.tcp.connect(dialing)?;
        sleep_until(stands);
        Ok(transport)
    }
}

fn sleep_until(at: Instant) {
    let left = at.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        thread::sleep(left);
    }
}

const KIB: u64 = 1024;
/// Bytes of the page.
const PAGE: u64 = 12 * KIB;
/// Bytes of the objects, over and over: about what they are on the web. Half of them fit into the
/// first window.
const OBJECTS: [u64; 6] = [4 * KIB, 24 * KIB, 8 * KIB, 40 * KIB, 2 * KIB, 70 * KIB];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_requests_that_come_together_are_answered_in_order_and_counted_as_one_connection() {
        let path = Path { round_trip: Duration::from_millis(1), bandwidth: 1_000_000_000 };
        let origin = Origin::start(path).expect("loopback has a free port");
        let mut stream = TcpStream::connect(origin.address).expect("the origin listens");
        let requests = "GET /object/1 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n";
        stream.write_all(requests.as_bytes()).expect("the origin reads");
        let mut answers = Vec::new();
        stream.read_to_end(&mut answers).expect("the origin closes");
        assert_eq!(answers.len() as u64, size_on_the_wire(1, false) + size_on_the_wire(0, true));
        assert!(answers.starts_with(head(size(1), false).as_bytes()));
        assert_eq!((origin.accepted(), origin.most_open()), (1, 1));
    }

    #[test]
    fn ok_connections_that_are_open_at_once_are_counted() {
        let path = Path { round_trip: Duration::ZERO, bandwidth: 1_000_000_000 };
        let origin = Origin::start(path).expect("loopback has a free port");
        let connect = || {
            let mut stream = TcpStream::connect(origin.address).expect("the origin listens");
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("the origin reads");
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the origin answers");
            stream
        };
        let _streams = [connect(), connect(), connect()];
        assert_eq!((origin.accepted(), origin.most_open()), (3, 3));
    }
}
