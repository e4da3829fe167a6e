//! Connections whose calls are counted.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pannier::http::Host;
use pannier::net::{
    Connect, Deadline, Dialing, Interrupt, Readiness, Scripts, TcpTransport, Transport,
};

/// Connects over TCP to literal addresses, or by scripts, and counts. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    scripts: Option<Scripts>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
pub struct Counts {
    pub connects: AtomicUsize,
    pub reads: AtomicUsize,
    pub glances: AtomicUsize,
    /// The length of each write.
    pub writes: Mutex<Vec<usize>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

/// A connection that is open, or being made.
#[derive(Debug)]
struct Open(Arc<Counts>);

impl Open {
    fn new(counts: &Arc<Counts>) -> Open {
        let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most_open.fetch_max(open, Ordering::SeqCst);
        Open(counts.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Counted {
    pub fn over(scripts: Scripts) -> Counted {
        Counted { scripts: Some(scripts), ..Counted::default() }
    }

    /// Connects, writes, reads and glances so far.
    pub fn calls(&self) -> [usize; 4] {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let writes = self.writes().len();
        [
            count(&self.counts.connects),
            writes,
            count(&self.counts.reads),
            count(&self.counts.glances),
        ]
    }

    /// How many connections are open, and how many were at once at most.
    pub fn open(&self) -> [usize; 2] {
        [&self.counts.open, &self.counts.most_open].map(|count| count.load(Ordering::SeqCst))
    }

    pub fn writes(&self) -> Vec<usize> {
        self.counts.writes.lock().unwrap().clone()
    }
}

impl Connect for Counted {
    fn connect(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        self.counts.connects.fetch_add(1, Ordering::Relaxed);
        let open = Open::new(&self.counts);
        let inner = match (&self.scripts, dialing.origin.host()) {
            (Some(scripts), _) => scripts.connect(dialing)?,
            (None, Host::Ipv4(ip)) => {
                let stream = TcpStream::connect((*ip, dialing.origin.port()))?;
                Box::new(TcpTransport::new(stream)?) as Box<dyn Transport>
            }
            (None, host) => panic!("{} is not a literal address", host),
        };
        Ok(Box::new(Counting { inner, counts: self.counts.clone(), _open: open }))
    }
}

#[derive(Debug)]
struct Counting {
    inner: Box<dyn Transport>,
    counts: Arc<Counts>,
    /// The last field: the connection is closed before it is counted as closed.
    _open: Open,
}

impl Transport for Counting {
    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        self.counts.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.read(buffer, deadline)
    }

    fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        let written = self.inner.write(bytes, deadline)?;
        self.counts.writes.lock().unwrap().push(written);
        Ok(written)
    }

    fn readiness(&mut self) -> io::Result<Readiness> {
        self.counts.glances.fetch_add(1, Ordering::Relaxed);
        self.inner.readiness()
    }

    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>> {
        self.inner.interrupt_handle()
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        self.inner.local_addr()
    }

    fn peer_addr(&self) -> Option<SocketAddr> {
        self.inner.peer_addr()
    }
}
