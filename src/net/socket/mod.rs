//! The one place where a deadline becomes socket timeouts.
//!
//! A socket timeout is a system call to set and holds for one call, not for an exchange. So what
//! is left is computed before every call that can wait, and the timeout is set only when the one
//! in force would wait too long: a shorter one merely wakes the call early, which then sees the
//! time that is left and waits again. An exchange on a kept connection makes no such call at all.
//!
//! What the system says once it never says again: after a reset was reported, by a write or by a
//! glance, the next read finds a plain end. [`Stream`] remembers, so that no reset and no interrupt
//! ever looks like the orderly end of a body.
//!
//! What is said here of timeouts does not hold on Windows: see `winsock`.

mod winsock;

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{cancelled, Deadline, Interrupt, Readiness};

/// What is asked of a connected stream socket of the system.
pub(super) trait Socket: Send + Sync + 'static {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn send(&self, bytes: &[u8]) -> io::Result<usize>;
    fn timeout(&self, direction: Direction) -> io::Result<Option<Duration>>;
    fn set_timeout(&self, direction: Direction, timeout: Option<Duration>) -> io::Result<()>;
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()>;
    fn shutdown(&self) -> io::Result<()>;

    /// Is it one of Windows?
    fn is_winsock(&self) -> bool {
        cfg!(windows)
    }
}

/// Makes a stream socket of std a [`Socket`]: all kinds have these methods, and no trait for them.
macro_rules! system_socket {
    ($stream:ty) => {
        impl Socket for $stream {
            fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
                io::Read::read(&mut &*self, buffer)
            }

            fn send(&self, bytes: &[u8]) -> io::Result<usize> {
                io::Write::write(&mut &*self, bytes)
            }

            fn timeout(&self, direction: Direction) -> io::Result<Option<Duration>> {
                match direction {
                    Direction::Read => self.read_timeout(),
                    Direction::Write => self.write_timeout(),
                }
            }

            fn set_timeout(&self, direction: Direction, time: Option<Duration>) -> io::Result<()> {
                match direction {
                    Direction::Read => self.set_read_timeout(time),
                    Direction::Write => self.set_write_timeout(time),
                }
            }

            fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
                <$stream>::set_nonblocking(self, nonblocking)
            }

            fn shutdown(&self) -> io::Result<()> {
                <$stream>::shutdown(self, Shutdown::Both)
            }
        }
    };
}

system_socket!(TcpStream);
#[cfg(unix)]
system_socket!(UnixStream);

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
}

/// A socket with deadlines.
pub(super) struct Stream<S> {
    shared: Arc<Shared<S>>,
    /// How long a call may wait by the timeouts in force.
    reading: Option<Duration>,
    writing: Option<Duration>,
    /// The system's number of the error that ended the stream.
    fault: Option<i32>,
}

/// What the interrupt handle shares with the stream: no second descriptor.
struct Shared<S> {
    socket: S,
    interrupted: AtomicBool,
}

impl<S: Socket> Stream<S> {
    /// A socket on which nothing was set yet.
    pub(super) fn fresh(socket: S) -> Stream<S> {
        Stream {
            shared: Arc::new(Shared { socket, interrupted: AtomicBool::new(false) }),
            reading: None,
            writing: None,
            fault: None,
        }
    }

    /// A socket that someone else has used: its mode and timeouts may be anything.
    pub(super) fn adopt(socket: S) -> io::Result<Stream<S>> {
        socket.set_nonblocking(false)?;
        let reading = socket.timeout(Direction::Read)?;
        let writing = socket.timeout(Direction::Write)?;
        let (reading, writing) = (reading.map(latest), writing.map(latest));
        Ok(Stream { reading, writing, ..Stream::fresh(socket) })
    }

    /// A second handle, for the other direction.
    pub(super) fn share(&self) -> Stream<S> {
        Stream { shared: Arc::clone(&self.shared), ..*self }
    }

    pub(super) fn socket(&self) -> &S {
        &self.shared.socket
    }

    pub(super) fn interrupt_handle(&self) -> Arc<dyn Interrupt> {
        self.shared.clone()
    }

