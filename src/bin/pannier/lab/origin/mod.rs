//! An origin on loopback that seems to be far away.
//!
//! A request is read at once and its response leaves when it would have come over the [`Path`]: a
//! round trip later at the earliest, segment by segment as window and line allow. Whoever connects has
//! to wait out the handshake, which loopback does for nothing: see [`Far`]. The origin reads heads
//! only, answers every path, counts what it sees, and is for this laboratory alone. It speaks HTTP/1.1,
//! and HTTP/2 with clients that begin with it.

mod h1;
#[cfg(feature = "http2")]
mod h2;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pannier::net::{Connect, Dialing, TcpConnect, Transport};

use super::path::{Line, Path, Window};

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
    /// Bytes that were read and written.
    crossed: AtomicU64,
    /// Guards the connections and their threads; nothing else is locked inside.
    connections: Mutex<Vec<(TcpStream, JoinHandle<()>)>>,
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
            crossed: AtomicU64::new(0),
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

    /// How many bytes have crossed its connections, in both directions.
    pub fn crossed(&self) -> u64 {
        self.shared.crossed.load(Ordering::SeqCst)
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

    /// What has come of a request; nothing at the end of the connection.
    fn read(&self, mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        let count = stream.read(buffer)?;
        self.crossed.fetch_add(count as u64, Ordering::SeqCst);
        Ok(count)
    }

    /// Counted first: whoever has the bytes may ask for the count at once.
    fn write(&self, mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        self.crossed.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        stream.write_all(bytes)
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

/// Serves a connection until either side has enough.
fn serve(stream: &TcpStream, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    let has_left = match begins_with_preface(stream) {
        #[cfg(feature = "http2")]
        true => h2::serve(stream, shared),
        _ => h1::serve(stream, shared),
    };
    if !has_left {
        shared.leave();
    }
}

/// Is the first byte that of HTTP/2's preface? No request here begins with it.
fn begins_with_preface(stream: &TcpStream) -> bool {
    let mut first = [0];
    matches!(stream.peek(&mut first), Ok(1)) && first == *b"P"
}

/// The way of a connection's bytes to the client.
struct Way<'a> {
    shared: &'a Shared,
    window: Window,
}

impl Way<'_> {
    fn new(shared: &Shared) -> Way<'_> {
        Way { shared, window: Window::new(shared.path.round_trip) }
    }

    /// Waits until so many bytes have come to the client, if they may not before `earliest`.
    fn pass(&mut self, earliest: Instant, bytes: u64) {
        let admitted = self.window.admit(earliest, bytes);
        sleep_until(admitted);
        let come = self.shared.line.pass(admitted, bytes);
        self.window.came(come, bytes);
        sleep_until(come);
    }
}

/// The content of the page, which is number 0, or of an object.
pub fn size(number: u64) -> u64 {
    match number {
        0 => PAGE,
        number => OBJECTS[(number - 1) as usize % OBJECTS.len()],
    }
}

/// What crosses of a response over HTTP/1.1: head and content.
pub fn size_on_the_wire(number: u64, closes: bool) -> u64 {
    h1::head(size(number), closes).len() as u64 + size(number)
}

/// What crosses of these responses over HTTP/2, as they come one after the other: frames and content.
#[cfg(feature = "http2")]
pub fn sizes_of_streams(numbers: impl Iterator<Item = u64>) -> Vec<u64> {
    h2::sizes(numbers.map(size))
}

/// The number of what this path names; whatever it does not know is the page.
fn number(path: &str) -> u64 {
    path.strip_prefix("/object/").and_then(|number| number.parse().ok()).unwrap_or(0)
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

    /// It is not, but a strategy is to be seen as it is: nothing is made beside it.
    fn is_immediate(&self, _: &pannier::http::Origin) -> bool {
        true
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
        assert!(answers.starts_with(h1::head(size(1), false).as_bytes()));
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
