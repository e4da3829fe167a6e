//! A scripted peer on a real loopback socket: a conversation written down as it goes over the wire.
//!
//! ```text
//! let peer = Peer::play(|peer| {
//!     let mut wire = peer.accept();
//!     wire.expect("GET / HTTP/1.1\r\n…\r\n\r\n");
//!     wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
//!     wire.close();
//! });
//! client.get(peer.url("/")).send()
//! ```
//!
//! The script runs in a thread of its own, with a deadline of its own, so that a conversation that
//! goes wrong ends. What fails in it fails the test, when the [`Peer`] goes out of scope.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A server that follows a script.
pub struct Peer {
    address: SocketAddr,
    /// Ends with what is to be kept open until the test has ended.
    script: Option<JoinHandle<Stage>>,
    abandoned: Arc<AtomicBool>,
}

impl Peer {
    /// Starts to listen, and the script.
    pub fn play(script: impl FnOnce(&mut Stage) + Send + 'static) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let abandoned = Arc::new(AtomicBool::new(false));
        let mut stage = Stage {
            listener,
            deadline: Instant::now() + PATIENCE,
            abandoned: abandoned.clone(),
            held: Vec::new(),
        };
        let script = thread::spawn(move || {
            script(&mut stage);
            stage
        });
        Peer { address, script: Some(script), abandoned }
    }

