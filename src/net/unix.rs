//! Unix domain sockets: the same HTTP, spoken to a process on this machine.
//!
//! [`UnixConnect`] reaches one socket, whatever the origin: one in the file system, or whatever a
//! function of the caller's opens. Sockets in Linux's abstract namespace are for the latter: std has
//! them only since Rust 1.70, later than this crate may assume.

use std::fmt;
use std::io;
use std::os::unix::net::UnixStream;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;

use crate::http::Origin;

use super::socket::{Socket, Stream};
use super::watched::{start_thread, Room, Watched};
use super::{cancelled, CancelToken, Connect, Deadline, Dialing, Interrupt, Readiness, Transport};

/// A connection over a Unix domain socket.
pub struct UnixTransport {
    stream: Stream<UnixStream>,
    /// The byte that a look at the stream took out of it: std can peek into TCP only.
    taken: Option<u8>,
}

impl UnixTransport {
    /// A transport over a connection that was made elsewhere. It is put into blocking mode.
    ///
    /// # Errors
    /// The system refuses to say or to set the socket's options.
    pub fn new(stream: UnixStream) -> io::Result<UnixTransport> {
        Ok(UnixTransport { stream: Stream::adopt(stream)?, taken: None })
    }
}

impl UnixTransport {
    /// How much of what follows the taken byte could be had without waiting. Whoever looks before
    /// each read would get the stream byte by byte otherwise. Errors and ends are the next read's.
    fn read_what_is_there(&mut self, rest: &mut [u8]) -> usize {
        let mut count = 0;
        if !rest.is_empty() {
            let look = |socket: &UnixStream| {
                count = socket.recv(rest)?;
                Ok(count)
            };
            // The stream remembers a fault.
            let _ = self.stream.glance(look);
        }
        count
    }
}

impl fmt::Debug for UnixTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnixTransport(peer: {:?})", self.stream.socket().peer_addr())
    }
}

impl Transport for UnixTransport {
    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        match (self.taken, buffer.split_first_mut()) {
            (Some(byte), Some((first, rest))) => {
                *first = byte;
                self.taken = None;
                Ok(1 + self.read_what_is_there(rest))
            }
            _ => self.stream.read(buffer, deadline),
        }
    }

    fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(LARGEST_WRITE)];
        self.stream.write(bytes, deadline)
    }

    fn readiness(&mut self) -> io::Result<Readiness> {
        if self.taken.is_some() {
            return Ok(Readiness::Data);
        }
        let mut byte = [0];
        let found = self.stream.glance(|socket| socket.recv(&mut byte))?;
        if found == Readiness::Data {
            self.taken = Some(byte[0]);
        }
        Ok(found)
    }

    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>> {
        Some(self.stream.interrupt_handle())
    }

    fn try_clone(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(UnixTransport { stream: self.stream.share(), taken: None }))
    }
}

/// Connects to one Unix domain socket, whatever the origin.
///
/// No [`Step`](super::Step) is reported: there is no address that one could carry.
#[derive(Clone)]
pub struct UnixConnect {
    name: String,
    open: Arc<Open>,
    /// For connects on threads of their own.
    room: Room,
}

type Open = dyn Fn() -> io::Result<UnixStream> + Send + Sync;

impl UnixConnect {
    /// Connects to the socket at this path.
    pub fn new(path: impl Into<PathBuf>) -> UnixConnect {
        let path = path.into();
        let name = path.display().to_string();
        UnixConnect::with(name, move || UnixStream::connect(&path))
    }

    /// Connects by calling `open`, which may wait as long as it likes: with a deadline or a cancel
    /// token it is called on a thread of its own, and left behind there. Errors call the socket
    /// `name`.
    ///
    /// ```no_run
    /// # #[cfg(target_os = "linux")] {
    /// # use std::os::unix::net::UnixStream;
    /// # use pannier::net::UnixConnect;
    /// let to_the_daemon = UnixConnect::with("the daemon", || UnixStream::connect("/run/daemon"));
    /// # }
    /// ```
    pub fn with(
        name: impl Into<String>,
        open: impl Fn() -> io::Result<UnixStream> + Send + Sync + 'static,
    ) -> UnixConnect {
        UnixConnect { name: name.into(), open: Arc::new(open), room: Room::new(MOST_CONNECTING) }
    }

    /// A connect waits while the peer's queue is full, and std has no timeout for it, so it is made
    /// on a thread of its own. One that is left behind ends when the peer accepts or goes away;
    /// their number is bounded.
    fn connect_aside(
        &self,
        deadline: Deadline,
        cancel: Option<&CancelToken>,
    ) -> io::Result<UnixStream> {
        deadline.left()?;
        let place = self.room.enter(deadline, cancel)?;
        let answer = Watched::new(None);
        let (open, reply) = (Arc::clone(&self.open), Arc::clone(&answer));
        let work = move || {
            // Whoever waits for the answer must get one.
            let opened = catch_unwind(AssertUnwindSafe(|| open()));
            drop(place);
            reply.update(|reply| *reply = Some(opened));
        };
        start_thread("pannier-connect", STACK_SIZE, Box::new(work))?;
        let opened = answer.wait_for(deadline, cancel, Option::take)?;
        opened.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Connect for UnixConnect {
    fn connect(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        let patient = dialing.cancel.is_none() && dialing.deadline == Deadline::NEVER;
        let stream = match patient {
            true => (self.open)(),
            false => self.connect_aside(dialing.deadline, dialing.cancel),
        };
        let transport =
            stream.and_then(UnixTransport::new).map_err(|error| match dialing.cancel {
                Some(token) if token.is_cancelled() => cancelled(),
                _ => {
                    let text = format!("cannot connect to {}: {}", self.name, error);
                    io::Error::new(error.kind(), text)
                }
            })?;
        Ok(Box::new(transport))
    }

    fn is_immediate(&self, _: &Origin) -> bool {
        true
    }
}

impl fmt::Debug for UnixConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnixConnect({})", self.name)
    }
}

/// Linux splits a larger write into packets and waits for the whole timeout before each of them,
/// so that a peer which reads in drips could hold one call for many times the deadline.
const LARGEST_WRITE: usize = 64 * 1024;

/// Connects that may be under way at once with nobody or somebody waiting for them.
const MOST_CONNECTING: usize = 16;

/// A connect needs next to nothing; std rounds up to what the system demands.
const STACK_SIZE: usize = 64 * 1024;