    pub(super) fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let recv = |socket: &S| socket.recv(buffer);
        match self.shared.wait(Direction::Read, &mut self.reading, deadline, recv) {
            Ok(0) => self.end(),
            Ok(count) => Ok(count),
            Err(error) => Err(self.failed(error)),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let send = |socket: &S| socket.send(bytes);
        match self.shared.wait(Direction::Write, &mut self.writing, deadline, send) {
            Ok(count) => Ok(count),
            // The peer's end of the stream had come before it refused ours: what it sent first,
            // an early response for instance, is whole and has an orderly end.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                Err(self.unless_interrupted(error))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Looks without waiting: `look` is a peek, or a read whose byte the caller keeps.
    pub(super) fn glance(
        &mut self,
        mut look: impl FnMut(&S) -> io::Result<usize>,
    ) -> io::Result<Readiness> {
        let socket = &self.shared.socket;
        socket.set_nonblocking(true)?;
        let found = loop {
            match look(socket) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                found => break found,
            }
        };
        if !socket.is_winsock() {
            socket.set_nonblocking(false)?;
        }
        match found {
            Ok(0) => self.end().map(|_| Readiness::Closed),
            Ok(_) => Ok(Readiness::Data),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Readiness::Quiet),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The system reports an end. Is it the peer's orderly one?
    fn end(&self) -> io::Result<usize> {
        match self.fault {
            _ if self.shared.is_interrupted() => Err(cancelled()),
            Some(fault) => Err(io::Error::from_raw_os_error(fault)),
            None => Ok(0),
        }
    }

    fn failed(&mut self, error: io::Error) -> io::Error {
        self.fault = self.fault.or_else(|| error.raw_os_error());
        self.unless_interrupted(error)
    }

    fn unless_interrupted(&self, error: io::Error) -> io::Error {
        if self.shared.is_interrupted() {
            return cancelled();
        }
        error
    }
}

impl<S: Socket> Shared<S> {
    /// Makes a call that may wait, again and again until it is done or the deadline has come.
    fn wait(
        &self,
        direction: Direction,
        in_force: &mut Option<Duration>,
        deadline: Deadline,
        call: impl FnMut(&S) -> io::Result<usize>,
    ) -> io::Result<usize> {
        match self.socket.is_winsock() {
            true => winsock::wait(self, deadline, call),
            false => wait(&self.socket, direction, in_force, deadline, call),
        }
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
    }
}

impl<S: Socket> Interrupt for Shared<S> {
    fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Release);
        // Fails when the connection is gone already, and then nothing waits on it.
        let _ = self.socket.shutdown();
    }
}

/// The same by timeouts of the socket.
fn wait<S: Socket>(
    socket: &S,
    direction: Direction,
    in_force: &mut Option<Duration>,
    deadline: Deadline,
    mut call: impl FnMut(&S) -> io::Result<usize>,
) -> io::Result<usize> {
    let mut expired = false;
    loop {
        if !suits(*in_force, deadline)? || expired {
            let wanted = timeout_until(deadline)?;
            socket.set_timeout(direction, wanted)?;
            *in_force = wanted.map(latest);
        }
        match call(socket) {
            Err(error) if error.kind() == ErrorKind::Interrupted => expired = false,
            Err(error) if in_force.is_some() && is_expiry(&error) => expired = true,
            done => return done,
        }
    }
}

/// Will the timeout in force do? Without a deadline any will, and the clock is not read.
fn suits(in_force: Option<Duration>, deadline: Deadline) -> io::Result<bool> {
    let at = match deadline.instant() {
        Some(at) => at,
        None => return Ok(true),
    };
    let now = Instant::now();
    match at > now {
        true => Ok(!waits_too_long(in_force, now, at)),
        false => Err(ErrorKind::TimedOut.into()),
    }
}

fn waits_too_long(in_force: Option<Duration>, now: Instant, at: Instant) -> bool {
    let wakes = in_force.and_then(|longest| now.checked_add(longest.saturating_sub(SLACK)));
    wakes.map_or(true, |wakes| wakes > at)
}

/// The timeout to set now. One that is long ends early rather than late, and is followed by a shorter one.
fn timeout_until(deadline: Deadline) -> io::Result<Option<Duration>> {
    let left = deadline.left()?;
    Ok(left.map(|left| match left > EXACT {
        true => (left - left / 8).min(LONGEST),
        false => left,
    }))
}

/// How long a timeout of the system may last. Linux keeps those of sockets in a wheel of timers, whose steps
/// grow with the time: up to 8/63 of it, so that 3 s may last 250 ms longer.
fn latest(timeout: Duration) -> Duration {
    match timeout > EXACT {
        true => timeout.saturating_add(timeout / 7),
        false => timeout,
    }
}

/// Has the socket timeout run out? `TimedOut` is TCP's own verdict that the connection is dead: tried
/// again, the read would find a plain end.
fn is_expiry(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}

/// How much later than the deadline a call may wake, so that a timeout set by one exchange serves
/// the next. Well under the 50 ms that the client promises, to leave room for the scheduler.
const SLACK: Duration = Duration::from_millis(20);

/// Timeouts up to this are ended within a few milliseconds.
const EXACT: Duration = Duration::from_millis(200);

/// Some systems refuse very long timeouts. A shorter one wakes the call early, once an hour.
const LONGEST: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
