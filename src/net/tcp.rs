//! TCP connections as transports.
//!
//! Nagle's algorithm is off: a request goes out in one write, and holding its last segment back
//! for the peer's acknowledgement would cost a round trip. Making connections is for
//! [`TcpConnect`](super::TcpConnect).

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use super::socket::Stream;
use super::{text_of, Deadline, Interrupt, Readiness, Transport};

/// A TCP connection.
///
/// One read or write is one system call, and one more only when the socket's timeout has to be
/// changed to keep the deadline.
pub struct TcpTransport {
    stream: Stream<TcpStream>,
    peer: Option<SocketAddr>,
}

impl TcpTransport {
    /// A transport over a connection that was made elsewhere. It is put into blocking mode.
    ///
    /// Whatever shares the socket by [`TcpStream::try_clone`] must leave its mode and its timeouts
    /// alone from now on.
    ///
    /// # Errors
    /// The system refuses to say or to set the socket's options.
    pub fn new(stream: TcpStream) -> io::Result<TcpTransport> {
        set_nodelay(&stream)?;
        Ok(TcpTransport { peer: stream.peer_addr().ok(), stream: Stream::adopt(stream)? })
    }

    /// A transport over a connection that was made this moment.
    pub(super) fn fresh(stream: TcpStream, peer: SocketAddr) -> io::Result<TcpTransport> {
        set_nodelay(&stream)?;
        Ok(TcpTransport { peer: Some(peer), stream: Stream::fresh(stream) })
    }
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer.as_ref().map(text_of);
        write!(f, "TcpTransport(peer: {})", peer.as_deref().unwrap_or("unknown"))
    }
}

impl Transport for TcpTransport {
    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        self.stream.read(buffer, deadline)
    }

    fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        self.stream.write(bytes, deadline)
    }

    fn readiness(&mut self) -> io::Result<Readiness> {
        self.stream.glance(|socket| socket.peek(&mut [0]))
    }

    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>> {
        Some(self.stream.interrupt_handle())
    }

    fn try_clone(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(TcpTransport { stream: self.stream.share(), peer: self.peer }))
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        self.stream.socket().local_addr().ok()
    }

    fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer
    }
}

/// Some systems refuse the option once the peer has gone. What the peer sent before is still to be
/// read, so that is no failure.
fn set_nodelay(stream: &TcpStream) -> io::Result<()> {
    match stream.set_nodelay(true) {
        Err(error) if is_gone(error.kind()) => Ok(()),
        result => result,
    }
}

fn is_gone(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidInput
            | ErrorKind::NotConnected
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
    )
}
