//! An HTTP/1.1 origin on loopback that pretends to be a round trip away.
//!
//! The delay is made where the response leaves: one round trip after its request came, and once
//! more on a connection's first, for the handshake that loopback does for nothing. Requests that
//! come before an answer are read at once, so that waiting for them overlaps, as on a real path.
//! It reads heads only, answers every path, and is for this laboratory alone.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{mpsc, Arc};
use std::thread;
use std::time::{Duration, Instant};

/// The origin; it stops when dropped.
pub struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    connections: AtomicU64,
    stopping: AtomicBool,
}

/// A request that came: when its answer is due, and what that is.
struct Due {
    at: Instant,
    body: usize,
    closes: bool,
}

impl Origin {
    /// Listens on a port of the system's choice.
    pub fn start(round_trip: Duration) -> io::Result<Origin> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let accepting = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepting.stopping.load(Ordering::SeqCst) {
                    break;
                }
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || serve(stream, round_trip));
            }
        });
        Ok(Origin { address, shared })
    }

    /// The URL of the page.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How many connections it has accepted.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// Reads requests here and answers on a thread of its own, until either side has enough.
fn serve(stream: TcpStream, round_trip: Duration) {
    let _ = stream.set_nodelay(true);
    let Ok(writer) = stream.try_clone() else { return };
    let (requests, due) = mpsc::channel();
    let answering = thread::spawn(move || answer(writer, &due));
    let _ = read_requests(stream, round_trip, &requests);
    drop(requests);
    let _ = answering.join();
}

fn read_requests(
    mut stream: TcpStream,
    round_trip: Duration,
    requests: &mpsc::Sender<Due>,
) -> io::Result<()> {
    let mut unread = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let mut handshake = round_trip;
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let came = Instant::now();
        unread.extend(&buffer[..count]);
        while let Some(end) = unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head: Vec<u8> = unread.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let is_page = head.starts_with("get / ");
            let due = Due {
                at: came + round_trip + std::mem::take(&mut handshake),
                body: if is_page { PAGE } else { OBJECT },
                closes: head.contains("\r\nconnection: close\r\n"),
            };
            if requests.send(due).is_err() {
                return Ok(());
            }
        }
    }
}

fn answer(mut stream: TcpStream, requests: &mpsc::Receiver<Due>) {
    for due in requests {
        thread::sleep(due.at.saturating_duration_since(Instant::now()));
        let connection = if due.closes { "Connection: close\r\n" } else { "" };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n", due.body, connection);
        let mut response = head.into_bytes();
        response.resize(response.len() + due.body, b'.');
        if stream.write_all(&response).is_err() {
            return;
        }
        if due.closes {
            let _ = stream.shutdown(std::net::Shutdown::Write);
            return;
        }
    }
}

/// Bytes of the page and of each object: about what they are on the web, within one window.
const PAGE: usize = 12 * 1024;
const OBJECT: usize = 4 * 1024;