    /// Answers each request with the next of these, all on one connection.
    pub fn answers<const N: usize>(answers: [&'static str; N]) -> Peer {
        Peer::play(move |peer| {
            let mut wire = peer.accept();
            for answer in answers {
                wire.expect_head();
                wire.send(answer);
            }
            wire.expect_end();
        })
    }

    /// An `http` URL on this peer.
    pub fn url(&self, target: &str) -> String {
        format!("http://{}{}", self.address, target)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the end of the script.
    pub fn join(mut self) {
        self.finish();
    }

    fn finish(&mut self) {
        match self.script.take().map(JoinHandle::join) {
            Some(Err(panic)) if !thread::panicking() => resume_unwind(panic),
            _ => {}
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.abandoned.store(thread::panicking(), Ordering::Release);
        self.finish();
    }
}

/// What a script is written with.
pub struct Stage {
    listener: TcpListener,
    deadline: Instant,
    abandoned: Arc<AtomicBool>,
    held: Vec<Wire>,
}

impl Stage {
    /// The next connection.
    pub fn accept(&mut self) -> Wire {
        // A listener has no timeout in std. It is asked now and then instead.
        self.listener.set_nonblocking(true).unwrap();
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => return Wire::new(stream, self.deadline),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("accept: {}", error),
            }
            assert!(!self.abandoned.load(Ordering::Acquire), "the test ended before it connected");
            assert!(Instant::now() < self.deadline, "nobody connected");
            thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Nobody has connected who was not accepted.
    pub fn expect_nobody(&mut self) {
        self.listener.set_nonblocking(true).unwrap();
        match self.listener.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => panic!("there is one connection too many: {:?}", other),
        }
    }

    /// Keeps a connection open, without reading or writing, until the test has ended.
    pub fn stall(&mut self, wire: Wire) {
        self.held.push(wire);
    }
}

/// One connection, seen from the server.
pub struct Wire {
    stream: TcpStream,
    deadline: Instant,
    /// What was read and not yet expected.
    input: Vec<u8>,
    /// The last byte of the input is still in the system's buffer, so that [`reset`](Wire::reset)
    /// is possible at any time: closing over unread bytes is what makes a reset.
    owed: bool,
}

impl Wire {
    pub fn new(stream: TcpStream, deadline: Instant) -> Wire {
        stream.set_nonblocking(false).unwrap();
        stream.set_nodelay(true).unwrap();
        Wire { stream, deadline, input: Vec::new(), owed: false }
    }

    /// The next bytes are these.
    #[track_caller]
    pub fn expect(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        loop {
            let common = self.input.len().min(bytes.len());
            if self.input[..common] != bytes[..common] {
                panic!("expected\n{}\ngot\n{}", show(bytes), show(&self.input));
            }
            if common == bytes.len() {
                self.input.drain(..common);
                return;
            }
            if !self.fill() {
                panic!("expected\n{}\ngot, and then the end\n{}", show(bytes), show(&self.input));
            }
        }
    }

    /// The bytes up to and with the first `end`.
    #[track_caller]
    pub fn expect_until(&mut self, end: &str) -> String {
        loop {
            let found = self.input.windows(end.len()).position(|window| window == end.as_bytes());
            if let Some(at) = found {
                let bytes = self.input.drain(..at + end.len()).collect();
                return String::from_utf8(bytes).unwrap();
            }
            if !self.fill() {
                panic!("expected … {:?}, got, and then the end\n{}", end, show(&self.input));
            }
        }
    }

    /// The next head, or `None` if the end of the stream comes first.
    pub fn next_head(&mut self) -> Option<String> {
        while !self.has("\r\n\r\n") {
            if !self.fill() {
                return None;
            }
        }
        Some(self.expect_head())
    }

    /// Do this many bytes come before the end of the stream?
    pub fn try_bytes(&mut self, count: usize) -> bool {
        self.next_bytes(count).is_some()
    }

    /// This many bytes, or `None` if the end of the stream comes first.
    pub fn next_bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.input.len() < count {
            if !self.fill() {
                return None;
            }
        }
        Some(self.input.drain(..count).collect())
    }

    /// A head, whatever it says.
    #[track_caller]
    pub fn expect_head(&mut self) -> String {
        self.expect_until("\r\n\r\n")
    }

    /// A head that begins with this request line, and says whatever else.
    #[track_caller]
    pub fn expect_request(&mut self, line: &str) -> String {
        let head = self.expect_head();
        assert_eq!(head.lines().next(), Some(&*format!("{} HTTP/1.1", line)));
        head
    }

    /// This many bytes.
    #[track_caller]
    pub fn expect_bytes(&mut self, count: usize) -> Vec<u8> {
        while self.input.len() < count {
            assert!(self.fill(), "the end came {} bytes early", count - self.input.len());
        }
        self.input.drain(..count).collect()
    }

    /// The client's end of the stream, orderly or not, and nothing before it.
    #[track_caller]
    pub fn expect_end(mut self) {
        assert!(self.input.is_empty(), "expected the end, got\n{}", show(&self.input));
        if self.fill() {
            panic!("expected the end, got\n{}", show(&self.input));
        }
    }

    /// What comes before the client's end of the stream.
    pub fn rest(&mut self) -> String {
        while self.fill() {}
        String::from_utf8(std::mem::take(&mut self.input)).unwrap()
    }

    /// Does nothing come for as long as this?
    pub fn is_quiet_for(&mut self, time: Duration) -> bool {
        self.pay();
        self.stream.set_read_timeout(Some(time)).unwrap();
        self.input.is_empty()
            && self.stream.peek(&mut [0]).map_or_else(|error| is_expiry(&error), |_| false)
    }

    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Is the client there to take this?
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Expects a request and answers it.
    #[track_caller]
    pub fn exchange(&mut self, line: &str, answer: impl AsRef<[u8]>) {
        self.expect_request(line);
        self.send(answer);
    }

    /// Sends `bytes` again and again with a pause between, until the client has gone.
    pub fn drip(mut self, bytes: &[u8], pause: Duration) {
        while Instant::now() < self.deadline && self.stream.write_all(bytes).is_ok() {
            thread::sleep(pause);
        }
    }

    /// Are these bytes among those that came together with what was expected?
    pub fn has(&self, bytes: &str) -> bool {
        self.input.windows(bytes.len()).any(|window| window == bytes.as_bytes())
    }

    /// Ends the stream in order. The client must not have sent more than was expected.
    #[track_caller]
    pub fn close(mut self) {
        assert!(self.input.is_empty(), "closed over\n{}", show(&self.input));
        self.pay();
    }

    /// Ends the stream, whatever the client has sent. What was not read makes it a reset.
    pub fn leave(mut self) {
        self.pay();
    }

    /// Ends this side of the stream in order; what the client sends is still to be read.
    pub fn shut(&self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }

    pub fn can_reset(&self) -> bool {
        self.owed
    }

    /// Ends the stream by a reset. Something must have been expected before.
    #[track_caller]
    pub fn reset(self) {
        assert!(self.owed, "a reset needs a byte that was not read");
    }

    /// Has the next bytes come to the input; false at the end of the stream.
    fn fill(&mut self) -> bool {
        self.pay();
        let mut buffer = [0; 16 << 10];
        let left = self.deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "nothing came in time; before it came\n{}", show(&self.input));
        self.stream.set_read_timeout(Some(left)).unwrap();
        let count = match self.stream.peek(&mut buffer) {
            Ok(0) => return false,
            Ok(count) => count,
            Err(error) if is_expiry(&error) => return self.fill(),
            Err(error) if is_gone(&error) => return false,
            Err(error) => panic!("read: {}", error),
        };
        self.stream.read_exact(&mut buffer[..count - 1]).unwrap();
        self.owed = true;
        self.input.extend_from_slice(&buffer[..count]);
        true
    }

    fn pay(&mut self) {
        if std::mem::take(&mut self.owed) {
            // Fails when the client has gone by a reset, and then there is nothing left to pay.
            let _ = self.stream.read_exact(&mut [0]);
        }
    }
}

fn is_expiry(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn is_gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

fn show(bytes: &[u8]) -> String {
    let (shown, rest) = bytes.split_at(bytes.len().min(2000));
    let text = String::from_utf8_lossy(shown).escape_debug().to_string();
    let text = text.replace("\\r\\n", "\\r\\n\n    ");
    match rest.len() {
        0 => format!("    {}", text),
        more => format!("    {} … and {} bytes", text, more),
    }
}

/// For a whole script. A test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(20);
