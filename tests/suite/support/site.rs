//! A server for any number of connections, which serves each in a thread of its own by one function
//! and counts them as it sees them.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::peer::Wire;

/// A server that runs until it is dropped.
pub struct Site {
    address: SocketAddr,
    counts: Arc<Counts>,
    stopped: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

/// What a site has seen.
#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicUsize,
    open: AtomicUsize,
}

impl Site {
    /// Serves each connection by `serve`, from its first byte to its end. One that is dropped there
    /// rather than closed may be reset.
    pub fn serve(serve: impl Fn(Wire) + Send + Sync + 'static) -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (counts, stopped) = (Arc::<Counts>::default(), Arc::<AtomicBool>::default());
        let (seen, stop, serve) = (counts.clone(), stopped.clone(), Arc::new(serve));
        let listener = thread::spawn(move || loop {
            let (stream, _) = listener.accept().unwrap();
            if stop.load(Ordering::Acquire) {
                return;
            }
            seen.accepted.fetch_add(1, Ordering::Relaxed);
            seen.open.fetch_add(1, Ordering::SeqCst);
            let (seen, serve) = (seen.clone(), serve.clone());
            let connection = move || {
                serve(Wire::new(stream, Instant::now() + PATIENCE));
                seen.open.fetch_sub(1, Ordering::SeqCst);
            };
            thread::Builder::new().stack_size(STACK).spawn(connection).unwrap();
        });
        Site { address, counts, stopped, listener: Some(listener) }
    }

    /// Answers each request by its target.
    pub fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Site {
        Site::serve(move |mut wire| {
            while let Some(head) = wire.next_head() {
                let target = head.split(' ').nth(1).unwrap();
                if !wire.try_send(answer(target)) {
                    return;
                }
            }
        })
    }

    /// An `http` URL on this site.
    /// Answers each request with its target.
    pub fn echoing() -> Site {
        Site::answering(|target| {
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", target.len(), target).into()
        })
    }

    pub fn url(&self, target: impl AsRef<str>) -> String {
        format!("http://{}{}", self.address, target.as_ref())
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were accepted.
    pub fn accepted(&self) -> usize {
        self.counts.accepted.load(Ordering::Relaxed)
    }

    /// Waits until no connection is open.
    pub fn expect_all_closed(&self) {
        let patience = Instant::now() + Duration::from_secs(10);
        while self.counts.open.load(Ordering::SeqCst) > 0 {
            assert!(Instant::now() < patience, "a connection was left open");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        drop(TcpStream::connect(self.address));
        if let Some(Err(panic)) = self.listener.take().map(JoinHandle::join) {
            if !thread::panicking() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// For one connection. A test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

const STACK: usize = 128 << 10;
